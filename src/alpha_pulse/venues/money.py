"""Money is a whole number of minor units, and this is the one place where a price becomes money."""

from __future__ import annotations

from alpha_pulse.core.types import MINOR_UNITS, QUANTITY_SCALE

PARTS_PER_MINOR = QUANTITY_SCALE // MINOR_UNITS
"""Parts of a unit that cost one minor unit at price 1."""


def money(quantity: int, price: float) -> int:
    """What ``quantity`` is worth at ``price``, in minor units, rounded half to even.

    Parameters
    ----------
    quantity
        Signed, in 1/QUANTITY_SCALE units; a negative quantity is worth the negative of the positive one.
    price
        Quote currency per unit, finite.

    >>> money(1_500_000, 10.01), money(-1_500_000, 10.01)
    (1502, -1502)
    >>> money(500_000, 0.01), money(1_500_000, 0.01)
    (0, 2)
    """
    return round(quantity * price / PARTS_PER_MINOR)


def cash_text(amount: int) -> str:
    """An amount of minor units as a person reads it.

    >>> cash_text(-123456)
    '-1234.56'
    """
    whole, part = divmod(abs(amount), MINOR_UNITS)
    return f"{'-' if amount < 0 else ''}{whole}.{part:02d}"
