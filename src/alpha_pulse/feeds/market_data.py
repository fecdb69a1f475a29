"""The options and the result of reading files of bars: bars, reports on files, and notes."""

from __future__ import annotations

from typing import Literal

import msgspec

from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.notes import Note as Note

Stamp = Literal["open", "close"]
Duplicates = Literal["refuse", "first", "last"]
Dates = Literal["dmy", "mdy", "ymd"]


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


class MarketData(msgspec.Struct, frozen=True, kw_only=True):
    """Bars, in an order in which each symbol's time increases, with reports on their files and notes."""

    bars: BarColumns
    files: tuple[FileReport, ...]
    notes: tuple[Note, ...]
    interval_inferred: bool
