"""A stored run as files: a folder with one Parquet or CSV file for each table.

The folder is written under a hidden temporary name and renamed once it is complete. A Parquet file cannot be appended to, so
the parts of a table are files of their own until they are joined, which polars does piece by piece.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl

from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.errors import ConfigError, OutputError
from alpha_pulse.core.files import sync_folder
from alpha_pulse.journal.export.columns import TABLES
from alpha_pulse.journal.export.frames import Source, empty, parts

FileFormat = Literal["parquet", "csv"]
PART = ".part"
_OS_ERROR = re.compile(r"os error (\d+)")
_TIME = "%Y-%m-%dT%H:%M:%S%.9fZ"


class ExportResult(msgspec.Struct, frozen=True):
    """What was written: the folder, the format, the rows of each table, and the size of all files."""

    folder: str
    format: FileFormat
    rows: dict[str, int]
    size_bytes: int


def export(
    source: Source, folder: Path, file_format: FileFormat = "parquet", on_progress: Callable[[int], object] = lambda _: None
) -> ExportResult:
    """Write all tables of a run into a folder.

    Parameters
    ----------
    source
        A store, or a snapshot of one.
    folder
        Missing or empty; its parent exists.
    file_format
        ``parquet`` or ``csv``. In CSV files, times are such as ``2017-01-02T10:00:00.000000000Z``, and null is empty.
    on_progress
        Called with the number of steps that were read; if it raises, nothing is left in the folder.

    Raises
    ------
    ConfigError
        The folder is not empty, or cannot be created.
    OutputError
        A file cannot be written.
    StateError
        A step is damaged or missing.
    """
    check_folder(folder)
    target = folder.absolute()
    temporary = target.with_name(f".{target.name}{PART}")
    with _errors_of(folder):
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
    try:
        with _errors_of(folder):
            writers = {table: _WRITERS[file_format](temporary, table) for table in TABLES}
        for frames in parts(source, on_progress):
            with _errors_of(folder):
                for table, frame in frames.items():
                    writers[table].add(frame)
        with _errors_of(folder):
            rows = {table: writer.finish() for table, writer in writers.items()}
            size = sum(_synced(path) for path in temporary.iterdir())
            sync_folder(temporary)
            temporary.replace(target)
            sync_folder(target.parent)
    except BaseException:
        # The error that ended the export is the one to report.
        with suppress(OSError):
            shutil.rmtree(temporary)
        raise
    return ExportResult(str(folder), file_format, rows, size)


def check_folder(folder: Path) -> None:
    """Check that a folder is missing or empty, and that its parent exists. Raises ConfigError."""
    if folder.is_dir():
        if any(folder.iterdir()):
            raise ConfigError(f"folder {folder} is not empty; name a folder that is missing or empty")
    elif folder.exists() or folder.is_symlink():
        raise ConfigError(f"{folder} is not a folder; name a folder that is missing or empty")
    elif not folder.absolute().parent.is_dir():
        raise ConfigError(f"folder {folder} cannot be created: the folder {folder.parent} does not exist; create it first")


@contextmanager
def _errors_of(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        raise OutputError(f"folder {folder} cannot be written: {_reason(error)}; name another place") from error


def _reason(error: OSError | pl.exceptions.PolarsError) -> str:
    """Why a write failed; polars states the error number of the system in its message, but not always."""
    number = _OS_ERROR.search(str(error))
    if number is not None:
        error = OSError(int(number[1]), os.strerror(int(number[1])))
    return reason_of(error) if isinstance(error, OSError) else f"a write failed ({error})"


class _Parquet:
    """Writes a table as Parquet."""

    def __init__(self, folder: Path, table: str) -> None:
        self._path = folder / f"{table}.parquet"
        self._folder, self._table = folder / f".{table}", table
        self._rows = self._parts = 0

    def add(self, frame: pl.DataFrame) -> None:
        if len(frame):
            self._folder.mkdir(exist_ok=True)
            frame.write_parquet(self._folder / f"{self._parts:06}.parquet")
            self._rows, self._parts = self._rows + len(frame), self._parts + 1

    def finish(self) -> int:
        """Join the parts; returns the number of rows."""
        if self._parts == 0:
            empty(self._table).write_parquet(self._path)
        elif self._parts == 1:
            next(self._folder.iterdir()).replace(self._path)
        else:
            found = [pl.scan_parquet(path) for path in sorted(self._folder.iterdir())]
            pl.concat(found, how="diagonal").sink_parquet(self._path)
        shutil.rmtree(self._folder, ignore_errors=True)
        return self._rows


class _Csv:
    """Writes a table as CSV."""

    def __init__(self, folder: Path, table: str) -> None:
        self._path, self._table = folder / f"{table}.csv", table
        self._columns: list[str] | None = None
        self._rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        if self._columns is None and len(frame):
            self._columns = frame.columns
        elif len(frame) and frame.columns != self._columns:
            raise OSError(f"table {self._table} has other columns in later steps, which a CSV file cannot contain")
        if len(frame):
            with self._path.open("ab") as file:
                frame.write_csv(file, include_header=self._rows == 0, datetime_format=_TIME)
            self._rows += len(frame)

    def finish(self) -> int:
        """Write the header where there are no rows; returns their number."""
        if not self._rows:
            empty(self._table).write_csv(self._path)
        return self._rows


_WRITERS: dict[str, type[_Parquet | _Csv]] = {"parquet": _Parquet, "csv": _Csv}


def _synced(path: Path) -> int:
    """Sync a file to the disk; returns its size."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size
