"""The quantity of an order that may trade at the price of its fill. Pure functions."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.types import Units
from naive_execution.money import money, parts_for


class Account(msgspec.Struct, frozen=True):
    """A book from the view of one symbol; money in minor units, at the price in question.

    ``equity`` includes the position ``held`` (parts, signed); ``others`` is what the book's positions in other symbols are
    worth, long and short alike counted as positive; ``share`` is the part of the equity that one symbol gets.
    """

    held: int
    equity: int
    others: int
    share: float = 1.0


def admitted(
    quantity: int,
    fraction: float,
    account: Account,
    price: float,
    cost_rate: float,
    max_position_fraction: float,
    max_order_fraction: float,
    units: Units,
) -> int:
    """The part of an order of ``quantity`` that may trade at ``price``, with the sign of the order.

    What reduces a position always trades. What opens or adds trades as far as, after the costs of this fill, the position is
    worth at most ``fraction`` of the equity, all positions of the book together at most ``max_position_fraction`` of it,
    and the order at most ``max_order_fraction`` of it. An opening part worth less than the smallest order does not trade.

    Parameters
    ----------
    quantity
        Of the order, in parts, signed, not 0.
    fraction
        The target value of the position as a fraction of the equity; only its size counts.
    account
        At ``price``, before the fill.
    price
        The fill's reference price, above 0.
    cost_rate
        Half-spread, slippage and fee of this fill over its value.
    max_position_fraction, max_order_fraction
        Of the equity.

    >>> units = Units("X", cash_decimals=2, quantity_decimals=6)
    >>> flat = Account(held=0, equity=100_000, others=0)
    >>> [admitted(10_000_000, 1.0, flat, price, 0.0, 1.0, 2.0, units) for price in (90.0, 100.0, 200.0)]
    [10000000, 10000000, 5000000]
    """
    held = account.held
    closing = min(abs(held), abs(quantity)) if held * quantity < 0 else 0
    opening = abs(quantity) - closing
    if opening == 0:
        return quantity
    closed = money(closing, price, units)
    base = 0 if closing else money(abs(held), price, units)
    equity = account.equity - cost_rate * closed
    room = min(
        _room(min(abs(fraction), max_position_fraction), equity, base, cost_rate),
        _room(max_position_fraction, equity, base + account.others, cost_rate),
        _room(max_order_fraction, equity, closed, cost_rate),
    )
    most = parts_for(room, price, units) if room > 0.0 else 0
    opening = min(opening, most)
    if money(opening, price, units) < units.min_order:
        opening = 0
    return closing + opening if quantity > 0 else -closing - opening


def _room(fraction: float, equity: float, taken: int, cost_rate: float) -> float:
    """The value x for which ``taken + x = fraction * (equity - cost_rate * x)``."""
    return (fraction * equity - taken) / (1.0 + fraction * cost_rate)
