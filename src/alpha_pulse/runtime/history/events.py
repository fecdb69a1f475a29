"""Fills, closed lots and orders refused at their fill, by book and symbol, read in pages."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

from alpha_pulse.core.types import Fill, Lot, Units
from alpha_pulse.gateway.messages import Page
from alpha_pulse.gateway.protocol import ALL
from alpha_pulse.gateway.trading_messages import FillOut, TradeOut
from alpha_pulse.runtime.history.table import downsample

MAX_EVENTS = 100_000
"""The minimum number of stored events per book and symbol."""
MS = 1_000_000
BarOpen = Callable[[str, int], int]
"""The open, in milliseconds, of a symbol's bar that ends at an instant (ns)."""
_seq: Callable[[tuple[int, object]], int] = itemgetter(0)


class _Event(Protocol):
    @property
    def book(self) -> str: ...
    @property
    def symbol(self) -> str: ...


E = TypeVar("E", bound=_Event)


class Events(Generic[E]):
    """Events with the number of their step of the journal, in order."""

    def __init__(self) -> None:
        self._by: dict[tuple[str, str], list[tuple[int, E]]] = {}

    def add(self, seq: int, event: E) -> None:
        """Add an event; the oldest of its book and symbol are dropped when there are too many."""
        events = self._by.setdefault((event.book, event.symbol), [])
        events.append((seq, event))
        if len(events) > MAX_EVENTS + MAX_EVENTS // 8:
            del events[: len(events) - MAX_EVENTS]

    def all(self, symbol: str | None, book: str) -> Iterator[tuple[int, E]]:
        """The events of one book or all, and of one symbol or all, in order of their rows."""
        return merge(*self._lists(symbol, book), key=_seq)

    def _lists(self, symbol: str | None, book: str) -> list[list[tuple[int, E]]]:
        return [
            events
            for (name, traded), events in self._by.items()
            if book in (ALL, name) and (symbol is None or symbol == traded)
        ]

    def page(self, symbol: str | None, book: str, page: Page) -> tuple[list[tuple[int, E]], int | None, int]:
        """(events, next seq, total). A page ends between two rows, so it may contain a few more events than its limit."""
        lists = self._lists(symbol, book)
        total = sum(len(event_list) for event_list in lists)
        later = merge(
            *(islice(event_list, bisect_left(event_list, page.from_seq, key=_seq), None) for event_list in lists), key=_seq
        )
        if page.max_points is not None:
            everything = list(later)
            if len(everything) > page.max_points:
                everything = [everything[index] for index in downsample(len(everything), page.max_points).tolist()]
            return everything, None, total
        events: list[tuple[int, E]] = []
        for seq, event in later:
            if len(events) >= page.limit and seq != events[-1][0]:
                return events, seq, total
            events.append((seq, event))
        return events, None, total


def fill_out(seq: int, fill: Fill, units: Units, opened: BarOpen) -> FillOut:
    """A fill in units and cash."""
    return FillOut(
        seq, fill.ts // MS, opened(fill.symbol, fill.ts), fill.fill_id, fill.order_id, fill.book, fill.symbol,
        units.quantity(fill.quantity), fill.price, fill.reference, units.cash(fill.cost), units.cash(fill.fee), fill.signal_id,
        fill.prediction_id,
    )  # fmt: skip


def trade_out(seq: int, lot: Lot, units: Units, opened: BarOpen) -> TradeOut:
    """A closed lot in units and cash."""
    return TradeOut(
        seq, lot.lot_id, lot.book, lot.symbol, units.quantity(lot.quantity), lot.opened_ts // MS,
        opened(lot.symbol, lot.opened_ts), lot.closed_ts // MS, opened(lot.symbol, lot.closed_ts),
        lot.open_reference, lot.close_reference, units.cash(lot.gross_pnl), units.cash(lot.costs),
        units.cash(lot.net_pnl), lot.signal_id, lot.prediction_id,
    )  # fmt: skip
