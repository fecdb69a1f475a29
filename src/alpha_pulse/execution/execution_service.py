"""Execution: settles bars into books, and turns wishes into orders that passed the gate."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import DataError, OrderError, StateError, UnknownNameError, did_you_mean
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import MINOR_UNITS, Bar, Fill, Lot, Order, TradeOutcome
from alpha_pulse.execution.books import Book, BookResult, SymbolResult
from alpha_pulse.execution.decision import Decision, Refusal, Settlement, Wish
from alpha_pulse.execution.lots import LotQueue
from alpha_pulse.execution.risk import Request, RiskGate
from alpha_pulse.execution.rules import BuyAndHold, CostAware, EntryRule, FollowSignal
from alpha_pulse.venues.base import Venue
from alpha_pulse.venues.money import money

PRIMARY = "combined"
BOOKS = (PRIMARY, "cost_aware", "rules_only", "ml_only", "buy_and_hold")
NOTHING_SETTLED = Settlement()
NOTHING_DECIDED = Decision()


class _Seat:
    """One book's place in one symbol."""

    __slots__ = ("book", "lots", "rule")

    def __init__(self, book: Book, lots: LotQueue, rule: EntryRule) -> None:
        self.book = book
        self.lots = lots
        self.rule = rule


class _Desk:
    """One symbol: a seat per book, and how long its price has stood still."""

    __slots__ = ("close", "frozen_bars", "gap_ns", "newest_ts", "seats")

    def __init__(self, seats: list[_Seat]) -> None:
        self.seats = seats
        self.close = 0.0
        self.frozen_bars = 0
        self.newest_ts = 0
        self.gap_ns = 0


class _ServiceState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    books: dict[str, dict[str, object]]
    desks: dict[str, tuple[float, int, int, int]]


