"""The command ``alpha-pulse train``. Everything heavy is imported inside it, so that ``--help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from alpha_pulse.cli.command_line import in_range
from alpha_pulse.cli.reading_options import DataOptions, reads_bars

DataFiles = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE", help="Bars: a file, a folder of files or a quoted pattern; may be repeated (default: EURUSD 2017, 1h)."
    ),
]


@reads_bars(DataFiles, required=False)
def train(
    options: DataOptions,
    target: Annotated[str, typer.Option(metavar="T", help="What is predicted: volatility, direction, or an own target.")],
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="M", help="Batch model: lightgbm or logistic; may be repeated (default: that of batch.model)."),
    ] = None,
    folds: Annotated[int, typer.Option(metavar="N", callback=in_range(1), help="Number of folds.")] = 5,
    embargo: Annotated[
        int | None,
        typer.Option(
            metavar="BARS", callback=in_range(0), help="Bars before a fold that are left out (default: the target's horizon)."
        ),
    ] = None,
    window: Annotated[
        Literal["grow", "slide"],
        typer.Option(metavar="grow|slide", help="Train on all examples before a fold, or on the newest batch.max_examples."),
    ] = "grow",
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="A TOML file; see [bold]alpha-pulse config show[/].")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Validate batch models walk-forward: train on the labels known before each fold, and predict the fold.

    Features and labels are those that a run on the bars would have. Nothing is traded or stored.

    Example: [bold]alpha-pulse train --data prices.csv --target volatility --model lightgbm --model logistic[/]
    """
    from alpha_pulse.cli.reading import ChosenBars
    from alpha_pulse.cli.terminal.signals import StoppedError
    from alpha_pulse.cli.train import run
    from alpha_pulse.library.settings import load_settings
    from alpha_pulse.runtime.training.validation import Plan

    settings = load_settings(config)
    plan = Plan(tuple(dict.fromkeys(model or [settings.batch.model])), target, folds, embargo, window)
    try:
        run(settings, ChosenBars(options, None).read(), plan, json=json)
    except StoppedError as stopped:
        typer.echo("alpha-pulse: stopped; nothing was written", err=True)
        raise typer.Exit(stopped.exit_code) from None
