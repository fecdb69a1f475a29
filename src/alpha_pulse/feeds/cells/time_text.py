"""Times as text: the supported layouts, and the numbers in them, extracted from all cells of one layout at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.feeds.arrays import Bytes, Integers

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORD = (
    "(?P<month_name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_DATES = (
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})",
    r"(?P<year>[0-9]{4})/(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})",
    r"(?P<year>[0-9]{4})\.(?P<month>[0-9]{1,2})\.(?P<day>[0-9]{1,2})",
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
    r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})",
    r"(?P<one>[0-9]{1,2})/(?P<two>[0-9]{1,2})/(?P<year>[0-9]{4})",
    r"(?P<one>[0-9]{1,2})-(?P<two>[0-9]{1,2})-(?P<year>[0-9]{4})",
    rf"(?P<day>[0-9]{{1,2}})[ -]{_WORD}[ -](?P<year>[0-9]{{4}})",
    rf"{_WORD}[ -](?P<day>[0-9]{{1,2}}),?[ -](?P<year>[0-9]{{4}})",
    rf"(?P<year>[0-9]{{4}})-{_WORD}-(?P<day>[0-9]{{1,2}})",
    r"(?P<one>[0-9]{1,2})/(?P<two>[0-9]{1,2})/(?P<short_year>[0-9]{2})",
    rf"(?P<day>[0-9]{{1,2}})[ -]{_WORD}[ -](?P<short_year>[0-9]{{2}})",
)
_SECONDS = r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
_CLOCKS = (
    rf"(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{2}}){_SECONDS}(?:\s?(?P<half>[ap]\.?m\.?))?",
    r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})(?:\.?(?P<fraction>[0-9]{3,9}))?",
    r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})",
    r"(?P<hour>[0-9]{1,2})[ -]?(?P<half>[ap]m)",
)
_ZONE = (
    r"(?:\s?(?P<zone>z|utc|gmt)?(?P<sign>[+-])(?P<off_hour>[0-9]{2})(?::?(?P<off_minute>[0-9]{2}))?"
    r"|\s?(?P<utc>z|utc|gmt)|\s(?P<place>[a-z]+/[a-z_/+-]+[0-9]*))?"
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s)?"
_LAYOUTS = tuple(
    re.compile(rf"{_WEEKDAY}{date}(?:(?:T|,?\s{{1,2}}){clock}{_ZONE})?", re.IGNORECASE) for date in _DATES for clock in _CLOCKS
) + tuple(
    re.compile(text, re.IGNORECASE)
    for text in (
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})",
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})",
        r"(?P<year>[0-9]{4})[-/](?P<month>[0-9]{2})",
        rf"{_WORD}[ -](?P<year>[0-9]{{4}})",
        r"(?P<year>[0-9]{4})[ -]?Q(?P<quarter>[0-9])",
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})/[0-9]{4}-[0-9]{2}-[0-9]{2}",
        *(rf"(?P<one>[0-9]{{2}})(?P<two>[0-9]{{2}})(?P<short_year>[0-9]{{2}}) {clock}" for clock in _CLOCKS[:3]),
        r"[+-]?(?P<seconds>[0-9]{9,10})\.(?P<fraction>[0-9]{1,9})",
    )
)
CLOCK_ONLY = re.compile(rf"^(?:{_CLOCKS[0]}{_ZONE})$", re.IGNORECASE)
_DIGITS = re.compile("[0-9]")


class Parts(msgspec.Struct, frozen=True):
    """The numbers in cells of one layout, each of shape (n,), by name; and the words, which are the same in all of them.

    ``rows`` are the indices of the cells.
    """

    rows: Integers
    numbers: dict[str, Integers]
    words: dict[str, str]


@lru_cache(4_096)
def matches_time(cell: str) -> bool:
    """Whether a cell is in one of the layouts.

    >>> matches_time("02.01.2024 13:00:00.000 GMT+0100"), matches_time("2024-01-02"), matches_time("12-11-PM")
    (True, True, False)
    """
    return len(cell) < 64 and cell.isascii() and any(layout.fullmatch(cell) for layout in _LAYOUTS)


def parts_of(column: pl.Series, matrix: Bytes | None = None) -> Iterator[Parts | Integers]:
    """The parts of times as text, for each layout, or the indices of cells that match no layout; by the first cell."""
    for rows, cells, known_bytes in _groups(column, matrix):
        first = str(cells[0])
        match = None
        if len(first) < 64 and first.isascii():
            match = next((full for layout in _LAYOUTS if (full := layout.fullmatch(first))), None)
        if match is None:
            yield rows
            continue
        digits = _matrix(cells, len(first)) if known_bytes is None else known_bytes
        spans = {name: match.span(name) for name, text in match.groupdict().items() if text is not None}
        numbers = {name: _number(digits, *span) for name, span in spans.items() if first[slice(*span)].isdigit()}
        words = {name: first[slice(*span)] for name, span in spans.items() if name not in numbers}
        if "fraction" in numbers:
            begin, end = spans["fraction"]
            numbers["fraction"] *= 10 ** (9 - (end - begin))
        yield Parts(rows, numbers, words)


def month_of(word: str) -> int:
    """The number of a month, from 1, from its English name.

    >>> month_of("september")
    9
    """
    return _MONTHS.index(word[:3].lower()) + 1


def _groups(column: pl.Series, matrix: Bytes | None) -> Iterator[tuple[Integers, pl.Series, Bytes | None]]:
    """Groups of cells that differ only in digits: their indices, the cells, and their bytes if known; by first index."""
    all_rows = np.arange(len(column), dtype=np.int64)
    matrix = same_layout_bytes(column) if matrix is None else matrix
    if matrix is not None:
        yield all_rows, column, matrix
        return
    shapes = column.str.replace_all("[0-9]", "9").rank("dense").to_numpy()
    order = np.argsort(shapes, kind="stable")
    bounds = np.flatnonzero(np.diff(shapes[order], prepend=-1))
    groups = [rows.astype(np.int64) for rows in np.split(order, bounds[1:])]
    for rows in sorted(groups, key=lambda rows: int(rows[0])):
        yield rows, column.gather(rows), None


def same_layout_bytes(column: pl.Series) -> Bytes | None:
    """The bytes of all cells, shape (n, width), if all have digits in the same places and equal characters elsewhere."""
    first = str(column[0])
    lengths = column.str.len_bytes()
    if not first or not first.isascii() or lengths.min() != lengths.max():
        return None
    matrix = _matrix(column, len(first))
    for index, sign in enumerate(first):
        cells = matrix[:, index]
        if _DIGITS.match(sign):
            if ((cells - ord("0")) > 9).any():  # bytes below "0" wrap around
                return None
        elif (cells != ord(sign)).any():
            return None
    return matrix


def _matrix(column: pl.Series, width: int) -> Bytes:
    text = str(column.str.join("").item()).encode()
    return np.ascontiguousarray(np.frombuffer(text, dtype=np.uint8).reshape(len(column), width).T).T


def _number(matrix: Bytes, begin: int, end: int) -> Integers:
    """The digits from ``begin`` to ``end`` of each cell as a number."""
    value = np.zeros(len(matrix), dtype=np.int64)
    for index in range(begin, end):
        value *= 10
        value += matrix[:, index] - np.uint8(ord("0"))
    return value
