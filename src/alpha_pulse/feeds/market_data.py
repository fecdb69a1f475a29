"""The options and the result of reading files of bars: bars, reports on files, and notes."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.frames import bars_frame
from alpha_pulse.feeds.interval import show_interval
from alpha_pulse.feeds.notes import Note as Note
from alpha_pulse.feeds.notes import show_time, some

Stamp = Literal["open", "close"]
Duplicates = Literal["refuse", "first", "last"]
Dates = Literal["dmy", "mdy", "ymd"]


_SHOWN = 5
"""Files that the text of read bars lists."""


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to read files of bars.

    Parameters
    ----------
    interval
        The length of a bar, such as ``1h``; None: the most frequent step of each symbol.
    tz
        The zone of naive times, such as ``America/New_York``; None: the zone of the source, if known, else they are refused.
    symbols
        Read only these; empty: all. A single symbol names the rows of files that name none.
    stamp
        Whether times are the open or the close of bars; None: as known for the source, else the open, with a note.
    duplicates
        What to do with two rows of one symbol and time: refuse the file, or use the first or the last.
    dates
        The order of day, month and year in dates such as 01/02/2024; None: inferred from rows or source, else refused.
    adjusted
        Use the adjusted close; scale open, high and low by the same factor, and the volume by its inverse.
    """

    interval: str | None = None
    tz: str | None = None
    symbols: tuple[str, ...] = ()
    stamp: Stamp | None = None
    duplicates: Duplicates = "refuse"
    dates: Dates | None = None
    adjusted: bool = False


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """How one file was read.

    Parameters
    ----------
    source, title
        The id and the title of the `Source` whose layout the file has.
    format
        Such as ``CSV, ';'``.
    symbol_from, stamp_from
        Where the symbol, and whether times are opens or closes, was found.
    header
        The names of the columns in the file; empty where it has no header.
    time_unit
        ``s``, ``ms``, ``us`` or ``ns`` for numbers since 1970; else ``text``, ``date`` or ``datetime``.
    used
        For each of our columns the column of the file.
    sorted
        Whether the rows had to be sorted by time.
    """

    path: str
    source: str
    title: str
    format: str
    symbols: tuple[str, ...]
    symbol_from: str
    rows: int
    header: str
    stamp: str
    stamp_from: str
    tz: str
    time_unit: str
    used: dict[str, str]
    ignored: tuple[str, ...]
    sorted: bool

    def line(self, interval_ns: int) -> str:
        """How the file was read, in one line; ``interval_ns`` is the length of a bar."""
        zone = {"stated": "zone stated", "dates": "days"}.get(self.tz, self.tz)
        return (
            f"{self.path}: {self.title} ({self.format}); {some(self.symbols)} by {self.symbol_from}, {self.rows:,} bars of "
            f"{show_interval(interval_ns)}, stamped by the {self.stamp} ({self.stamp_from}), {zone}"
        )


class MarketData(msgspec.Struct, frozen=True, kw_only=True):
    """Bars, in an order in which each symbol's time increases, with reports on their files and notes. Shows itself as text."""

    bars: BarColumns
    files: tuple[FileReport, ...]
    notes: tuple[Note, ...]
    interval_inferred: bool

    @property
    def frame(self) -> pl.DataFrame:
        """The bars as a polars frame: ``ts`` and ``ts_end`` (UTC), ``symbol``, prices, and ``volume`` and quotes if any."""
        return bars_frame(self.bars)

    def __repr__(self) -> str:
        interval = self.bars.interval_ns
        counts = np.bincount(self.bars.code, minlength=len(self.bars.symbols)).tolist()
        symbols = [f"{symbol}: {count:,} bars" for symbol, count in zip(self.bars.symbols, counts, strict=True)]
        first, last = (show_time(int(ts)) for ts in (self.bars.ts_start.min(), self.bars.ts_start.max()))
        lines = [f"{some(symbols)} of {show_interval(interval)}, {first} to {last}"]
        lines += [file.line(interval) for file in self.files[:_SHOWN]]
        lines += [f"and {len(self.files) - _SHOWN} more files"] if len(self.files) > _SHOWN else []
        return "\n".join([*lines, *(f"note: {note.text}" for note in self.notes)])
