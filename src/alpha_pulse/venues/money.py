"""Money is a whole number of minor units; only `alpha_pulse.kernels.execution.money` converts prices to money.

The size of the units follows from the initial cash and the first price. Rounding therefore costs every account the same
fraction (about 1e-12 per fill), whatever its cash and the prices:

- A minor unit of cash is 10**-cash_decimals, such that the initial cash is 1e12 to 1e13 of them: 1e-7 at an initial cash of
  100,000.
- A part of a symbol's unit is 10**-quantity_decimals, the largest power of ten that costs at most a billionth of the initial
  cash at the symbol's first close.
"""

from __future__ import annotations

import math
from decimal import Decimal

from alpha_pulse.core.config import Config, for_symbol
from alpha_pulse.core.types import Units

CASH_DIGITS = 12
"""The initial cash is 10**CASH_DIGITS minor units or more, and less than ten times as many."""
PART_DIGITS = 9
"""The initial cash buys 10**PART_DIGITS parts or more at the first close."""
MOST_DECIMALS = 14


def cash_decimals(initial_cash: float) -> int:
    """The number of decimals of an account's minor unit.

    >>> cash_decimals(100_000.0), cash_decimals(1.0), cash_decimals(9.9e12)
    (7, 12, 0)
    """
    return CASH_DIGITS - math.floor(math.log10(initial_cash))


def minor_units(cash: float, decimals: int) -> int:
    """An amount of cash as minor units, rounded half to even.

    >>> minor_units(100_000.0, 7)
    1000000000000
    """
    return round(cash * 10.0**decimals)


def units_of(symbol: str, price: float, settings: Config) -> Units:
    """The units of a symbol whose first close is ``price``; lot, tick and smallest order as configured, else derived.

    >>> units_of("EURUSD", 1.05, Config())
    Units(symbol='EURUSD', cash_decimals=7, quantity_decimals=5, lot=1, min_order=1000000000, tick=None)
    """
    cash, venue = settings.execution.initial_cash, settings.venue
    decimals = cash_decimals(cash)
    parts = math.ceil(math.log10(price / cash) + PART_DIGITS)
    lot_size, lot = for_symbol(venue.lot_size, symbol), 1
    if lot_size is not None:
        digits = Decimal(repr(lot_size))
        parts = max(parts, -int(digits.normalize().as_tuple().exponent))
        lot = int(digits.scaleb(parts))
    smallest = for_symbol(venue.min_order_value, symbol)
    if smallest is None:
        smallest = settings.execution.min_order_fraction * cash
    return Units(symbol, decimals, parts, lot, minor_units(smallest, decimals), for_symbol(venue.tick_size, symbol))


def cash_text(cash: float, *, signed: bool = False) -> str:
    """An amount of cash as text: in cents, or with two significant digits where cents are too coarse.

    >>> cash_text(1234.5), cash_text(0.0, signed=True), cash_text(-0.000123), cash_text(0.5, signed=True)
    ('1,234.50', '0.00', '-0.00012', '+0.50')
    """
    if cash == 0.0:
        return "0.00"
    decimals = max(2, 1 - math.floor(math.log10(abs(cash))))
    return format(cash, f"{'+' if signed else ''},.{min(decimals, MOST_DECIMALS)}f")
