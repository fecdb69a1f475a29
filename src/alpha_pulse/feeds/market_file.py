"""Reads a file of bars, Parquet or CSV, and refuses what is not certain, naming the row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.core.errors import DataError, did_you_mean
from alpha_pulse.feeds.columns import PRICES, BarColumns, Integers, check
from alpha_pulse.feeds.headers import OPTIONAL, REQUIRED, in_lower_case, refuse_columns
from alpha_pulse.feeds.interval import infer_interval, parse_interval
from alpha_pulse.feeds.table_file import numbers, open_table
from alpha_pulse.feeds.times import to_utc_ns


class MarketFile(msgspec.Struct, frozen=True):
    """What a file held: its bars in the file's order, whether their length was inferred, and the columns that were not used."""

    bars: BarColumns
    interval_inferred: bool
    ignored_columns: tuple[str, ...]


def read(path: Path, interval: str | None = None, tz: str | None = None, symbols: Sequence[str] = ()) -> MarketFile:
    """Read bars from a file.

    Parameters
    ----------
    path
        ``.parquet`` (or ``.pq``) or ``.csv`` (or ``.csv.gz``), with the columns ts (the bar's start), symbol, open, high, low,
        close, and optionally volume, and bid_close with ask_close (the quotes at the close).
    interval
        The length of a bar, such as ``1h``; by default the most frequent step of each symbol.
    tz
        The zone of times that state none; None refuses them.
    symbols
        Only these; by default all.

    Raises
    ------
    DataError
        Naming the file, the row (from 1, not counting a header), the column, and what was expected.
    ConfigError
        ``interval`` or ``tz`` cannot be read.
    """
    stated = None if interval is None else parse_interval(interval)
    where = f"file {path}"
    frame = in_lower_case(open_table(path, where, "give --data a Parquet or CSV file of bars"), where)
    refuse_columns(frame.columns, where)
    if frame.height == 0:
        raise DataError(f"{where}: there is no row in it; at least one bar is needed")
    names, code = _symbols(frame["symbol"], where)
    ts_start = to_utc_ns(frame["ts"], tz, where)
    columns = {name: numbers(frame[name], where) for name in (*PRICES, *OPTIONAL) if name in frame.columns}
    names, code, kept = _only(names, code, symbols, where)
    ts_start = ts_start[kept]
    bars = BarColumns(
        symbols=names,
        interval_ns=infer_interval(code, ts_start, names, where) if stated is None else stated,
        code=code,
        ts_start=ts_start,
        open=columns["open"][kept],
        high=columns["high"][kept],
        low=columns["low"][kept],
        close=columns["close"][kept],
        volume=columns["volume"][kept] if "volume" in columns else None,
        bid=columns["bid_close"][kept] if "bid_close" in columns else None,
        ask=columns["ask_close"][kept] if "ask_close" in columns else None,
    )
    check(bars, where, kept + 1)
    ignored = tuple(name for name in frame.columns if name not in (*REQUIRED, *OPTIONAL))
    return MarketFile(bars, stated is None, ignored)


def _symbols(column: pl.Series, where: str) -> tuple[tuple[str, ...], Integers]:
    """The sorted names, and each row's place among them."""
    if not (isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum) or column.dtype.is_integer()):
        raise DataError(f"{where}: column 'symbol' holds {column.dtype}, but names are expected; convert the column")
    text = column.cast(pl.String, strict=False).str.strip_chars()
    empty = text.is_null() | (text == "")
    if empty.any():
        raise DataError(
            f"{where}, row {(empty.arg_max() or 0) + 1}: column 'symbol' is empty, but a name is expected; mend the row"
        )
    for name in text.unique():
        # a name is shown on a terminal, which would obey control characters; arrays of text drop zero bytes besides
        if not name.isprintable():
            row = int((text == name).arg_max() or 0) + 1
            raise DataError(
                f"{where}, row {row}: column 'symbol' is {name!r}, but a name of printable characters is expected; mend the row"
            )
    names, code = np.unique(text.to_numpy().astype(np.str_), return_inverse=True)
    return tuple(str(name) for name in names), code.astype(np.int64)


def _only(
    names: tuple[str, ...], code: Integers, wanted: Sequence[str], where: str
) -> tuple[tuple[str, ...], Integers, Integers]:
    """The names that are wanted, the places of their rows among these names, and the rows themselves, from 0."""
    if not wanted:
        return names, code, np.arange(code.size, dtype=np.int64)
    for name in wanted:
        if name not in names:
            raise DataError(f"{where} holds no symbol {name!r}{did_you_mean(name, names)}")
    chosen = tuple(sorted(set(wanted)))
    place = np.full(len(names), -1, dtype=np.int64)
    for new, name in enumerate(chosen):
        place[names.index(name)] = new
    kept = np.flatnonzero(place[code] >= 0).astype(np.int64)
    return chosen, place[code[kept]], kept
