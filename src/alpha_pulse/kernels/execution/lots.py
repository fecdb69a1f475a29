"""A position as a ring of lots, first in first out; amounts of money add up to the last minor unit.

Values are taken at reference prices, so that a lot's gross P&L contains no spread, slippage or fee. The charges of a closed lot
are its share of the costs and fees of both fills. A fill that closes several lots, or closes and opens, is shared among them by
quantity, in integers (method: first in first out, IAS 2, 2003).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.layout import (
    BASIS,
    CLOSE_REFERENCE,
    CLOSED,
    CLOSED_CHARGES,
    CLOSED_GROSS,
    CLOSED_LOT,
    CLOSED_OPEN_ID,
    CLOSED_OPENED_TS,
    CLOSED_PUT_IN,
    CLOSED_RANK,
    CLOSED_RETURN,
    COSTS,
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
    FEES,
    FILLS,
    FIRST,
    LOT_CHARGES,
    LOT_ORDER,
    LOT_PREDICTION,
    LOT_QUANTITY,
    LOT_SIGNAL,
    LOT_TS,
    LOT_USED,
    LOT_VALUE,
    MIN_ORDER,
    OPEN_LOTS,
    OPEN_REFERENCE,
    POSITION,
    REALISED_CHARGES,
    REALISED_GROSS,
    REFERENCE,
    TRADED,
    TYPE,
)
from alpha_pulse.kernels.execution.money import money
from alpha_pulse.kernels.execution.whole_numbers import multiply_divide, opposite, ratio


@kernel
def share(amount: int, start: int, end: int, whole: int) -> int:
    """The part of ``amount`` that belongs to units ``start`` to ``end`` of ``whole``; adjacent parts add up exactly.

    >>> [share(10, 0, 1, 3), share(10, 1, 2, 3), share(10, 2, 3, 3)]
    [3, 3, 4]
    """
    return multiply_divide(amount, end, whole) - multiply_divide(amount, start, whole)


@kernel
def apply_to_lots(
    positions: NDArray[np.int64], lots: NDArray[np.int64], lot_prices: NDArray[np.float64], units: NDArray[np.int64],
    events: NDArray[np.int64], event_prices: NDArray[np.float64], counter: NDArray[np.int64], fill: int,
) -> int:  # fmt: skip
    """Apply a fill to the lots of its book and symbol; returns its value at the reference price, in minor units.

    Adds an event ``CLOSED_LOT`` for each lot that it closed, oldest first. There must be room for one more open lot, and for
    an event per open lot.

    Parameters
    ----------
    positions, lots, lot_prices, units
        The packed state, see `alpha_pulse.kernels.execution.layout`.
    events, event_prices, counter
        Rows of events, and their number. fill The row of the fill, complete.
    """
    symbol, book, quantity = events[fill, EVENT_SYMBOL], events[fill, EVENT_BOOK], events[fill, EVENT_QUANTITY]
    value = money(quantity, event_prices[fill, REFERENCE], units[symbol, EXPONENT])
    charges = events[fill, EVENT_COST] + events[fill, EVENT_FEE]
    capacity = lots.shape[2]
    used = rank = 0
    while used != quantity and positions[symbol, book, OPEN_LOTS] > 0:
        place = positions[symbol, book, FIRST]
        opened = lots[symbol, book, place, LOT_QUANTITY]
        if not opposite(opened, quantity):
            break
        left = opened - lots[symbol, book, place, LOT_USED]
        size = min(abs(left), abs(quantity - used))
        held = size if quantity < 0 else -size
        _close(positions, lots, lot_prices, units, events, event_prices, counter, fill, value, charges, used, held, rank)
        used -= held
        rank += 1
        if lots[symbol, book, place, LOT_USED] == opened:
            positions[symbol, book, FIRST] = (place + 1) % capacity
            positions[symbol, book, OPEN_LOTS] -= 1
    if used != quantity:
        place = (positions[symbol, book, FIRST] + positions[symbol, book, OPEN_LOTS]) % capacity
        lots[symbol, book, place, LOT_QUANTITY] = quantity
        lots[symbol, book, place, LOT_USED] = used
        lots[symbol, book, place, LOT_VALUE] = value
        lots[symbol, book, place, LOT_CHARGES] = charges
        lots[symbol, book, place, LOT_TS] = events[fill, EVENT_TS]
        lots[symbol, book, place, LOT_ORDER] = events[fill, EVENT_ID]
        lots[symbol, book, place, LOT_SIGNAL] = events[fill, EVENT_SIGNAL]
        lots[symbol, book, place, LOT_PREDICTION] = events[fill, EVENT_PREDICTION]
        lot_prices[symbol, book, place] = event_prices[fill, REFERENCE]
        positions[symbol, book, OPEN_LOTS] += 1
        positions[symbol, book, BASIS] += share(value, used, quantity, quantity)
    positions[symbol, book, POSITION] += quantity
    positions[symbol, book, COSTS] += events[fill, EVENT_COST]
    positions[symbol, book, FEES] += events[fill, EVENT_FEE]
    positions[symbol, book, TRADED] += abs(value)
    positions[symbol, book, FILLS] += 1
    return value


@kernel
def _close(
    positions: NDArray[np.int64], lots: NDArray[np.int64], lot_prices: NDArray[np.float64], units: NDArray[np.int64],
    events: NDArray[np.int64], event_prices: NDArray[np.float64], counter: NDArray[np.int64], fill: int,
    value: int, charges: int, used: int, held: int, rank: int,
) -> None:  # fmt: skip
    """Close ``held`` parts (signed) of the oldest lot against the fill, of which ``used`` is used already."""
    symbol, book, quantity = events[fill, EVENT_SYMBOL], events[fill, EVENT_BOOK], events[fill, EVENT_QUANTITY]
    oldest = positions[symbol, book, FIRST]
    opened, start = lots[symbol, book, oldest, LOT_QUANTITY], lots[symbol, book, oldest, LOT_USED]
    end = start + held
    basis = share(lots[symbol, book, oldest, LOT_VALUE], start, end, opened)
    gross = -share(value, used, used - held, quantity) - basis
    costs = share(lots[symbol, book, oldest, LOT_CHARGES], start, end, opened) + share(charges, used, used - held, quantity)
    lots[symbol, book, oldest, LOT_USED] = end
    positions[symbol, book, BASIS] -= basis
    positions[symbol, book, REALISED_GROSS] += gross
    positions[symbol, book, REALISED_CHARGES] += costs
    positions[symbol, book, CLOSED] += 1 if abs(basis) >= units[symbol, MIN_ORDER] else 0
    row = counter[0]
    counter[0] += 1
    events[row, TYPE] = CLOSED_LOT
    events[row, EVENT_SYMBOL] = symbol
    events[row, EVENT_BOOK] = book
    events[row, EVENT_TS] = events[fill, EVENT_TS]
    events[row, EVENT_QUANTITY] = held
    events[row, CLOSED_CHARGES] = costs
    events[row, CLOSED_GROSS] = gross
    events[row, EVENT_ID] = events[fill, EVENT_ID]
    events[row, EVENT_SIGNAL] = lots[symbol, book, oldest, LOT_SIGNAL]
    events[row, EVENT_PREDICTION] = lots[symbol, book, oldest, LOT_PREDICTION]
    events[row, CLOSED_OPENED_TS] = lots[symbol, book, oldest, LOT_TS]
    events[row, CLOSED_OPEN_ID] = lots[symbol, book, oldest, LOT_ORDER]
    events[row, CLOSED_RANK] = rank
    put_in = money(abs(held), lot_prices[symbol, book, oldest], units[symbol, EXPONENT])
    events[row, CLOSED_PUT_IN] = put_in
    event_prices[row, OPEN_REFERENCE] = lot_prices[symbol, book, oldest]
    event_prices[row, CLOSE_REFERENCE] = event_prices[fill, REFERENCE]
    event_prices[row, CLOSED_RETURN] = ratio(gross - costs, max(1, put_in))
