"""Slow, obvious twins of the books and of the risk gate."""

from __future__ import annotations

import math
from fractions import Fraction

from alpha_pulse.core.config import RiskConfig
from alpha_pulse.core.types import Fill
from naive_execution.risk import OrderRequest


class NaiveBook:
    """First in first out, one part of a unit at a time: each carries its own share of its fill's value and charges."""

    def __init__(self, initial_cash: int) -> None:
        self.cash = initial_cash
        self.parts: list[tuple[int, Fill, int, int]] = []
        self.closed: dict[tuple[str, str], list[int]] = {}

    def apply(self, fill: Fill) -> None:
        value = _half_even(Fraction(fill.quantity * fill.reference / 10_000))
        charges = fill.cost + fill.fee
        self.cash -= value + charges
        size = abs(fill.quantity)
        sign = 1 if fill.quantity > 0 else -1
        for k in range(size):
            worth = math.floor(Fraction(value * (k + 1), size)) - math.floor(Fraction(value * k, size))
            charge = math.floor(Fraction(charges * (k + 1), size)) - math.floor(Fraction(charges * k, size))
            if self.parts and self.parts[0][0] != sign:
                held, opened, basis, opening_charge = self.parts.pop(0)
                lot = self.closed.setdefault((opened.fill_id, fill.fill_id), [0, 0, 0])
                lot[0] += held
                lot[1] += -worth - basis
                lot[2] += charge + opening_charge
            else:
                self.parts.append((sign, fill, worth, charge))

    @property
    def position(self) -> int:
        return sum(part[0] for part in self.parts)

    @property
    def basis(self) -> int:
        return sum(part[2] for part in self.parts)


def _half_even(value: Fraction) -> int:
    below = math.floor(value)
    rest = value - below
    if rest == Fraction(1, 2):
        return below if below % 2 == 0 else below + 1
    return below if rest < Fraction(1, 2) else below + 1


def naive_gate(limits: RiskConfig, request: OrderRequest) -> bool:
    """Whether the order may pass, said in one breath per limit."""
    if not 0.0 < request.price < math.inf:
        return False
    after = request.held + request.quantity
    same_side = after == 0 or (after > 0) == (request.held > 0)
    if request.held != 0 and abs(after) < abs(request.held) and same_side:
        return True
    position = _half_even(Fraction(abs(after) * request.price / 10_000)) + request.others
    order = _half_even(Fraction(abs(request.quantity) * request.price / 10_000))
    lost = request.day_start_equity - request.equity
    return (
        abs(after) < 2**63
        and abs(request.quantity) < 2**63
        and position <= _half_even(Fraction(limits.max_position_fraction * request.equity))
        and order <= _half_even(Fraction(limits.max_order_fraction * request.equity))
        and not (lost > 0 and lost >= _half_even(Fraction(limits.max_daily_loss_fraction * request.day_start_equity)))
        and request.age_ns <= limits.stale_after_intervals * request.interval_ns
        and request.frozen_bars < limits.frozen_after_bars
    )
