"""The risk gate: every order passes it before it is journaled; a refusal has one bit for each reason.

An order that only reduces a position must pass only the checks of its price: refusing it would lock the position (a short whose
price rises by a third is already worth twice the equity). A request beyond a limit is refused, never reduced.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.layout import (
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
    FROZEN,
    FROZEN_AFTER,
    LOSS,
    LOSS_LIMIT,
    MAX_DAILY_LOSS,
    MAX_ORDER,
    MAX_POSITION,
    MOST_LOSS,
    MOST_ORDER_WORTH,
    MOST_WORTH,
    NOT_FINITE,
    NOT_POSITIVE,
    ORDER_LIMIT,
    ORDER_WORTH,
    POSITION_LIMIT,
    REASONS,
    STALE,
    STALE_AFTER,
    TOO_LARGE,
    WORTH,
)
from alpha_pulse.kernels.execution.money import worth
from alpha_pulse.kernels.execution.whole_numbers import LARGEST, exceeds, opposite, rounded


@kernel
def reduces(held: int, quantity: int) -> bool:
    """Whether an order only reduces a position: its sign is opposite, and it is not larger than the position.

    >>> reduces(10, -10), reduces(10, -11), reduces(0, 5)
    (True, False, False)
    """
    return opposite(held, quantity) and abs(quantity) <= abs(held)


@kernel
def check(
    events: NDArray[np.int64], event_prices: NDArray[np.float64], row: int, settings: NDArray[np.float64], exponent: int
) -> int:
    """The reasons why the request in an event row is refused, one bit each; 0 when it passes.

    Parameters
    ----------
    events, event_prices, row
        The request: its ``ASKED_`` numbers. A quantity that exceeds int64 is ``LARGEST``; the sizes of the order and of the
        resulting position are given as doubles, too. The row receives the numbers of its limits, and ``REASONS``.
    settings
        The limits.
    exponent
        Of the symbol's units.
    """
    price, quantity, after = event_prices[row, ASKED_PRICE], events[row, ASKED_QUANTITY], events[row, ASKED_AFTER]
    reasons = 0
    if not math.isfinite(price):
        reasons = NOT_FINITE
    elif price <= 0.0:
        reasons = NOT_POSITIVE
    elif not reduces(events[row, ASKED_HELD], quantity):
        if abs(after) == LARGEST or abs(quantity) == LARGEST:
            reasons |= TOO_LARGE
        reasons |= _sizes(events, event_prices, row, settings, exponent)
        reasons |= _losses(events, row, settings)
        if exceeds(events[row, ASKED_AGE], settings[STALE_AFTER] * events[row, ASKED_INTERVAL]):
            reasons |= STALE
        if events[row, ASKED_FROZEN] >= settings[FROZEN_AFTER]:
            reasons |= FROZEN
    events[row, REASONS] = reasons
    return reasons


@kernel
def _sizes(
    events: NDArray[np.int64], event_prices: NDArray[np.float64], row: int, settings: NDArray[np.float64], exponent: int
) -> int:
    price, equity, reasons = event_prices[row, ASKED_PRICE], events[row, ASKED_EQUITY], 0
    events[row, WORTH] = worth(event_prices[row, ASKED_AFTER_SIZE], price, exponent) + events[row, ASKED_OTHERS]
    events[row, MOST_WORTH] = rounded(settings[MAX_POSITION] * equity)
    if events[row, WORTH] > events[row, MOST_WORTH]:
        reasons |= POSITION_LIMIT
    events[row, ORDER_WORTH] = worth(event_prices[row, ASKED_SIZE], price, exponent)
    events[row, MOST_ORDER_WORTH] = rounded(settings[MAX_ORDER] * equity)
    if events[row, ORDER_WORTH] > events[row, MOST_ORDER_WORTH]:
        reasons |= ORDER_LIMIT
    return reasons


@kernel
def _losses(events: NDArray[np.int64], row: int, settings: NDArray[np.float64]) -> int:
    events[row, LOSS] = events[row, ASKED_DAY_START] - events[row, ASKED_EQUITY]
    events[row, MOST_LOSS] = rounded(settings[MAX_DAILY_LOSS] * events[row, ASKED_DAY_START])
    return LOSS_LIMIT if events[row, LOSS] > 0 and events[row, LOSS] >= events[row, MOST_LOSS] else 0
