"""The performance of a book's equity: return, risk and the day's loss, in constant time and memory."""

from __future__ import annotations

import math

import msgspec

from alpha_pulse.core.durations import DAY_NS


class PerformanceState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The saved state of a `Performance`."""

    equity: int
    marks: int
    total: float
    total_squares: float
    peak: int
    max_drawdown: float
    day: int
    day_start_equity: int


class Performance:
    """Follows an equity in minor units, one mark per instant.

    The return of a mark is the change divided by the previous equity, or 0 while that is not positive (a bankrupt book has no
    return). A mark at midnight UTC belongs to the day that it ends, so that the day's start is the equity at midnight. The
    Sharpe ratio takes no riskless rate off (Sharpe, 1994).

    >>> performance = Performance(10_000)
    >>> for ts, equity in enumerate([10_100, 10_000, 10_200], start=1):
    ...     performance.mark(ts, equity)
    >>> round(performance.max_drawdown, 6), round(performance.sharpe(252.0), 3)
    (0.009901, 6.987)
    """

    __slots__ = ("day", "day_start_equity", "equity", "marks", "max_drawdown", "peak", "total", "total_squares")

    def __init__(self, initial_equity: int) -> None:
        self.equity = initial_equity
        self.marks = 0
        self.total = 0.0
        self.total_squares = 0.0
        self.peak = initial_equity
        self.max_drawdown = 0.0
        self.day = -1
        self.day_start_equity = initial_equity

    def mark(self, ts: int, equity: int) -> None:
        """Add the equity (minor units) at ``ts`` (ns since the epoch, UTC)."""
        day = (ts - 1) // DAY_NS
        before = self.equity
        if day != self.day:
            self.day = day
            self.day_start_equity = before
        self.marks += 1
        if equity == before:
            return
        if before > 0:
            change = (equity - before) / before
            self.total += change
            self.total_squares += change * change
        self.equity = equity
        if equity > self.peak:
            self.peak = equity
        else:
            drawdown = (self.peak - equity) / self.peak
            if drawdown > self.max_drawdown:
                self.max_drawdown = drawdown

    def sharpe(self, marks_per_year: float) -> float | None:
        """Mean over standard deviation of the returns per mark, annualised; None while the returns do not vary."""
        if self.marks < 2:
            return None
        mean = self.total / self.marks
        variance = (self.total_squares - self.total * mean) / (self.marks - 1)
        if variance <= 0.0:
            return None
        return mean / math.sqrt(variance) * math.sqrt(marks_per_year)

    def dump(self) -> PerformanceState:
        """The state to save."""
        return PerformanceState(**{name: getattr(self, name) for name in self.__slots__})

    def load(self, state: PerformanceState) -> None:
        """Take over ``state``."""
        for name in self.__slots__:
            setattr(self, name, getattr(state, name))
