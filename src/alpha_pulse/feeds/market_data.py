"""What reading files of bars takes and gives: options, bars, how each file was understood, and what was noticed."""

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
        The zone of times that state none, such as ``America/New_York``; None: as the source is known to have, else refused.
    symbols
        Only these; empty: all. One symbol gives its name to files that name none.
    stamp
        Whether a bar's time is its open or its close; None: as the source is known to do, else its open, which is reported.
    duplicates
        What to do where a symbol has two rows of one time: refuse the file, or take the first or the last.
    dates
        The order of day, month and year in dates such as 01/02/2024; None: as other rows or the source tell, else refused.
    adjusted
        Take the adjusted close, and scale open, high and low by the same factor, and the volume by its inverse.
    """

    interval: str | None = None
    tz: str | None = None
    symbols: tuple[str, ...] = ()
    stamp: Stamp | None = None
    duplicates: Duplicates = "refuse"
    dates: Dates | None = None
    adjusted: bool = False


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """How one file was understood.

    Parameters
    ----------
    source, title
        The id of the `Source` whose layout it has, and its name for people.
    format
        Such as ``CSV, ';'``.
    symbol_from, stamp_from
        Where the symbol, and the meaning of a bar's time, were taken from.
    header
        The names of the columns as they stand in the file; empty where it has none.
    time_unit
        ``s``, ``ms``, ``us`` or ``ns`` of numbers since 1970; ``text``, ``date`` or ``datetime`` else.
    used
        The file's column by ours.
    sorted
        Whether the rows were not in the order of time.
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
    """Bars, in an order in which each symbol's time increases, and where they come from."""

    bars: BarColumns
    files: tuple[FileReport, ...]
    notes: tuple[Note, ...]
    interval_inferred: bool
