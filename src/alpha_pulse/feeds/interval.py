"""The length of a bar: read from text such as ``1h``, or inferred from the steps between bars."""

from __future__ import annotations

import re

import numpy as np

from alpha_pulse.core.bar_times import LONGEST_NS, MONTH_NS, leeway_ns, months_of
from alpha_pulse.core.durations import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, WEEK_NS
from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.feeds.arrays import Integers, Mask
from alpha_pulse.feeds.bar_times import local_days, month_numbers
from alpha_pulse.feeds.option_names import option

__all__ = [
    "LONGEST_NS",
    "infer_interval",
    "interval_of_steps",
    "is_sparse",
    "parse_interval",
    "show_interval",
]

_CLOCK_NS = {"w": WEEK_NS, "d": DAY_NS, "h": HOUR_NS, "m": MINUTE_NS, "s": SECOND_NS, "ms": 1_000_000}
_MONTHS = {"y": 12, "q": 3, "mo": 1}
_UNITS_NS = {**_CLOCK_NS, **{unit: months * MONTH_NS for unit, months in _MONTHS.items()}}
_WORDS = {
    "min": "m",
    "minute": "m",
    "hour": "h",
    "hourly": "h",
    "day": "d",
    "daily": "d",
    "week": "w",
    "weekly": "w",
    "month": "mo",
    "monthly": "mo",
    "quarter": "q",
    "quarterly": "q",
    "year": "y",
    "yearly": "y",
}
_EXPECTED = "such as 60s, 5m, 1h, 1d, 1w, 1mo, 1q or 1y"
_MIN_FRACTION = 0.9
"""Fraction of the steps that must be multiples of the most frequent one, unless more than half of the steps equal it."""
_MIN_SPARSE_FRACTION = 0.1
"""Smallest fraction of the steps that must have the length of a bar, in data with many gaps."""


def parse_interval(text: str) -> int:
    """Nanoseconds of an interval: a whole number and one of ms, s, m (or min), h, d, w, mo, q, y; or a word such as month.

    Months, quarters and years are calendar months: multiples of `alpha_pulse.core.bar_times.MONTH_NS`.

    Raises
    ------
    ConfigError
        The text is anything else, zero, more than a year, or has the unit ``M``, which can mean minutes or months.

    >>> parse_interval("5m") == 300 * SECOND_NS, parse_interval("month") == parse_interval("1mo")
    (True, True)
    """
    if match := re.fullmatch(r"([0-9]{1,9})\s*M", text.strip()):
        count = match[1]
        raise ConfigError(f"interval {text!r} may mean minutes or months; write {count}m for minutes, {count}mo for months")
    match = re.fullmatch(r"([0-9]{0,9})\s*([a-z]+)", text.strip().lower())
    count, unit = (match[1], match[2]) if match else ("0", "")
    word = _WORDS.get(unit) or _WORDS.get(unit.removesuffix("s"))
    interval = int(count or word is not None) * _UNITS_NS.get(word or unit, 0)
    if interval == 0:
        raise ConfigError(f"interval {text!r} cannot be read; expected a whole number and a unit, {_EXPECTED}")
    if interval > LONGEST_NS:
        raise ConfigError(f"interval {text!r} is longer than a year; expected the length of one bar, {_EXPECTED}")
    return interval


def show_interval(interval_ns: int) -> str:
    """The shortest text from which `parse_interval` gives the same interval.

    >>> show_interval(90 * MINUTE_NS), show_interval(7 * DAY_NS), show_interval(3 * MONTH_NS)
    ('90m', '1w', '1q')
    """
    if months := months_of(interval_ns):
        for unit, size in _MONTHS.items():
            if months % size == 0:
                return f"{months // size}{unit}"
    for unit, size in _CLOCK_NS.items():
        if interval_ns % size == 0:
            return f"{interval_ns // size}{unit}"
    return f"{interval_ns} ns"


def infer_interval(code: Integers, ts_start: Integers, symbols: tuple[str, ...], where: str, tz: str | None = None) -> int:
    """The length of a bar, by the steps between each symbol's bars; see `interval_of_steps`.

    Symbols with too few bars take the length of the others.

    Parameters
    ----------
    code, ts_start
        For each bar the place of its symbol in ``symbols`` and its start (ns); shape (n,), in order within a symbol.
    where
        The file, for the error.
    tz
        The zone in which months begin; None: by the times themselves.

    Raises
    ------
    DataError
        No symbol has two bars, the steps of no symbol determine a length, or the lengths of symbols differ.
    """
    order = np.argsort(code, kind="stable")
    ends = np.cumsum(np.bincount(code, minlength=len(symbols)))
    parts = dict(zip(symbols, np.split(ts_start[order], ends[:-1]), strict=True))
    lengths_by_symbol: dict[str, int] = {}
    doubtful = ""
    for symbol, starts in parts.items():
        length = interval_of_steps(starts, tz)
        if length is not None:
            lengths_by_symbol[symbol] = length
        elif starts.size > 1 and 2 * int((np.diff(starts) == 0).sum()) > starts.size - 1:
            raise DataError(
                f"{where}: most bars of {symbol} have the same time as the bar before; one bar for each symbol and time "
                "is expected; if another column contains the time of day, name it time"
            )
        elif starts.size > 1 and not doubtful:
            doubtful = f"{symbol}: {_describe_steps(starts)}"
    if not lengths_by_symbol and doubtful:
        raise DataError(
            f"{where}: the length of a bar cannot be inferred from the steps between bars ({doubtful}); give it with "
            f"{option('interval', '1h')}, for example"
        )
    if not lengths_by_symbol:
        raise DataError(
            f"{where}: no symbol has two bars, so the interval cannot be inferred; give it with "
            f"{option('interval', '1h')}, for example"
        )
    shortest = min(lengths_by_symbol.values())
    other = {
        symbol: length
        for symbol, length in lengths_by_symbol.items()
        if length != shortest and not is_sparse(parts[symbol], shortest)
    }
    if other:
        shown = ", ".join(f"{symbol} {show_interval(length)}" for symbol, length in list(lengths_by_symbol.items())[:5])
        raise DataError(
            f"{where}: the most frequent steps of the symbols differ ({shown}); give the length of a bar with "
            f"{option('interval', show_interval(shortest))}, for example"
        )
    return shortest


