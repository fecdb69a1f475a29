"""Money from quantities and prices, in whole minor units; see `alpha_pulse.venues.money`.

``exponent`` is a symbol's quantity decimals minus its cash decimals: one unit of a price is worth ``10**-exponent`` minor
units per part.
"""

from __future__ import annotations

import numpy as np

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.whole_numbers import BOUND, rounded, saturated

POWERS = np.array([10.0**exponent for exponent in range(309)])
"""Powers of ten; a double holds the first 23 exactly."""


@kernel
def worth(size: float, price: float, exponent: int) -> int:
    """The value of ``size`` parts (a whole double) at ``price``, in minor units, rounded half to even."""
    if exponent >= 0:
        return rounded(size * price / POWERS[exponent])
    return rounded(size * price * POWERS[-exponent])


@kernel
def money(quantity: int, price: float, exponent: int) -> int:
    """The value of ``quantity`` parts at ``price``, in minor units, rounded half to even.

    Parameters
    ----------
    quantity
        Signed, in parts of a unit; a negative quantity has a negative value.
    price
        Quote currency per unit, finite.
    exponent
        Of the symbol.

    >>> money(1_500_000, 10.01, 4), money(-1_500_000, 10.01, 4), money(3, 1e-8, -11)
    (1502, -1502, 3000)
    """
    return worth(float(quantity), price, exponent)


@kernel
def unrounded_parts(value: float, price: float, exponent: int) -> float:
    """The number of parts that ``value`` (minor units, signed) buys at ``price``, before rounding."""
    return float(value / price * POWERS[exponent] if exponent >= 0 else value / price / POWERS[-exponent])


@kernel
def whole_lots(parts: float, lot: int) -> int:
    """The multiple of ``lot`` (in parts) next to ``parts`` towards 0; +-``LARGEST`` if ``parts`` exceeds int64."""
    whole = saturated(parts)
    if lot == 1 or abs(parts) >= BOUND:
        return whole
    size = abs(whole) // lot * lot
    return size if whole > 0 else -size


@kernel
def parts_for(value: float, price: float, exponent: int, lot: int) -> int:
    """The number of parts that ``value`` (minor units, signed) buys at ``price``: a whole number of lots, rounded towards 0.

    >>> parts_for(-50_000.0, 300.0, 4, 1), parts_for(50_000.0, 300.0, -2, 1)
    (-1666666, 1)
    """
    return whole_lots(unrounded_parts(value, price, exponent), lot)
