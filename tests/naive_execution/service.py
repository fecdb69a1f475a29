"""Execution: waiting orders trade on new bars, and signals become orders that passed the risk gate."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, DataError, OrderError, StateError, UnknownNameError, did_you_mean
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import Bar, Fill, Lot, Order, TradeOutcome, Units
from alpha_pulse.execution.decision import Decision, ExecutionResult, Refusal, SizingInput
from alpha_pulse.venues.base import Venue
from alpha_pulse.venues.money import cash_decimals, cash_text, minor_units, units_of
from naive_execution.books import Book, BookResult, SymbolResult
from naive_execution.fill_limit import Account, admitted
from naive_execution.money import money
from naive_execution.risk import OrderRequest, RiskGate
from naive_execution.rules import BuyAndHold, CostAware, EntryRule, FollowSignal, Target
from naive_execution.symbol_trading import BookPosition, SymbolTrading, SymbolTradingState

PRIMARY = "combined"
BOOKS = (PRIMARY, "cost_aware", "rules_only", "ml_only", "buy_and_hold")
NOTHING_DECIDED = Decision()


class Carried(msgspec.Struct, frozen=True):
    """A position in a symbol that has had no bars lately, valued at its last close: ``quantity`` in units of the symbol."""

    book: str
    symbol: str
    quantity: float
    close: float
    newest_ts: int


class _ServiceState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    books: dict[str, dict[str, object]]
    desks: dict[str, SymbolTradingState]


class ExecutionService:
    """Runs the books. The outcomes of the first, ``combined``, are learnt; the others are shadow books for comparison,
    which ``execution.shadow_books = false`` turns off.

    Calls per slice: `process_bars`, `mark`, `decide` for each symbol, and `release` once the journal contains the orders. The
    venue is a separate component: its state is not part of this snapshot.

    A symbol takes part from its first bar on, which also determines its units. The equity is split evenly among the symbols
    that have taken part so far. Sizes and limits hold at the price of the fill: see `naive_execution.fill_limit`.

    An order is refused in two places: when it is decided, by `naive_execution.risk.RiskGate`; and at its fill, when the
    limits leave less than the smallest order at that price. Both give a `Refusal` with its reasons.

    ``combined`` follows ``execution.entry_rule``; the other rule runs in a shadow book, ``cost_aware`` or ``signal``.
    ``rules_only`` follows the rules, sized by the plain volatility, without any model. ``ml_only`` follows the model, sized by
    the forecast. Only the books of the combined signal are scaled by trade quality. A stop rests at ``close * (1 -+
    stop_volatilities * volatility per bar)``, of the bar on which the position was decided.

    Parameters
    ----------
    config
        The sections ``execution``, ``risk`` and ``venue`` (costs for the cost-aware rule, and units) are used.
    venue
        Trades the orders.
    symbols
        All symbols of the run.

    Raises
    ------
    ConfigError
        A setting by symbol names a symbol that is not traded.

    References
    ----------
    Sizing by the volatility forecast: Moreira and Muir (2017), Volatility-managed portfolios, doi:10.1111/jofi.12513.

    >>> from alpha_pulse.core.types import Signal
    >>> from naive_execution.venue import SimulatedVenue
    >>> config = Config()
    >>> service = ExecutionService(config, SimulatedVenue(config.venue), ["X"])
    >>> bar = Bar("X", 1, 1, 100.0, 101.0, 99.0, 100.0)
    >>> service.process_bars([bar]).units[0].quantity_decimals
    6
    >>> equity = service.mark(1)
    >>> long = Signal("s1", "trend", "X", 1, 1.0, None, 1.0)
    >>> decision = service.decide(SizingInput(bar, 1, long, None, None, 0.01, 0.01, 1.0, None, 3, 10_000.0))
    >>> [(order.order_id, order.quantity) for order in decision.orders if order.book == "combined"]
    [('combined/X/1', 100000000), ('combined/X/1/stop', -100000000)]
    >>> service.release(decision.orders)
    >>> [fill.reference for fill in service.process_bars([Bar("X", 2, 1, 100.5, 101.0, 99.0, 100.0)]).fills]
    [100.5, 100.5]
    """

    def __init__(self, config: Config, venue: Venue, symbols: Sequence[str]) -> None:
        names = _book_names(config)
        _check_names(config, symbols)
        self._config = config
        self._venue = venue
        self._gate = RiskGate(config.risk)
        self._stop_volatilities = config.execution.stop_volatilities
        self.cash_decimals = cash_decimals(config.execution.initial_cash)
        cash = minor_units(config.execution.initial_cash, self.cash_decimals)
        self._books = {name: Book(name, cash) for name in names}
        self._rules = {name: _rule(name, config, cash) for name in names}
        self._symbols = tuple(symbols)
        self._trading: dict[str, SymbolTrading] = {}
        self._unmarked: list[SymbolTrading] = []
        self._opening: Sequence[Bar] = ()
        self._settled = ExecutionResult()

    def book(self, name: str = PRIMARY) -> Book:
        """A view of one book. Raises UnknownNameError when the run has no book of that name."""
        book = self._books.get(name)
        if book is None:
            raise UnknownNameError(f"{name!r} is not a book of this run{did_you_mean(name, self._books)}")
        return book

    @property
    def book_names(self) -> tuple[str, ...]:
        """The books of this run, the primary one first."""
        return tuple(self._books)

    def open_signals(self, symbol: str) -> set[str]:
        """The signals that opened the primary book's open lots in ``symbol``."""
        return self._books[PRIMARY].lots(symbol).signal_ids()

    @property
    def units(self) -> dict[str, Units]:
        """The units of each symbol that had a bar."""
        return {symbol: trading.units for symbol, trading in self._trading.items()}

    def cash(self, amount: float) -> float:
        """Minor units as cash."""
        return float(amount / 10**self.cash_decimals)

    def process_bars(self, bars: Sequence[Bar]) -> ExecutionResult:
        """Trade the waiting orders on the bars of one slice, and apply the fills to their books.

        All market orders trade at the opens first, then stops within the bars: events within a bar are not known when another
        bar opens. `mark` then values the positions at the closes.

        Raises
        ------
        DataError
            A bar of a symbol that is not traded.
        OrderError
            The venue returned a fill that does not belong to a book.
        """
        result = self._settled = ExecutionResult()
        for bar in bars:
            if bar.symbol not in self._trading:
                result.units.append(self._open(units_of(bar.symbol, bar.close, self._config)).units)
        self._opening = bars
        for bar in bars:
            self._apply(self._venue.fill_at_open(bar, self._check_order))
        self._opening = ()
        for bar in bars:
            self._apply(self._venue.fill_stops(bar))
            self._trading[bar.symbol].process_bar(bar, self._config.risk.stale_after_intervals)
        self._unmarked = [self._trading[bar.symbol] for bar in bars]
        return result

    def _open(self, units: Units) -> SymbolTrading:
        """Begin to trade a symbol, at its first bar."""
        if units.symbol not in self._symbols:
            near = did_you_mean(units.symbol, self._symbols)
            raise DataError(f"execution received a bar of {units.symbol!r}, which this run does not trade{near}")
        self._venue.add_instrument(units)
        positions = []
        for name, book in self._books.items():
            book.add_instrument(units)
            positions.append(BookPosition(book, book.lots(units.symbol), self._rules[name]))
        trading = self._trading[units.symbol] = SymbolTrading(units, positions)
        return trading

    def _check_order(self, order: Order, price: float, cost_rate: float) -> int:
        """How much of a market order may trade at ``price``; see `alpha_pulse.venues.base.Admit`."""
        for bar in self._opening:
            self._trading[bar.symbol].value(bar.open)
        self._opening = ()
        book, limits = self._books[order.book], self._config.risk
        lots = book.lots(order.symbol)
        units, held = lots.units, lots.position
        account = Account(held, book.cash + book.value - lots.marked + money(held, price, units), book.gross - abs(lots.marked))
        fraction = limits.max_position_fraction if order.fraction is None else order.fraction
        quantity = admitted(
            order.quantity, fraction, account, price, cost_rate, limits.max_position_fraction, limits.max_order_fraction, units
        )
        if quantity == 0:
            reason = (
                f"the market opened at {price:g}: within {abs(fraction):.4g} of the equity "
                f"{cash_text(units.cash(account.equity))} and the limits, nothing of the order is worth the smallest order, "
                f"{cash_text(units.cash(units.min_order))}"
            )
            self._settled.refusals.append(Refusal(order.book, order.symbol, order.signal_id, (reason,), order.order_id))
        return quantity

    def _apply(self, fills: Sequence[Fill]) -> None:
        result = self._settled
        for fill in fills:
            book = self._books.get(fill.book)
            if book is None:
                raise OrderError(f"fill {fill.fill_id} is for book {fill.book!r}{did_you_mean(fill.book, self._books)}")
            closed = book.apply_fill(fill)
            book.revalue(fill.symbol, fill.reference)
            result.fills.append(fill)
            result.lots += closed
            if fill.book == PRIMARY:
                units = self._trading[fill.symbol].units
                closed_values = [(lot, money(abs(lot.quantity), lot.open_reference, units)) for lot in closed]
                result.outcomes += [_outcome(lot, put_in) for lot, put_in in closed_values if put_in >= units.min_order]

    def mark(self, ts: int) -> dict[str, int]:
        """Value positions at the closes of the slice at ``ts`` (ns), once, after `process_bars`.

        Returns the equity of each book, in minor units.
        """
        for trading in self._unmarked:
            trading.value(trading.close)
        self._unmarked = []
        for book in self._books.values():
            book.mark(ts)
        return {name: book.performance.equity for name, book in self._books.items()}

    def decide(self, sizing: SizingInput, now_ns: int | None = None) -> Decision:
        """The orders that bring each book to the target of its rule, and those that the risk gate refused.

        Parameters
        ----------
        sizing
            Signals and forecasts of one symbol at one step.
        now_ns
            Market time (ns), for the check of stale data (default: the bar's own time).

        Raises
        ------
        DataError
            The symbol has had no bar yet.
        """
        orders: list[Order] = []
        refusals: list[Refusal] = []
        abstained: str | None = None
        trading, share = self._symbol_trading(sizing.bar.symbol), 1.0 / len(self._trading)
        for position in trading.positions:
            lots, book = position.lots, position.book
            account = Account(lots.position, book.performance.equity, book.gross - abs(lots.marked), share)
            target = position.rule.target(sizing, account, trading.units)
            if target.abstained is not None:
                abstained = target.abstained
            target = _without_dust(target, lots.position, sizing.bar.close, trading.units)
            if target.quantity != lots.position and not self._venue.pending(book.name, sizing.bar.symbol):
                self._order(position, sizing, target, now_ns, orders, refusals)
        if orders or refusals or abstained is not None:
            return Decision(tuple(orders), tuple(refusals), abstained)
        return NOTHING_DECIDED

    def release(self, orders: Sequence[Order]) -> None:
        """Pass orders to the venue, after the journal contains them. Raises OrderError for an order that could never trade."""
        if orders:
            self._venue.release(orders)

    def results(self, bars_per_year: float) -> dict[str, BookResult]:
        """The result of each book. ``bars_per_year`` is the number of marks (slices) per year, for the Sharpe ratio."""
        return {name: book.result(bars_per_year) for name, book in self._books.items()}

    def by_symbol(self, name: str = PRIMARY) -> dict[str, SymbolResult]:
        """The result of one book by symbol."""
        return self.book(name).by_symbol()

    def carried(self, ts: int) -> list[Carried]:
        """Open positions in symbols whose newest bar ended before ``ts``."""
        return [
            Carried(
                position.book.name, symbol, trading.units.quantity(position.lots.position), trading.close, trading.newest_ts
            )
            for symbol, trading in sorted(self._trading.items())
            for position in trading.positions
            if position.lots.position and trading.newest_ts < ts
        ]

    def snapshot(self) -> State:
        """All books, and the state of each symbol. The venue has a snapshot of its own."""
        books = {name: book.snapshot().scalars for name, book in self._books.items()}
        desks = {symbol: trading.dump() for symbol, trading in sorted(self._trading.items())}
        return State(scalars={"books": books, "desks": msgspec.to_builtins(desks)})

    def restore(self, state: State) -> None:
        """Restore ``state``. Raises StateError when it was saved with other books or symbols."""
        try:
            saved = msgspec.convert(state.scalars, _ServiceState)
        except msgspec.ValidationError as error:
            raise StateError(f"the saved state of execution does not fit: {error}; use an older checkpoint") from None
        if sorted(saved.books) != sorted(self._books) or not set(saved.desks) <= set(self._symbols):
            raise StateError(
                f"the saved state of execution has books {sorted(saved.books)} and symbols {sorted(saved.desks)}, "
                f"but this run has {sorted(self._books)} and {sorted(self._symbols)}; "
                "resume with the configuration and data that saved it"
            )
        self._trading, self._unmarked = {}, []
        for trading in saved.desks.values():
            self._open(trading.units).load(trading)
        for name, scalars in saved.books.items():
            self._books[name].restore(State(scalars=scalars))

    def _symbol_trading(self, symbol: str) -> SymbolTrading:
        trading = self._trading.get(symbol)
        if trading is None:
            raise DataError(f"{symbol!r} has had no bar yet{did_you_mean(symbol, self._trading)}; process a bar of it first")
        return trading

    def _order(
        self,
        position: BookPosition,
        sizing: SizingInput,
        target: Target,
        now_ns: int | None,
        orders: list[Order],
        refusals: list[Refusal],
    ) -> None:
        """Check the change to ``target``; when a change of sides is refused, the open position is still closed."""
        bar, held, name, wanted = sizing.bar, position.lots.position, position.book.name, target.quantity
        signal = position.rule.signal(sizing)
        signal_id = name if signal is None else signal.signal_id
        reasons = self._reasons(position, bar, wanted - held, now_ns)
        if reasons:
            refusals.append(Refusal(name, bar.symbol, signal_id, reasons))
            if held * wanted >= 0 or self._reasons(position, bar, -held, now_ns):
                return
            wanted = 0
        order_id = f"{name}/{bar.symbol}/{sizing.step}"
        prediction_id = None if signal is None else signal.prediction_id
        fraction = target.fraction if wanted else 0.0
        orders.append(
            Order(
                order_id, name, bar.symbol, bar.ts_event, "market", wanted - held, signal_id, prediction_id, fraction=fraction
            )
        )
        distance = self._stop_volatilities * position.rule.volatility(sizing)
        if wanted == 0 or distance <= 0.0:
            return
        stop = bar.close * (1.0 - distance if wanted > 0 else 1.0 + distance)
        # A stop of a long position at or below 0 can never trade, so none is placed.
        if stop > 0.0:
            orders.append(
                Order(f"{order_id}/stop", name, bar.symbol, bar.ts_event, "stop", -wanted, signal_id, prediction_id, stop)
            )

    def _reasons(self, position: BookPosition, bar: Bar, quantity: int, now_ns: int | None) -> tuple[str, ...]:
        performance, trading = position.book.performance, self._trading[bar.symbol]
        request = OrderRequest(
            quantity=quantity,
            held=position.lots.position,
            price=bar.close,
            equity=performance.equity,
            day_start_equity=performance.day_start_equity,
            age_ns=max(trading.gap_ns, 0 if now_ns is None else now_ns - bar.ts_event),
            interval_ns=bar.interval_ns,
            frozen_bars=trading.frozen_bars,
            units=trading.units,
            others=position.book.gross - abs(position.lots.marked),
        )
        return self._gate.check(request)


