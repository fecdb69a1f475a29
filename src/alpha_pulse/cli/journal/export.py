"""The command ``alpha-pulse journal export``: write the tables of a stored run into a folder, and show what was written."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec

from alpha_pulse.cli.terminal.signals import StoppedError, signals
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.journal.export.files import FileFormat, check_folder, export
from alpha_pulse.library.places import find_run, run_id_of
from alpha_pulse.library.progress import Phases
from alpha_pulse.stores.reading import StoreReader

_MEGABYTE = 1e6


def export_run(run: str, folder: Path, file_format: str, *, json: bool) -> None:
    """Write the tables of a run.

    Parameters
    ----------
    run
        A store's URL or path, or the id of a run in this user's data folder.
    folder
        Missing or empty.
    file_format
        ``parquet`` or ``csv``.
    json
        Print JSON instead of text.

    Raises
    ------
    AlphaPulseError
        There is no such run, none has been written yet, a step of it is damaged, or the folder cannot be written.
    StoppedError
        By Ctrl-C or SIGTERM; nothing is left in the folder then.
    """
    if file_format not in ("parquet", "csv"):
        raise ConfigError(f"--format is {file_format!r}; expected parquet or csv")
    chosen: FileFormat = "parquet" if file_format == "parquet" else "csv"
    path = find_run(run)
    check_folder(folder)
    with StoreReader(path) as reader, signals() as caught, closing(Phases()) as phases:
        run_id, steps = run_id_of(reader), reader.step_count

        def on_progress(done: int) -> None:
            if caught:
                raise StoppedError(caught[0])
            phases.show("exporting", steps, "steps", done)

        written = export(reader, folder, chosen, on_progress)
    if json:
        shown = {"run_id": run_id, "store": f"sqlite:///{path}", "steps": steps, **msgspec.structs.asdict(written)}
        print(msgspec.json.encode(shown).decode())
        return
    size = written.size_bytes / _MEGABYTE
    print(f"run {run_id}: {steps:,} steps exported to {written.folder}, {size:,.1f} MB; files and their rows:")
    for table, rows in written.rows.items():
        print(f"  {f'{table}.{written.format}':<24} {rows:>12,}")
