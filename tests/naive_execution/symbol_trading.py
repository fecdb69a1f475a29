"""The execution state of one symbol: its units, a position per book, and the freshness of its data."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.types import Bar, Units
from naive_execution.books import Book
from naive_execution.lots import LotQueue
from naive_execution.rules import EntryRule
from naive_execution.session_breaks import SessionBreaks


class BookPosition:
    """One book's lots in one symbol, and the rule that sets the position."""

    __slots__ = ("book", "lots", "rule")

    def __init__(self, book: Book, lots: LotQueue, rule: EntryRule) -> None:
        self.book = book
        self.lots = lots
        self.rule = rule


class SymbolTradingState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The saved state of a `SymbolTrading`; the positions are saved with the books."""

    units: Units
    close: float
    frozen_bars: int
    newest_ts: int
    gap_ns: int
    breaks: list[tuple[int, int]]


class SymbolTrading:
    """The execution state of one symbol.

    Attributes
    ----------
    close, newest_ts
        Of the newest bar; ``newest_ts`` is its end (ns since the epoch, UTC).
    frozen_bars
        How many bars in a row have repeated one price.
    gap_ns
        How long bars were missing before the newest one; 0 where they were not, or the market had a usual break.
    """

    __slots__ = ("breaks", "close", "frozen_bars", "gap_ns", "newest_ts", "positions", "units")

    def __init__(self, units: Units, positions: list[BookPosition]) -> None:
        self.units = units
        self.positions = positions
        self.breaks = SessionBreaks()
        self.close = 0.0
        self.frozen_bars = 0
        self.newest_ts = 0
        self.gap_ns = 0

    def process_bar(self, bar: Bar, stale_after_intervals: float) -> None:
        """Process the next bar; a gap of more than ``stale_after_intervals`` before it counts, unless it is a usual break."""
        self.gap_ns, close = 0, bar.close
        if self.newest_ts:
            gap = bar.ts_open - self.newest_ts
            if gap > stale_after_intervals * bar.interval_ns and not self.breaks.usual(self.newest_ts, gap):
                self.gap_ns = gap
        self.newest_ts = bar.ts_event
        if close == self.close and bar.high == bar.low == bar.open == close:
            self.frozen_bars += 1
        else:
            self.frozen_bars = 0
            self.close = close

    def value(self, price: float) -> None:
        """Value every book's position at ``price``."""
        for position in self.positions:
            if position.lots.position or position.lots.marked:
                position.book.revalue(self.units.symbol, price)

    def dump(self) -> SymbolTradingState:
        """The state to save."""
        return SymbolTradingState(self.units, self.close, self.frozen_bars, self.newest_ts, self.gap_ns, self.breaks.dump())

    def load(self, state: SymbolTradingState) -> None:
        """Restore from ``state``."""
        self.close, self.frozen_bars = state.close, state.frozen_bars
        self.newest_ts, self.gap_ns = state.newest_ts, state.gap_ns
        self.breaks.load(state.breaks)
