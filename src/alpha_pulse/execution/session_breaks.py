"""Tells a market's usual breaks (nights, weekends) from bars that are missing."""

from __future__ import annotations

from collections import deque

DAY_NS = 86_400_000_000_000
NEAR_NS = 3_600_000_000_000
"""Two breaks begin at the same time of day when they begin within an hour of each other: clocks are put forward and back."""
KEPT = 6
NEEDED = 2


class SessionBreaks:
    """Remembers at what time of day (UTC) the last breaks of one symbol began.

    A break is usual when at least two of the six before it began at the same time of day. So the first two closing hours that
    a symbol shows are taken for missing data, as is a session that ends early.

    >>> breaks = SessionBreaks()
    >>> night = [day * DAY_NS + 20 * NEAR_NS for day in range(4)]
    >>> [breaks.usual(start) for start in night]
    [False, False, True, True]
    """

    __slots__ = ("_starts",)

    def __init__(self) -> None:
        self._starts: deque[int] = deque(maxlen=KEPT)

    def usual(self, start_ns: int) -> bool:
        """Take in a break that began at ``start_ns`` (ns since the epoch, UTC); whether it is a usual one."""
        time = start_ns % DAY_NS
        near = 0
        for other in self._starts:
            apart = abs(time - other)
            near += min(apart, DAY_NS - apart) <= NEAR_NS
        self._starts.append(time)
        return near >= NEEDED

    def dump(self) -> list[int]:
        """Everything remembered."""
        return list(self._starts)

    def load(self, starts: list[int]) -> None:
        """Take over what `dump` gave."""
        self._starts = deque(starts, maxlen=KEPT)