class ExecutionService:
    """Runs the books. The first, ``combined``, is the one whose outcomes are learnt from; the others are shadows beside it.

    Per slice: `settle` each bar, `mark` once, `decide` per symbol, and `release` after the journal holds the orders. The
    venue is a component of its own: its state is not part of this one's snapshot.

    ``combined`` follows ``execution.entry_rule``; the other rule runs beside it, as ``cost_aware`` or as ``signal``.
    ``rules_only`` follows the rules, sized by the plain volatility, with no model anywhere; ``ml_only`` follows the model,
    sized by the forecast. Only the books of the combined signal are scaled by trade quality. A stop rests at
    ``close * (1 -+ stop_volatilities * volatility per bar)``, of the bar that asked for the position.

    Parameters
    ----------
    config
        Of it: execution, risk, venue (the costs that the cost-aware rule reckons with).
    venue
        Where orders go.
    symbols
        All that may be traded; the equity of each book is split evenly among them.
    books
        Which books; ``combined`` must be the first. Without ``execution.shadow_books`` it is the only one.

    Raises
    ------
    UnknownNameError
        A book that is not known, or ``combined`` not first.

    >>> from alpha_pulse.core.types import Signal
    >>> from alpha_pulse.venues.simulated import SimulatedVenue
    >>> config = Config()
    >>> service = ExecutionService(config, SimulatedVenue(config.venue), ["X"])
    >>> bar = Bar("X", 1, 1, 100.0, 101.0, 99.0, 100.0)
    >>> long = Signal("s1", "trend", "X", 1, 1.0, None, 1.0)
    >>> decision = service.decide(Wish(bar, 1, long, None, None, 0.01, 0.01, 1.0, None, 3, 10_000.0))
    >>> [(order.order_id, order.quantity) for order in decision.orders if order.book == "combined"]
    [('combined/X/1', 100000000), ('combined/X/1/stop', -100000000)]
    >>> service.release(decision.orders)
    >>> [fill.reference for fill in service.settle(Bar("X", 2, 1, 100.5, 101.0, 99.0, 100.0)).fills]
    [100.5, 100.5]
    """

    def __init__(self, config: Config, venue: Venue, symbols: Sequence[str], books: Sequence[str] = BOOKS) -> None:
        names = _book_names(config, books)
        self._venue = venue
        self._gate = RiskGate(config.risk)
        self._stop_volatilities = config.execution.stop_volatilities
        cash = round(config.execution.initial_cash * MINOR_UNITS)
        self._books = {name: Book(name, cash, symbols) for name in names}
        rules = {name: _rule(name, config, len(symbols), cash) for name in names}
        self._desks = {
            symbol: _Desk([_Seat(book, book.lots(symbol), rules[name]) for name, book in self._books.items()])
            for symbol in symbols
        }

    def book(self, name: str = PRIMARY) -> Book:
        """One of the books, to read. Raises UnknownNameError."""
        found = self._books.get(name)
        if found is None:
            raise UnknownNameError(f"{name!r} is not a book of this run{did_you_mean(name, self._books)}")
        return found

    def open_signals(self, symbol: str) -> set[str]:
        """The signals that the primary book's open lots in ``symbol`` came from."""
        return self._books[PRIMARY].lots(symbol).signal_ids()

    def settle(self, bar: Bar) -> Settlement:
        """Let resting orders meet ``bar``, take the fills into their books, and value positions at its close."""
        desk = self._desk(bar.symbol)
        fills = self._venue.on_bar(bar)
        close = bar.close
        if desk.newest_ts:
            desk.gap_ns = bar.ts_event - desk.newest_ts - bar.interval_ns
        desk.newest_ts = bar.ts_event
        if close == desk.close and bar.high == bar.low == bar.open == close:
            desk.frozen_bars += 1
        else:
            desk.frozen_bars = 0
            desk.close = close
        settled = self._apply(fills) if fills else NOTHING_SETTLED
        for seat in desk.seats:
            lots = seat.lots
            if lots.position or lots.marked:
                seat.book.revalue(bar.symbol, close)
        return settled

    def _apply(self, fills: Sequence[Fill]) -> Settlement:
        lots: list[Lot] = []
        outcomes: list[TradeOutcome] = []
        for fill in fills:
            book = self._books.get(fill.book)
            if book is None:
                raise OrderError(f"fill {fill.fill_id} is for book {fill.book!r}{did_you_mean(fill.book, self._books)}")
            closed = book.apply(fill)
            lots += closed
            if fill.book == PRIMARY:
                outcomes += [_outcome(lot) for lot in closed]
        return Settlement(fills=fills, lots=lots, outcomes=outcomes)

    def mark(self, ts: int) -> dict[str, int]:
        """Mark all books' equity at ``ts``, once per slice, after all its bars were settled; in minor units by book."""
        for book in self._books.values():
            book.mark(ts)
        return {name: book.performance.equity for name, book in self._books.items()}

    def decide(self, wish: Wish, now_ns: int | None = None) -> Decision:
        """Orders that bring each book to what its rule wants, and refusals of those that the gate stopped.

        Parameters
        ----------
        wish
            Signals and forecasts of one symbol at one step.
        now_ns
            Market time, for the check of stale data (default: the bar's own time).
        """
        orders: list[Order] = []
        refusals: list[Refusal] = []
        abstained: str | None = None
        for seat in self._desk(wish.bar.symbol).seats:
            held = seat.lots.position
            target, reason = seat.rule.target(wish, held, seat.book.performance.equity)
            if reason is not None:
                abstained = reason
            if target != held and not self._venue.pending(seat.book.name, wish.bar.symbol):
                self._order(seat, wish, target, now_ns, orders, refusals)
        if orders or refusals or abstained is not None:
            return Decision(tuple(orders), tuple(refusals), abstained)
        return NOTHING_DECIDED

    def release(self, orders: Sequence[Order]) -> None:
        """Hand orders to the venue; only after the journal holds them."""
        if orders:
            self._venue.release(orders)

    def results(self, bars_per_year: float) -> dict[str, BookResult]:
        """How each book did. ``bars_per_year`` counts marks (slices) per year, for the Sharpe ratio."""
        return {name: book.result(bars_per_year) for name, book in self._books.items()}

    def by_symbol(self, name: str = PRIMARY) -> dict[str, SymbolResult]:
        """Each symbol's part in one book."""
        return self.book(name).by_symbol()

    def snapshot(self) -> State:
        """All books, and how long each price has stood still. The venue's state is the venue's."""
        books = {name: book.snapshot().scalars for name, book in self._books.items()}
        desks = {symbol: [desk.close, desk.frozen_bars, desk.newest_ts, desk.gap_ns] for symbol, desk in self._desks.items()}
        return State(scalars={"books": books, "desks": desks})

    def restore(self, state: State) -> None:
        """Take over ``state``. Raises StateError when it is of other books or symbols."""
        try:
            found = msgspec.convert(state.scalars, _ServiceState)
        except msgspec.ValidationError as error:
            raise StateError(f"the saved state of execution does not fit: {error}; use an older checkpoint") from None
        if sorted(found.books) != sorted(self._books) or sorted(found.desks) != sorted(self._desks):
            raise StateError(
                f"the saved state of execution is of books {sorted(found.books)} and symbols {sorted(found.desks)}, "
                f"but this run has {sorted(self._books)} and {sorted(self._desks)}; "
                "resume with the configuration and data that saved it"
            )
        for name, scalars in found.books.items():
            self._books[name].restore(State(scalars=scalars))
        for symbol, (close, frozen_bars, newest_ts, gap_ns) in found.desks.items():
            self._desks[symbol].close = close
            self._desks[symbol].frozen_bars = frozen_bars
            self._desks[symbol].newest_ts, self._desks[symbol].gap_ns = newest_ts, gap_ns

    def _desk(self, symbol: str) -> _Desk:
        found = self._desks.get(symbol)
        if found is None:
            raise DataError(
                f"execution met symbol {symbol!r}, which this run does not trade{did_you_mean(symbol, self._desks)}"
            )
        return found

    def _order(
        self, seat: _Seat, wish: Wish, target: int, now_ns: int | None, orders: list[Order], refusals: list[Refusal]
    ) -> None:
        """Pass the change to ``target`` through the gate; a refused change of sides still closes what is held."""
        bar, held, name = wish.bar, seat.lots.position, seat.book.name
        signal = seat.rule.signal(wish)
        signal_id = name if signal is None else signal.signal_id
        reasons = self._reasons(seat, bar, target - held, now_ns)
        if reasons:
            refusals.append(Refusal(name, bar.symbol, signal_id, reasons))
            if held * target >= 0 or self._reasons(seat, bar, -held, now_ns):
                return
            target = 0
        order_id = f"{name}/{bar.symbol}/{wish.step}"
        prediction_id = None if signal is None else signal.prediction_id
        market = Order(order_id, name, bar.symbol, bar.ts_event, "market", target - held, signal_id, prediction_id)
        orders.append(market)
        distance = self._stop_volatilities * seat.rule.volatility(wish)
        if target == 0 or distance <= 0.0:
            return
        stop = bar.close * (1.0 - distance if target > 0 else 1.0 + distance)
        # A long stop at or below 0 could never trade: such a distance is as good as no stop.
        if stop > 0.0:
            orders.append(
                Order(f"{order_id}/stop", name, bar.symbol, bar.ts_event, "stop", -target, signal_id, prediction_id, stop)
            )

    def _reasons(self, seat: _Seat, bar: Bar, quantity: int, now_ns: int | None) -> tuple[str, ...]:
        performance, desk = seat.book.performance, self._desks[bar.symbol]
        request = Request(
            quantity=quantity,
            held=seat.lots.position,
            price=bar.close,
            equity=performance.equity,
            day_start_equity=performance.day_start_equity,
            age_ns=max(desk.gap_ns, 0 if now_ns is None else now_ns - bar.ts_event),
            interval_ns=bar.interval_ns,
            frozen_bars=desk.frozen_bars,
        )
        return self._gate.check(request)


