"""The sentence for an order that could not trade at the price of its fill.

How much may trade is decided in `alpha_pulse.kernels.execution.fill_limit`.
"""

from __future__ import annotations

from alpha_pulse.core.types import Units
from alpha_pulse.venues.money import cash_text


def sentence(price: float, fraction: float, equity: int, units: Units) -> str:
    """Why nothing of an order traded.

    Parameters
    ----------
    price
        Of the fill.
    fraction
        What the position was meant to be worth, of the equity.
    equity
        Of the book at that price, in minor units.
    units
        Of the symbol.
    """
    return (
        f"the market opened at {price:g}: within {abs(fraction):.4g} of the equity "
        f"{cash_text(units.cash(equity))} and the limits, nothing of the order is worth the smallest order, "
        f"{cash_text(units.cash(units.min_order))}"
    )
