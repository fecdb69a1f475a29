"""Converts opens of bars to ends and back, also where lengths differ: months, weeks with holidays, clock changes."""

from __future__ import annotations

import numpy as np
import polars as pl

from alpha_pulse.core.bar_times import DATE_SHIFT_NS, leeway_ns, months_of
from alpha_pulse.core.durations import DAY_NS, HOUR_NS, WEEK_NS
from alpha_pulse.feeds.arrays import Integers, Mask

_EAST_NS = 14 * HOUR_NS
"""In the zones east of UTC+9, midnight is as early as 10:00 UTC."""


def end_times(ts_start: Integers, code: Integers, interval_ns: int, tz: str | None = None) -> Integers:
    """The end of each bar, when it becomes known: shape (n,), ns since the epoch (UTC).

    The end is the open plus the interval; for calendar months it is the start of the next month. A bar ends earlier where the
    next bar of its symbol starts earlier (a first bar of half an hour, a week after a holiday, the day on which clocks go
    forward), and an hour later where the next bar starts an hour later (the day on which clocks go back).

    Parameters
    ----------
    ts_start, code
        For each bar its open and its symbol's number; in order within a symbol. Shape (n,).
    tz
        The zone in which days and months begin; None: by the times themselves.

    >>> hours = np.array([9.5, 10.0, 11.0]) * HOUR_NS
    >>> (end_times(hours.astype(np.int64), np.zeros(3, dtype=np.int64), HOUR_NS) / HOUR_NS).tolist()
    [10.0, 11.0, 12.0]
    """
    months = months_of(interval_ns)
    if months:
        days = local_days(ts_start, tz)
        ends = ts_start + (_first_days(_months(days) + months) - days) * DAY_NS
    else:
        ends = ts_start + interval_ns
    order, same = _neighbours(code)
    following = np.full(ts_start.size, np.iinfo(np.int64).max)
    following[order[:-1][same]] = ts_start[order[1:][same]]
    later = HOUR_NS if leeway_ns(interval_ns) else 0
    return np.where((following > ts_start) & (following <= ends + later), following, ends)


def open_times(ts_close: Integers, code: Integers, interval_ns: int, tz: str | None = None, *, dates: bool = False) -> Integers:
    """The opens of bars whose times are closes: shape (n,), ns since the epoch (UTC).

    The open is the close minus the interval; for calendar months it is the start of the month that ends. It is later where the
    previous bar closed later, and an hour earlier where it closed an hour earlier.

    Parameters
    ----------
    ts_close, code, tz
        As in `end_times`.
    dates
        The times are dates without a time of day: a bar closes at the end of its date.

    >>> friday = np.array([19_727 * DAY_NS])
    >>> code = np.zeros(1, dtype=np.int64)
    >>> [int(open_times(friday, code, DAY_NS, dates=dates)[0] // DAY_NS) for dates in (False, True)]
    [19726, 19727]
    """
    closes = ts_close + DAY_NS if dates else ts_close
    months = months_of(interval_ns)
    if months:
        days = local_days(closes, tz)
        opens = closes + (_first_days(_months(days - 1) + 1 - months) - days) * DAY_NS
    else:
        opens = closes - interval_ns
    order, same = _neighbours(code)
    before = np.full(closes.size, np.iinfo(np.int64).min)
    before[order[1:][same]] = closes[order[:-1][same]]
    earlier = HOUR_NS if leeway_ns(interval_ns) else 0
    return np.where((before < closes) & (before >= opens - earlier), before, opens)


def stamped_at_end(ts_start: Integers, interval_ns: int) -> Mask:
    """Which bars have a time at the end of their week or month: a Friday, or one of the last three days of a month.

    >>> stamped_at_end(np.array([3, 4]) * DAY_NS + 4 * DAY_NS, 7 * DAY_NS).tolist()
    [False, True]
    """
    late: Mask = np.zeros(ts_start.size, dtype=np.bool_)
    if months_of(interval_ns):
        days = local_days(ts_start)
        late = _first_days(_months(days) + 1) - days <= 3
    elif interval_ns % WEEK_NS == 0:
        late = (local_days(ts_start) + 3) % 7 == 4
    return late


def regular_starts(first_ns: int, count: int, interval_ns: int) -> Integers:
    """The starts of ``count`` consecutive bars; for calendar months, from the month of ``first_ns`` on."""
    numbers = np.arange(count, dtype=np.int64)
    if months := months_of(interval_ns):
        return _first_days(month_numbers(np.array([first_ns])) + months * numbers) * DAY_NS
    return first_ns + interval_ns * numbers


def local_days(ts: Integers, tz: str | None = None) -> Integers:
    """The date of each instant, in days since the epoch: in ``tz``, or else where more of them start a month."""
    if tz is not None:
        wall = pl.Series(ts).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(tz).dt.replace_time_zone(None)
        return wall.to_physical().to_numpy() // DAY_NS
    usual, east = (ts + DATE_SHIFT_NS) // DAY_NS, (ts + _EAST_NS) // DAY_NS
    begins = [int((_first_days(_months(days)) == days).sum()) for days in (usual, east)]
    return east if begins[1] > begins[0] else usual


def month_numbers(ts: Integers, tz: str | None = None) -> Integers:
    """The month of each instant, counted from January 1970; see `local_days`."""
    return _months(local_days(ts, tz))


def _months(days: Integers) -> Integers:
    return days.astype("M8[D]").astype("M8[M]").astype(np.int64)


def _first_days(months: Integers) -> Integers:
    return months.astype("M8[M]").astype("M8[D]").astype(np.int64)


def _neighbours(code: Integers) -> tuple[Integers, Mask]:
    """The indices of the bars sorted by symbol, and which of them are followed by a bar of the same symbol."""
    order = np.argsort(code, kind="stable")
    return order, np.diff(code[order]) == 0
