"""A book: cash, lots and performance of one trading rule. Shadow books are further instances."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.errors import OrderError, StateError, did_you_mean
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import Fill, Lot, Units
from naive_execution.lots import LotQueue, LotsState
from naive_execution.money import money
from naive_execution.performance import Performance, PerformanceState


class BookResult(msgspec.Struct, frozen=True):
    """The result of a book; money in minor units.

    ``gross_pnl`` is P&L at reference prices, open lots included at the last close; ``net_pnl = gross_pnl - costs - fees``
    is equity less initial cash. ``trades`` counts closed lots without dust, ``fills`` trades at the venue; ``turnover`` is
    the traded value over the initial cash.
    """

    net_pnl: int
    gross_pnl: int
    fees: int
    costs: int
    realised_gross_pnl: int
    realised_net_pnl: int
    equity: int
    sharpe: float | None
    max_drawdown: float
    trades: int
    fills: int
    turnover: float


class SymbolResult(msgspec.Struct, frozen=True):
    """The result of one symbol in a book; money in minor units, open lots at the last close."""

    net_pnl: int
    gross_pnl: int
    fees: int
    costs: int
    trades: int
    fills: int
    position: int


class _BookState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cash: int
    value: int
    lots: dict[str, LotsState]
    performance: PerformanceState


class Book:
    """Cash and lots, marked to market at the close.

    At any time ``cash + basis of open lots = initial cash + realised gross - costs - fees``, to the minor unit.

    Parameters
    ----------
    name
        Whose fills it takes.
    initial_cash
        In minor units.

    >>> book = Book("combined", 100_000)
    >>> book.add_instrument(Units("X", cash_decimals=2, quantity_decimals=6))
    >>> _ = book.apply_fill(Fill("f1", "o1", "combined", "X", 1, 2_000_000, 100.5, 100.0, cost=100, fee=10, signal_id="s"))
    >>> book.revalue("X", 101.0)
    >>> book.mark(1)
    >>> book.cash, book.equity, book.position("X")
    (79890, 100090, 2000000)
    """

    def __init__(self, name: str, initial_cash: int) -> None:
        self.name = name
        self.initial_cash = initial_cash
        self.cash = initial_cash
        self.performance = Performance(initial_cash)
        self.value = 0
        """The value of the positions as last valued, in minor units: longs positive, shorts negative."""
        self.gross = 0
        """The value of the positions as last valued, with shorts counted as positive."""
        self._lots: dict[str, LotQueue] = {}

    def add_instrument(self, units: Units) -> None:
        """Allow the book to hold a symbol."""
        self._lots[units.symbol] = LotQueue(self.name, units)

    @property
    def equity(self) -> int:
        """Cash and positions as they were last marked, in minor units."""
        return self.performance.equity

    def lots(self, symbol: str) -> LotQueue:
        """The lots in one symbol. Raises OrderError when the book may not hold it."""
        lots = self._lots.get(symbol)
        if lots is None:
            raise OrderError(f"book {self.name!r} holds no symbol {symbol!r}{did_you_mean(symbol, self._lots)}")
        return lots

    def position(self, symbol: str) -> int:
        """Signed quantity held, in parts of a unit; 0 for a symbol without bars so far."""
        return self._lots[symbol].position if symbol in self._lots else 0

    def apply_fill(self, fill: Fill) -> list[Lot]:
        """Apply a fill; returns the lots that it closed. Cash changes by the value at the reference price, costs and fee."""
        lots = self.lots(fill.symbol)
        closed = lots.apply_fill(fill)
        self.cash -= money(fill.quantity, fill.reference, lots.units) + fill.cost + fill.fee
        return closed

    def revalue(self, symbol: str, price: float) -> None:
        """Value the position in ``symbol`` at ``price``."""
        lots = self._lots[symbol]
        marked = money(lots.position, price, lots.units)
        self.value += marked - lots.marked
        self.gross += abs(marked) - abs(lots.marked)
        lots.marked = marked

    def mark(self, ts: int) -> None:
        """Add the equity of this instant to the performance; once per instant, after all its symbols were revalued."""
        self.performance.mark(ts, self.cash + self.value)

    def result(self, marks_per_year: float) -> BookResult:
        """The result up to the last revaluation."""
        queues = self._lots.values()
        costs = sum(lots.costs for lots in queues)
        fees = sum(lots.fees for lots in queues)
        realised = sum(lots.realised_gross for lots in queues)
        equity = self.cash + self.value
        net = equity - self.initial_cash
        return BookResult(
            net_pnl=net,
            gross_pnl=net + costs + fees,
            fees=fees,
            costs=costs,
            realised_gross_pnl=realised,
            realised_net_pnl=realised - sum(lots.realised_charges for lots in queues),
            equity=equity,
            sharpe=self.performance.sharpe(marks_per_year),
            max_drawdown=self.performance.max_drawdown,
            trades=sum(lots.closed for lots in queues),
            fills=sum(lots.fills for lots in queues),
            turnover=sum(lots.traded for lots in queues) / self.initial_cash,
        )

    def by_symbol(self) -> dict[str, SymbolResult]:
        """The result by symbol. The P&L of all symbols adds up to that of the book."""
        parts = {}
        for symbol, lots in self._lots.items():
            gross = lots.realised_gross + lots.marked - lots.basis
            parts[symbol] = SymbolResult(
                net_pnl=gross - lots.costs - lots.fees,
                gross_pnl=gross,
                fees=lots.fees,
                costs=lots.costs,
                trades=lots.closed,
                fills=lots.fills,
                position=lots.position,
            )
        return parts

    def snapshot(self) -> State:
        """Cash, lots and performance."""
        lots = {symbol: lots.dump() for symbol, lots in self._lots.items()}
        state = _BookState(cash=self.cash, value=self.value, lots=lots, performance=self.performance.dump())
        return State(scalars=msgspec.to_builtins(state))

    def restore(self, state: State) -> None:
        """Take over ``state``. Raises StateError when it is of other symbols or not a book's."""
        try:
            saved = msgspec.convert(state.scalars, _BookState)
        except msgspec.ValidationError as error:
            raise StateError(f"the saved state of book {self.name!r} does not fit: {error}; use an older checkpoint") from None
        if sorted(saved.lots) != sorted(self._lots):
            raise StateError(
                f"the saved book {self.name!r} holds the symbols {sorted(saved.lots)}, but this run has {sorted(self._lots)}; "
                "resume with the same symbols"
            )
        self.cash = saved.cash
        self.value = saved.value
        for symbol, lots in saved.lots.items():
            self._lots[symbol].load(lots)
        self.gross = sum(abs(lots.marked) for lots in self._lots.values())
        self.performance.load(saved.performance)
