"""The risk gate: every order passes it before it is journaled. A pure function; each refusal has its reasons."""

from __future__ import annotations

import math

import msgspec

from alpha_pulse.core.config import RiskConfig
from alpha_pulse.core.types import Units
from alpha_pulse.venues.money import cash_text
from naive_execution.money import money

QUANTITY_LIMIT = 2**63
"""Quantities are int64."""


class OrderRequest(msgspec.Struct, frozen=True):
    """A requested order, with all that its checks need.

    Quantities in parts, signed; money in minor units; ``price`` is the last close; ``others`` is what the book's positions in
    other symbols are worth, shorts counted as positive; ``age_ns`` is how old the bar is, ``frozen_bars`` how many bars in
    a row have repeated one price.
    """

    quantity: int
    held: int
    price: float
    equity: int
    day_start_equity: int
    age_ns: int
    interval_ns: int
    frozen_bars: int
    units: Units
    others: int = 0


class RiskGate:
    """Checks a request against the limits of the configuration.

    An order that only reduces a position must pass only the checks of its price: refusing it would lock the position (a short
    whose price rises by a third is already worth twice the equity). A request beyond a limit is refused, never reduced.

    >>> gate = RiskGate(RiskConfig(max_position_fraction=0.5))
    >>> units = Units("X", cash_decimals=2, quantity_decimals=6)
    >>> gate.check(OrderRequest(1_000_000, 0, 100.0, 100_000, 100_000, 0, 60, 0, units))
    ()
    >>> gate.check(OrderRequest(6_000_000, 0, 100.0, 100_000, 100_000, 0, 60, 0, units))
    ('the position would be worth 600.00, but the limit is 500.00 (max_position_fraction 0.5 of the equity 1,000.00)',)
    """

    def __init__(self, limits: RiskConfig) -> None:
        self._limits = limits

    def check(self, request: OrderRequest) -> tuple[str, ...]:
        """Why the request is refused, a sentence per reason; empty when it passes."""
        price = request.price
        if not math.isfinite(price):
            return (f"the price is {price!r}, but a finite one is needed",)
        if price <= 0.0:
            return (f"the price is {price!r}, but one above 0 is needed",)
        after = request.held + request.quantity
        if reduces(request.held, request.quantity):
            return ()
        reasons: list[str] = []
        if max(abs(after), abs(request.quantity)) >= QUANTITY_LIMIT:
            reasons.append(
                f"the quantity {request.quantity} leaves a position of {after}, but the limit is below 2**63 parts of a unit"
            )
        self._sizes(request, after, reasons)
        self._losses(request, reasons)
        self._data(request, reasons)
        return tuple(reasons)

    def _sizes(self, request: OrderRequest, after: int, reasons: list[str]) -> None:
        limits, equity, units = self._limits, request.equity, request.units

        def cash(amount: int) -> str:
            return cash_text(units.cash(amount))

        worth = money(abs(after), request.price, units) + request.others
        most = round(limits.max_position_fraction * equity)
        if worth > most:
            others = f" and those in other symbols, {cash(request.others)}," if request.others else ""
            reasons.append(
                f"the position{others} would be worth {cash(worth)}, but the limit is {cash(most)} "
                f"(max_position_fraction {limits.max_position_fraction:g} of the equity {cash(equity)})"
            )
        worth = money(abs(request.quantity), request.price, units)
        most = round(limits.max_order_fraction * equity)
        if worth > most:
            reasons.append(
                f"the order would be worth {cash(worth)}, but the limit is {cash(most)} "
                f"(max_order_fraction {limits.max_order_fraction:g} of the equity {cash(equity)})"
            )

    def _losses(self, request: OrderRequest, reasons: list[str]) -> None:
        fraction = self._limits.max_daily_loss_fraction
        loss = request.day_start_equity - request.equity
        most, units = round(fraction * request.day_start_equity), request.units
        if loss > 0 and loss >= most:
            reasons.append(
                f"the book lost {cash_text(units.cash(loss))} since the UTC day began, and the limit is "
                f"{cash_text(units.cash(most))} "
                f"(max_daily_loss_fraction {fraction:g}): only reducing orders pass until the next day"
            )

    def _data(self, request: OrderRequest, reasons: list[str]) -> None:
        limits = self._limits
        if request.age_ns > limits.stale_after_intervals * request.interval_ns:
            reasons.append(
                f"the market's data are {request.age_ns / request.interval_ns:.1f} intervals old, or were missing as long; the "
                f"limit is {limits.stale_after_intervals:g} (stale_after_intervals)"
            )
        if request.frozen_bars >= limits.frozen_after_bars:
            reasons.append(
                f"the price {request.price:g} has stood still for {request.frozen_bars} bars, and the limit is "
                f"{limits.frozen_after_bars} (frozen_after_bars)"
            )


def reduces(held: int, quantity: int) -> bool:
    """Whether an order only reduces a position: its sign is opposite, and it is not larger than the position.

    >>> reduces(10, -10), reduces(10, -11), reduces(0, 5)
    (True, False, False)
    """
    return held * quantity < 0 and abs(quantity) <= abs(held)
