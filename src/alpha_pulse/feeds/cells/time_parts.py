"""Converts the numbers in times as text to instants: month names, the order of day and month, AM and PM, offsets."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.core.durations import DAY_NS, MINUTE_NS, SECOND_NS
from alpha_pulse.core.numbers import shown
from alpha_pulse.feeds.arrays import Bytes, Integers, Mask
from alpha_pulse.feeds.cells.date_order import NO_DAY, ErrorContext, days_of, infer_date_order, whole_years
from alpha_pulse.feeds.cells.local_times import EXPECTED
from alpha_pulse.feeds.cells.time_text import Parts, month_of, parts_of

_LARGEST_OFFSET = 14 * 60
EXCEL_DAY = "which looks like a day number of Excel"


class ParsedTimes(msgspec.Struct):
    """Times as text, parsed: ``ns`` since 1970 in UTC, except that the rows in ``naive`` are still local.

    ``stated``: whether a row states an offset. ``zone_name`` is the zone that the text names, if any. ``dates``: no row has a
    time of day.
    """

    ns: Integers
    naive: Integers
    stated: bool
    zone_name: str
    dates: bool


def parse_time_text(
    column: pl.Series, day_first: bool | None, context: ErrorContext, matrix: Bytes | None = None, *, dates: str | None = None
) -> ParsedTimes:
    """Parse times as text.

    Parameters
    ----------
    day_first
        Whether 01/02/2024 is 1 February; None: inferred from the other rows.
    dates
        The order of day, month and year, where it is stated: ``dmy``, ``mdy`` or ``ymd``.
    matrix
        The bytes of the cells, if already known; see `alpha_pulse.feeds.cells.time_text.same_layout_bytes`.

    Raises
    ------
    DataError
        A cell is not a time, has an impossible offset, or has an ambiguous order of day and month; the error names the first
        such row.
    """
    ns = np.empty(len(column), dtype=np.int64)
    naive, zone_names, days, stated = list[Integers](), set[str](), True, False
    groups: list[Parts] = []
    wrong: list[tuple[int, str, str]] = []
    refused: list[Integers] = []
    for parts in parts_of(column, matrix):
        if not isinstance(parts, Parts):
            wrong.append((int(parts[0]), _describe_unreadable(str(column[int(parts[0])])), EXPECTED))
            refused.append(parts)
        else:
            groups.append(parts)
    _check_one_kind(groups, column, context)
    if wrong and any("one" in parts.numbers for parts in groups):
        raise context.refusal(*wrong[0][:2], wrong=np.concatenate(refused))
    order = dates or infer_date_order(groups, day_first, column, context)
    for parts in groups:
        invalid, instants = _instants(parts, order)
        offset, invalid_offset = _offset(parts)
        if invalid.any():
            index = int(parts.rows[int(np.argmax(invalid))])
            wrong.append((index, f"is {shown(str(column[index]))}", EXPECTED))
            refused.append(parts.rows[invalid])
        if invalid_offset is not None and invalid_offset.any():
            index = int(parts.rows[int(np.argmax(invalid_offset))])
            wrong.append((index, f"is {shown(str(column[index]))}", "a real offset, from -12:00 to +14:00,"))
            refused.append(parts.rows[invalid_offset])
        if offset is None:
            naive.append(parts.rows)
            days &= "hour" not in parts.numbers
        else:
            stated = True
            instants = instants - offset * MINUTE_NS
        zone_names.add(parts.words.get("place", ""))
        if len(parts.rows) == len(ns):
            ns = instants
        else:
            ns[parts.rows] = instants
    if wrong:
        index, value, expected = min(wrong, key=lambda each: each[0])
        raise context.refusal(index, value, expected, wrong=np.concatenate(refused))
    zone_names.discard("")
    if len(zone_names) > 1:
        raise context.refusal(0, f"is {shown(str(column[0]))}, but other rows name other zones", "one zone")
    rows = np.sort(np.concatenate(naive)) if naive else np.array([], dtype=np.int64)
    return ParsedTimes(ns, rows, stated, next(iter(zone_names), ""), days and not stated)


def is_excel_day(cell: str) -> bool:
    """Whether a cell can be a day number of Excel (days since 1900) from 1970 to 2099.

    >>> is_excel_day("43801.5"), is_excel_day("120000")
    (True, False)
    """
    match = re.fullmatch(r"([0-9]{5})(?:[.,][0-9]+)?", cell.strip())
    return match is not None and 25_569 <= int(match[1]) < 73_051


def _describe_unreadable(cell: str) -> str:
    text = f"is {shown(cell)}"
    if is_excel_day(cell):
        return f"{text}, {EXCEL_DAY}"
    if "e" in cell.lower() and cell.replace("+", "").replace(".", "").replace(",", "").lower().replace("e", "", 1).isdigit():
        return f"{text}, whose last digits are missing"
    return text


def _check_one_kind(groups: list[Parts], column: pl.Series, context: ErrorContext) -> None:
    """Refuse seconds among dates, and months or quarters among days, and the reverse."""
    kinds: dict[str, list[Parts]] = {}
    for parts in groups:
        named = ("seconds", "day", "one", "quarter")
        kind = next((name for name in named if name in parts.numbers), "month")
        kinds.setdefault({"one": "day"}.get(kind, kind), []).append(parts)
    if len(kinds) > 1:
        fewest = min(kinds.values(), key=lambda some: sum(len(parts.rows) for parts in some))
        rows = np.concatenate([parts.rows for parts in fewest])
        index = int(rows.min())
        raise context.refusal(index, f"is {shown(str(column[index]))}", "a time as in other rows", wrong=rows)


def _instants(parts: Parts, order: str) -> tuple[Mask, Integers]:
    """Which rows are not valid times, and the local times in nanoseconds."""
    numbers, words = dict(parts.numbers), parts.words
    zero = np.zeros(len(parts.rows), dtype=np.int64)
    if "seconds" in numbers:
        return np.zeros(len(zero), dtype=np.bool_), numbers["seconds"] * SECOND_NS + numbers["fraction"]
    if "short_year" in numbers and "one" in numbers and order == "ymd":
        numbers["short_year"], numbers["month"], numbers["day"] = numbers["one"], numbers["two"], numbers["short_year"]
    elif "one" in numbers:
        numbers["day"], numbers["month"] = (numbers["one"], numbers["two"])[:: -1 if order == "mdy" else 1]
    month = zero + month_of(words["month_name"]) if "month_name" in words else numbers.get("month", zero)
    if "quarter" in numbers:
        bad_quarter = (numbers["quarter"] < 1) | (numbers["quarter"] > 4)
        month = np.where(bad_quarter, 13, numbers["quarter"] * 3 - 2)
    if "short_year" in numbers:
        numbers["year"] = whole_years(numbers["short_year"])
    year, day = numbers["year"], numbers.get("day", zero + 1)
    hour, minute, second = (numbers.get(name, zero) for name in ("hour", "minute", "second"))
    invalid = (year < 1000) | (minute > 59) | (second > 59)
    if "half" in words:
        invalid |= (hour < 1) | (hour > 12)
        hour = hour % 12 + (12 if words["half"].lower().startswith("p") else 0)
    invalid |= hour > 23
    days = days_of(year, month, day)
    invalid |= days == NO_DAY
    seconds = (hour * 60 + minute) * 60 + second
    return invalid, days * DAY_NS + seconds * SECOND_NS + numbers.get("fraction", zero)


def _offset(parts: Parts) -> tuple[Integers | None, Mask | None]:
    """The offset from UTC in minutes, None where none is written; and which rows have an impossible one."""
    words = parts.words
    if "utc" in words or "seconds" in parts.numbers:
        return np.zeros(len(parts.rows), dtype=np.int64), None
    if "sign" not in words:
        return None, None
    hours = parts.numbers["off_hour"]
    minutes = parts.numbers.get("off_minute", np.zeros_like(hours))
    total = hours * 60 + minutes
    invalid = (minutes % 15 != 0) | (minutes > 59) | (total > (12 * 60 if words["sign"] == "-" else _LARGEST_OFFSET))
    return (-total if words["sign"] == "-" else total), invalid
