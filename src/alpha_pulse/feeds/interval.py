"""The length of a bar: read from text such as ``1h``, or inferred from the steps between bars."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, DataError

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS
LONGEST_NS = 366 * DAY_NS
"""No bar is longer than a year."""
_UNITS_NS = {
    "ms": 1_000_000,
    "s": SECOND_NS,
    "m": 60 * SECOND_NS,
    "min": 60 * SECOND_NS,
    "h": HOUR_NS,
    "d": DAY_NS,
    "w": 7 * DAY_NS,
}


def parse_interval(text: str) -> int:
    """Nanoseconds of an interval: a whole number and one of ms, s, m (or min), h, d, w.

    Raises
    ------
    ConfigError
        Anything else, zero and more than a year included, and ``M``, which means a month to some.

    >>> parse_interval("5m") == 300 * SECOND_NS
    True
    """
    if re.fullmatch(r"[0-9]+\s*M", text.strip()):
        raise ConfigError(
            f"interval {text!r} may mean minutes or months; write {text.strip().lower()} for minutes, or days such as 30d, "
            "since months differ in length"
        )
    match = re.fullmatch(r"([0-9]{1,9})\s*(ms|s|m|min|h|d|w)", text.strip().lower())
    if match is None or int(match[1]) == 0:
        raise ConfigError(
            f"interval {text!r} cannot be read; expected a whole number and a unit, such as 60s, 5m, 1h, 1d or 1w"
        )
    interval = int(match[1]) * _UNITS_NS[match[2]]
    if interval > LONGEST_NS:
        raise ConfigError(
            f"interval {text!r} is longer than a year; expected the length of one bar, such as 60s, 5m, 1h, 1d or 1w"
        )
    return interval


def show_interval(interval_ns: int) -> str:
    """The shortest text that `parse_interval` reads back.

    >>> show_interval(90 * 60 * SECOND_NS), show_interval(7 * DAY_NS)
    ('90m', '1w')
    """
    for unit in ("w", "d", "h", "m", "s", "ms"):
        if interval_ns % _UNITS_NS[unit] == 0:
            return f"{interval_ns // _UNITS_NS[unit]}{unit}"
    return f"{interval_ns} ns"


def infer_interval(code: NDArray[np.int64], ts_start: NDArray[np.int64], symbols: tuple[str, ...], where: str) -> int:
    """The most frequent step between a symbol's bars, which all symbols must agree on.

    Parameters
    ----------
    code, ts_start
        For each bar the place of its symbol in ``symbols`` and its start (ns); shape (n,), in order within a symbol.
    where
        The file, for the error.

    Raises
    ------
    DataError
        No symbol has two bars, or symbols disagree.
    """
    found: dict[str, int] = {}
    for place, symbol in enumerate(symbols):
        steps = np.diff(ts_start[code == place])
        steps = steps[steps > 0]
        if steps.size:
            lengths, counts = np.unique(steps, return_counts=True)
            found[symbol] = int(lengths[np.argmax(counts)])
    if not found:
        raise DataError(
            f"{where}: no symbol has two bars, so the interval cannot be inferred; give it with --interval, such as 1h"
        )
    if len(set(found.values())) > 1:
        told = ", ".join(f"{symbol} {show_interval(length)}" for symbol, length in found.items())
        raise DataError(f"{where}: the symbols' most frequent steps differ ({told}); give the length of a bar with --interval")
    return next(iter(found.values()))