def interval_of_steps(starts: Integers, tz: str | None = None) -> int | None:
    """The length of one symbol's bars, inferred from the steps between their starts; None if the steps do not determine it.

    Months or weeks if each bar lies in a different month or week. Otherwise the most frequent step. If many steps are not
    multiples of it, the shortest step, provided that all steps are multiples of that one. Shorter steps at the start of a
    session (for opens) or at its end (for closes) are ignored, and so are the changes that holidays and daylight saving make to
    weeks and days.

    Parameters
    ----------
    starts
        Shape (n,), ns, increasing.

    >>> hours = np.array([9.5, 10, 11, 12, 13, 14, 15, 33.5, 34, 35])
    >>> interval_of_steps((hours * HOUR_NS).astype(np.int64)) == HOUR_NS
    True
    """
    steps = np.diff(starts)
    steps = steps[steps > 0]
    if steps.size == 0:
        return None
    calendar = _calendar_interval(starts, steps, tz)
    if calendar is not None:
        return calendar
    least = int(steps.min())
    longer = steps[steps != least]
    if longer.size <= steps.size // 2 and not (longer % least).any():
        return least
    lengths, counts = np.unique(steps, return_counts=True)
    usual, most = int(lengths[np.argmax(counts)]), int(counts.max())
    leeway = leeway_ns(usual)
    first, last = short_first_bars(steps, usual), short_first_bars(steps[::-1], usual)[::-1]
    evaluated = ~(first | np.append(first[1:], False) | last | np.append(False, last[:-1]))
    short = evaluated & (steps < usual - leeway)
    rest = steps % usual
    fits = ~short & (np.minimum(rest, usual - rest) <= leeway)
    if fits[evaluated].sum() >= _MIN_FRACTION * evaluated.sum():
        return usual
    if counts[0] >= max(2, _MIN_SPARSE_FRACTION * steps.size) and not (lengths % least).any():
        return least
    return usual if 2 * most > steps.size and short.sum() <= 1 else None


def is_sparse(starts: Integers, interval: int) -> bool:
    """Whether the starts fit bars of ``interval`` with irregular gaps: all steps are multiples of it, and no step dominates."""
    steps = np.diff(starts)
    _, counts = np.unique(steps, return_counts=True)
    return not (steps % interval).any() and (steps.size < 2 or 2 * int(counts.max()) < steps.size)


def short_first_bars(steps: Integers, interval: int) -> Mask:
    """Which steps are shorter than the interval because a session begins between two full bars: 9:30, 10:00, 11:00.

    They follow a gap, and a full step follows them. ``steps`` are those of one symbol; shape (n,).

    >>> short_first_bars(np.array([30, 60, 1110, 30, 60, 60, 30, 60]), 60).tolist()
    [True, False, False, True, False, False, False, False]
    """
    full = steps >= interval - leeway_ns(interval)
    after_gap = np.concatenate([[True], steps[:-1] > interval])
    before_full = np.concatenate([full[1:], [True]])
    short: Mask = ~full & after_gap & before_full
    return short


def _calendar_interval(starts: Integers, steps: Integers, tz: str | None) -> int | None:
    """The interval of bars of calendar months, or of weeks that are not all 7 days apart; None for other bars."""
    if steps.min() < 4 * DAY_NS:
        return None
    if steps.min() >= 27 * DAY_NS:
        days = local_days(starts, tz)
        apart = np.diff(month_numbers(starts, tz))
        same_day = np.unique(days - days.astype("M8[D]").astype("M8[M]").astype("M8[D]").astype(np.int64)).size == 1
        if apart.min() >= 1 and (same_day or np.unique(steps).size > 1):
            months = int(np.argmax(np.bincount(apart)))
            return months * MONTH_NS if 12 % months == 0 and not (apart % months).any() else None
    weeks = np.diff((starts // DAY_NS + 3) // 7)
    uneven = np.unique(steps).size > 1
    return WEEK_NS if uneven and weeks.min() >= 1 and 2 * int((weeks == 1).sum()) >= weeks.size else None


def _describe_steps(starts: Integers) -> str:
    """The most frequent steps, as text."""
    lengths, counts = np.unique(np.diff(starts), return_counts=True)
    most = np.argsort(-counts, kind="stable")[:3]
    return ", ".join(f"{100 * counts[index] / counts.sum():.0f} % are {show_interval(int(lengths[index]))}" for index in most)
