"""The command ``alpha-pulse compare``: stored runs side by side, and their differences with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from alpha_pulse.cli.render.comparison import show_comparison
from alpha_pulse.cli.results.reading import read_with_progress
from alpha_pulse.cli.terminal.paths import check_folders_exist, check_separate_files
from alpha_pulse.cli.terminal.streams import result_file
from alpha_pulse.library.places import find_run
from alpha_pulse.reporting.comparison import RunComparison, compare_runs
from alpha_pulse.reporting.tearsheet import RunContent


def compare_stored(runs: Sequence[str], html: Path | None, *, json: bool) -> None:
    """Compare runs with the first one, and print or write the comparison.

    Parameters
    ----------
    runs
        See `alpha_pulse.library.places.find_run`.
    html
        A page; None for none.
    json
        Print `alpha_pulse.reporting.comparison.RunComparison` as JSON instead of tables.

    Raises
    ------
    AlphaPulseError
        There is no such run, one has no bars or is damaged, there are fewer than two, or the file cannot be written.
    """
    stores = [find_run(run) for run in runs]
    check_folders_exist({"--html": html}, None)
    for store in stores:
        check_separate_files({"--html": html}, {}, str(store))
    contents = [read_with_progress(store) for store in stores]
    comparison = compare_runs(contents)
    if html is not None:
        _write(contents, comparison, html)
    if json:
        print(msgspec.json.format(msgspec.json.encode(comparison), indent=2).decode())
        return
    show_comparison(comparison, Console(highlight=False, markup=False, emoji=False))
    if html is not None:
        print(f"page written to {html}; open it in a browser")


def _write(contents: Sequence[RunContent], comparison: RunComparison, html: Path) -> None:
    from alpha_pulse.reporting.pages.comparison_page import comparison_page  # half a second of imports

    with result_file(html) as file:
        assert file is not None
        file.write(comparison_page(contents, comparison).encode())
