"""The commands ``alpha-pulse check``. Everything heavy is imported inside them, so that ``--help`` is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from alpha_pulse.cli.command_line import Commands
from alpha_pulse.cli.reading_options import DataOptions, reads_bars

check_app = Commands(
    "Check your own code before a run uses it.\n\nExample: [bold]alpha-pulse check lookahead --feature my_features:momentum[/]"
)

DataFiles = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE", help="Bars to check it on: a file or folder; may be repeated (default: EURUSD 2017, 1h)."),
]


@check_app.command("lookahead")
@reads_bars(DataFiles, required=False)
def check_lookahead(
    feature: Annotated[
        list[str],
        typer.Option(metavar="M:NAME", help="An own feature, as in [bold]features.own[/]: module and name; may be repeated."),
    ],
    options: DataOptions,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Look for a feature that uses later bars, or that gives two values for the same bars; exit code 1 if one does.

    Example: [bold]alpha-pulse check lookahead --feature my_features:momentum --data prices.csv[/]
    """
    from alpha_pulse.cli.lookahead import check_features

    if not check_features(feature, options, json=json):
        raise typer.Exit(1)
