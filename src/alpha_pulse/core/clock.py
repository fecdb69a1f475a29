"""The only place that reads the time. Whatever needs it is handed a clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time of the market, in nanoseconds since the Unix epoch (UTC)."""

    def now_ns(self) -> int:
        """The current market time."""
        ...


class ReplayClock:
    """Time as the data tells it: it stands still until someone sets it, and never goes back.

    >>> clock = ReplayClock()
    >>> clock.advance_to(5)
    >>> clock.now_ns()
    5
    """

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """The time that was last set."""
        return self._now_ns

    def advance_to(self, ts_ns: int) -> None:
        """Move to ``ts_ns``; an earlier time is ignored, so that time never runs backwards."""
        if ts_ns > self._now_ns:
            self._now_ns = ts_ns


def elapsed_ns() -> int:
    """A monotonic reading for measuring durations. Recorded and shown, never hashed, never decides."""
    return time.perf_counter_ns()


def wall_ns() -> int:
    """Wall time for naming things outside the decision path, such as the folder of a fresh store."""
    return time.time_ns()
