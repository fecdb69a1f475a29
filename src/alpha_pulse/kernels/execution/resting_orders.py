"""The resting orders of the simulated venue: which of them are due, at which price they trade, and which stops a bar touches.

For each symbol, the live stops come first, one per book, then the waiting orders, both in their order.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.layout import (
    ASK,
    BAR_INTERVAL,
    BAR_SYMBOL,
    BAR_TS,
    BID,
    CLOSE,
    EVENT_BOOK,
    EVENT_COST,
    EVENT_FEE,
    EVENT_ID,
    EVENT_PREDICTION,
    EVENT_QUANTITY,
    EVENT_SIGNAL,
    EVENT_SYMBOL,
    EVENT_TS,
    EXPONENT,
    FEE,
    FILL,
    HALF_SPREAD,
    HIGH,
    LATENCY_NS,
    LIVE,
    LOW,
    MARKET,
    N_ORDER,
    N_ORDER_PRICES,
    OPEN,
    ORDER_BOOK,
    ORDER_ID,
    ORDER_KIND,
    ORDER_PREDICTION,
    ORDER_QUANTITY,
    ORDER_SIGNAL,
    ORDER_TS,
    PRICE,
    REFERENCE,
    SLIPPAGE,
    STOP,
    STOP_PRICE,
    TICK,
    TO_ASK,
    TO_BID,
    TYPE,
    WAITING,
)
from alpha_pulse.kernels.execution.money import money
from alpha_pulse.kernels.execution.whole_numbers import opposite

ON_TICK = 1e-9
"""A price this near to a tick, in ticks or relative to the price, lies on it: only the last bits of its double differ."""


@kernel
def latest_due(ts: int, interval: int, latency: int) -> int:
    """The newest time of an order that may trade at the open of a bar; all in ns.

    Months, and days on which clocks change, differ in length, hence the tolerance of a tenth of an interval.
    """
    bars = (2 * latency + interval) // (2 * interval)
    return ts - interval - bars * interval + interval // 10 if bars != 0 else ts - 1


@kernel
def price_of(reference: float, buys: bool, symbol: int, quotes: NDArray[np.float64], costs: NDArray[np.float64]) -> float:
    """The reference price and the costs of trading at it, rounded to the tick against the trader."""
    half = float(quotes[symbol, TO_ASK if buys else TO_BID])
    if math.isnan(half):
        half = float(reference * costs[HALF_SPREAD])
    worse = half + float(reference * costs[SLIPPAGE])
    price = reference + worse if buys else max(0.0, reference - worse)
    tick = quotes[symbol, TICK]
    if math.isnan(tick):
        return price
    steps = price / tick
    nearest = np.rint(steps)
    if abs(steps - nearest) > ON_TICK * max(1.0, steps):
        nearest = np.ceil(steps) if buys else np.floor(steps)
    return float(nearest * tick)


@kernel
def cost_rate(reference: float, price: float, costs: NDArray[np.float64]) -> float:
    """Half-spread, slippage and fee of a fill over its value."""
    return float((abs(price - reference) + costs[FEE] * price) / reference)


@kernel
def _remove(
    resting: NDArray[np.int64], resting_prices: NDArray[np.float64], counts: NDArray[np.int64], symbol: int, place: int
) -> None:
    live, waiting = counts[symbol, LIVE], counts[symbol, WAITING]
    for i in range(place, live + waiting - 1):
        for k in range(N_ORDER):
            resting[symbol, i, k] = resting[symbol, i + 1, k]
        for k in range(N_ORDER_PRICES):
            resting_prices[symbol, i, k] = resting_prices[symbol, i + 1, k]
    counts[symbol, LIVE if place < live else WAITING] -= 1


@kernel
def remove_of_book(
    resting: NDArray[np.int64], resting_prices: NDArray[np.float64], counts: NDArray[np.int64], symbol: int, book: int,
    place: int, stops_only: bool,
) -> None:  # fmt: skip
    """Drop the orders of a book in a symbol from ``place`` on: all, or only its stops."""
    i = place
    while i < counts[symbol, LIVE] + counts[symbol, WAITING]:
        if resting[symbol, i, ORDER_BOOK] == book and (resting[symbol, i, ORDER_KIND] == STOP or not stops_only):
            _remove(resting, resting_prices, counts, symbol, i)
        else:
            i += 1


@kernel
def waits(resting: NDArray[np.int64], counts: NDArray[np.int64], symbol: int, book: int) -> bool:
    """Whether a market order of this book and symbol still waits."""
    live = counts[symbol, LIVE]
    for i in range(live, live + counts[symbol, WAITING]):
        if resting[symbol, i, ORDER_BOOK] == book and resting[symbol, i, ORDER_KIND] == MARKET:
            return True
    return False


@kernel
def pending_books(resting: NDArray[np.int64], counts: NDArray[np.int64], symbol: int, pending: NDArray[np.int64]) -> None:
    """Write for each book of ``pending`` whether a market order of it still waits in a symbol: 1 or 0."""
    for book in range(len(pending)):
        pending[book] = 0
    live = counts[symbol, LIVE]
    for i in range(live, live + counts[symbol, WAITING]):
        if resting[symbol, i, ORDER_KIND] == MARKET:
            pending[resting[symbol, i, ORDER_BOOK]] = 1


@kernel
def _make_live(
    resting: NDArray[np.int64], resting_prices: NDArray[np.float64], counts: NDArray[np.int64], symbol: int, place: int
) -> int:
    """Make the stop at ``place`` live, in the place of the older one of its book; returns where the next order lies."""
    live, book = counts[symbol, LIVE], resting[symbol, place, ORDER_BOOK]
    target = live
    for i in range(live):
        if resting[symbol, i, ORDER_BOOK] == book:
            target = i
    if target < live:
        for k in range(N_ORDER):
            resting[symbol, target, k] = resting[symbol, place, k]
        for k in range(N_ORDER_PRICES):
            resting_prices[symbol, target, k] = resting_prices[symbol, place, k]
        _remove(resting, resting_prices, counts, symbol, place)
        return place
    for i in range(place, live, -1):
        for k in range(N_ORDER):
            resting[symbol, i, k], resting[symbol, i - 1, k] = resting[symbol, i - 1, k], resting[symbol, i, k]
        for k in range(N_ORDER_PRICES):
            above = resting_prices[symbol, i - 1, k]
            resting_prices[symbol, i - 1, k] = resting_prices[symbol, i, k]
            resting_prices[symbol, i, k] = above
    counts[symbol, LIVE] += 1
    counts[symbol, WAITING] -= 1
    return place + 1


@kernel
def next_due(
    resting: NDArray[np.int64], resting_prices: NDArray[np.float64], counts: NDArray[np.int64], bars: NDArray[np.int64],
    prices: NDArray[np.float64], row: int, place: int, costs: NDArray[np.float64],
) -> int:  # fmt: skip
    """The place, from ``place`` on, of the next market order that is due at the open of a bar; -1 without one.

    Stops that are due before it become live. Nothing is due in a bar with a price that is not positive. Begin at place 0, and
    continue at the same place after a market order was removed.
    """
    symbol = bars[row, BAR_SYMBOL]
    if counts[symbol, WAITING] == 0 or prices[row, LOW] <= 0.0:
        return -1
    latest = latest_due(bars[row, BAR_TS], bars[row, BAR_INTERVAL], int(costs[LATENCY_NS]))
    i = max(place, counts[symbol, LIVE])
    while i < counts[symbol, LIVE] + counts[symbol, WAITING]:
        if resting[symbol, i, ORDER_TS] > latest:
            i += 1
        elif resting[symbol, i, ORDER_KIND] == STOP:
            i = _make_live(resting, resting_prices, counts, symbol, i)
        else:
            return int(i)
    return -1


@kernel
def _trade(
    resting: NDArray[np.int64], held: NDArray[np.int64], quotes: NDArray[np.float64], costs: NDArray[np.float64],
    units: NDArray[np.int64], events: NDArray[np.int64], event_prices: NDArray[np.float64], counter: NDArray[np.int64],
    symbol: int, place: int, ts: int, quantity: int, reference: float,
) -> None:  # fmt: skip
    """Add the event ``FILL`` of ``quantity`` parts of an order at a reference price."""
    price, size, book = (
        price_of(reference, quantity > 0, symbol, quotes, costs),
        abs(quantity),
        resting[symbol, place, ORDER_BOOK],
    )
    held[symbol, book] += quantity
    row = counter[0]
    counter[0] += 1
    events[row, TYPE] = FILL
    events[row, EVENT_SYMBOL] = symbol
    events[row, EVENT_BOOK] = book
    events[row, EVENT_TS] = ts
    events[row, EVENT_QUANTITY] = quantity
    events[row, EVENT_COST] = money(size, abs(price - reference), units[symbol, EXPONENT])
    events[row, EVENT_FEE] = money(size, price * costs[FEE], units[symbol, EXPONENT])
    events[row, EVENT_ID] = resting[symbol, place, ORDER_ID]
    events[row, EVENT_SIGNAL] = resting[symbol, place, ORDER_SIGNAL]
    events[row, EVENT_PREDICTION] = resting[symbol, place, ORDER_PREDICTION]
    event_prices[row, PRICE] = price
    event_prices[row, REFERENCE] = reference


@kernel
def take_market(
    resting: NDArray[np.int64], resting_prices: NDArray[np.float64], counts: NDArray[np.int64], held: NDArray[np.int64],
    quotes: NDArray[np.float64], costs: NDArray[np.float64], units: NDArray[np.int64], bars: NDArray[np.int64],
    prices: NDArray[np.float64], row: int, place: int, quantity: int, events: NDArray[np.int64],
    event_prices: NDArray[np.float64], counter: NDArray[np.int64],
) -> None:  # fmt: skip
    """Trade ``quantity`` parts (0: nothing) of the market order at ``place`` at the open of a bar, and drop the rest."""
    symbol = bars[row, BAR_SYMBOL]
    if quantity != 0:
        _trade(
            resting, held, quotes, costs, units, events, event_prices, counter, symbol, place, bars[row, BAR_TS], quantity,
            prices[row, OPEN],
        )  # fmt: skip
    _remove(resting, resting_prices, counts, symbol, place)


@kernel
def fill_stops(
    resting: NDArray[np.int64], resting_prices: NDArray[np.float64], counts: NDArray[np.int64], held: NDArray[np.int64],
    quotes: NDArray[np.float64], costs: NDArray[np.float64], units: NDArray[np.int64], bars: NDArray[np.int64],
    prices: NDArray[np.float64], row: int, events: NDArray[np.int64], event_prices: NDArray[np.float64],
    counter: NDArray[np.int64],
) -> None:  # fmt: skip
    """Trade the stops that a bar touches.

    A stop whose position is closed or reversed is dropped. A stop that trades cancels the waiting orders of its book.
    """
    symbol = bars[row, BAR_SYMBOL]
    i = 0
    while i < counts[symbol, LIVE] and prices[row, LOW] > 0.0:
        book, stop = resting[symbol, i, ORDER_BOOK], resting_prices[symbol, i, STOP_PRICE]
        position = held[symbol, book]
        if not opposite(position, resting[symbol, i, ORDER_QUANTITY]):
            _remove(resting, resting_prices, counts, symbol, i)
            continue
        if prices[row, LOW] > stop if position > 0 else prices[row, HIGH] < stop:
            i += 1
            continue
        reference = min(prices[row, OPEN], stop) if position > 0 else max(prices[row, OPEN], stop)
        _trade(
            resting, held, quotes, costs, units, events, event_prices, counter, symbol, i, bars[row, BAR_TS], -position,
            reference,
        )  # fmt: skip
        _remove(resting, resting_prices, counts, symbol, i)
        remove_of_book(resting, resting_prices, counts, symbol, book, counts[symbol, LIVE], False)


@kernel
def take_quotes(quotes: NDArray[np.float64], prices: NDArray[np.float64], row: int, symbol: int) -> None:
    """Store the quotes of a bar, if it has any, for later fills."""
    bid, ask = prices[row, BID], prices[row, ASK]
    if not math.isnan(bid) and not math.isnan(ask):
        quotes[symbol, TO_BID] = max(0.0, prices[row, CLOSE] - bid)
        quotes[symbol, TO_ASK] = max(0.0, ask - prices[row, CLOSE])
