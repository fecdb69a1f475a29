from __future__ import annotations

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.types import Units
from execution_parts import admitted
from execution_samples import CENTS, UNIT
from naive_execution.fill_limit import Account
from naive_execution.money import money

FINE = Units("X", cash_decimals=7, quantity_decimals=6, min_order=10**9)


def cut(
    quantity: int, fraction: float, *, held: int = 0, equity: int = 100_000, others: int = 0, price: float = 100.0,
    cost: float = 0.0, units: Units = CENTS,
) -> int:  # fmt: skip
    return admitted(quantity, fraction, Account(held, equity, others), price, cost, 1.0, 2.0, units)


def test_a_gap_between_decision_and_fill_cuts_the_size() -> None:
    # 10 units at 100 were decided for an equity of 1,000; the market opens at twice that price.
    assert cut(10 * UNIT, 1.0, price=200.0) == 5 * UNIT
    assert cut(-10 * UNIT, -1.0, price=200.0) == -5 * UNIT
    assert cut(10 * UNIT, 1.0, price=50.0) == 10 * UNIT
    assert cut(5 * UNIT, 0.5, price=200.0) == UNIT * 5 // 2


def test_what_reduces_trades_whole_and_a_change_of_sides_is_cut_on_its_new_side() -> None:
    assert cut(-10 * UNIT, 0.0, held=10 * UNIT, price=1_000.0, equity=-5) == -10 * UNIT
    assert cut(-4 * UNIT, 0.6, held=10 * UNIT, price=1_000.0) == -4 * UNIT
    assert cut(-20 * UNIT, -1.0, held=10 * UNIT, price=200.0, equity=150_000) == -15 * UNIT
    assert cut(-20 * UNIT, -1.0, held=10 * UNIT, equity=0) == -10 * UNIT


def test_costs_other_positions_and_the_largest_order_leave_less() -> None:
    assert cut(10 * UNIT, 1.0, cost=0.01) == int(10 * UNIT / 1.01)
    assert cut(10 * UNIT, 1.0, others=70_000) == 3 * UNIT
    assert admitted(10 * UNIT, 1.0, Account(0, 100_000, 0), 100.0, 0.0, 1.0, 0.25, CENTS) == UNIT * 5 // 2
    assert cut(10 * UNIT, 1.0, held=10 * UNIT, price=150.0) == 0


def test_no_lot_is_split_and_no_dust_opened() -> None:
    coarse = msgspec.structs.replace(CENTS, lot=3 * UNIT)
    assert cut(9 * UNIT, 1.0, price=120.0, units=coarse) == 6 * UNIT
    small = msgspec.structs.replace(CENTS, min_order=60_000)
    assert cut(10 * UNIT, 1.0, price=200.0, others=50_000, units=small) == 0
    assert cut(-20 * UNIT, -1.0, held=10 * UNIT, price=200.0, others=50_000, units=small) == -10 * UNIT


@given(
    st.integers(-(10**9), 10**9),
    st.integers(-(10**9), 10**9).filter(bool),
    st.floats(0.01, 1.0),
    st.integers(-(10**11), 10**13),
    st.integers(0, 10**13),
    st.floats(1.0, 1e4),
    st.floats(0.0, 0.01),
)
def test_after_the_fill_no_limit_is_broken_by_what_was_opened(
    held: int, quantity: int, fraction: float, equity: int, others: int, price: float, cost_rate: float
) -> None:
    traded = admitted(quantity, fraction, Account(held, equity, others), price, cost_rate, 1.0, 2.0, FINE)
    closing = min(abs(held), abs(quantity)) if held * quantity < 0 else 0
    assert traded * quantity >= 0
    assert closing <= abs(traded) <= abs(quantity)
    if abs(traded) == closing:
        return
    after = abs(money(held + traded, price, FINE))
    left = equity - Fraction(cost_rate) * abs(money(traded, price, FINE))
    slack = 2 + Fraction(abs(equity) + after + others, 2**45)
    assert after <= Fraction(fraction) * left + slack
    assert after + others <= left + slack
    assert abs(money(traded, price, FINE)) <= 2 * left + slack
    more = abs(traded) + 2
    if more <= abs(quantity):
        # It was cut, so a little more would have broken a limit.
        more_value = money(more, price, FINE)
        after, left = (
            abs(money(held, price, FINE) * (0 if closing else 1)) + more_value - money(closing, price, FINE),
            (equity - Fraction(cost_rate) * more_value),
        )
        assert after > Fraction(fraction) * left - slack or after + others > left - slack or more_value > 2 * left - slack


@pytest.mark.parametrize("price", [1e-8, 1.0, 1e9])
def test_the_cut_does_not_depend_on_the_scale_of_prices(price: float) -> None:
    decimals = {1e-8: -2, 1.0: 6, 1e9: 15}[price]
    units = Units("X", cash_decimals=7, quantity_decimals=decimals)
    account = Account(0, 10**12, 0)
    whole = admitted(10**15, 0.5, account, price, 0.0, 1.0, 2.0, units)
    assert money(whole, price, units) == pytest.approx(5 * 10**11, rel=1e-6)
