"""From the signals for one symbol to the orders of all books, through the entry rules and the risk gate."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.entry_rules import target_of, volatility_of, without_dust
from alpha_pulse.kernels.execution.layout import (
    ABSTENTION,
    ASKED_AFTER,
    ASKED_AFTER_SIZE,
    ASKED_AGE,
    ASKED_DAY_START,
    ASKED_EQUITY,
    ASKED_FROZEN,
    ASKED_HELD,
    ASKED_INTERVAL,
    ASKED_OTHERS,
    ASKED_PRICE,
    ASKED_QUANTITY,
    ASKED_SIZE,
    BAR_INTERVAL,
    BAR_SYMBOL,
    BAR_TS,
    CLOSE,
    COST,
    DAY_START,
    DONE,
    EQUITY,
    EVENT_BOOK,
    EVENT_KIND,
    EVENT_QUANTITY,
    EVENT_SYMBOL,
    EVENTS_FULL,
    EXPONENT,
    FOLLOWED,
    FRACTION,
    FROZEN_BARS,
    GAIN,
    GAP_NS,
    GROSS,
    INITIAL_CASH,
    MARKED,
    MARKET,
    NO_VOLATILITY,
    ORDER,
    POSITION,
    REFUSAL,
    STOP,
    STOP_PRICE,
    STOP_VOLATILITIES,
    TYPE,
    UNSIZED,
    WHY,
)
from alpha_pulse.kernels.execution.risk_gate import check
from alpha_pulse.kernels.execution.whole_numbers import BOUND, LARGEST, change, opposite

EVENTS_PER_BOOK = 4
"""An abstention, a refusal, an order and its stop."""


@kernel
def _ask(
    positions: NDArray[np.int64], books: NDArray[np.int64], units: NDArray[np.int64], freshness: NDArray[np.int64],
    settings: NDArray[np.float64], bars: NDArray[np.int64], prices: NDArray[np.float64], row: int, book: int, now_ns: int,
    target: int, parts: float, events: NDArray[np.int64], event_prices: NDArray[np.float64], counter: NDArray[np.int64],
) -> int:  # fmt: skip
    """Write the request for ``target`` into the next event row, which is not taken yet, and check it."""
    event, symbol, held = counter[0], bars[row, BAR_SYMBOL], positions[bars[row, BAR_SYMBOL], book, POSITION]
    size = abs(parts) if abs(parts) >= BOUND else float(abs(target))
    quantity = change(held, target)
    events[event, TYPE] = REFUSAL
    events[event, EVENT_SYMBOL] = symbol
    events[event, EVENT_BOOK] = book
    events[event, ASKED_QUANTITY] = quantity
    events[event, ASKED_AFTER] = target
    events[event, ASKED_HELD] = held
    events[event, ASKED_EQUITY] = books[book, EQUITY]
    events[event, ASKED_DAY_START] = books[book, DAY_START]
    events[event, ASKED_AGE] = max(freshness[symbol, GAP_NS], now_ns - bars[row, BAR_TS])
    events[event, ASKED_INTERVAL] = bars[row, BAR_INTERVAL]
    events[event, ASKED_FROZEN] = freshness[symbol, FROZEN_BARS]
    events[event, ASKED_OTHERS] = books[book, GROSS] - abs(positions[symbol, book, MARKED])
    event_prices[event, ASKED_PRICE] = prices[row, CLOSE]
    event_prices[event, ASKED_AFTER_SIZE] = size
    event_prices[event, ASKED_SIZE] = abs(parts - held) if abs(quantity) == LARGEST else float(abs(quantity))
    return check(events, event_prices, event, settings, units[symbol, EXPONENT])


@kernel
def _add_order(
    symbol: int, book: int, kind: int, quantity: int, stop_price: float, fraction: float, events: NDArray[np.int64],
    event_prices: NDArray[np.float64], counter: NDArray[np.int64],
) -> None:  # fmt: skip
    event = counter[0]
    counter[0] += 1
    events[event, TYPE] = ORDER
    events[event, EVENT_SYMBOL] = symbol
    events[event, EVENT_BOOK] = book
    events[event, EVENT_KIND] = kind
    events[event, EVENT_QUANTITY] = quantity
    event_prices[event, STOP_PRICE] = stop_price
    event_prices[event, FRACTION] = fraction


@kernel
def _order(
    positions: NDArray[np.int64], books: NDArray[np.int64], units: NDArray[np.int64], freshness: NDArray[np.int64],
    settings: NDArray[np.float64], bars: NDArray[np.int64], prices: NDArray[np.float64], row: int, book: int, now_ns: int,
    target: int, fraction: float, parts: float, volatility: float, events: NDArray[np.int64],
    event_prices: NDArray[np.float64], counter: NDArray[np.int64],
) -> None:  # fmt: skip
    """Check the change to ``target``; when a change of sides is refused, the open position is still closed."""
    symbol, close = bars[row, BAR_SYMBOL], prices[row, CLOSE]
    held, wanted = positions[symbol, book, POSITION], target
    refused = _ask(
        positions, books, units, freshness, settings, bars, prices, row, book, now_ns, wanted, parts, events, event_prices,
        counter,
    )  # fmt: skip
    if refused != 0:
        counter[0] += 1
        if not opposite(held, wanted):
            return
        wanted = 0
        if _ask(
            positions, books, units, freshness, settings, bars, prices, row, book, now_ns, wanted, 0.0, events, event_prices,
            counter,
        ):  # fmt: skip
            return
    _add_order(symbol, book, MARKET, wanted - held, math.nan, fraction if wanted != 0 else 0.0, events, event_prices, counter)
    distance = settings[STOP_VOLATILITIES] * volatility
    if wanted == 0 or distance <= 0.0:
        return
    stop = close * (1.0 - distance if wanted > 0 else 1.0 + distance)
    # A stop of a long position at or below 0 can never trade, so none is placed.
    if stop > 0.0:
        _add_order(symbol, book, STOP, -wanted, stop, math.nan, events, event_prices, counter)


@kernel
def decide(
    positions: NDArray[np.int64], books: NDArray[np.int64], units: NDArray[np.int64], freshness: NDArray[np.int64],
    rules: NDArray[np.int64], settings: NDArray[np.float64], bars: NDArray[np.int64], prices: NDArray[np.float64],
    inputs: NDArray[np.float64], row: int, now_ns: int, share: float, pending: NDArray[np.int64],
    events: NDArray[np.int64], event_prices: NDArray[np.float64], counter: NDArray[np.int64],
) -> int:  # fmt: skip
    """The orders that bring each book to the target of its rule, as events ``ABSTENTION``, ``REFUSAL`` and ``ORDER``.

    Changes no state.

    Parameters
    ----------
    positions, books, units, freshness
        The packed state, see `alpha_pulse.kernels.execution.layout`.
    rules, settings
        The rule of each book; settings of execution.
    bars, prices, inputs, row
        The bar, its prices and the signals and forecasts, by rows.
    now_ns
        Market time, for the check of stale data.
    share
        The part of the equity that each symbol gets.
    pending
        Of each book: not 0 where a market order of this symbol still waits.
    events, event_prices, counter
        Rows of events, and how many there are.

    Returns
    -------
    ``DONE``; ``EVENTS_FULL`` when there is no room for `EVENTS_PER_BOOK` of each book; ``NO_VOLATILITY`` when a position would
    have to be sized by an annual volatility of 0. Unless it is ``DONE``, the events are not valid.
    """
    symbol = bars[row, BAR_SYMBOL]
    if counter[0] + EVENTS_PER_BOOK * books.shape[0] > events.shape[0]:
        return EVENTS_FULL
    for book in range(books.shape[0]):
        rule, held, equity = rules[book], positions[symbol, book, POSITION], books[book, EQUITY]
        others = books[book, GROSS] - abs(positions[symbol, book, MARKED])
        target, fraction, parts, why, gain, cost = target_of(
            rule, inputs, row, prices, books[book, INITIAL_CASH], held, equity, others, share, settings, units, symbol
        )
        if why == UNSIZED:
            return NO_VOLATILITY
        if why != FOLLOWED:
            event = counter[0]
            counter[0] += 1
            events[event, TYPE] = ABSTENTION
            events[event, EVENT_SYMBOL] = symbol
            events[event, EVENT_BOOK] = book
            events[event, WHY] = why
            event_prices[event, GAIN] = gain
            event_prices[event, COST] = cost
        target = without_dust(target, held, prices[row, CLOSE], units, symbol)
        if target != held and pending[book] == 0:
            _order(
                positions, books, units, freshness, settings, bars, prices, row, book, now_ns, target, fraction, parts,
                volatility_of(rule, inputs, row), events, event_prices, counter,
            )  # fmt: skip
    return DONE
