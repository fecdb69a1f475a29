"""The weekly calendar of a symbol: in which bin of the local week a bar begins, and which bins follow while the market is open.

A week is divided into *bins* of one bar interval (of one day for daily and longer bars). A bin is open if it had a bar within
the last `KEPT_WEEKS` weeks. Bins are grouped into *slots*, for which seasonal factors are learned: hour and day of the week;
for bars shorter than an hour, weekday or weekend and 15 minutes; for daily bars, the day of the week.

The local time is UTC, or that of an exchange (from a table of the changes of its UTC offset, so with daylight saving). If it is
not configured, the first week of bars decides: with bars on Saturday it is UTC, otherwise that of the exchange. Until then no
slot is known. The number of bars per day is counted in the first week too. No later bar changes either.

State (int64): head | change_ts[n] | offset_ns[n] | last_week[bins] | slot[bins], see `empty` for the first two of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import DAY_NS, HOUR_NS, MINUTE_NS, WEEK_NS
from alpha_pulse.kernels.base.jit import kernel

Ints = NDArray[np.int64]

INTERVAL_NS, BINS, SLOTS, CHANGES, ZONE, FIRST_TS, SATURDAY_BARS, BARS, DAY_BARS, WEEK_DAYS, COUNTED = range(11)
HEAD = 16
UNDECIDED, UTC, EXCHANGE = range(3)
"""Values of ``ZONE``."""
MOST_SLOTS = 192
NO_SLOT = -1
KEPT_WEEKS = 4
NEVER = -1_000
MONDAY_NS = 3 * DAY_NS
"""To add so that a week begins on Monday: the epoch was a Thursday."""
SATURDAY = 5
QUARTER_NS = 15 * MINUTE_NS
QUARTERS = DAY_NS // QUARTER_NS


@kernel
def size(interval_ns: int, changes: int) -> int:
    """Numbers of the state for bars of ``interval_ns`` and a table of ``changes`` changes of the UTC offset.

    >>> size(3_600_000_000_000, 2)
    356
    """
    return HEAD + 2 * changes + 2 * bins_of(interval_ns)


@kernel
def bins_of(interval_ns: int) -> int:
    """The bins of a week.

    >>> bins_of(3_600_000_000_000), bins_of(86_400_000_000_000)
    (168, 7)
    """
    return 7 if interval_ns >= DAY_NS else -(-WEEK_NS // interval_ns)


@kernel
def start(calendar: Ints, interval_ns: int, zone: int, change_ts: Ints, offsets_ns: Ints) -> None:
    """The state before the first bar.

    Parameters
    ----------
    calendar
        Of `size` numbers, overwritten.
    zone
        `UTC` or `EXCHANGE`, or `UNDECIDED` if the first week of bars is to decide. Daily bars always count in UTC, because
        their date is in UTC.
    change_ts, offsets_ns
        When the UTC offset of the exchange changes (ns since the epoch, ascending), and the offset from then on, (n,).
    """
    bins, changes = bins_of(interval_ns), change_ts.shape[0]
    daily = interval_ns >= DAY_NS
    calendar[:] = 0
    calendar[INTERVAL_NS], calendar[BINS], calendar[CHANGES] = interval_ns, bins, changes
    calendar[ZONE] = UTC if daily else zone
    calendar[SLOTS] = 7 if daily else 168 if interval_ns >= HOUR_NS else MOST_SLOTS
    calendar[DAY_BARS], calendar[WEEK_DAYS], calendar[COUNTED] = max(1, DAY_NS // interval_ns), 7, 0
    calendar[HEAD : HEAD + changes] = change_ts
    calendar[HEAD + changes : HEAD + 2 * changes] = offsets_ns
    weeks = HEAD + 2 * changes
    calendar[weeks : weeks + bins] = NEVER
    for i in range(bins):
        time = i * (DAY_NS if daily else interval_ns)
        if daily:
            slot = i
        elif interval_ns >= HOUR_NS:
            slot = time // HOUR_NS
        else:
            slot = QUARTERS * (time // DAY_NS >= SATURDAY) + time % DAY_NS // QUARTER_NS
        calendar[weeks + bins + i] = slot


@kernel
def offset_ns(calendar: Ints, ts: int) -> int:
    """The UTC offset of the local time at ``ts``; 0 before the first change, and for UTC."""
    if calendar[ZONE] != EXCHANGE:
        return 0
    low, high = 0, calendar[CHANGES]
    while low < high:
        middle = (low + high) // 2
        if calendar[HEAD + middle] <= ts:
            low = middle + 1
        else:
            high = middle
    return 0 if low == 0 else int(calendar[HEAD + calendar[CHANGES] + low - 1])


@kernel
def _decide(calendar: Ints, ts: int) -> None:
    """At the first bar after the first week: the zone, if it is not known, and the bars per day."""
    bins, weeks = calendar[BINS], HEAD + 2 * calendar[CHANGES]
    weekend = 2 * 7 * calendar[SATURDAY_BARS] > calendar[BARS]
    calendar[WEEK_DAYS] = 7 if weekend else 5
    bars = 0
    for i in range(bins):
        bars += calendar[weeks + i] != NEVER
    calendar[DAY_BARS] = max(1, (2 * bars + calendar[WEEK_DAYS]) // (2 * calendar[WEEK_DAYS]))
    calendar[COUNTED] = 1
    if calendar[ZONE] == UNDECIDED:
        calendar[ZONE] = UTC if weekend else EXCHANGE
        moved = offset_ns(calendar, ts) // calendar[INTERVAL_NS]
        copied = calendar[weeks : weeks + bins].copy()
        for i in range(bins):
            calendar[weeks + (i + moved) % bins] = copied[i]


@kernel
def note(calendar: Ints, ts: int) -> int:
    """Note a bar that began at ``ts`` (ns since the epoch, UTC); returns its bin."""
    if calendar[BARS] == 0:
        calendar[FIRST_TS] = ts
    elif calendar[COUNTED] == 0 and ts - calendar[FIRST_TS] >= WEEK_NS:
        _decide(calendar, ts)
    calendar[BARS] += 1
    local = ts + offset_ns(calendar, ts) + MONDAY_NS
    week, time = local // WEEK_NS, local % WEEK_NS
    if calendar[COUNTED] == 0 and (ts + MONDAY_NS) % WEEK_NS // DAY_NS == SATURDAY:
        calendar[SATURDAY_BARS] += 1
    place = time // (DAY_NS if calendar[BINS] == 7 else calendar[INTERVAL_NS])
    calendar[HEAD + 2 * calendar[CHANGES] + place] = week
    return int(place)


@kernel
def slot_of(calendar: Ints, place: int) -> int:
    """The slot of a bin; `NO_SLOT` while the zone is undecided."""
    if calendar[ZONE] == UNDECIDED:
        return NO_SLOT
    return int(calendar[HEAD + 2 * calendar[CHANGES] + calendar[BINS] + place])


@kernel
def next_open(calendar: Ints, place: int, week: int) -> int:
    """The first open bin after ``place``; ``place`` itself where no other bin is open. ``week``: `week_of` the newest bar.

    In the first week every bin counts as open.
    """
    bins, weeks = calendar[BINS], HEAD + 2 * calendar[CHANGES]
    if calendar[COUNTED] == 0:
        return int((place + 1) % bins)
    i = place
    for _ in range(bins):
        i += 1
        if i == bins:
            i = 0
        if week - calendar[weeks + i] <= KEPT_WEEKS:
            return i
    return place


@kernel
def week_of(calendar: Ints, place: int) -> int:
    """The number of the week in which the bin ``place`` last had a bar."""
    return int(calendar[HEAD + 2 * calendar[CHANGES] + place])
