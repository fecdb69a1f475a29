from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.venues.money import cash_text, money

quantities = st.integers(-(10**12), 10**12)
prices = st.floats(1e-6, 1e7, allow_nan=False)


@given(quantities, prices)
def test_money_is_a_whole_number_within_half_a_minor_unit_and_odd_in_the_quantity(quantity: int, price: float) -> None:
    amount = money(quantity, price)
    exact = Fraction(quantity) * Fraction(price) / 10_000
    assert isinstance(amount, int)
    assert abs(amount - exact) <= Fraction(1, 2) + abs(exact) * Fraction(1, 2**50)
    assert money(-quantity, price) == -amount


def test_halves_round_to_even() -> None:
    assert [money(5_000 * k, 1.0) for k in (1, 3, 5, 7, -1, -3)] == [0, 2, 2, 4, 0, -2]


def test_a_fraction_of_a_unit_has_a_price() -> None:
    assert money(1, 50_000.0) == 5
    assert money(333_333, 3.0) == 100


@given(st.integers(-(10**15), 10**15))
def test_cash_text_reads_back(amount: int) -> None:
    whole, _, part = cash_text(amount).lstrip("-").partition(".")
    assert int(whole) * 100 + int(part) == abs(amount)
    assert math.copysign(1, amount) < 0 or not cash_text(amount).startswith("-")
