"""The reasons of the risk gate, from the numbers that `alpha_pulse.kernels.execution.risk_gate` recorded."""

from __future__ import annotations

from collections.abc import Sequence

from alpha_pulse.core.config import RiskConfig
from alpha_pulse.core.types import Units
from alpha_pulse.kernels.execution.layout import (
    ASKED_AFTER,
    ASKED_AFTER_SIZE,
    ASKED_AGE,
    ASKED_EQUITY,
    ASKED_FROZEN,
    ASKED_HELD,
    ASKED_INTERVAL,
    ASKED_OTHERS,
    ASKED_PRICE,
    FROZEN,
    LOSS,
    LOSS_LIMIT,
    MOST_LOSS,
    MOST_ORDER_WORTH,
    MOST_WORTH,
    NOT_FINITE,
    NOT_POSITIVE,
    ORDER_LIMIT,
    ORDER_WORTH,
    POSITION_LIMIT,
    REASONS,
    STALE,
    TOO_LARGE,
    WORTH,
)
from alpha_pulse.kernels.execution.whole_numbers import LARGEST
from alpha_pulse.venues.money import cash_text


def sentences(row: Sequence[int], prices: Sequence[float], limits: RiskConfig, units: Units) -> tuple[str, ...]:
    """The reasons why a request was refused, one sentence each.

    Parameters
    ----------
    row, prices
        The event ``REFUSAL``.
    limits
        The limits against which the request was checked.
    units
        Of the symbol.
    """
    found, price = row[REASONS], prices[ASKED_PRICE]
    if found & NOT_FINITE:
        return (f"the price is {price!r}, but a finite one is needed",)
    if found & NOT_POSITIVE:
        return (f"the price is {price!r}, but one above 0 is needed",)
    made: list[str] = []
    if found & TOO_LARGE:
        after = _after(row, prices, units)
        made.append(
            f"the quantity {after - row[ASKED_HELD]} leaves a position of {after}, but the limit is below 2**63 parts of a unit"
        )
    made.extend(_limits(row, limits, units))
    if found & STALE:
        made.append(
            f"the market's data are {row[ASKED_AGE] / row[ASKED_INTERVAL]:.1f} intervals old, or were missing as long; the "
            f"limit is {limits.stale_after_intervals:g} (stale_after_intervals)"
        )
    if found & FROZEN:
        made.append(
            f"the price {price:g} has stood still for {row[ASKED_FROZEN]} bars, and the limit is "
            f"{limits.frozen_after_bars} (frozen_after_bars)"
        )
    return tuple(made)


def _limits(row: Sequence[int], limits: RiskConfig, units: Units) -> list[str]:
    found, made = row[REASONS], list[str]()

    def cash(amount: int) -> str:
        return cash_text(units.cash(amount))

    if found & POSITION_LIMIT:
        others = f" and those in other symbols, {cash(row[ASKED_OTHERS])}," if row[ASKED_OTHERS] else ""
        made.append(
            f"the position{others} would be worth {cash(row[WORTH])}, but the limit is {cash(row[MOST_WORTH])} "
            f"(max_position_fraction {limits.max_position_fraction:g} of the equity {cash(row[ASKED_EQUITY])})"
        )
    if found & ORDER_LIMIT:
        made.append(
            f"the order would be worth {cash(row[ORDER_WORTH])}, but the limit is {cash(row[MOST_ORDER_WORTH])} "
            f"(max_order_fraction {limits.max_order_fraction:g} of the equity {cash(row[ASKED_EQUITY])})"
        )
    if found & LOSS_LIMIT:
        made.append(
            f"the book lost {cash(row[LOSS])} since the UTC day began, and the limit is {cash(row[MOST_LOSS])} "
            f"(max_daily_loss_fraction {limits.max_daily_loss_fraction:g}): only reducing orders pass until the next day"
        )
    return made


def _after(row: Sequence[int], prices: Sequence[float], units: Units) -> int:
    """The position that a request leaves, also where int64 cannot hold it."""
    after = row[ASKED_AFTER]
    if abs(after) < LARGEST:
        return after
    size = int(prices[ASKED_AFTER_SIZE]) // units.lot * units.lot
    return size if after > 0 else -size
