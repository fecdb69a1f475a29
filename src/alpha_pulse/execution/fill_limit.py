"""The reason for an order that could not trade at the price of its fill.

`alpha_pulse.kernels.execution.fill_limit` decides how much may trade.
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
        The target value of the position, as a fraction of the equity.
    equity
        The book's equity at that price, in minor units.
    units
        Of the symbol.
    """
    return (
        f"the market opened at {price:g}: within {abs(fraction):.4g} of the equity "
        f"{cash_text(units.cash(equity))} and the limits, nothing of the order is worth the smallest order, "
        f"{cash_text(units.cash(units.min_order))}"
    )