def _book_names(config: Config) -> list[str]:
    if not config.execution.shadow_books:
        return [PRIMARY]
    other_rule = "cost_aware" if config.execution.entry_rule == "signal" else "signal"
    return [other_rule if name == "cost_aware" else name for name in BOOKS]


def _check_names(config: Config, symbols: Sequence[str]) -> None:
    for key in ("lot_size", "tick_size", "min_order_value"):
        setting = getattr(config.venue, key)
        for symbol in setting if isinstance(setting, dict) else ():
            if symbol not in symbols:
                raise ConfigError(
                    f"venue.{key} names {symbol!r}, which is no symbol of the data{did_you_mean(symbol, symbols)}"
                )


def _rule(name: str, config: Config, cash: int) -> EntryRule:
    if name == "buy_and_hold":
        return BuyAndHold(config, cash)
    if name == "rules_only":
        return FollowSignal(config, "rules")
    if name == "ml_only":
        return FollowSignal(config, "ml")
    follow = FollowSignal(config, "combined", use_quality=True)
    if name == "cost_aware" or (name == PRIMARY and config.execution.entry_rule == "cost_aware"):
        return CostAware(follow, config.venue)
    return follow


def _without_dust(target: Target, held: int, price: float, units: Units) -> Target:
    """``target``, unless the order or the position it leaves would be worth less than the smallest order."""
    wanted = target.quantity
    if wanted == held or wanted == 0 or price <= 0.0:
        return target
    if money(abs(wanted), price, units) < units.min_order:
        return Target(0)
    if held * wanted > 0 and money(abs(wanted - held), price, units) < units.min_order:
        return Target(held)
    return target


def _outcome(lot: Lot, put_in: int) -> TradeOutcome:
    return TradeOutcome(
        lot=lot,
        signal_id=lot.signal_id,
        prediction_id=lot.prediction_id,
        pnl=lot.net_pnl,
        return_=lot.net_pnl / max(1, put_in),
        closed_ts=lot.closed_ts,
        held_ns=lot.closed_ts - lot.opened_ts,
    )
