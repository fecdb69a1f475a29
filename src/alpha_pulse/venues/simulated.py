"""The paper venue: fills at the next bar's open plus half-spread and slippage, stops by high and low, the worst case first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import VenueConfig
from alpha_pulse.core.durations import MILLISECOND_NS
from alpha_pulse.core.errors import OrderError, StateError, did_you_mean
from alpha_pulse.core.stateful import State, scalars_as, take_all
from alpha_pulse.core.types import Bar, Fill, Order, Units
from alpha_pulse.kernels.execution.layout import (
    EVENT_BOOK,
    EVENT_COST,
    EVENT_FEE,
    EVENT_ID,
    EVENT_PREDICTION,
    EVENT_QUANTITY,
    EVENT_SIGNAL,
    EVENT_TS,
    FRACTION,
    MARKET,
    N_COSTS,
    N_ORDER,
    N_ORDER_PRICES,
    N_QUOTES,
    N_UNITS,
    ORDER_BOOK,
    ORDER_ID,
    ORDER_KIND,
    ORDER_PREDICTION,
    ORDER_QUANTITY,
    ORDER_SIGNAL,
    ORDER_TS,
    PRICE,
    REFERENCE,
    STOP,
    STOP_PRICE,
    TICK,
    WAITING,
)
from alpha_pulse.kernels.execution.resting_orders import (
    cost_rate,
    fill_stops,
    next_due,
    price_of,
    remove_of_book,
    take_market,
    take_quotes,
    waits,
)
from alpha_pulse.venues.base import Admit
from alpha_pulse.venues.ids import IdTable
from alpha_pulse.venues.rows import BarRows, Events, units_row

NOTHING: tuple[Fill, ...] = ()
BASIS_POINT = 1e-4
PLACES_PER_BOOK = 3
"""Of resting orders in a symbol: a market order and a stop that wait, and a live stop."""


class _VenueState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    symbols: list[str]
    books: list[str]
    units: list[Units]
    ids: list[tuple[str, str]]


class SimulatedVenue:
    """Executes released orders against later bars, never against the bar of their decision.

    A market order trades at the open of the next bar, or later by the latency, rounded to whole bars: a bar does not show the
    prices between its open and its end, so a latency below half a bar changes nothing. ``admit`` returns the quantity that
    trades at that price; the rest is dropped.

    A trade costs the distance from the close to the ask (buying) or to the bid (selling) that was quoted with the bar
    before, the newest quotes known at the open (``half_spread_bps`` without quotes), plus ``slippage_bps``, and ``fee_bps``
    of the traded value.

    Within a bar the worst case is assumed: market orders at the open, then a stop if the bar's range touches it (at the open
    when the bar opened beyond it), also for a position opened by that same bar. A stop becomes live by the same rule; until
    then the older one remains valid. A stop that trades cancels the waiting orders of its book and symbol, because their sizes
    were meant for the closed position. Nothing trades in a bar with a price that is not positive.

    The state is packed, see `alpha_pulse.kernels.execution.layout`, and kernels do the work. Those of `alpha_pulse.execution`
    trade its orders without this class.

    Parameters
    ----------
    settings
        Costs in basis points, latency in milliseconds.

    >>> venue = SimulatedVenue(VenueConfig(fee_bps=0.0))
    >>> venue.add_instrument(Units("X", cash_decimals=2, quantity_decimals=6))
    >>> venue.release([Order("o1", "combined", "X", ts=1, kind="market", quantity=2_000_000, signal_id="s1")])
    >>> bar = Bar("X", 2, 1, open=100.0, high=101.0, low=99.0, close=100.5)
    >>> fill, = venue.fill_at_open(bar, lambda order, *_: order.quantity)
    >>> fill.fill_id, fill.reference, round(fill.price, 6), fill.cost
    ('o1/f', 100.0, 100.01, 2)
    """

    def __init__(self, settings: VenueConfig) -> None:
        self.costs: NDArray[np.float64] = np.zeros(N_COSTS)
        self.costs[:] = (
            settings.fee_bps * BASIS_POINT,
            settings.half_spread_bps * BASIS_POINT,
            settings.slippage_bps * BASIS_POINT,
            round(settings.latency_ms * MILLISECOND_NS),
        )
        self.ids = IdTable()
        self.ids.add_user(lambda: _id_columns(self.resting[self._used()]))
        self._units: dict[str, Units] = {}
        self._symbols: dict[str, int] = {}
        self._books: dict[str, int] = {}
        self._reserved = False
        self._rows, self._events = BarRows(1), Events(0)
        self._take(_new_arrays(0, 0, 0))

    def reserve(self, symbols: Sequence[str], books: Sequence[str]) -> bool:
        """Number symbols and books as given, from 0, for kernels that share the state. Returns False if this venue knows other
        ones."""
        if (self._symbols or self._books) and (list(self._symbols), list(self._books)) != (list(symbols), list(books)):
            return False
        if not self._reserved:
            self._symbols = {symbol: number for number, symbol in enumerate(symbols)}
            self._books = {book: number for number, book in enumerate(books)}
            self._take(_new_arrays(len(symbols), len(books), PLACES_PER_BOOK * len(books)))
            self._reserved = True
        return True

    def add_instrument(self, units: Units) -> None:
        """Make a symbol tradable."""
        if units.symbol not in self._symbols:
            self._symbols[units.symbol] = len(self._symbols)
            self._grow()
        self._units[units.symbol] = units
        self._write_units(units)

    def release(self, orders: Sequence[Order]) -> None:
        """Accept orders; see `alpha_pulse.venues.base.Venue`."""
        self.ids.prune()
        for order in orders:
            self._refuse_impossible(order)
            if order.book not in self._books:
                self._books[order.book] = len(self._books)
                self._grow()
            self._add(order, self._symbols[order.symbol], self._books[order.book])

    def _add(self, order: Order, symbol: int, book: int) -> None:
        live, waiting = self.counts[symbol].tolist()
        place, number = live + waiting, self.ids.order(order.order_id, order.book, order.symbol)
        for row in self.resting[symbol, live:place].tolist():
            if row[ORDER_ID] == number and (row[ORDER_BOOK] == book or number < 0):
                raise OrderError(f"order {order.order_id} of {order.symbol} was released twice; release each order once")
        if place == self.resting.shape[1]:
            self.make_room()
        self.resting[symbol, place] = (
            book, MARKET if order.kind == "market" else STOP, order.ts, order.quantity, number,
            self.ids.signal(order.signal_id, order.book, order.symbol), self.ids.prediction(order.prediction_id, order.symbol),
        )  # fmt: skip
        self.resting_prices[symbol, place, STOP_PRICE] = math.nan if order.stop_price is None else order.stop_price
        self.resting_prices[symbol, place, FRACTION] = math.nan if order.fraction is None else order.fraction
        self.counts[symbol, WAITING] += 1

    def make_room(self) -> None:
        """Make room for twice as many resting orders."""
        self._grow(2 * (self.resting.shape[1] + 1))

    def cancel(self, book: str, symbol: str) -> None:
        """Cancel the stops of one book and symbol, live or not yet."""
        if book in self._books and symbol in self._symbols:
            remove_of_book(self.resting, self.resting_prices, self.counts, self._symbols[symbol], self._books[book], 0, True)

    def pending(self, book: str, symbol: str) -> bool:
        """Whether a market order of this book and symbol is still to be executed."""
        known = book in self._books and symbol in self._symbols
        return known and bool(waits(self.resting, self.counts, self._symbols[symbol], self._books[book]))

    def held(self, book: str, symbol: str) -> int:
        """The net quantity of this venue's own fills, in parts of a unit."""
        known = book in self._books and symbol in self._symbols
        return int(self.held_quantities[self._symbols[symbol], self._books[book]]) if known else 0

    def fill_at_open(self, bar: Bar, admit: Admit) -> Sequence[Fill]:
        """Execute market orders at the open; stops that are due become live."""
        symbol = self._symbols.get(bar.symbol)
        if symbol is None or not self.counts[symbol, WAITING]:
            return NOTHING
        rows, events, reference = self._rows, self._events, bar.open
        rows.write(0, symbol, bar)
        events.begin(self.resting.shape[1])
        resting = self.resting, self.resting_prices, self.counts
        place = next_due(*resting, rows.numbers, rows.prices, 0, 0, self.costs)
        while place >= 0:
            order = self._order(bar.symbol, symbol, place)
            price = price_of(reference, order.quantity > 0, symbol, self.quotes, self.costs)
            quantity = admit(order, reference, cost_rate(reference, price, self.costs))
            take_market(
                *resting, self.held_quantities, self.quotes, self.costs, self._units_rows, rows.numbers, rows.prices, 0,
                place, quantity, events.numbers, events.prices, events.counter,
            )  # fmt: skip
            place = next_due(*resting, rows.numbers, rows.prices, 0, place, self.costs)
        return self._fills(bar.symbol)

    def fill_stops(self, bar: Bar) -> Sequence[Fill]:
        """Execute the stops that the bar touches, and store its quotes for later fills."""
        symbol = self._symbols.get(bar.symbol)
        if symbol is None:
            return NOTHING
        rows, events = self._rows, self._events
        rows.write(0, symbol, bar)
        events.begin(self.resting.shape[1])
        fill_stops(
            self.resting, self.resting_prices, self.counts, self.held_quantities, self.quotes, self.costs, self._units_rows,
            rows.numbers, rows.prices, 0, events.numbers, events.prices, events.counter,
        )  # fmt: skip
        take_quotes(self.quotes, rows.prices, 0, symbol)
        return self._fills(bar.symbol)

    def _order(self, symbol: str, number: int, place: int) -> Order:
        row, (stop_price, fraction) = self.resting[number, place].tolist(), self.resting_prices[number, place].tolist()
        book = list(self._books)[row[ORDER_BOOK]]
        return Order(
            self.ids.order_text(row[ORDER_ID], book, symbol), book, symbol, row[ORDER_TS],
            "stop" if row[ORDER_KIND] == STOP else "market", row[ORDER_QUANTITY],
            self.ids.signal_text(row[ORDER_SIGNAL], book, symbol), self.ids.prediction_text(row[ORDER_PREDICTION], symbol),
            None if math.isnan(stop_price) else stop_price, None if math.isnan(fraction) else fraction,
        )  # fmt: skip

    def _fills(self, symbol: str) -> Sequence[Fill]:
        events, books = self._events.rows(), list(self._books)
        return [fill_of(row, prices, books[row[EVENT_BOOK]], symbol, self.ids) for row, prices in events] or NOTHING

    def _refuse_impossible(self, order: Order) -> None:
        if order.symbol not in self._units:
            raise OrderError(
                f"order {order.order_id} is of {order.symbol}, which has no bar yet; send orders after its first bar"
            )
        if self._reserved and order.book not in self._books:
            raise OrderError(f"order {order.order_id} is for book {order.book!r}{did_you_mean(order.book, self._books)}")
        if order.quantity == 0:
            raise OrderError(
                f"order {order.order_id} of {order.symbol} has quantity 0; release only orders that trade something"
            )
        stop = order.stop_price
        if order.kind == "stop" and (stop is None or not math.isfinite(stop) or stop <= 0.0):
            raise OrderError(
                f"stop order {order.order_id} of {order.symbol} has stop price {stop!r}; give a positive, finite price"
            )
        if order.kind == "market" and stop is not None:
            raise OrderError(
                f"market order {order.order_id} of {order.symbol} has stop price {stop!r}; give none, or kind 'stop'"
            )

    def _grow(self, places: int = 0) -> None:
        """Make room for all symbols and books, and for ``places`` resting orders of each symbol."""
        old = self.arrays
        self._take(_new_arrays(len(self._symbols), len(self._books), max(places, self.resting.shape[1])))
        for name, array in old.items():
            self.arrays[name][tuple(map(slice, array.shape))] = array
        for units in self._units.values():
            self._write_units(units)

    def _take(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.arrays = arrays
        self.resting, self.resting_prices, self.counts = arrays["resting"], arrays["resting_prices"], arrays["counts"]
        self.held_quantities, self.quotes = arrays["held"], arrays["quotes"]
        self._units_rows = np.zeros((len(self.counts), N_UNITS), dtype=np.int64)

    def _write_units(self, units: Units) -> None:
        symbol = self._symbols[units.symbol]
        self._units_rows[symbol] = units_row(units)
        self.quotes[symbol, TICK] = math.nan if units.tick is None else units.tick

    def _used(self) -> NDArray[np.bool_]:
        """Which places hold a resting order."""
        return np.asarray(np.arange(self.resting.shape[1]) < self.counts.sum(axis=1)[:, None])

    def snapshot(self) -> State:
        """The resting orders in their order, the newest quotes, and the positions that result from the fills."""
        arrays = {name: array.copy() for name, array in self.arrays.items()}
        unused = ~self._used()
        arrays["resting"][unused], arrays["resting_prices"][unused] = 0, 0.0
        ids = self.ids.dump(_id_columns(arrays["resting"]))
        state = _VenueState(list(self._symbols), list(self._books), list(self._units.values()), ids)
        return State(msgspec.to_builtins(state), arrays)

    def restore(self, state: State) -> None:
        """Set the state to ``state``. Raises StateError when it is not that of a simulated venue of these symbols and books."""
        saved = scalars_as(_VenueState, state, "the simulated venue")
        if self._reserved and (saved.symbols, saved.books) != (list(self._symbols), list(self._books)):
            raise StateError(
                f"the saved state of the simulated venue has books {saved.books} and symbols {saved.symbols}, but this run "
                f"has {list(self._books)} and {list(self._symbols)}; resume with the configuration and data that saved it"
            )
        places = state.arrays["resting"].shape[1] if "resting" in state.arrays else 0
        arrays = _new_arrays(len(saved.symbols), len(saved.books), places)
        take_all(arrays, state)
        orders, counts = arrays["resting"], arrays["counts"]
        if (counts < 0).any() or (counts.sum(axis=1) > places).any() or not _within(orders[..., ORDER_BOOK], len(saved.books)):
            raise StateError("the saved resting orders of the simulated venue contradict themselves; use an older checkpoint")
        self.ids.load(saved.ids, _id_columns(orders))
        self._symbols = {symbol: number for number, symbol in enumerate(saved.symbols)}
        self._books = {book: number for number, book in enumerate(saved.books)}
        self._units = {units.symbol: units for units in saved.units}
        self._take(arrays)
        for units in saved.units:
            self._write_units(units)


def fill_of(row: Sequence[int], prices: Sequence[float], book: str, symbol: str, ids: IdTable) -> Fill:
    """The fill of an event row."""
    number = row[EVENT_ID]
    return Fill(
        ids.fill_text(number, book, symbol), ids.order_text(number, book, symbol), book, symbol, row[EVENT_TS],
        row[EVENT_QUANTITY], prices[PRICE], prices[REFERENCE], row[EVENT_COST], row[EVENT_FEE],
        ids.signal_text(row[EVENT_SIGNAL], book, symbol), ids.prediction_text(row[EVENT_PREDICTION], symbol),
    )  # fmt: skip


def _new_arrays(symbols: int, books: int, places: int) -> dict[str, NDArray[Any]]:
    quotes = np.full((symbols, N_QUOTES), math.nan)
    return {
        "resting": np.zeros((symbols, places, N_ORDER), dtype=np.int64),
        "resting_prices": np.zeros((symbols, places, N_ORDER_PRICES)),
        "counts": np.zeros((symbols, 2), dtype=np.int64),
        "held": np.zeros((symbols, books), dtype=np.int64),
        "quotes": quotes,
    }


def _id_columns(resting: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    return resting[..., ORDER_ID], resting[..., ORDER_SIGNAL], resting[..., ORDER_PREDICTION]


def _within(numbers: NDArray[np.int64], end: int) -> bool:
    return bool(((numbers >= 0) & (numbers < max(end, 1))).all())
