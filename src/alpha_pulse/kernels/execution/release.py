"""Turns decided orders into resting orders of the simulated venue, without strings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.layout import (
    BAR_STEP,
    BAR_SYMBOL,
    BAR_TS,
    BUY_AND_HOLD,
    DONE,
    EVENT_BOOK,
    EVENT_KIND,
    EVENT_QUANTITY,
    FOLLOW_ML,
    FOLLOW_RULES,
    FRACTION,
    LIVE,
    NO_ID,
    ORDER,
    ORDER_BOOK,
    ORDER_ID,
    ORDER_KIND,
    ORDER_PREDICTION,
    ORDER_QUANTITY,
    ORDER_SIGNAL,
    ORDER_TS,
    ORDERS_FULL,
    PREDICTED,
    SIGNAL_COMBINED,
    SIGNAL_ML,
    SIGNAL_OF_BOOK,
    SIGNAL_RULES,
    STOP,
    STOP_PRICE,
    TYPE,
    WAITING,
)


@kernel
def signal_number(rule: int, step: int) -> int:
    """The id of the signal that a rule follows at a step."""
    if rule == BUY_AND_HOLD:
        return SIGNAL_OF_BOOK
    source = SIGNAL_RULES if rule == FOLLOW_RULES else SIGNAL_ML if rule == FOLLOW_ML else SIGNAL_COMBINED
    return 4 * step + source


@kernel
def release(
    resting: NDArray[np.int64], resting_prices: NDArray[np.float64], counts: NDArray[np.int64], rules: NDArray[np.int64],
    bars: NDArray[np.int64], inputs: NDArray[np.float64], row: int, events: NDArray[np.int64],
    event_prices: NDArray[np.float64], first: int, end: int,
) -> int:  # fmt: skip
    """Add the orders in the events ``first`` to ``end``, decided at one row, to the resting orders; their ids follow the
    pattern.

    Parameters
    ----------
    resting, resting_prices, counts
        The resting orders of the simulated venue.
    rules
        The rule of each book, which determines the signal of the order.
    bars, inputs, row
        The bar on which the orders were decided, and whether a prediction took part.
    events, event_prices, first, end
        The events of the decision, in the order of release.

    Returns
    -------
    ``DONE``, or ``ORDERS_FULL`` when there is too little room for resting orders; nothing is changed then.
    """
    symbol, step, needed = bars[row, BAR_SYMBOL], bars[row, BAR_STEP], 0
    for event in range(first, end):
        needed += 1 if events[event, TYPE] == ORDER else 0
    place = counts[symbol, LIVE] + counts[symbol, WAITING]
    if place + needed > resting.shape[1]:
        return ORDERS_FULL
    for event in range(first, end):
        if events[event, TYPE] != ORDER:
            continue
        book, kind = events[event, EVENT_BOOK], events[event, EVENT_KIND]
        predicted = inputs[row, PREDICTED] != 0.0 and rules[book] != FOLLOW_RULES and rules[book] != BUY_AND_HOLD
        resting[symbol, place, ORDER_BOOK] = book
        resting[symbol, place, ORDER_KIND] = kind
        resting[symbol, place, ORDER_TS] = bars[row, BAR_TS]
        resting[symbol, place, ORDER_QUANTITY] = events[event, EVENT_QUANTITY]
        resting[symbol, place, ORDER_ID] = 2 * step + (1 if kind == STOP else 0)
        resting[symbol, place, ORDER_SIGNAL] = signal_number(rules[book], step)
        resting[symbol, place, ORDER_PREDICTION] = step if predicted else NO_ID
        resting_prices[symbol, place, STOP_PRICE] = event_prices[event, STOP_PRICE]
        resting_prices[symbol, place, FRACTION] = event_prices[event, FRACTION]
        place += 1
    counts[symbol, WAITING] += needed
    return DONE
