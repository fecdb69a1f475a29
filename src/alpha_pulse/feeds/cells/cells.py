"""Classifies a cell of a sample: a number, a time, missing, or neither."""

from __future__ import annotations

import re

from alpha_pulse.feeds.cells.time_text import CLOCK_ONLY, matches_time

NUMBER = re.compile(r"^[+-]?[$€£]?(?:[0-9][0-9.,' \u00a0\u202f]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?$")
_PLAIN = re.compile(r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$")
MISSING = ("", "nan", "null", "none", "na", "n/a", "-", "nat", "#n/a")


def is_number(cell: str) -> bool:
    """Whether a cell can be a number in any usual spelling.

    >>> is_number("1.234,5"), is_number("1e5"), is_number("2024-01-02"), is_number("")
    (True, True, False, False)
    """
    return NUMBER.match(cell.strip()) is not None


def is_plain_number(cell: str) -> bool:
    """Whether a cell is a number without currency signs and thousands separators, with a decimal point.

    >>> is_plain_number("1234.5"), is_plain_number("1,234.5")
    (True, False)
    """
    return _PLAIN.match(cell.strip()) is not None


def is_time(cell: str) -> bool:
    """Whether a cell can be a date or a time, but not only a number.

    >>> is_time("2019.12.02"), is_time("20240102 130500"), is_time("1575288000")
    (True, True, False)
    """
    cell = cell.strip()
    return matches_time(cell) or CLOCK_ONLY.match(cell) is not None


def is_missing(cell: str) -> bool:
    """Whether a cell is empty or one of the usual spellings of a missing value.

    >>> is_missing("NaN"), is_missing("0")
    (True, False)
    """
    return cell.strip().lower() in MISSING
