"""Money and parts by Python's own integers, of any size."""

from __future__ import annotations

from alpha_pulse.core.types import Units

_POWERS = tuple(10.0**exponent for exponent in range(309))


def money(quantity: int, price: float, units: Units) -> int:
    """The value of ``quantity`` parts at ``price``, in minor units, rounded half to even.

    Parameters
    ----------
    quantity
        Signed, in parts of a unit; a negative quantity has a negative value.
    price
        Quote currency per unit, finite.
    units
        Of the symbol.

    >>> units = Units("X", cash_decimals=2, quantity_decimals=6)
    >>> money(1_500_000, 10.01, units), money(-1_500_000, 10.01, units)
    (1502, -1502)
    >>> money(3, 1e-8, Units("X", cash_decimals=7, quantity_decimals=-4))
    3000
    """
    exponent = units.quantity_decimals - units.cash_decimals
    return round(quantity * price / _POWERS[exponent] if exponent >= 0 else quantity * price * _POWERS[-exponent])


def parts_for(value: float, price: float, units: Units) -> int:
    """The number of parts that ``value`` (minor units, signed) buys at ``price``: a whole number of lots, rounded towards 0.

    >>> parts_for(-50_000.0, 300.0, Units("X", cash_decimals=2, quantity_decimals=6))
    -1666666
    >>> parts_for(50_000.0, 300.0, Units("X", cash_decimals=2, quantity_decimals=0, lot=1))
    1
    """
    exponent = units.quantity_decimals - units.cash_decimals
    parts = int(value / price * _POWERS[exponent] if exponent >= 0 else value / price / _POWERS[-exponent])
    return parts if units.lot == 1 else (abs(parts) // units.lot * units.lot) * (1 if parts > 0 else -1)
