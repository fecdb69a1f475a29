"""Recognises the columns of files without a header by their values: times, four consistent prices, and the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from alpha_pulse.feeds.cells.cells import is_number, is_plain_number, is_time
from alpha_pulse.feeds.columns import PRICES

Row = Sequence[str]
SPECIAL = ("compact", "minute", "milliseconds", "slashed", "later", "vwap", "count", "zero")
"""Rare meanings: of two shapes that match, the one with more of these is chosen."""
TIMES = ("ts", "epoch", "compact", "minute", "milliseconds", "slashed", "date")
"""The meanings of columns of times."""
_SIGNS = str.maketrans("", "", "$€£")
_MARKS = str.maketrans("", "", ".,")
_GROUPED = {
    ".": re.compile(r"([+-]?[0-9]{1,3}(?:[,' \u00a0\u202f\u2019][0-9]{2,3})*)(\.[0-9]*)?"),
    ",": re.compile(r"([+-]?(?:[0-9]{1,3}(?:[.' \u00a0\u202f\u2019][0-9]{3})*|[0-9]+))(,[0-9]*)?"),
}
"""Numbers with thousands separators, by their decimal mark."""
_ROWS_PER_MISFIT, _FEW_ROWS = 10, 5
"""One row of ten, or one of five to nine, need not match, so that one bad row does not hide the shape."""


def matches_shape(shape: Sequence[str], rows: Sequence[Row]) -> bool:
    """Whether nearly all rows have this shape.

    Parameters
    ----------
    shape
        For each column one of: ``ts`` (a number since 1970 or a time), ``epoch`` (such a number), ``milliseconds`` (such a
        number of ms), ``compact`` (20240102 130500), ``minute`` (20240102 13:05), ``slashed`` (01/02/2024), ``date``,
        ``clock``, ``symbol``, the prices, ``volume``, ``vwap`` (between low and high), ``later`` (a number since 1970 after
        ``epoch``), ``count`` (a whole number), ``number``, ``zero``, ``any``; and ``...`` at the end for any further columns.

    >>> matches_shape(("ts", "open", "high", "low", "close", "volume"), [["1575288000", "5", "7", "4", "6", "10"]])
    True
    >>> matches_shape(("ts", "low", "high", "open", "close", "volume"), [["1575288000", "5", "7", "4", "6", "10"]])
    False
    """
    if shape[-1] == "...":
        shape = (*shape[:-1], *["any"] * (max(map(len, rows), default=0) - len(shape) + 1))
    if not rows or len(rows[0]) != len(shape):
        return False
    allowed = min(max(len(rows) // _ROWS_PER_MISFIT, int(len(rows) >= _FEW_ROWS)), len(rows) - 1)
    commas = any("," in cell for row in rows for cell in row)
    return any(
        sum(not _row_matches(shape, [_as_plain_number(cell, decimal) for cell in row]) for row in rows) <= allowed
        for decimal in (".,"[: 1 + commas])
    )


def _row_matches(shape: Sequence[str], row: Row) -> bool:
    indices = {meaning: index for index, meaning in enumerate(shape)}
    prices: list[float] = []
    for name in PRICES:
        value = parse_plain_number(row[indices[name]]) if name in indices else None
        if value is None or value <= 0:
            return False
        prices.append(value)
    first, high, low, last = prices
    if not (low <= min(first, last) and high >= max(first, last)):
        return False
    return all(_CHECKS[meaning](row[index], row, indices) for index, meaning in enumerate(shape) if meaning in _CHECKS)


def parse_plain_number(cell: str) -> float | None:
    """The value of a plain number; None for any other cell.

    >>> parse_plain_number("1.5"), parse_plain_number("x")
    (1.5, None)
    """
    return float(cell) if is_plain_number(cell) else None


def _as_plain_number(cell: str, decimal: str) -> str:
    """The plain form of a number with a currency sign, thousands separators or this decimal mark; any other cell unchanged.

    >>> _as_plain_number("$1'234.5", "."), _as_plain_number("1.234,5", ","), _as_plain_number("2024.01.02", ".")
    ('1234.5', '1234.5', '2024.01.02')
    """
    text = cell.strip().translate(_SIGNS)
    match = _GROUPED[decimal].fullmatch(text)
    return re.sub(r"[^0-9,.+-]", "", match[1].translate(_MARKS) + (match[2] or "").replace(",", ".")) if match else text


def is_epoch_number(cell: str) -> bool:
    """Whether a cell can be a number since 1970.

    >>> is_epoch_number("1575288000"), is_epoch_number("1575288000.5"), is_epoch_number("42")
    (True, True, False)
    """
    whole = cell.strip().partition(".")[0]
    return whole.isascii() and whole.isdigit() and len(whole) in (9, 10, 12, 13, 15, 16, 18, 19) and is_plain_number(cell)


def _is_later(cell: str, row: Row, indices: dict[str, int]) -> bool:
    start = row[indices["epoch"]].strip()
    return is_epoch_number(cell) and is_epoch_number(start) and float(cell) > float(start)


def _is_between(cell: str, row: Row, indices: dict[str, int]) -> bool:
    value, low, high = (
        parse_plain_number(cell),
        parse_plain_number(row[indices["low"]]),
        parse_plain_number(row[indices["high"]]),
    )
    return value is not None and low is not None and high is not None and (low * 0.999 <= value <= high * 1.001 or value == 0)


_CHECKS: dict[str, Callable[[str, Row, dict[str, int]], bool]] = {
    "ts": lambda cell, row, places: is_epoch_number(cell) or (is_time(cell) and ":" not in cell[:3]),
    "compact": lambda cell, row, places: re.fullmatch(r"[0-9]{8} [0-9]{4,6}", cell.strip()) is not None,
    "minute": lambda cell, row, places: re.fullmatch(r"[0-9]{8} [0-9]{2}:[0-9]{2}", cell.strip()) is not None,
    "milliseconds": lambda cell, row, places: is_epoch_number(cell) and len(cell.strip()) in (12, 13),
    "slashed": lambda cell, row, places: re.fullmatch(r"[0-9]{2}/[0-9]{2}/[0-9]{4}", cell.strip()) is not None,
    "epoch": lambda cell, row, places: is_epoch_number(cell),
    "date": lambda cell, row, places: is_time(cell) and ":" not in cell,
    "clock": lambda cell, row, places: is_time(cell) or (cell.strip().isdigit() and len(cell.strip()) <= 6),
    "symbol": lambda cell, row, places: bool(cell.strip()) and not is_number(cell) and not is_time(cell),
    "volume": lambda cell, row, places: (parse_plain_number(cell) or 0.0) >= 0 and parse_plain_number(cell) is not None,
    "later": _is_later,
    "vwap": _is_between,
    "count": lambda cell, row, places: cell.strip().isdigit(),
    "number": lambda cell, row, places: parse_plain_number(cell) is not None,
    "zero": lambda cell, row, places: parse_plain_number(cell) == 0,
}
