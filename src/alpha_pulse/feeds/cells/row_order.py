"""Sorts the rows of a table, adjusts prices, and fixes rounding errors of high and low."""

from __future__ import annotations

import msgspec
import numpy as np

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.arrays import Integers
from alpha_pulse.feeds.cells.rows import TableRows
from alpha_pulse.feeds.columns import PRICES
from alpha_pulse.feeds.notes import PLACES, Note, show_time

ROUNDING = 1e-6
"""A high below, or a low above, open or close by at most this fraction of the price is a rounding error of adjusted prices."""


def sort_rows(rows: TableRows) -> tuple[TableRows, bool]:
    """The rows in order of time within each symbol, and whether they were sorted.

    Descending rows are reversed. Any other disorder is refused, since it does not show which time is wrong.

    Raises
    ------
    DataError
        Rows are out of order; the error names the first one.
    """
    ts, code = rows.times.ns, rows.code
    order = np.arange(len(ts)) if len(rows.names) == 1 else np.argsort(code, kind="stable")
    step = np.diff(ts[order])
    if len(rows.names) > 1:
        step = step[np.diff(code[order]) == 0]
    if not (step < 0).any():
        return rows, False
    if (step <= 0).all():
        return take_rows(rows, np.arange(len(ts) - 1, -1, -1)), True
    back = np.flatnonzero((np.diff(ts[order]) < 0) & (np.diff(code[order]) == 0))
    index = int(order[back + 1].min())
    start = show_time(int(ts[index]))
    raise DataError(
        f"{rows.table.where}, row {rows.row_numbers[index]}: column '{rows.choice.time_name(rows.table)}' is {start}, earlier "
        f"than the previous row of {rows.names[int(code[index])]}; increasing times are expected, or decreasing ones in all "
        "rows; sort the rows, or correct or drop the row"
    )


def take_rows(rows: TableRows, index: Integers | slice) -> TableRows:
    """The rows at ``index``, in its order."""
    return msgspec.structs.replace(
        rows,
        times=msgspec.structs.replace(rows.times, ns=rows.times.ns[index]),
        ends=None if rows.ends is None else rows.ends[index],
        code=rows.code[index],
        row_numbers=rows.row_numbers[index],
        numbers={name: values[index] for name, values in rows.numbers.items()},
    )


def adjusted(rows: TableRows) -> TableRows:
    """Scale prices by adjusted close / close, and the volume by the inverse.

    Raises
    ------
    DataError
        The table has no adjusted close, or one is not above 0.
    """
    where = rows.table.where
    if "adj_close" not in rows.numbers:
        raise DataError(f"{where} has no adjusted close, which --adjusted needs; omit --adjusted")
    numbers = dict(rows.numbers)
    close, target = numbers["close"], numbers.pop("adj_close")
    wrong = ~(np.isfinite(target) & (target > 0) & (close > 0))
    if wrong.any():
        index = int(np.argmax(wrong))
        name = rows.choice.name(rows.table, "adj_close")
        raise DataError(
            f"{where}, row {rows.row_numbers[index]}: column '{name}' is {target[index]:.12g}, but a finite price above 0 is "
            "expected; correct or drop the row"
        )
    factor = target / close
    for price in ("open", "high", "low"):
        numbers[price] = numbers[price] * factor
    numbers["close"] = target
    if "volume" in numbers:
        numbers["volume"] = numbers["volume"] / factor
    return msgspec.structs.replace(rows, numbers=numbers)


def fix_rounding(rows: TableRows) -> tuple[TableRows, list[Note]]:
    """Set highs and lows that exclude the open or close only by rounding to the open or close. A note reports their number."""
    first, high, low, last = (rows.numbers[price] for price in PRICES)
    top, bottom = np.maximum(first, last), np.minimum(first, last)
    with np.errstate(all="ignore"):
        above = (high < top) & (top - high <= ROUNDING * top) & np.isfinite(top)
        below = (low > bottom) & (low - bottom <= ROUNDING * bottom)
    rounded = above | below
    if not rounded.any():
        return rows, []
    numbers = {**rows.numbers, "high": np.where(above, top, high), "low": np.where(below, bottom, low)}
    count = int(rounded.sum())
    places = tuple(f"{rows.table.where}, row {row}" for row in rows.row_numbers[rounded][:PLACES])
    bars = "1 bar has" if count == 1 else f"{count:,} bars have"
    text = (
        f"{rows.table.where}: {bars} a high below or a low above the open or close by a rounding error (at most a millionth "
        f"of the price); it was set to the open or close; the first is row {rows.row_numbers[rounded][0]}"
    )
    return msgspec.structs.replace(rows, numbers=numbers), [Note(kind="rounding", text=text, count=count, places=places)]
