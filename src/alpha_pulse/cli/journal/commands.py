"""The commands ``alpha-pulse journal``. Everything heavy is imported inside them, so that ``--help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alpha_pulse.cli.command_line import Commands, in_range

journal_app = Commands("Check, copy, rebuild and export stored runs.\n\nExample: [bold]alpha-pulse journal verify run.db[/]")

Run = Annotated[
    str, typer.Argument(metavar="RUN", help="A store (sqlite:///FILE or a path), or the id of a run in your data folder.")
]


@journal_app.command("verify")
def journal_verify(
    run: Run,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check a stored run: its hash chain, counts, references, checkpoints and result; exit code 1 if a check fails.

    It changes nothing, and does not disturb a run that is in progress.

    Example: [bold]alpha-pulse journal verify run.db[/]
    """
    from alpha_pulse.cli.journal.verify import verify_run

    if not verify_run(run, json=json):
        raise typer.Exit(1)


@journal_app.command("rebuild")
def journal_rebuild(
    run: Run,
    to: Annotated[
        int | None, typer.Option(metavar="SEQ", callback=in_range(0), help="The last step to rebuild (default: the last one).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Build the state of a stored run from nothing, from the bars and commands in its journal, and compare it with what is
    stored: each step, the checkpoints and the result; exit code 1 if something differs.

    It reads only the store and changes nothing, so it can be used while the run is in progress.

    Example: [bold]alpha-pulse journal rebuild run.db --to 5000[/]
    """
    from alpha_pulse.cli.journal.rebuild import rebuild_run

    if not rebuild_run(run, to, json=json):
        raise typer.Exit(1)


@journal_app.command("backup")
def journal_backup(
    run: Run,
    to: Annotated[str, typer.Option("--to", metavar="FILE", help="The copy (sqlite:///FILE or a path), which must not exist.")],
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Copy a stored run to another file with its .head file, as it is at one moment, and check the hashes of the copy.

    It changes nothing, and does not disturb a run that is in progress.

    Example: [bold]alpha-pulse journal backup run.db --to copy.db[/]
    """
    from alpha_pulse.cli.journal.backup import backup_run

    backup_run(run, to, json=json)


@journal_app.command("compact")
def journal_compact(
    run: Run,
    keep_checkpoints: Annotated[
        int,
        typer.Option(metavar="N", callback=in_range(1), help="How many checkpoints to keep that the run can be resumed from."),
    ] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Remove old checkpoints and free pages from a stored run that is not in progress. No step is removed.

    The database is written anew, checked, and then takes the place of the old one; the .head file stays as it is.

    Example: [bold]alpha-pulse journal compact run.db[/]
    """
    from alpha_pulse.cli.journal.compact import compact_run

    compact_run(run, keep_checkpoints, json=json)


@journal_app.command("export")
def journal_export(
    run: Run,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Folder for the files; missing or empty.")],
    file_format: Annotated[str, typer.Option("--format", metavar="parquet|csv", help="Format of the files.")] = "parquet",
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write a stored run as tables for pandas, polars or a spreadsheet: one file each for bars, predictions, trades and so on.

    Prices and money are numbers, times are in UTC. It changes nothing, and does not disturb a run that is in progress.

    Example: [bold]alpha-pulse export run.db --to run-tables[/]
    """
    from alpha_pulse.cli.journal.export import export_run
    from alpha_pulse.cli.terminal.signals import StoppedError

    try:
        export_run(run, to, file_format, json=json)
    except StoppedError as stopped:
        typer.echo("alpha-pulse: stopped; nothing was written", err=True)
        raise typer.Exit(stopped.exit_code) from None


@journal_app.command("upgrade")
def journal_upgrade(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD",
            help="A store of schema version 4 (sqlite:///FILE or a path), or the id of its run in your data folder.",
        ),
    ],
    to: Annotated[str, typer.Option(metavar="NEW", help="The new store (sqlite:///FILE or a path), which must not exist.")],
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Convert a store of an earlier version: its run is replayed into a new store, and each step must come out as it was.

    The old store is only read. Without success, nothing is left of the new one.

    Example: [bold]alpha-pulse journal upgrade old.db --to run.db[/]
    """
    from alpha_pulse.cli.journal.upgrade import upgrade_store
    from alpha_pulse.cli.terminal.signals import StoppedError

    try:
        upgrade_store(old, to, json=json)
    except StoppedError as stopped:
        typer.echo("alpha-pulse: stopped; no store was written", err=True)
        raise typer.Exit(stopped.exit_code) from None
