"""The calendar of a symbol: the local time of its week, from the configuration or from its first week of bars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import DAY_NS, SECOND_NS
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.volatility import calendar as kernels

Ints = NDArray[np.int64]

EXCHANGE_ZONE = "America/New_York"
"""The local time of a market that closes at weekends, unless its calendar is configured."""
FIRST_YEAR, LAST_YEAR = 1970, 2100
STEP = timedelta(days=7)


def calendar_for(interval_ns: int, zone: str | None = None) -> Ints:
    """The calendar before the first bar of a symbol, for `alpha_pulse.kernels.volatility.calendar`.

    Parameters
    ----------
    interval_ns
        Length of a bar, ns, at least a second.
    zone
        Name of a time zone, such as ``Europe/London`` or ``UTC``. None: the first week of bars decides between UTC, if there
        are bars on Saturday, and `EXCHANGE_ZONE`. The week of daily and longer bars is always in UTC.

    Returns
    -------
    numpy.ndarray
        Packed int64 array; the kernels change it in place.

    Raises
    ------
    ConfigError
        There is no such time zone, or the interval is too short.

    >>> hour = 3_600_000_000_000
    >>> calendar = calendar_for(hour, "America/New_York")
    >>> opened = 1_720_447_200_000_000_000  # Monday 2024-07-08 14:00 UTC, 10:00 in New York
    >>> kernels.note(calendar, opened), describe(calendar)
    (10, 'America/New_York, bars per day not counted yet')
    """
    if interval_ns < SECOND_NS:
        raise ConfigError(f"the calendar of bars of {interval_ns} ns was asked for; expected bars of at least a second")
    if zone is not None:
        change_ts, offsets = changes(zone)
        fixed = kernels.EXCHANGE if len(change_ts) else kernels.UTC
    else:
        change_ts, offsets = changes(EXCHANGE_ZONE)
        fixed = kernels.UNDECIDED
    calendar = np.zeros(kernels.size(interval_ns, len(change_ts)), dtype=np.int64)
    kernels.start(calendar, interval_ns, fixed, change_ts, offsets)
    return calendar


def describe(calendar: Ints, zone: str | None = None) -> str:
    """What the calendar says in words: time zone, and bars per day once they are counted. ``zone``: as it was configured.

    >>> describe(calendar_for(3_600_000_000_000, "UTC"), "UTC")
    'UTC, bars per day not counted yet'
    """
    names = {kernels.UNDECIDED: "time zone not known yet", kernels.UTC: "UTC", kernels.EXCHANGE: zone or EXCHANGE_ZONE}
    local = names[int(calendar[kernels.ZONE])]
    if not calendar[kernels.COUNTED]:
        return f"{local}, bars per day not counted yet"
    bars, days = int(calendar[kernels.DAY_BARS]), int(calendar[kernels.WEEK_DAYS])
    return f"{local}, {bars} {'bar' if bars == 1 else 'bars'} a day, {days} days a week"


@cache
def changes(zone: str) -> tuple[Ints, Ints]:
    """When the UTC offset of a time zone changes, from 1970 to 2100, and the offset from then on, both in ns.

    Empty for a zone that is UTC; otherwise the first entry is the offset at the beginning.

    >>> ts, offsets = changes("America/New_York")
    >>> sorted(set((offsets // 3_600_000_000_000).tolist()))
    [-5, -4]
    """
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"there is no time zone {zone!r}; expected a name of the IANA database, such as America/New_York or UTC"
        ) from None

    def offset(at: datetime) -> timedelta:
        return at.astimezone(known).utcoffset() or timedelta()

    at, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    found = [(at, offset(at))]
    while at < end:
        if offset(at + STEP) != found[-1][1]:
            found.append((_change(at, at + STEP, offset), offset(at + STEP)))
        at += STEP
    if len(found) == 1 and not found[0][1]:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    ts = np.array([int(at.timestamp()) * SECOND_NS for at, _ in found], dtype=np.int64)
    ts[0] = -DAY_NS
    return ts, np.array([int(moved.total_seconds()) * SECOND_NS for _, moved in found], dtype=np.int64)


def _change(low: datetime, high: datetime, offset: Callable[[datetime], timedelta]) -> datetime:
    """The first second in (``low``, ``high``] with another offset than ``low``, by bisection."""
    before = offset(low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if offset(middle) == before:
            low = middle
        else:
            high = middle
    return high
