"""The commands on results: runs, show, compare, export and report. Everything heavy is imported inside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alpha_pulse.cli.command_line import Commands
from alpha_pulse.cli.journal.commands import journal_export

Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="The id of a run in your data folder, a part of it, [bold]latest[/], or a store (sqlite:///FILE or a path).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def add_result_commands(app: Commands) -> None:
    """Add the commands to the program."""
    app.command("runs")(runs)
    app.command("show")(show)
    app.command("compare")(compare)
    app.command("report")(report)
    app.command("export")(journal_export)


def runs(json: Json = False) -> None:
    """List the stored runs in your data folder, the newest first.

    Example: [bold]alpha-pulse runs[/]
    """
    from alpha_pulse.cli.results.runs import list_runs

    list_runs(json=json)


def show(run: Run = "latest", json: Json = False) -> None:
    """Show the result of a stored run; of one that is in progress, what is known so far.

    Example: [bold]alpha-pulse show latest[/]
    """
    from alpha_pulse.cli.results.show import show_run

    show_run(run, json=json)


def report(
    run: Run,
    html: Annotated[Path, typer.Option("--html", metavar="FILE", help="The page, one file without scripts.")],
    json: Json = False,
) -> None:
    """Write a page about a stored run: what was done, what came out, and what it does not show.

    Example: [bold]alpha-pulse report latest --html report.html[/]
    """
    from alpha_pulse.cli.results.report import report_run

    report_run(run, html, json=json)


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN ...", help="Two runs or more, each as for alpha-pulse show.")],
    json: Json = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a page, one file without scripts.")
    ] = None,
) -> None:
    """Compare stored runs with the first one: settings, results, and differences with intervals.

    Example: [bold]alpha-pulse compare 20261130-153036 latest --html comparison.html[/]
    """
    from alpha_pulse.cli.results.compare import compare_stored

    compare_stored(runs, html, json=json)
