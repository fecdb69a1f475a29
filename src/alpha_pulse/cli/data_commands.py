"""The commands ``alpha-pulse data``. Everything heavy is imported inside them, so that ``--help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alpha_pulse.cli.command_line import Commands
from alpha_pulse.cli.reading_options import DataOptions, reads_bars

data_app = Commands("Inspect and import files of bars.\n\nExample: [bold]alpha-pulse data inspect prices.csv[/]")

Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Files of bars, folders of files, or patterns such as 'BTC*.zip'.")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="A TOML file; the number of bars is checked against its settings."),
]


@data_app.command("inspect")
@reads_bars(Files, required=True)
def data_inspect(
    options: DataOptions,
    config: ConfigFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show how files of bars are read, their warnings, and whether a replay accepts them; exit code 1 if not.

    Example: [bold]alpha-pulse data inspect prices.csv --tz America/New_York[/]
    """
    from alpha_pulse.cli.data import inspect_files
    from alpha_pulse.library.settings import load_settings

    if not inspect_files(options, load_settings(config), json=json):
        raise typer.Exit(1)


@data_app.command("import")
@reads_bars(Files, required=True)
def data_import(
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Folder for the files; created if it is missing.")],
    options: DataOptions,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Overwrite existing files.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write bars as clean Parquet, one file for each symbol; any command reads these files without further options.

    Example: [bold]alpha-pulse data import 'BTCUSDT-1h-*.zip' --to bars[/]
    """
    from alpha_pulse.cli.data import import_files
    from alpha_pulse.cli.terminal.signals import StoppedError

    try:
        import_files(options, to, overwrite=overwrite, json=json)
    except StoppedError as stopped:
        typer.echo("alpha-pulse: stopped; nothing was written", err=True)
        raise typer.Exit(stopped.exit_code) from None
