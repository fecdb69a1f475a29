"""The commands ``alpha-pulse data``. Everything heavy is imported inside them, so that ``--help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

data_app = typer.Typer(
    help="Files of bars.\n\nExample: [bold]alpha-pulse data inspect prices.csv[/]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Files of bars, folders of them, or patterns such as 'BTC*.zip'.")
]
Interval = Annotated[str | None, typer.Option(metavar="I", help="Length of a bar: 5m, 1h, 1d (default: inferred).")]
Zone = Annotated[str | None, typer.Option(metavar="Z", help="Time zone of times that name none, such as UTC.")]
Symbols = Annotated[
    list[str] | None, typer.Option(metavar="S", help="Only this symbol (may be repeated), or the name of bars that have none.")
]
Stamp = Annotated[
    Literal["open", "close"] | None,
    typer.Option(help="Whether a bar's time is its open or its close (default: as the source is known)."),
]
Duplicates = Annotated[
    Literal["refuse", "first", "last"], typer.Option(help="Of two rows of one symbol and time: refuse them, or take one.")
]
Adjusted = Annotated[
    bool, typer.Option("--adjusted", help="Take adjusted closes, and scale the other prices by the same factor.")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="C", help="A TOML file, to tell whether there are enough bars.")
]


@data_app.command("inspect")
def data_inspect(
    files: Files,
    interval: Interval = None,
    tz: Zone = None,
    symbol: Symbols = None,
    stamp: Stamp = None,
    duplicates: Duplicates = "refuse",
    adjusted: Adjusted = False,
    config: ConfigFile = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show how files of bars are understood, what is odd about them, and whether a replay takes them; exit code 1 if not.

    Example: [bold]alpha-pulse data inspect prices.csv --tz America/New_York[/]
    """
    from alpha_pulse.cli_data import inspect_files
    from alpha_pulse.cli_settings import load_settings
    from alpha_pulse.feeds.market_data import ReadOptions

    options = ReadOptions(
        interval=interval, tz=tz, symbols=tuple(symbol or ()), stamp=stamp, duplicates=duplicates, adjusted=adjusted
    )
    if not inspect_files(files, options, load_settings(config), json=json):
        raise typer.Exit(1)


@data_app.command("import")
def data_import(
    files: Files,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the files are written; made where it is missing.")],
    interval: Interval = None,
    tz: Zone = None,
    symbol: Symbols = None,
    stamp: Stamp = None,
    duplicates: Duplicates = "refuse",
    adjusted: Adjusted = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over files that are there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Write bars as clean Parquet, one file for each symbol, which any command reads without further options.

    Example: [bold]alpha-pulse data import 'BTCUSDT-1h-*.zip' --to bars[/]
    """
    from alpha_pulse.cli_data import import_files
    from alpha_pulse.cli_signals import StoppedError
    from alpha_pulse.feeds.market_data import ReadOptions

    options = ReadOptions(
        interval=interval, tz=tz, symbols=tuple(symbol or ()), stamp=stamp, duplicates=duplicates, adjusted=adjusted
    )
    try:
        import_files(files, to, options, overwrite=overwrite, json=json)
    except StoppedError as stopped:
        typer.echo("alpha-pulse: stopped; nothing was written", err=True)
        raise typer.Exit(stopped.exit_code) from None
