"""Infers from bars when a market is open: by the slots of a week (or of a day), each as long as a bar."""

from __future__ import annotations

from itertools import groupby

import msgspec
import numpy as np

from alpha_pulse.core.bar_times import DATE_SHIFT_NS
from alpha_pulse.core.durations import DAY_NS, HOUR_NS, WEEK_NS
from alpha_pulse.feeds.arrays import Integers, Mask

MONDAY_NS = 4 * DAY_NS
"""1970-01-05, the first Monday of the epoch."""
SATURDAY = 5
NEIGHBOURS = 8
"""The number of periods before and after from which a slot counts as usual."""
MOST = (3, 4)
"""The fraction of those periods, before and after, that must have a bar in a usual slot."""
ALWAYS = (19, 20)
"""A market never closes when this fraction of the slots have a bar in more than half of the periods."""
UNSURE = 4
"""Where more than one in this many usual slots is empty, the bars do not follow hours, and no slot is usual."""
LEAST_PERIODS = 3
SPARSE = 20
"""Where there are more than this many slots for each bar, hours cannot be inferred."""
_SAMPLE = 10_000
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Grid(msgspec.Struct, frozen=True):
    """A symbol's bars in slots.

    Parameters
    ----------
    origin
        Where the first slot begins, ns since the epoch.
    interval_ns
        The length of a slot.
    present
        Whether a slot has a bar, shape (periods, slots of a period). A period is a week, or a day in a short file.
    first, last
        The slots of the first and the last bar, counted from ``origin``.
    """

    origin: int
    interval_ns: int
    present: Mask
    first: int
    last: int


def make_grid(ts_start: Integers, interval_ns: int) -> Grid | None:
    """The bars of one symbol in slots; None if there are too few weeks or days, or if they are not multiples of a bar.

    Parameters
    ----------
    ts_start
        Increasing, ns since the epoch, in the zone in which the slots are wanted; shape (n,), n > 0.
    """
    week = _make_grid(ts_start, interval_ns, WEEK_NS)
    if week is None or week.present.shape[0] > LEAST_PERIODS:
        return week
    return _make_grid(ts_start, interval_ns, DAY_NS)


