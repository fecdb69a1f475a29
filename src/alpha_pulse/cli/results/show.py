"""The command ``alpha-pulse show``: the result of a stored run, with risk and trades of each book."""

from __future__ import annotations

import shlex

import msgspec
from rich.console import Console

from alpha_pulse.cli.render.report import NARROWEST, WIDEST
from alpha_pulse.cli.render.report import show as show_report
from alpha_pulse.cli.render.tear_sheet import show_performance, show_progress
from alpha_pulse.cli.results.reading import read_with_progress
from alpha_pulse.library.places import find_run, stored_files
from alpha_pulse.reporting.tearsheet import make_tear_sheet


def show_run(run: str, *, json: bool) -> None:
    """Print the result of a run; of one that is not finished, the same figures up to its newest step.

    Parameters
    ----------
    run
        See `alpha_pulse.library.places.find_run`.
    json
        Print `alpha_pulse.reporting.tearsheet.TearSheet` as JSON instead.

    Raises
    ------
    AlphaPulseError
        There is no such run, it has no bars, or it is damaged.
    """
    file = find_run(run)
    content = read_with_progress(file)
    sheet = make_tear_sheet(content)
    if json:
        print(msgspec.json.format(msgspec.json.encode(sheet), indent=2).decode())
        return
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = min(max(console.width, NARROWEST), WIDEST)
    if content.result is None:
        show_progress(sheet, console)
    else:
        show_report(content.result, console)
        console.print()
    show_performance(sheet, console)
    name = shlex.quote(content.name if file in stored_files() else run)
    console.print(f"a page about this run: alpha-pulse report {name} --html report.html", style="dim", soft_wrap=True)