def _book_names(config: Config, books: Sequence[str]) -> list[str]:
    if not books or books[0] != PRIMARY:
        raise UnknownNameError(f"the books start with {list(books)[:1]}, but the primary book {PRIMARY!r} must be the first")
    for name in books:
        if name not in BOOKS:
            raise UnknownNameError(f"{name!r} is not a book{did_you_mean(name, BOOKS)}")
    if not config.execution.shadow_books:
        return [PRIMARY]
    other = "cost_aware" if config.execution.entry_rule == "signal" else "signal"
    return list(dict.fromkeys(other if name == "cost_aware" else name for name in books))


def _rule(name: str, config: Config, symbols: int, cash: int) -> EntryRule:
    if name == "buy_and_hold":
        return BuyAndHold(config, symbols, cash)
    if name == "rules_only":
        return FollowSignal(config, symbols, "rules")
    if name == "ml_only":
        return FollowSignal(config, symbols, "ml")
    follow = FollowSignal(config, symbols, "combined", use_quality=True)
    if name == "cost_aware" or (name == PRIMARY and config.execution.entry_rule == "cost_aware"):
        return CostAware(follow, config.venue)
    return follow


def _outcome(lot: Lot) -> TradeOutcome:
    put_in = money(abs(lot.quantity), lot.open_reference)
    return TradeOutcome(
        lot=lot,
        signal_id=lot.signal_id,
        prediction_id=lot.prediction_id,
        pnl=lot.net_pnl,
        return_=lot.net_pnl / max(1, put_in),
        closed_ts=lot.closed_ts,
        held_ns=lot.closed_ts - lot.opened_ts,
    )
