"""What an imported file says of itself, in the metadata of its Parquet: the length of its bars, and where they come from."""

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
"""Of the metadata: a JSON object, see `Provenance`."""
_BLOCK = 1 << 20


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that bars were imported from: its name without its folder, its content, and what it was recognised as."""

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
        What was read, how, and what was reported about it. Paths in notes are the user's own.
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
    """The metadata that `provenance_of` reads back."""
    return {KEY: msgspec.json.encode(provenance).decode()}


def provenance_of(file: Path | IO[bytes], where: str) -> Provenance | None:
    """What a Parquet file says of itself; None where no import made it. ``where`` is the file, for the error.

    Raises
    ------
    DataError
        It was imported by a version whose words this one does not know.
    """
    text = pl.read_parquet_metadata(file).get(KEY)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=Provenance)
    except msgspec.DecodeError as error:
        raise DataError(
            f"{where}: its metadata {KEY!r} are not those of this version ({error}); import the bars again with this version"
        ) from None


def fingerprint(path: Path, source: str, title: str) -> SourceFile:
    """A file's name, size and SHA-256. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return SourceFile(name=path.name, bytes=size, sha256=digest.hexdigest(), source=source, title=title)
