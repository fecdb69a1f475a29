"""The effects of the bars of one slice on resting orders and books.

All market orders trade at the opens first, then stops within the bars: events within a bar are not known when another
bar opens.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.books import apply_fill, value_slice
from alpha_pulse.kernels.execution.fill_limit import admitted
from alpha_pulse.kernels.execution.layout import (
    BAR_SYMBOL,
    CASH,
    DONE,
    EVENT_BOOK,
    EVENT_ID,
    EVENT_SIGNAL,
    EVENT_SYMBOL,
    EVENTS_FULL,
    EXPONENT,
    FILL,
    FRACTION,
    GROSS,
    LIVE,
    LOTS_FULL,
    MARKED,
    MAX_POSITION,
    OPEN,
    OPEN_LOTS,
    ORDER_BOOK,
    ORDER_ID,
    ORDER_QUANTITY,
    ORDER_SIGNAL,
    POSITION,
    REFUSED_EQUITY,
    REFUSED_FILL,
    REFUSED_FRACTION,
    REFUSED_PRICE,
    TYPE,
    VALUE,
    WAITING,
)
from alpha_pulse.kernels.execution.money import money
from alpha_pulse.kernels.execution.resting_orders import cost_rate, fill_stops, next_due, price_of, take_market, take_quotes
from alpha_pulse.kernels.execution.session_breaks import process_bar


@kernel
def room_for_slice(
    positions: NDArray[np.int64], lots: NDArray[np.int64], counts: NDArray[np.int64], bars: NDArray[np.int64], first: int,
    end: int, events: NDArray[np.int64], counter: NDArray[np.int64],
) -> int:  # fmt: skip
    """``DONE``, or the array that is too small for the bars ``first`` to ``end``: ``LOTS_FULL`` or ``EVENTS_FULL``.

    Every resting order may trade, open one lot, and close all lots of its book except a part of the last one.
    """
    needed = counter[0]
    for row in range(first, end):
        symbol = bars[row, BAR_SYMBOL]
        resting = counts[symbol, LIVE] + counts[symbol, WAITING]
        for book in range(positions.shape[1]):
            if positions[symbol, book, OPEN_LOTS] + resting > lots.shape[2]:
                return LOTS_FULL
            needed += positions[symbol, book, OPEN_LOTS]
        needed += 3 * resting
    return EVENTS_FULL if needed > events.shape[0] else DONE


@kernel
def admit_order(
    positions: NDArray[np.int64], books: NDArray[np.int64], units: NDArray[np.int64], settings: NDArray[np.float64],
    symbol: int, book: int, quantity: int, fraction: float, order: int, signal: int, price: float, rate: float,
    events: NDArray[np.int64], event_prices: NDArray[np.float64], counter: NDArray[np.int64],
) -> int:  # fmt: skip
    """The quantity of a market order that may trade at ``price``; 0 adds an event ``REFUSED_FILL``.

    ``rate`` is the cost of the fill divided by its value. The positions in all symbols of the slice must have been valued at
    the opens. A ``fraction`` of NaN stands for the largest position.
    """
    held, marked = positions[symbol, book, POSITION], positions[symbol, book, MARKED]
    equity = books[book, CASH] + books[book, VALUE] - marked + money(held, price, units[symbol, EXPONENT])
    if math.isnan(fraction):
        fraction = settings[MAX_POSITION]
    traded = admitted(quantity, fraction, held, equity, books[book, GROSS] - abs(marked), price, rate, settings, units, symbol)
    if traded == 0:
        row = counter[0]
        counter[0] += 1
        events[row, TYPE] = REFUSED_FILL
        events[row, EVENT_SYMBOL] = symbol
        events[row, EVENT_BOOK] = book
        events[row, EVENT_ID] = order
        events[row, EVENT_SIGNAL] = signal
        events[row, REFUSED_EQUITY] = equity
        event_prices[row, REFUSED_PRICE] = price
        event_prices[row, REFUSED_FRACTION] = fraction
    return traded


@kernel
def _apply_fills(
    positions: NDArray[np.int64], lots: NDArray[np.int64], lot_prices: NDArray[np.float64], books: NDArray[np.int64],
    units: NDArray[np.int64], events: NDArray[np.int64], event_prices: NDArray[np.float64], counter: NDArray[np.int64],
    first: int,
) -> None:  # fmt: skip
    """Apply the fills among the events from row ``first`` on."""
    for row in range(first, counter[0]):
        if events[row, TYPE] == FILL:
            apply_fill(positions, lots, lot_prices, books, units, events, event_prices, counter, row)


@kernel
def trade_slice(
    positions: NDArray[np.int64], lots: NDArray[np.int64], lot_prices: NDArray[np.float64], books: NDArray[np.int64],
    units: NDArray[np.int64], freshness: NDArray[np.int64], closes: NDArray[np.float64], resting: NDArray[np.int64],
    resting_prices: NDArray[np.float64], counts: NDArray[np.int64], held: NDArray[np.int64], quotes: NDArray[np.float64],
    costs: NDArray[np.float64], settings: NDArray[np.float64], bars: NDArray[np.int64], prices: NDArray[np.float64],
    first: int, end: int, events: NDArray[np.int64], event_prices: NDArray[np.float64], counter: NDArray[np.int64],
) -> int:  # fmt: skip
    """Trade the resting orders of the simulated venue on the bars ``first`` to ``end`` of one slice, and apply the fills.

    Adds events ``FILL``, ``CLOSED_LOT`` and ``REFUSED_FILL``. Returns the result of `room_for_slice`; unless it is ``DONE``,
    nothing was changed. The positions are not valued at the closes: see `mark_slice`.
    """
    room = room_for_slice(positions, lots, counts, bars, first, end, events, counter)
    if room != DONE:
        return room
    valued = False
    for row in range(first, end):
        symbol, before = bars[row, BAR_SYMBOL], counter[0]
        if counts[symbol, WAITING] == 0:
            continue
        place = next_due(resting, resting_prices, counts, bars, prices, row, 0, costs)
        while place >= 0:
            if not valued:
                value_slice(positions, books, units, bars, prices, first, end, OPEN)
                valued = True
            quantity, reference = resting[symbol, place, ORDER_QUANTITY], prices[row, OPEN]
            rate = cost_rate(reference, price_of(reference, quantity > 0, symbol, quotes, costs), costs)
            traded = admit_order(
                positions, books, units, settings, symbol, resting[symbol, place, ORDER_BOOK], quantity,
                resting_prices[symbol, place, FRACTION], resting[symbol, place, ORDER_ID],
                resting[symbol, place, ORDER_SIGNAL], reference, rate, events, event_prices, counter,
            )  # fmt: skip
            take_market(
                resting, resting_prices, counts, held, quotes, costs, units, bars, prices, row, place, traded, events,
                event_prices, counter,
            )  # fmt: skip
            place = next_due(resting, resting_prices, counts, bars, prices, row, place, costs)
        _apply_fills(positions, lots, lot_prices, books, units, events, event_prices, counter, before)
    for row in range(first, end):
        symbol, before = bars[row, BAR_SYMBOL], counter[0]
        if counts[symbol, LIVE] != 0:
            fill_stops(
                resting, resting_prices, counts, held, quotes, costs, units, bars, prices, row, events, event_prices, counter
            )
            _apply_fills(positions, lots, lot_prices, books, units, events, event_prices, counter, before)
        take_quotes(quotes, prices, row, symbol)
        process_bar(freshness, closes, bars, prices, row, settings)
    return DONE
