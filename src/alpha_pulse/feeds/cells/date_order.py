"""Infers the order of day, month and year in dates such as 01/02/2024."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.core.numbers import shown
from alpha_pulse.feeds.arrays import Integers
from alpha_pulse.feeds.cells.time_text import Parts

NO_DAY = -100_000
"""Marks a day that does not exist."""
_FIRST_YEAR, _LAST_YEAR = 1960, 2210
"""Years outside this range are clipped to it, and refused later."""
_CONTRARY = 4
"""If fewer than one date in this many has another order than the source writes, these dates are errors; otherwise all dates are
read in that order."""
_CENTURY = 70
"""Two-digit years below this are after 2000."""
_FARTHER = 100
"""Where one order makes the rows span this many times as much time as another, the other order is used."""
_FEWEST = 3
"""The least number of days that determine which end is the year."""
_FIX = "name the order with --dates dmy, mdy or ymd"


def _table_of_days() -> Integers:
    """The days since 1970 by year, month and day; `NO_DAY` where a day does not exist."""
    table = np.full((_LAST_YEAR - _FIRST_YEAR + 1, 14, 33), NO_DAY, dtype=np.int64)
    days = np.arange(f"{_FIRST_YEAR}-01-01", f"{_LAST_YEAR + 1}-01-01", dtype="datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64) + (1970 - _FIRST_YEAR) * 12
    day = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    table[months // 12, months % 12 + 1, day] = days.astype(np.int64)
    return table


_DAYS = _table_of_days()


class ErrorContext(Protocol):
    """Makes the error about a row: names the file, the column and the row."""

    def refusal(
        self, index: int, days_by_order: str, expected: str = ..., fix: str = ..., wrong: Integers | None = ...
    ) -> DataError:
        """The error about the row at ``index``, from 0; ``wrong``: all rows that are refused with it."""
        ...


def days_of(year: Integers, month: Integers, day: Integers) -> Integers:
    """The days since 1970; `NO_DAY` where there is no such day."""
    days: Integers = _DAYS[np.clip(year, _FIRST_YEAR, _LAST_YEAR) - _FIRST_YEAR, np.minimum(month, 13), np.minimum(day, 32)]
    return days


def whole_years(short: Integers) -> Integers:
    """Two-digit years as years.

    >>> whole_years(np.array([19, 99])).tolist()
    [2019, 1999]
    """
    return short + np.where(short < _CENTURY, 2000, 1900)


def infer_date_order(groups: Sequence[Parts], day_first: bool | None, column: pl.Series, context: ErrorContext) -> str:
    """The order of day, month and year in dates such as 01/02/2024 and 01/02/24: ``dmy``, ``mdy`` or ``ymd``.

    Parameters
    ----------
    day_first
        Whether the source writes the day first; None: inferred from the rows.

    Raises
    ------
    DataError
        The rows have different orders, or no row shows the order.
    """
    if not _day_first(groups, day_first, column, context):
        return "mdy"
    short = [parts for parts in groups if "short_year" in parts.numbers and "one" in parts.numbers]
    return "ymd" if short and _year_first(short, column, context) else "dmy"


def _year_first(groups: Sequence[Parts], column: pl.Series, context: ErrorContext) -> bool:
    """Whether dates such as 18/06/08 begin with the year: only then they are ordered days, or they span far less time."""
    rows = np.concatenate([parts.rows for parts in groups])
    order = np.argsort(rows)
    one, two, last = (np.concatenate([parts.numbers[name] for parts in groups])[order] for name in ("one", "two", "short_year"))
    days_by_order = {"dmy": days_of(whole_years(last), two, one), "ymd": days_of(whole_years(one), two, last)}
    if (days_by_order["ymd"] == NO_DAY).any() or (one == last).all():
        return False
    spans = {name: int(np.ptp(days)) for name, days in days_by_order.items() if _in_order(days)}
    likely = [
        name for name, span in spans.items() if all(_FARTHER * (span + 1) <= spans[other] for other in spans if other != name)
    ]
    if len(likely) == 1 and np.unique(days_by_order[likely[0]]).size >= _FEWEST:
        return likely[0] == "ymd"
    index = int(rows.min())
    value = f"is {str(column[index])!r}, whose year may be at either end"
    raise context.refusal(index, value, "a year of four digits", _FIX)


def _in_order(days: Integers) -> bool:
    steps = np.diff(days)
    return bool((days != NO_DAY).all() and ((steps >= 0).all() or (steps <= 0).all()))


def _day_first(groups: Sequence[Parts], stated: bool | None, column: pl.Series, context: ErrorContext) -> bool:
    """Whether the day comes before the month in dates such as 01/02/2024; True where the file has none."""
    pairs = [parts for parts in groups if "one" in parts.numbers]
    if not pairs:
        return True
    rows = np.concatenate([parts.rows for parts in pairs])
    one = np.concatenate([parts.numbers["one"] for parts in pairs])
    two = np.concatenate([parts.numbers["two"] for parts in pairs])
    day_first, month_first = (one > 12) & (one <= 31) & (two <= 12), (two > 12) & (two <= 31) & (one <= 12)
    if day_first.any() and month_first.any():
        usual, other_order, which = month_first, day_first, "month"
        if int(day_first.sum()) + int(rows[day_first].min() < rows[month_first].min()) > int(month_first.sum()):
            usual, other_order, which = day_first, month_first, "day"
        other, index = str(column[int(rows[usual].min())]), int(rows[other_order].min())
        expected = f"one order of day and month ({shown(other)} has the {which} first)"
        raise context.refusal(index, f"is {shown(str(column[index]))}", expected)
    if stated is not None:
        contrary = month_first if stated else day_first
        if 0 < _CONTRARY * int(contrary.sum()) < len(rows):
            index, which = int(rows[contrary].min()), "day" if stated else "month"
            raise context.refusal(index, f"is {shown(str(column[index]))}", f"a date with the {which} first, as in other rows,")
    if day_first.any() or month_first.any():
        return bool(day_first.any())
    if stated is not None:
        return stated
    if (one == two).all():
        return True
    index = int(rows[one != two].min())
    raise context.refusal(
        index,
        f"is {shown(str(column[index]))}, and no row shows whether the day or the month comes first",
        "a date such as 2024-01-02, or a row with a day above 12,",
        _FIX,
    )
