"""Distinguishes a market's usual breaks (nights, weekends) from missing bars."""

from __future__ import annotations

from collections import deque

from alpha_pulse.core.durations import DAY_NS, HOUR_NS

NEAR_NS = HOUR_NS
"""Two breaks begin at the same time of day when they begin within an hour of each other: clocks are put forward and back."""
KEPT = 24
NEEDED = 2
SHARE = 3
"""At least one break in this many began at that time of day, so that outages at random times are not taken for the end of a
session."""
LONGER = 1.5
"""A usual break is at most this many times as long as the second longest break at that time of day."""


class SessionBreaks:
    """Stores when the last breaks of one symbol began, by the time of day (UTC), and how long they were.

    A break is usual when at least two, and a third, of the last 24 began at the same time of day, and it is at most 1.5 times
    as long as the second longest of those, so that every usual break was seen twice. The first two closing hours and the first
    two weekends of a symbol are therefore treated as missing data, as is a session that ends early.

    >>> breaks, hour = SessionBreaks(), NEAR_NS
    >>> [breaks.usual(day * DAY_NS + 20 * hour, 17 * hour) for day in range(4)]
    [False, False, True, True]
    >>> [breaks.usual(day * DAY_NS + 20 * hour, 65 * hour) for day in (4, 11, 18)]
    [False, False, True]
    """

    __slots__ = ("_breaks",)

    def __init__(self) -> None:
        self._breaks: deque[tuple[int, int]] = deque(maxlen=KEPT)

    def usual(self, start_ns: int, length_ns: int) -> bool:
        """Add a break; whether it is a usual one.

        Parameters
        ----------
        start_ns
            When it began (ns since the epoch, UTC).
        length_ns
            Until the next bar began.
        """
        time = start_ns % DAY_NS
        apart = [(abs(time - other), length) for other, length in self._breaks]
        alike = sorted(length for each, length in apart if min(each, DAY_NS - each) <= NEAR_NS)
        needed = max(NEEDED, -(-len(apart) // SHARE))
        self._breaks.append((time, length_ns))
        return len(alike) >= needed and length_ns <= LONGER * alike[-NEEDED]

    def dump(self) -> list[tuple[int, int]]:
        """The state to save."""
        return list(self._breaks)

    def load(self, breaks: list[tuple[int, int]]) -> None:
        """Take over what `dump` gave."""
        self._breaks = deque(breaks, maxlen=KEPT)
