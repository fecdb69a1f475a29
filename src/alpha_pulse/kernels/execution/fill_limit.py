"""The quantity of an order that may trade at the price of its fill."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.layout import EXPONENT, LOT, MAX_ORDER, MAX_POSITION, MIN_ORDER
from alpha_pulse.kernels.execution.money import money, parts_for
from alpha_pulse.kernels.execution.whole_numbers import opposite


@kernel
def admitted(
    quantity: int, fraction: float, held: int, equity: int, others: int, price: float, cost_rate: float,
    settings: NDArray[np.float64], units: NDArray[np.int64], symbol: int,
) -> int:  # fmt: skip
    """The part of an order of ``quantity`` that may trade at ``price``, with the sign of the order.

    The part that reduces a position always trades. The part that opens or increases one trades up to the quantity at which,
    after the costs of this fill, the position is worth at most ``fraction`` of the equity, all positions of the book together
    at most ``MAX_POSITION`` of it, and the order at most ``MAX_ORDER`` of it. An opening part worth less than the smallest
    order does not trade.

    Parameters
    ----------
    quantity
        Of the order, in parts, signed, not 0.
    fraction
        The target value of the position as a fraction of the equity; only its size counts.
    held, equity, others
        Of the book, at ``price`` and before the fill: the position in parts, the equity, and the value of the positions in
        other symbols, with shorts counted as positive, in minor units.
    price
        The fill's reference price, above 0.
    cost_rate
        Half-spread, slippage and fee of this fill over its value.
    settings, units, symbol
        The limits, the units of all symbols, and the number of this symbol.
    """
    closing = min(abs(held), abs(quantity)) if opposite(held, quantity) else 0
    opening = abs(quantity) - closing
    if opening == 0:
        return quantity
    exponent = units[symbol, EXPONENT]
    closed = money(closing, price, exponent)
    base = 0 if closing != 0 else money(abs(held), price, exponent)
    left = equity - cost_rate * closed
    most, own = settings[MAX_POSITION], abs(fraction)
    room = min(
        _room(own if own < most else most, left, base, cost_rate),
        _room(most, left, base + others, cost_rate),
        _room(settings[MAX_ORDER], left, closed, cost_rate),
    )
    opening = min(opening, parts_for(room, price, exponent, units[symbol, LOT]) if room > 0.0 else 0)
    if money(opening, price, exponent) < units[symbol, MIN_ORDER]:
        opening = 0
    return closing + opening if quantity > 0 else -closing - opening


@kernel
def _room(fraction: float, equity: float, taken: int, cost_rate: float) -> float:
    """The value x for which ``taken + x = fraction * (equity - cost_rate * x)``."""
    return (fraction * equity - taken) / (1.0 + fraction * cost_rate)
