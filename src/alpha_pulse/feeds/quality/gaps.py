"""Finds bars that are missing although the market is usually open; nights, weekends and holidays are not gaps."""

from __future__ import annotations

import msgspec
import numpy as np

from alpha_pulse.core.durations import DAY_NS, HOUR_NS
from alpha_pulse.feeds.arrays import Integers, Mask
from alpha_pulse.feeds.quality.sessions import Grid, make_grid, never_closes, usual_slots
from alpha_pulse.feeds.runs import runs

HOLIDAYS = 5
"""The number of consecutive sessions that may be missing as a holiday."""
SHORTENED_NS = 12 * HOUR_NS
"""A session may begin late or end early by half of its length, but at most by this."""
HALF_SESSION_NS = 4 * HOUR_NS
"""A session up to this length, as before or after a break at noon, may miss any part."""
LONG_STEP = 1.75
"""Between bars of more than a day, a step of this many intervals is a gap: one month may be an eighth longer than another."""


class Gaps(msgspec.Struct, frozen=True):
    """Runs of missing bars, arrays of shape (n,): their starts and ends (ns), and the number of missing bars."""

    start: Integers
    end: Integers
    bars: Integers


def find_gaps(ts_start: Integers, interval_ns: int) -> Gaps:
    """The gaps in the bars of one symbol.

    Parameters
    ----------
    ts_start
        Increasing, ns since the epoch (UTC); shape (n,), n > 0.

    >>> result = find_gaps(np.delete(np.arange(1_000) * HOUR_NS, slice(500, 503)), HOUR_NS)
    >>> result.start // HOUR_NS, result.end // HOUR_NS, result.bars
    (array([500]), array([503]), array([3]))
    """
    if interval_ns > DAY_NS:
        steps = np.diff(ts_start)
        index = np.flatnonzero(steps >= LONG_STEP * interval_ns)
        bars = np.rint(steps[index] / interval_ns).astype(np.int64) - 1
        return Gaps(ts_start[index] + interval_ns, ts_start[index + 1], bars)
    grid = make_grid(ts_start, interval_ns)
    return Gaps(*np.empty((3, 0), dtype=np.int64)) if grid is None else _in_sessions(grid)


def _in_sessions(grid: Grid) -> Gaps:
    slot = np.flatnonzero(usual_slots(grid))
    missing = ~grid.present.reshape(-1)[slot]
    if missing.any() and not never_closes(grid):
        # Each daily bar is a session of its own.
        opens = (np.diff(slot, prepend=-2) > 1) | (grid.interval_ns == DAY_NS)
        missing &= ~_holidays(missing, opens, DAY_NS // grid.interval_ns)
        missing &= ~_short_sessions(missing, opens, SHORTENED_NS // grid.interval_ns, HALF_SESSION_NS // grid.interval_ns)
        missing &= ~_public_holidays(grid.origin + slot * grid.interval_ns)
    first, bars = runs(missing)
    start, last = slot[first], slot[first + bars - 1]
    return Gaps(grid.origin + start * grid.interval_ns, grid.origin + (last + 1) * grid.interval_ns, bars)


def _holidays(missing: Mask, opens: Mask, day: int) -> Mask:
    """Slots of whole missing sessions of at most a ``day``, where only a few are missing in a row."""
    session = np.cumsum(opens) - 1
    length = np.bincount(session)
    whole = (np.bincount(session, weights=missing) == length) & (length <= day)
    first, count = runs(whole)
    holiday = np.zeros(length.size + 1, dtype=np.int64)
    few = count <= HOLIDAYS
    np.add.at(holiday, first[few], 1)
    np.add.at(holiday, (first + count)[few], -1)
    in_holiday: Mask = np.cumsum(holiday).astype(np.bool_)[session]
    return in_holiday


def _short_sessions(missing: Mask, opens: Mask, most: int, half: int) -> Mask:
    """Slots by which a session begins later or ends earlier: up to half of it and ``most``; any where it has up to ``half``."""
    session = np.cumsum(opens) - 1
    first, bars = runs(missing, opens)
    length = np.bincount(session)[session[first]]
    at_edge = opens[first] | np.append(opens, True)[first + bars]
    few = at_edge & (((2 * bars <= length) & (bars <= most)) | (length <= half))
    shortened = np.zeros(missing.size, dtype=np.bool_)
    shortened[missing] = np.repeat(few, bars)
    return shortened


def _public_holidays(start: Integers) -> Mask:
    """Christmas (24 to 26 December) and New Year (31 December to 2 January), UTC."""
    days = start.astype("datetime64[ns]").astype("datetime64[D]")
    month = days.astype("datetime64[M]")
    day = (days - month).astype(np.int64) + 1
    of_year = month.astype(np.int64) % 12 + 1
    on_holiday: Mask = (of_year == 12) & (((day >= 24) & (day <= 26)) | (day == 31)) | (of_year == 1) & (day <= 2)
    return on_holiday
