"""From the numbers in times as text to instants: months by name, the order of day and month, halves of the day, offsets."""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError
from alpha_pulse.core.numbers import shown
from alpha_pulse.feeds.time_text import Bytes, Integers, Parts, month_of, parts_of

_MINUTE_NS = 60_000_000_000
_LARGEST_OFFSET = 14 * 60
Flags = NDArray[np.bool_]
_FIRST_YEAR, _LAST_YEAR = 1960, 2210
"""Years before and after, which are refused, are taken for these."""
_NO_DAY = -100_000
_CONTRARY = 4
"""Dates in another order than their source writes are wrong where fewer than one of so many are; else all are in that order."""
_CENTURY = 70
"""Years of two digits below it are those after 2000."""


def _table_of_days() -> Integers:
    """The days since 1970 by year, month and day; `_NO_DAY` where there is none such."""
    table = np.full((_LAST_YEAR - _FIRST_YEAR + 1, 14, 33), _NO_DAY, dtype=np.int64)
    days = np.arange(f"{_FIRST_YEAR}-01-01", f"{_LAST_YEAR + 1}-01-01", dtype="datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64) + (1970 - _FIRST_YEAR) * 12
    day = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    table[months // 12, months % 12 + 1, day] = days.astype(np.int64)
    return table


_DAYS = _table_of_days()


class Teller(Protocol):
    """Who makes the error about a row."""

    def refusal(self, at: int, found: str, expected: str = ...) -> DataError:
        """The error about the row at ``at``, from 0."""
        ...


class Clock(msgspec.Struct):
    """What clocks showed: ``ns`` since 1970 as they showed it, and already UTC but for the rows in ``naive``.

    ``place`` is the zone that the text names, if any. ``dates``: no time of the day is written.
    """

    ns: Integers
    naive: Integers
    stated: bool
    place: str
    dates: bool


def clocks(column: pl.Series, day_first: bool | None, tell: Teller, matrix: Bytes | None = None) -> Clock:
    """Read times as text.

    Parameters
    ----------
    day_first
        Whether 01/02/2024 is the first of February; None: as the other rows say.
    matrix
        The bytes of the cells if they are at hand, see `alpha_pulse.feeds.time_text.alike`.

    Raises
    ------
    DataError
        Naming the first row that is no time, whose offset is none, or whose order of day and month is not certain.
    """
    ns = np.empty(len(column), dtype=np.int64)
    naive, places, dates, stated = list[Integers](), set[str](), True, False
    groups: list[Parts] = []
    wrong: list[tuple[int, str, str | None]] = []
    for parts in parts_of(column, matrix):
        if isinstance(parts, int):
            wrong.append((parts, _unreadable(str(column[parts])), None))
        else:
            groups.append(parts)
    _refuse_lone_numbers(groups, column, tell)
    if wrong and any("one" in parts.numbers for parts in groups):
        raise tell.refusal(*wrong[0][:2])
    order = _day_first(groups, day_first, column, tell)
    if order:
        _refuse_short_years(groups, column, tell)
    for parts in groups:
        bad, instants = _instants(parts, order)
        offset, bad_offset = _offset(parts)
        if bad.any():
            at = int(parts.rows[int(np.argmax(bad))])
            wrong.append((at, f"is {shown(str(column[at]))}", None))
        if bad_offset is not None and bad_offset.any():
            at = int(parts.rows[int(np.argmax(bad_offset))])
            wrong.append((at, f"is {shown(str(column[at]))}", "a real offset, from -12:00 to +14:00,"))
        if offset is None:
            naive.append(parts.rows)
            dates &= "hour" not in parts.numbers
        else:
            stated = True
            instants = instants - offset * _MINUTE_NS
        places.add(parts.words.get("place", ""))
        if len(parts.rows) == len(ns):
            ns = instants
        else:
            ns[parts.rows] = instants
    if wrong:
        at, found, expected = min(wrong, key=lambda each: each[0])
        raise tell.refusal(at, found) if expected is None else tell.refusal(at, found, expected)
    places.discard("")
    if len(places) > 1:
        raise tell.refusal(0, f"is {shown(str(column[0]))}, and other rows name other zones", "one zone")
    rows = np.sort(np.concatenate(naive)) if naive else np.array([], dtype=np.int64)
    return Clock(ns, rows, stated, next(iter(places), ""), dates and not stated)


def _unreadable(cell: str) -> str:
    text = f"is {shown(cell)}"
    if "e" in cell.lower() and cell.replace("+", "").replace(".", "").replace(",", "").lower().replace("e", "", 1).isdigit():
        return f"{text}, whose last digits are lost"
    return text


def _day_first(groups: list[Parts], stated: bool | None, column: pl.Series, tell: Teller) -> bool:
    """Whether the day comes before the month in dates such as 01/02/2024, where the file has any."""
    pairs = [parts for parts in groups if "one" in parts.numbers]
    if not pairs:
        return True
    rows = np.concatenate([parts.rows for parts in pairs])
    one = np.concatenate([parts.numbers["one"] for parts in pairs])
    two = np.concatenate([parts.numbers["two"] for parts in pairs])
    day_first, month_first = (one > 12) & (one <= 31) & (two <= 12), (two > 12) & (two <= 31) & (one <= 12)
    if day_first.any() and month_first.any():
        usual, odd, which = month_first, day_first, "month"
        if int(day_first.sum()) + int(rows[day_first].min() < rows[month_first].min()) > int(month_first.sum()):
            usual, odd, which = day_first, month_first, "day"
        other, at = str(column[int(rows[usual].min())]), int(rows[odd].min())
        expected = f"one order of day and month ({shown(other)} has the {which} first)"
        raise tell.refusal(at, f"is {shown(str(column[at]))}", expected)
    if stated is not None:
        contrary = month_first if stated else day_first
        if 0 < _CONTRARY * int(contrary.sum()) < len(rows):
            at, which = int(rows[contrary].min()), "day" if stated else "month"
            raise tell.refusal(at, f"is {shown(str(column[at]))}", f"a date with the {which} first, as in other rows,")
    if day_first.any() or month_first.any():
        return bool(day_first.any())
    if stated is not None:
        return stated
    if (one == two).all():
        return True
    at = int(rows[one != two].min())
    raise tell.refusal(
        at,
        f"is {shown(str(column[at]))}, of which no row tells whether the day or the month comes first",
        "a date such as 2024-01-02, or a row with a day above 12,",
    )


def _refuse_lone_numbers(groups: list[Parts], column: pl.Series, tell: Teller) -> None:
    """Refuse numbers of seconds among dates, and dates among numbers."""
    numbers = [parts for parts in groups if "seconds" in parts.numbers]
    dates = [parts for parts in groups if "seconds" not in parts.numbers]
    if numbers and dates:
        few = min(numbers, dates, key=lambda some: sum(len(parts.rows) for parts in some))
        at = min(int(parts.rows.min()) for parts in few)
        raise tell.refusal(at, f"is {shown(str(column[at]))}", "a time as in other rows")


def _refuse_short_years(groups: list[Parts], column: pl.Series, tell: Teller) -> None:
    """Refuse dates such as 18/06/08, of which either end may be the year."""
    for parts in groups:
        if "short_year" in parts.numbers and "one" in parts.numbers:
            at = int(parts.rows[0])
            raise tell.refusal(at, f"is {str(column[at])!r}, of which either end may be the year", "a year of four digits")


def _instants(parts: Parts, day_first: bool) -> tuple[Flags, Integers]:
    """What is wrong, and nanoseconds as the clock shows them."""
    numbers, words = dict(parts.numbers), parts.words
    zero = np.zeros(len(parts.rows), dtype=np.int64)
    if "seconds" in numbers:
        return np.zeros(len(zero), dtype=np.bool_), numbers["seconds"] * 1_000_000_000 + numbers["fraction"]
    if "one" in numbers:
        numbers["day"], numbers["month"] = (numbers["one"], numbers["two"])[:: 1 if day_first else -1]
    month = zero + month_of(words["month_name"]) if "month_name" in words else numbers["month"]
    if "short_year" in numbers:
        numbers["year"] = numbers["short_year"] + np.where(numbers["short_year"] < _CENTURY, 2000, 1900)
    year, day = numbers["year"], numbers["day"]
    hour, minute, second = (numbers.get(name, zero) for name in ("hour", "minute", "second"))
    bad = (year < 1000) | (minute > 59) | (second > 59)
    if "half" in words:
        bad |= (hour < 1) | (hour > 12)
        hour = hour % 12 + (12 if words["half"].lower().startswith("p") else 0)
    bad |= hour > 23
    days = _DAYS[np.clip(year, _FIRST_YEAR, _LAST_YEAR) - _FIRST_YEAR, np.minimum(month, 13), np.minimum(day, 32)]
    bad |= days == _NO_DAY
    seconds = (hour * 60 + minute) * 60 + second
    return bad, days * 86_400_000_000_000 + seconds * 1_000_000_000 + numbers.get("fraction", zero)


def _offset(parts: Parts) -> tuple[Integers | None, Flags | None]:
    """Minutes before UTC, None where none is written; and which are no offsets."""
    words = parts.words
    if "utc" in words or "seconds" in parts.numbers:
        return np.zeros(len(parts.rows), dtype=np.int64), None
    if "sign" not in words:
        return None, None
    hours = parts.numbers["off_hour"]
    minutes = parts.numbers.get("off_minute", np.zeros_like(hours))
    total = hours * 60 + minutes
    bad = (minutes % 15 != 0) | (minutes > 59) | (total > (12 * 60 if words["sign"] == "-" else _LARGEST_OFFSET))
    return (-total if words["sign"] == "-" else total), bad
