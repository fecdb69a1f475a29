"""Writes bars as Parquet, one file for each symbol, from which the same bars are read."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Sequence

import msgspec

from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.files.provenance import Provenance, SourceFile, to_metadata
from alpha_pulse.feeds.frames import symbol_frame
from alpha_pulse.feeds.interval import show_interval
from alpha_pulse.feeds.notes import Note

LONGEST_NAME = 100
_UNSAFE = re.compile(r"[^\w.^=+@&~-]", re.ASCII)
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class ImportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One written file, and the starts and ends of its first and last bar (ns)."""

    path: str
    symbol: str
    bars: int
    first_open_ts: int
    first_close_ts: int
    last_open_ts: int
    last_close_ts: int
    bytes: int


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    """The files that an import read and wrote, and the command that replays them."""

    interval: str
    interval_inferred: bool
    sources: tuple[SourceFile, ...]
    files: tuple[ImportedFile, ...]
    notes: tuple[Note, ...]
    command: str


def file_names(symbols: Sequence[str], interval_ns: int) -> dict[str, str]:
    """A file name for each symbol that any file system accepts; no two differ only in case.

    >>> file_names(["BTC/USDT", "EURUSD"], 3_600 * 10**9)
    {'BTC/USDT': 'BTC_USDT_1h.parquet', 'EURUSD': 'EURUSD_1h.parquet'}
    """
    ending = f"_{show_interval(interval_ns).replace(' ', '')}.parquet"
    plain = {symbol: _safe_name(symbol) for symbol in symbols}
    taken = [name.lower() for name in plain.values()]
    return {
        symbol: (name if taken.count(name.lower()) == 1 else f"{name}-{_short_hash(symbol)}") + ending
        for symbol, name in plain.items()
    }


def _safe_name(symbol: str) -> str:
    name = _UNSAFE.sub("_", symbol)
    if name.startswith((".", "-")) or _RESERVED.fullmatch(name):
        name = f"_{name.lstrip('.-')}"
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}-{_short_hash(symbol)}"


def _short_hash(symbol: str) -> str:
    return hashlib.sha256(symbol.encode()).hexdigest()[:8]


def to_parquet(own: BarColumns, provenance: Provenance) -> bytes:
    """The file of one symbol's bars: equal bars and provenance give equal bytes."""
    buffer = io.BytesIO()
    symbol_frame(own, provenance.symbol).write_parquet(buffer, metadata=to_metadata(provenance))
    return buffer.getvalue()
