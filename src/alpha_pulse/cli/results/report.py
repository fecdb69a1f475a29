"""The command ``alpha-pulse report``: write the page of a stored run."""

from __future__ import annotations

from pathlib import Path

import msgspec

from alpha_pulse.cli.results.reading import read_with_progress
from alpha_pulse.cli.terminal.paths import check_folders_exist, check_separate_files
from alpha_pulse.cli.terminal.streams import result_file
from alpha_pulse.library.places import find_run
from alpha_pulse.reporting.pages.run_page import run_page


def report_run(run: str, html: Path, *, json: bool) -> None:
    """Write the page of a run, and print where it is.

    Parameters
    ----------
    run
        See `alpha_pulse.library.places.find_run`.
    html
        The page.
    json
        Print JSON instead of text.

    Raises
    ------
    AlphaPulseError
        There is no such run, it has no bars or is damaged, or the file cannot be written.
    """
    store = find_run(run)
    check_folders_exist({"--html": html}, None)
    check_separate_files({"--html": html}, {}, str(store))
    content = read_with_progress(store)
    with result_file(html) as file:
        page = run_page(content).encode()
        assert file is not None
        file.write(page)
    if json:
        print(msgspec.json.encode({"run_id": content.name, "html": str(html), "bytes": len(page)}).decode())
    else:
        print(f"run {content.name}: page written to {html}, {len(page) / 1e3:,.0f} kB; open it in a browser")
