"""The only module that reads the time. Components that need it receive a clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Gives the time of the market, in nanoseconds since the Unix epoch (UTC)."""

    def now_ns(self) -> int:
        """The current market time."""
        ...


class ReplayClock:
    """The time of the data. It changes only when it is set, and never decreases.

    >>> clock = ReplayClock()
    >>> clock.advance_to(5)
    >>> clock.now_ns()
    5
    """

    def __init__(self) -> None:
        self._now_ns = 0

    def now_ns(self) -> int:
        """The time that was last set."""
        return self._now_ns

    def advance_to(self, ts_ns: int) -> None:
        """Move to ``ts_ns``; an earlier time is ignored, so that time never runs backwards."""
        if ts_ns > self._now_ns:
            self._now_ns = ts_ns


def elapsed_ns() -> int:
    """A monotonic time in nanoseconds, for measuring durations. It is never hashed and never affects a decision."""
    return time.perf_counter_ns()


def wall_ns() -> int:
    """Wall time (ns since the Unix epoch) for uses outside of decisions, such as the name of a new store's folder."""
    return time.time_ns()