def _make_grid(ts_start: Integers, interval_ns: int, period_ns: int) -> Grid | None:
    slots, rest = divmod(period_ns, interval_ns)
    if rest or slots < 2:
        return None
    offsets, counts = np.unique((ts_start[:: max(1, ts_start.size // _SAMPLE)] - MONDAY_NS) % interval_ns, return_counts=True)
    offset = int(offsets[np.argmax(counts)])
    # Rounded: a bar that begins half an hour late, as the first one of a session may, is in the slot of its hour.
    shift = interval_ns // 2 - offset - MONDAY_NS
    low = (int(ts_start[0]) + shift) // period_ns
    periods = (int(ts_start[-1]) + shift) // period_ns - low + 1
    if periods < LEAST_PERIODS or periods * slots > max(SPARSE * ts_start.size, 1_000):
        return None
    slot = (ts_start + (shift - low * period_ns)) // interval_ns
    present = np.zeros(periods * slots, dtype=np.bool_)
    present[slot] = True
    origin = low * period_ns + MONDAY_NS + offset
    return Grid(origin, interval_ns, present.reshape(periods, slots), int(slot[0]), int(slot[-1]))


def never_closes(grid: Grid) -> bool:
    """Whether the market has no nights and weekends: nearly every slot has a bar in more than half of the periods with bars."""
    rows = np.flatnonzero(grid.present.any(axis=1))
    if rows.size < LEAST_PERIODS or not _open_all_week(grid):
        return False
    often = 2 * np.count_nonzero(_present_or_unknown(grid, rows), axis=0) > rows.size
    return bool(ALWAYS[1] * int(often.sum()) >= ALWAYS[0] * often.size)


def _present_or_unknown(grid: Grid, rows: Integers) -> Mask:
    """The slots of some periods; slots before the first and after the last bar are unknown and count as present."""
    seen = grid.present[rows]
    slots = int(grid.present.shape[1])
    seen[0, : grid.first % slots] = True
    seen[-1, grid.last % slots + 1 :] = True
    return seen


def usual_slots(grid: Grid) -> Mask:
    """Whether the market is usually open in each slot, as a flat array; False before the first and after the last bar.

    Where a market never closes, every slot is usual. Otherwise a slot is usual where most of the periods before and most of
    those after have a bar in it, so that daylight saving and new trading hours do not appear as gaps.
    """
    filled = grid.present.any(axis=1)
    rows, empty = np.flatnonzero(filled), np.flatnonzero(~filled)
    slots_usual = np.zeros(grid.present.shape, dtype=np.bool_)
    if never_closes(grid):
        slots_usual[:] = True
    elif rows.size >= LEAST_PERIODS:
        slots_usual[rows] = _usual_by_neighbours(grid, rows)
        if grid.present.shape[1] * grid.interval_ns == DAY_NS:
            slots_usual &= _first_to_last(grid.present)
        if UNSURE * int((slots_usual & ~grid.present)[rows].sum()) > int(slots_usual.sum()):
            slots_usual[:] = False
        if (
            empty.size and grid.present.shape[1] * grid.interval_ns == WEEK_NS
        ):  # an empty day may be a holiday, an empty week is not
            next_row = np.searchsorted(rows, empty)
            slots_usual[empty] = slots_usual[rows[next_row - 1]] & slots_usual[rows[next_row]]
    flat = slots_usual.reshape(-1)
    flat[: grid.first] = False
    flat[grid.last + 1 :] = False
    return flat


def _usual_by_neighbours(grid: Grid, rows: Integers) -> Mask:
    """Whether most of the periods before and most of those after have a bar in a slot; only the periods ``rows`` count."""
    seen = _present_or_unknown(grid, rows)
    total = np.zeros((rows.size + 1, int(grid.present.shape[1])), dtype=np.int32)
    np.cumsum(seen, axis=0, out=total[1:])
    period = np.arange(rows.size)
    low, high = np.maximum(period - NEIGHBOURS, 0), np.minimum(period + NEIGHBOURS + 1, rows.size)
    part, whole = MOST
    before = whole * (total[period] - total[low]) >= part * (period - low)[:, None]
    after: Mask = whole * (total[high] - total[period + 1]) >= part * (high - period - 1)[:, None]
    return before & after


def _first_to_last(present: Mask) -> Mask:
    """The slots of each day from its first bar to its last: Sundays and Fridays may be shorter than other days."""
    since = np.logical_or.accumulate(present, axis=1)
    until: Mask = np.logical_or.accumulate(present[:, ::-1], axis=1)[:, ::-1]
    return since & until


def _open_all_week(grid: Grid) -> bool:
    """Whether bars on Saturdays show that the market has no weekend; True where a period is a week."""
    slots = grid.present.shape[1]
    if slots * grid.interval_ns == WEEK_NS:
        return True
    weekday = ((grid.origin - MONDAY_NS) // DAY_NS + np.arange(grid.present.shape[0])) % 7
    return bool(2 * grid.present[weekday == SATURDAY].sum() > slots)


def sessions(ts_start: Integers, interval_ns: int) -> list[str]:
    """The usual hours of a week, such as ``Mon-Fri 09:30-16:00``; empty where the bars do not show them.

    Parameters
    ----------
    ts_start
        Increasing, in ns of the market's local time.

    >>> sessions(np.arange(60) * DAY_NS, DAY_NS), sessions(np.arange(2_000) * HOUR_NS, HOUR_NS)
    (['every day'], ['24/7'])
    """
    if interval_ns == DAY_NS:
        ts_start = ts_start + DATE_SHIFT_NS  # the dates under which daily bars are shown
    grid = _make_grid(ts_start, interval_ns, WEEK_NS)
    if grid is None:
        return []
    filled = grid.present[grid.present.any(axis=1)]
    mask = 2 * filled.sum(axis=0) > filled.shape[0]
    if not mask.any():
        return []
    if mask.all():
        return ["every day" if interval_ns == DAY_NS else "24/7"]
    # Start where the market is closed, so that the end of the week does not split a session.
    start = int(np.argmin(mask))
    rolled = np.roll(mask, -start)
    edges = np.flatnonzero(np.diff(rolled, prepend=False, append=False))
    offset = (grid.origin - MONDAY_NS) % interval_ns
    open_runs = [
        (((start + int(a)) * interval_ns + offset) % WEEK_NS, (int(b) - int(a)) * interval_ns)
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]
    return _named(sorted(open_runs), interval_ns)


def _named(open_runs: list[tuple[int, int]], interval_ns: int) -> list[str]:
    """Runs (start in the week, length) as text; days with equal hours are combined."""
    if interval_ns == DAY_NS:
        return [_days([(start // DAY_NS + day) % 7 for day in range(length // DAY_NS)]) for start, length in open_runs]
    hours: dict[tuple[int, int], list[int]] = {}
    long: list[str] = []
    for start, length in open_runs:
        day, clock = divmod(start, DAY_NS)
        if length <= DAY_NS:
            hours.setdefault((clock, length), []).append(day)
        else:
            end_day, end_clock = divmod((start + length) % WEEK_NS, DAY_NS)
            long.append(f"{_DAYS[day]} {_clock(clock)} - {_DAYS[end_day]} {_clock(end_clock)}")
    return long + [
        f"{_days(days)} {_clock(clock)}-{_clock((clock + length) % DAY_NS)}" for (clock, length), days in hours.items()
    ]


def _days(days: list[int]) -> str:
    """Days of the week as text, consecutive ones as a range.

    >>> _days([0, 1, 2, 4]), _days([6])
    ('Mon-Wed, Fri', 'Sun')
    """
    parts = []
    for _, group in groupby(enumerate(days), lambda pair: pair[1] - pair[0]):
        run = [day for _, day in group]
        parts.append(_DAYS[run[0]] if len(run) == 1 else f"{_DAYS[run[0]]}-{_DAYS[run[-1]]}")
    return ", ".join(parts)


def _clock(ns: int) -> str:
    minutes = ns // (HOUR_NS // 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"
