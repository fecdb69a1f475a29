"""The provenance of an imported file, in its Parquet metadata: the length of its bars and their sources."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO

import msgspec
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.market_data import ReadOptions
from alpha_pulse.feeds.notes import Note

KEY = "alpha_pulse"
"""The key in the metadata; its value is a JSON object, see `Provenance`."""
_BLOCK = 1 << 20


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file from which bars were imported: its name without the folder, its size and hash, and its source."""

    name: str
    bytes: int
    sha256: str
    source: str
    title: str


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bars of an imported file come from, and how they are to be read.

    Parameters
    ----------
    version
        Of the program that imported them.
    interval, interval_ns
        The length of a bar, as ``--interval`` takes it and as `BarColumns` has it.
    files, options, notes
        The files, the options of reading, and the notes. Paths in notes are as the user wrote them.
    """

    version: str
    interval: str
    interval_ns: int
    symbol: str
    bars: int
    files: tuple[SourceFile, ...]
    options: ReadOptions
    notes: tuple[Note, ...]


def to_metadata(provenance: Provenance) -> dict[str, str]:
    """The metadata from which `provenance_of` reads the provenance."""
    return {KEY: msgspec.json.encode(provenance).decode()}


def provenance_of(file: Path | IO[bytes], where: str) -> Provenance | None:
    """The provenance of a Parquet file; None where it was not imported. ``where`` is the file, for the error.

    Raises
    ------
    DataError
        It was imported by another version with another format.
    """
    text = pl.read_parquet_metadata(file).get(KEY)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=Provenance)
    except msgspec.DecodeError as error:
        raise DataError(
            f"{where}: its metadata {KEY!r} have the format of another version ({error}); import the bars again with this "
            "version"
        ) from None


def fingerprint(path: Path, source: str, title: str) -> SourceFile:
    """A file's name, size and SHA-256. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return SourceFile(name=path.name, bytes=size, sha256=digest.hexdigest(), source=source, title=title)
