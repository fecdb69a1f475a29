"""The paper venue: fills at the next bar's open plus half-spread and slippage, stops by high and low, worst first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from alpha_pulse.core.config import VenueConfig
from alpha_pulse.core.errors import OrderError, StateError
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import Bar, Fill, Order, Units
from alpha_pulse.venues.base import Admit
from naive_execution.money import money

NOTHING: tuple[Fill, ...] = ()
BASIS_POINT = 1e-4
NS_PER_MS = 1_000_000


class _Resting:
    """What rests for one symbol: orders not yet live, in the order of their release, and the live stop of each book."""

    __slots__ = ("stops", "waiting")

    def __init__(self) -> None:
        self.waiting: list[Order] = []
        self.stops: dict[str, Order] = {}


class _VenueState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    waiting: dict[str, list[Order]]
    stops: dict[str, list[Order]]
    held: dict[str, dict[str, int]]
    units: list[Units]
    quoted: dict[str, tuple[float, float]]


class SimulatedVenue:
    """Trades released orders against the bars that follow, never against the bar they were decided on.

    A market order trades at the open of the next bar, or as many bars later as the latency is long, rounded to whole bars:
    bars say nothing of the prices between their open and their end, so a latency below half a bar changes nothing. How much
    of it trades is asked of ``admit`` at that price; the rest is dropped.

    A trade costs the distance from the close to the ask (buying) or to the bid (selling) that was quoted with the bar
    before, the newest quotes known at the open (``half_spread_bps`` without quotes), plus ``slippage_bps``, and ``fee_bps``
    of the traded value.

    Within a bar the worst comes first: market orders at the open, then a stop if the bar's range touches it (at the open
    when the bar opened beyond it), also for a position opened by that same bar. A stop is
    live under the same rule of time and until then leaves the older one in force. A stop that trades cancels what still
    waits for its book and symbol, because that was sized for the position just closed. A bar with a price that is not
    positive trades nothing.

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
        self._fee = settings.fee_bps * BASIS_POINT
        self._half_spread = settings.half_spread_bps * BASIS_POINT
        self._slippage = settings.slippage_bps * BASIS_POINT
        self._latency_ns = round(settings.latency_ms * NS_PER_MS)
        self._resting: dict[str, _Resting] = {}
        self._held: dict[str, dict[str, int]] = {}
        self._units: dict[str, Units] = {}
        self._quoted: dict[str, tuple[float, float]] = {}

    def add_instrument(self, units: Units) -> None:
        """Make a symbol tradable."""
        self._units[units.symbol] = units

    def release(self, orders: Sequence[Order]) -> None:
        """Take orders; see `alpha_pulse.venues.base.Venue`."""
        for order in orders:
            self._refuse_impossible(order)
            resting = self._resting.get(order.symbol)
            if resting is None:
                resting = self._resting[order.symbol] = _Resting()
            for other in resting.waiting:
                if other.order_id == order.order_id:
                    raise OrderError(f"order {order.order_id} of {order.symbol} was released twice; release each order once")
            resting.waiting.append(order)

    def cancel(self, book: str, symbol: str) -> None:
        """Drop the stops of one book and symbol, live or not yet."""
        resting = self._resting.get(symbol)
        if resting is not None:
            resting.stops.pop(book, None)
            resting.waiting = [order for order in resting.waiting if order.book != book or order.kind != "stop"]
            self._tidy(symbol, resting)

    def pending(self, book: str, symbol: str) -> bool:
        """Whether a market order of this book and symbol still waits."""
        resting = self._resting.get(symbol)
        if resting is None:
            return False
        return any(order.book == book and order.kind == "market" for order in resting.waiting)

    def held(self, book: str, symbol: str) -> int:
        """The net quantity that this venue's own fills left, in parts of a unit."""
        return self._held.get(symbol, {}).get(book, 0)

    def fill_at_open(self, bar: Bar, admit: Admit) -> Sequence[Fill]:
        """Trade market orders at the open; stops that are due become live."""
        resting = self._resting.get(bar.symbol)
        if resting is None or not resting.waiting or bar.low <= 0.0:
            return NOTHING
        fills: list[Fill] = []
        bars = (2 * self._latency_ns + bar.interval_ns) // (2 * bar.interval_ns)
        # months, and days on which clocks change, are not all as long as this bar
        latest = bar.ts_open - bars * bar.interval_ns + bar.interval_ns // 10 if bars else bar.ts_event - 1
        still: list[Order] = []
        for order in resting.waiting:
            if order.ts > latest:
                still.append(order)
            elif order.kind == "stop":
                resting.stops[order.book] = order
            else:
                price, reference = self._price(order, order.quantity, bar.open), bar.open
                cost_rate = (abs(price - reference) + self._fee * price) / reference
                if quantity := admit(order, reference, cost_rate):
                    fills.append(self._trade(order, quantity, bar, reference))
        resting.waiting = still
        return fills

    def fill_stops(self, bar: Bar) -> Sequence[Fill]:
        """Trade the stops that the bar touches, and take its quotes for what comes later."""
        symbol = bar.symbol
        resting = self._resting.get(symbol)
        fills: list[Fill] = []
        if resting is not None and bar.low > 0.0:
            if resting.stops:
                self._touch_stops(bar, resting, fills)
            self._tidy(symbol, resting)
        if bar.bid is not None and bar.ask is not None:
            self._quoted[symbol] = max(0.0, bar.close - bar.bid), max(0.0, bar.ask - bar.close)
        return fills or NOTHING

    def _touch_stops(self, bar: Bar, resting: _Resting, fills: list[Fill]) -> None:
        held_by = self._held.get(bar.symbol, {})
        for book, order in list(resting.stops.items()):
            held = held_by.get(book, 0)
            stop = order.stop_price
            if stop is None or held * order.quantity >= 0:
                # Flat, or the position has turned: this stop protects nothing any more.
                del resting.stops[book]
                continue
            if held > 0:
                if bar.low > stop:
                    continue
                reference = min(bar.open, stop)
            else:
                if bar.high < stop:
                    continue
                reference = max(bar.open, stop)
            fills.append(self._trade(order, -held, bar, reference))
            del resting.stops[book]
            resting.waiting = [waiting for waiting in resting.waiting if waiting.book != book]

    def _trade(self, order: Order, quantity: int, bar: Bar, reference: float) -> Fill:
        price, size, units = self._price(order, quantity, reference), abs(quantity), self._units[order.symbol]
        held = self._held.setdefault(order.symbol, {})
        left = held.get(order.book, 0) + quantity
        if left:
            held[order.book] = left
        else:
            del held[order.book]
        return Fill(
            fill_id=f"{order.order_id}/f",
            order_id=order.order_id,
            book=order.book,
            symbol=order.symbol,
            ts=bar.ts_event,
            quantity=quantity,
            price=price,
            reference=reference,
            cost=money(size, abs(price - reference), units),
            fee=money(size, price * self._fee, units),
            signal_id=order.signal_id,
            prediction_id=order.prediction_id,
        )

    def _price(self, order: Order, quantity: int, reference: float) -> float:
        """The reference price and the costs of trading at it, rounded to the tick against the trader."""
        quoted = self._quoted.get(order.symbol)
        half = reference * self._half_spread if quoted is None else quoted[quantity > 0]
        worse = half + reference * self._slippage
        price = reference + worse if quantity > 0 else max(0.0, reference - worse)
        tick = self._units[order.symbol].tick
        if tick is None:
            return price
        steps = price / tick
        nearest = round(steps)
        # A price on the tick but for the last bits of its double stays there.
        if abs(steps - nearest) > 1e-9 * max(1.0, steps):
            nearest = math.ceil(steps) if quantity > 0 else math.floor(steps)
        return nearest * tick

    def _refuse_impossible(self, order: Order) -> None:
        if order.symbol not in self._units:
            raise OrderError(f"order {order.order_id} is of {order.symbol}, which had no bar yet; order after its first bar")
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

    def _tidy(self, symbol: str, resting: _Resting) -> None:
        if not resting.waiting and not resting.stops:
            del self._resting[symbol]

    def snapshot(self) -> State:
        """Resting orders in their order, and the positions that the fills left."""
        resting = sorted(self._resting.items())
        state = _VenueState(
            waiting={symbol: rest.waiting for symbol, rest in resting},
            stops={symbol: list(rest.stops.values()) for symbol, rest in resting},
            held={symbol: held for symbol, held in sorted(self._held.items()) if held},
            units=list(self._units.values()),
            quoted=self._quoted,
        )
        return State(scalars=msgspec.to_builtins(state))

    def restore(self, state: State) -> None:
        """Take over ``state``. Raises StateError when it is not a simulated venue's."""
        try:
            saved = msgspec.convert(state.scalars, _VenueState)
        except msgspec.ValidationError as error:
            raise StateError(f"the saved state of the simulated venue does not fit: {error}; use an older checkpoint") from None
        self._resting = {}
        for symbol, waiting in saved.waiting.items():
            resting = self._resting[symbol] = _Resting()
            resting.waiting = list(waiting)
            resting.stops = {order.book: order for order in saved.stops.get(symbol, [])}
        self._held = {symbol: dict(held) for symbol, held in saved.held.items()}
        self._units = {units.symbol: units for units in saved.units}
        self._quoted = dict(saved.quoted)
