"""Execution: waiting orders trade on new bars, and signals become orders that passed the risk gate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import DataError, NonFiniteError, UnknownNameError, did_you_mean
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import Bar, Fill, Lot, Order, Units
from alpha_pulse.execution import fill_limit, rules
from alpha_pulse.execution.book import Book, BookResult, SymbolResult
from alpha_pulse.execution.books import TOO_LARGE, Books
from alpha_pulse.execution.decision import Carried, Decision, ExecutionResult, Refusal, SizingInput
from alpha_pulse.execution.decision_events import decision_of, outcome_of
from alpha_pulse.execution.settings import check_names, settings_of
from alpha_pulse.kernels.execution.books import mark_slice, value_slice
from alpha_pulse.kernels.execution.decisions import EVENTS_PER_BOOK, decide
from alpha_pulse.kernels.execution.layout import (
    CLOSED_LOT,
    CLOSED_PUT_IN,
    CLOSED_RETURN,
    EQUITY,
    EVENT_BOOK,
    EVENT_ID,
    EVENT_SIGNAL,
    EVENT_SYMBOL,
    EVENTS_FULL,
    FILL,
    LOTS_FULL,
    N_FRESHNESS,
    N_INPUTS,
    NEWEST_TS,
    NO_VOLATILITY,
    OPEN,
    OVERFLOW,
    POSITION,
    REFUSED_EQUITY,
    REFUSED_FILL,
    REFUSED_FRACTION,
    REFUSED_PRICE,
    TYPE,
)
from alpha_pulse.kernels.execution.resting_orders import pending_books
from alpha_pulse.kernels.execution.session_breaks import process_bar
from alpha_pulse.kernels.execution.trading import admit_order, trade_slice
from alpha_pulse.venues.base import Venue
from alpha_pulse.venues.ids import IdTable
from alpha_pulse.venues.money import cash_decimals, minor_units, units_of
from alpha_pulse.venues.rows import BarRows, Events
from alpha_pulse.venues.simulated import SimulatedVenue, fill_of

PRIMARY = "combined"
BOOKS = (PRIMARY, "cost_aware", "rules_only", "ml_only", "buy_and_hold")
NOTHING_DECIDED = Decision()


class ExecutionService:
    """Runs the books. The outcomes of the first, ``combined``, are learned; the others are shadow books for comparison,
    which ``execution.shadow_books = false`` turns off.

    Calls per slice: `process_bars`, `mark`, `decide` for each symbol, and `release` once the journal contains the orders. The
    venue is a separate component: its state is not part of this snapshot.

    A symbol takes part from its first bar on, which also determines its units. The equity is split evenly among the symbols
    that have taken part so far. Sizes and limits hold at the price of the fill: see
    `alpha_pulse.kernels.execution.fill_limit`.

    An order is refused in two places: when it is decided, by the risk gate (`alpha_pulse.kernels.execution.risk_gate`); and at
    its fill, when the limits leave less than the smallest order at that price. Both give a `Refusal` with its reasons.

    The state is packed, see `alpha_pulse.kernels.execution.layout`, and kernels do the work. They trade the orders of a
    `SimulatedVenue` themselves; any other venue is called through the methods of `Venue`.

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
    >>> from alpha_pulse.venues.simulated import SimulatedVenue
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
        check_names(config, symbols)
        self._config = config
        self._venue = venue
        self.cash_decimals = cash_decimals(config.execution.initial_cash)
        cash = minor_units(config.execution.initial_cash, self.cash_decimals)
        names = _book_names(config)
        # A venue that kernels may trade: its symbols and books have the same numbers.
        shared = type(venue) is SimulatedVenue and venue.reserve(symbols, names)
        self._simulated = venue if isinstance(venue, SimulatedVenue) and shared else None
        self._books = Books(names, cash, symbols, None if self._simulated is None else self._simulated.ids)
        self._names = tuple(names)
        self._symbols = tuple(symbols)
        self._numbers = {symbol: number for number, symbol in enumerate(symbols)}
        self._rules = np.array([_rule(name, config) for name in names], dtype=np.int64)
        self._settings = settings_of(config)
        self._freshness = np.zeros((len(symbols), N_FRESHNESS), dtype=np.int64)
        self._closes = np.zeros(len(symbols))
        self._of_symbols: dict[str, NDArray[Any]] = {"freshness": self._freshness, "closes": self._closes}
        self._bars, self._unmarked = BarRows(1), 0
        self._slice: Sequence[Bar] = ()
        self._row_of = [0] * len(symbols)
        self._row, self._inputs = BarRows(1), np.zeros((1, N_INPUTS))
        self._pending = np.zeros(len(names), dtype=np.int64)
        self._events = Events(EVENTS_PER_BOOK * len(names))
        self._opening = False
        self._result = ExecutionResult()

    def book(self, name: str = PRIMARY) -> Book:
        """A view of one book. Raises UnknownNameError when the run has no book of that name."""
        if name not in self._names:
            raise UnknownNameError(f"{name!r} is not a book of this run{did_you_mean(name, self._names)}")
        return self._books.book(name)

    @property
    def book_names(self) -> tuple[str, ...]:
        """The books of this run, the primary one first."""
        return self._names

    def open_signals(self, symbol: str) -> set[str]:
        """The signals that opened the primary book's open lots in ``symbol``."""
        return self._books.signal_ids(PRIMARY, symbol)

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols of the run, in the order of their numbers."""
        return self._symbols

    @property
    def ids(self) -> IdTable:
        """The texts of ids."""
        return self._books.ids

    def units_of(self, symbol: str) -> Units:
        """The units of a symbol that had a bar."""
        return self._books.units[symbol]

    @property
    def units(self) -> dict[str, Units]:
        """The units of each symbol that had a bar."""
        return dict(self._books.units)

    def cash(self, amount: float) -> float:
        """Minor units as cash."""
        return float(amount / 10**self.cash_decimals)

    # For the loop.

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The packed state with that of the simulated venue, by the names of `alpha_pulse.kernels.decisions.layout`.

        Some are replaced by `double_lots` and `make_room_at_venue`.
        """
        books, venue = self._books, self._simulated
        assert venue is not None
        return {
            "positions": books.positions, "lots": books.lots, "lot_prices": books.lot_prices, "books": books.books,
            "curves": books.curves, "units": books.units_rows, "freshness": self._freshness, "closes": self._closes,
            "resting": venue.resting, "resting_prices": venue.resting_prices, "counts": venue.counts,
            "held": venue.held_quantities, "quotes": venue.quotes, "costs": venue.costs, "execution": self._settings,
            "rules": self._rules,
        }  # fmt: skip

    def open_symbols(self, bars: Sequence[Bar]) -> list[Units]:
        """Begin to trade the symbols whose first bar is among ``bars``; returns their units."""
        return [
            self._open(units_of(bar.symbol, bar.close, self._config)) for bar in bars if bar.symbol not in self._books.units
        ]

    def double_lots(self) -> None:
        """Make room for twice as many open lots."""
        self._books.double_lots()

    def make_room_at_venue(self) -> None:
        """Make room for more resting orders."""
        assert self._simulated is not None
        self._simulated.make_room()

    def result_of(self, rows: Sequence[tuple[list[int], list[float]]], units: Sequence[Units]) -> ExecutionResult:
        """The result of a slice's trading, from its events: fills, closed lots, outcomes, refusals."""
        result = self._result = ExecutionResult()
        result.units.extend(units)
        for row, prices in rows:
            self._add_event(row, prices)
        return result

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
        result = self._result = ExecutionResult()
        if len(bars) > len(self._inputs):
            self._bars, self._inputs = BarRows(len(bars)), np.zeros((len(bars), N_INPUTS))
        for row, bar in enumerate(bars):
            if bar.symbol not in self._books.units:
                result.units.append(self._open(units_of(bar.symbol, bar.close, self._config)))
            number = self._numbers[bar.symbol]
            self._bars.write(row, number, bar)
            self._row_of[number] = row
        self._slice, self._unmarked = tuple(bars), len(bars)
        if self._simulated is None:
            self._trade_at_venue(bars)
        else:
            self._trade(self._simulated, len(bars))
        return result

    def _open(self, units: Units) -> Units:
        """Begin to trade a symbol, at its first bar."""
        if units.symbol not in self._numbers:
            near = did_you_mean(units.symbol, self._symbols)
            raise DataError(f"execution received a bar of {units.symbol!r}, which this run does not trade{near}")
        self._venue.add_instrument(units)
        self._books.add_instrument(units)
        return units

    def _trade(self, venue: SimulatedVenue, count: int) -> None:
        """Trade the resting orders of the simulated venue on the bars of a slice, without calling it."""
        books, bars, events = self._books, self._bars, self._events
        events.begin(0)
        while True:
            room = trade_slice(
                books.positions, books.lots, books.lot_prices, books.books, books.units_rows, self._freshness, self._closes,
                venue.resting, venue.resting_prices, venue.counts, venue.held_quantities, venue.quotes, venue.costs,
                self._settings, bars.numbers, bars.prices, 0, count, events.numbers, events.prices, events.counter,
            )  # fmt: skip
            if room == LOTS_FULL:
                books.double_lots()
            elif room == EVENTS_FULL:
                events.begin(2 * len(events.numbers))
            else:
                break
        for row, prices in events.rows():
            self._add_event(row, prices)

    def _add_event(self, row: list[int], prices: list[float]) -> None:
        result, ids = self._result, self._books.ids
        book, symbol = self._names[row[EVENT_BOOK]], self._symbols[row[EVENT_SYMBOL]]
        if row[TYPE] == FILL:
            result.fills.append(fill_of(row, prices, book, symbol, ids))
        elif row[TYPE] == CLOSED_LOT:
            self._add_lot(row, prices, self._books.closed_lot(row, prices))
        elif row[TYPE] == REFUSED_FILL:
            signal, order = ids.signal_text(row[EVENT_SIGNAL], book, symbol), ids.order_text(row[EVENT_ID], book, symbol)
            self._add_refusal(row, prices, Refusal(book, symbol, signal, (), order))

    def _add_lot(self, row: list[int], prices: list[float], lot: Lot) -> None:
        """Add a closed lot; of the primary book also its outcome, unless it is dust."""
        self._result.lots.append(lot)
        if lot.book == PRIMARY and row[CLOSED_PUT_IN] >= self._books.units[lot.symbol].min_order:
            self._result.outcomes.append(outcome_of(lot, prices[CLOSED_RETURN]))

    def _add_refusal(self, row: list[int], prices: list[float], refusal: Refusal) -> None:
        units = self._books.units[refusal.symbol]
        reason = fill_limit.sentence(prices[REFUSED_PRICE], prices[REFUSED_FRACTION], row[REFUSED_EQUITY], units)
        self._result.refusals.append(msgspec.structs.replace(refusal, reasons=(reason,)))

    def _trade_at_venue(self, bars: Sequence[Bar]) -> None:
        """Let the venue trade on the bars of a slice."""
        self._opening = True
        for bar in bars:
            self._apply(self._venue.fill_at_open(bar, self._check_order))
        self._opening = False
        for row, bar in enumerate(bars):
            self._apply(self._venue.fill_stops(bar))
            process_bar(self._freshness, self._closes, self._bars.numbers, self._bars.prices, row, self._settings)

    def _check_order(self, order: Order, price: float, cost_rate: float) -> int:
        """How much of a market order may trade at ``price``; see `alpha_pulse.venues.base.Admit`."""
        books, bars, events = self._books, self._bars, self._events
        if self._opening:
            value_slice(books.positions, books.books, books.units_rows, bars.numbers, bars.prices, 0, self._unmarked, OPEN)
        self._opening = False
        events.begin(1)
        quantity = admit_order(
            books.positions, books.books, books.units_rows, self._settings, self._numbers[order.symbol],
            books.number(order.book), order.quantity, math.nan if order.fraction is None else order.fraction, 0, 0, price,
            cost_rate, events.numbers, events.prices, events.counter,
        )  # fmt: skip
        for row, prices in events.rows():
            self._add_refusal(row, prices, Refusal(order.book, order.symbol, order.signal_id, (), order.order_id))
        return quantity

    def _apply(self, fills: Sequence[Fill]) -> None:
        for fill in fills:
            self._result.fills.append(fill)
            for row, prices, lot in self._books.closed_by(fill):
                self._add_lot(row, prices, lot)

    def mark(self, ts: int) -> dict[str, int]:
        """Value positions at the closes of the slice at ``ts`` (ns), once, after `process_bars`.

        Returns the equity of each book, in minor units. Raises DataError when a book's positions became too large to count.
        """
        books = self._books
        answer = mark_slice(
            books.positions, books.books, books.curves, books.units_rows, self._closes, self._bars.numbers, 0, self._unmarked,
            ts,
        )  # fmt: skip
        self._unmarked = 0
        if answer == OVERFLOW:
            raise DataError(TOO_LARGE)
        return dict(zip(self._names, books.books[:, EQUITY].tolist(), strict=True))

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
        NonFiniteError
            A position has to be sized, but the number of bars per year is not known.
        """
        bar, books, events, symbol = sizing.bar, self._books, self._events, sizing.bar.symbol
        if symbol not in books.units:
            raise DataError(f"{symbol!r} has had no bar yet{did_you_mean(symbol, books.units)}; process a bar of it first")
        number = self._numbers[symbol]
        rows, row = self._rows_with(bar, number)
        self._inputs[row] = rules.inputs_of(sizing)
        self._ask_pending(symbol, number)
        events.begin(EVENTS_PER_BOOK * len(self._names))
        answer = decide(
            books.positions, books.books, books.units_rows, self._freshness, self._rules, self._settings, rows.numbers,
            rows.prices, self._inputs, row, bar.ts_event if now_ns is None else now_ns, 1.0 / len(books.units),
            self._pending, events.numbers, events.prices, events.counter,
        )  # fmt: skip
        if answer == NO_VOLATILITY:
            raise NonFiniteError("the forecast volatility is 0.0; sizing needs a volatility above 0")
        if not len(events):
            return NOTHING_DECIDED
        return decision_of(events.rows(), sizing, self._names, self._rules, self._config.risk, books.units[symbol])

    def _rows_with(self, bar: Bar, number: int) -> tuple[BarRows, int]:
        """The row of a bar: that of the slice it is part of, or one of its own."""
        row = self._row_of[number]
        if row < len(self._slice) and self._slice[row] is bar:
            return self._bars, row
        self._row.write(0, number, bar)
        return self._row, 0

    def _ask_pending(self, symbol: str, number: int) -> None:
        venue = self._simulated
        if venue is not None:
            pending_books(venue.resting, venue.counts, number, self._pending)
        else:
            self._pending[:] = [self._venue.pending(name, symbol) for name in self._names]

    def release(self, orders: Sequence[Order]) -> None:
        """Pass orders to the venue, after the journal contains them. Raises OrderError for an order that could never trade."""
        if orders:
            self._venue.release(orders)

    def results(self, bars_per_year: float) -> dict[str, BookResult]:
        """The result of each book. ``bars_per_year`` is the number of marks (slices) per year, for the Sharpe ratio."""
        return {name: self._books.book(name).result(bars_per_year) for name in self._names}

    def by_symbol(self, name: str = PRIMARY) -> dict[str, SymbolResult]:
        """The result of one book by symbol."""
        return self.book(name).by_symbol()

    def carried(self, ts: int) -> list[Carried]:
        """Open positions in symbols whose newest bar ended before ``ts``."""
        return [
            Carried(name, symbol, units.quantity(position), float(self._closes[number]), newest)
            for symbol, units in sorted(self._books.units.items())
            for number in (self._numbers[symbol],)
            for newest in (int(self._freshness[number, NEWEST_TS]),)
            for name, position in zip(self._names, self._books.positions[number, :, POSITION].tolist(), strict=True)
            if position and newest < ts
        ]

    def snapshot(self) -> State:
        """All books, and the age of the data of each symbol. The venue has its own snapshot."""
        books = self._books.snapshot()
        return State(books.scalars, {**books.arrays, **{name: array.copy() for name, array in self._of_symbols.items()}})

    def restore(self, state: State) -> None:
        """Restore ``state``. Raises StateError when it was saved with other books or symbols."""
        self._books.restore(state, self._of_symbols)
        self._unmarked = 0
        for units in self._books.units.values():
            self._venue.add_instrument(units)


def _book_names(config: Config) -> list[str]:
    if not config.execution.shadow_books:
        return [PRIMARY]
    other_rule = "cost_aware" if config.execution.entry_rule == "signal" else "signal"
    return [other_rule if name == "cost_aware" else name for name in BOOKS]


def _rule(name: str, config: Config) -> int:
    return rules.rule_of(config.execution.entry_rule if name == PRIMARY else name)
