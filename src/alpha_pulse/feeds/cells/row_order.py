"""Rows of one table put in order, and bars that rounding has spoilt."""

from __future__ import annotations

import msgspec
import numpy as np

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.arrays import Integers
from alpha_pulse.feeds.cells.rows import Rows
from alpha_pulse.feeds.columns import PRICES
from alpha_pulse.feeds.notes import PLACES, Note, show_time

ROUNDING = 1e-6
"""A high below open or close, or a low above, by no more than this part of the price is a rounding error of adjusted prices."""


def sort_rows(held: Rows) -> tuple[Rows, bool]:
    """The rows in the order of time within each symbol, and whether they were not.

    Descending rows are turned round. Other disorder is refused: nobody can tell which time is wrong.

    Raises
    ------
    DataError
        Naming the first row out of order.
    """
    ts, code = held.times.ns, held.code
    order = np.arange(len(ts)) if len(held.names) == 1 else np.argsort(code, kind="stable")
    step = np.diff(ts[order])
    if len(held.names) > 1:
        step = step[np.diff(code[order]) == 0]
    if not (step < 0).any():
        return held, False
    if (step <= 0).all():
        return take_rows(held, np.arange(len(ts) - 1, -1, -1)), True
    back = np.flatnonzero((np.diff(ts[order]) < 0) & (np.diff(code[order]) == 0))
    at = int(order[back + 1].min())
    start = show_time(int(ts[at]))
    raise DataError(
        f"{held.table.where}, row {held.rows[at]}: column '{held.choice.time_name(held.table)}' is {start}, earlier than "
        f"{held.names[int(code[at])]} in a row before; increasing times are expected, or decreasing ones in all rows; sort the "
        "rows, or correct or drop the row"
    )


def take_rows(held: Rows, index: Integers | slice) -> Rows:
    """Some of the rows, in the order of ``index``."""
    return msgspec.structs.replace(
        held,
        times=msgspec.structs.replace(held.times, ns=held.times.ns[index]),
        ends=None if held.ends is None else held.ends[index],
        code=held.code[index],
        rows=held.rows[index],
        numbers={name: values[index] for name, values in held.numbers.items()},
    )


def adjusted(held: Rows) -> Rows:
    """Prices times adjusted over raw close, and the volume by its inverse.

    Raises
    ------
    DataError
        There is no adjusted close, or one is not above 0.
    """
    where = held.table.where
    if "adj_close" not in held.numbers:
        raise DataError(f"{where} has no adjusted close, which --adjusted takes; leave --adjusted out")
    numbers = dict(held.numbers)
    close, target = numbers["close"], numbers.pop("adj_close")
    wrong = ~(np.isfinite(target) & (target > 0) & (close > 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        name = held.choice.name(held.table, "adj_close")
        raise DataError(
            f"{where}, row {held.rows[at]}: column '{name}' is {target[at]:.12g}, but a finite price above 0 is expected; mend "
            "or drop the row"
        )
    factor = target / close
    for price in ("open", "high", "low"):
        numbers[price] = numbers[price] * factor
    numbers["close"] = target
    if "volume" in numbers:
        numbers["volume"] = numbers["volume"] / factor
    return msgspec.structs.replace(held, numbers=numbers)


def fix_rounding(held: Rows) -> tuple[Rows, list[Note]]:
    """Highs and lows that miss open or close by rounding, made to hold them; a note tells how many."""
    first, high, low, last = (held.numbers[price] for price in PRICES)
    top, bottom = np.maximum(first, last), np.minimum(first, last)
    with np.errstate(all="ignore"):
        above = (high < top) & (top - high <= ROUNDING * top) & np.isfinite(top)
        below = (low > bottom) & (low - bottom <= ROUNDING * bottom)
    spoilt = above | below
    if not spoilt.any():
        return held, []
    numbers = {**held.numbers, "high": np.where(above, top, high), "low": np.where(below, bottom, low)}
    count = int(spoilt.sum())
    places = tuple(f"{held.table.where}, row {row}" for row in held.rows[spoilt][:PLACES])
    bars = "1 bar has" if count == 1 else f"{count:,} bars have"
    text = (
        f"{held.table.where}: {bars} a high below or a low above open or close by a rounding error (a millionth of the price "
        f"or less), which was raised or lowered to it; the first is row {held.rows[spoilt][0]}"
    )
    return msgspec.structs.replace(held, numbers=numbers), [Note(kind="rounding", text=text, count=count, places=places)]
