from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.config import Config, ExecutionConfig, VenueConfig
from alpha_pulse.core.types import Units
from alpha_pulse.kernels.execution.whole_numbers import LARGEST
from alpha_pulse.venues.money import cash_decimals, cash_text, minor_units, units_of
from execution_parts import fitting, money, parts_for
from execution_samples import CENTS
from naive_execution.money import money as naive_money
from naive_execution.money import parts_for as naive_parts_for

quantities = st.integers(-(10**12), 10**12)
prices = st.floats(1e-8, 1e9, allow_nan=False)
units = st.builds(
    Units,
    symbol=st.just("X"),
    cash_decimals=st.integers(0, 12),
    quantity_decimals=st.integers(-8, 12),
    lot=st.sampled_from([1, 7]),
)


def exact(quantity: int, price: float, of: Units) -> Fraction:
    return Fraction(quantity) * Fraction(price) * Fraction(10) ** (of.cash_decimals - of.quantity_decimals)


@given(quantities, prices, units)
def test_money_is_a_whole_number_within_half_a_minor_unit_and_odd_in_the_quantity(
    quantity: int, price: float, of: Units
) -> None:
    amount = money(quantity, price, of)
    value = exact(quantity, price, of)
    assert isinstance(amount, int)
    assert amount == fitting(naive_money(quantity, price, of))
    if abs(amount) == LARGEST:
        return
    assert abs(amount - value) <= Fraction(1, 2) + abs(value) * Fraction(1, 2**50)
    assert money(-quantity, price, of) == -amount


def test_halves_round_to_even() -> None:
    assert [money(5_000 * k, 1.0, CENTS) for k in (1, 3, 5, 7, -1, -3)] == [0, 2, 2, 4, 0, -2]


@given(st.floats(-1e13, 1e13), prices, units)
def test_parts_are_whole_lots_worth_no_more_than_the_value(value: float, price: float, of: Units) -> None:
    parts = parts_for(value, price, of)
    if abs(parts) == LARGEST:
        assert abs(naive_parts_for(value, price, of)) >= 2**63 - of.lot
        return
    assert parts == naive_parts_for(value, price, of)
    assert parts % of.lot == 0
    assert parts * value >= 0.0
    assert abs(exact(parts, price, of)) <= abs(Fraction(value)) * (1 + Fraction(1, 2**48))
    more = abs(exact(abs(parts) + of.lot, price, of))
    assert more >= abs(Fraction(value)) * (1 - Fraction(1, 2**48))


@given(st.floats(1.0, 9.9e12), prices)
def test_found_units_are_fine_enough_for_every_account_and_price(cash: float, price: float) -> None:
    found = units_of("X", price, Config(execution=ExecutionConfig(initial_cash=cash)))
    assert found.cash_decimals == cash_decimals(cash)
    assert 10**12 <= minor_units(cash, found.cash_decimals) < 10**13
    part = Fraction(price) / Fraction(10) ** found.quantity_decimals
    assert Fraction(cash) / 10**10 < part * (1 + Fraction(1, 10**9))
    assert part <= Fraction(cash) / 10**9 * (1 + Fraction(1, 10**9))


def test_a_lot_is_a_whole_number_of_parts_and_by_symbol() -> None:
    settings = Config(venue=VenueConfig(lot_size={"X": 0.025}, tick_size=0.01, min_order_value={"Y": 5.0}))
    found, other = units_of("X", 100.0, settings), units_of("Y", 100.0, settings)
    assert found.quantity(found.lot) == 0.025
    assert (other.lot, other.tick, found.tick) == (1, 0.01, 0.01)
    assert (found.cash(found.min_order), other.cash(other.min_order)) == (100.0, 5.0)
    assert parts_for(minor_units(8.0, 7), 100.0, found) == 3 * found.lot


@pytest.mark.parametrize(("price", "lot"), [(1e-30, None), (1e14, None), (100.0, 1e-30), (1e-8, 1e-30), (200_000.0, 1.0)])
def test_prices_and_lots_of_any_size_have_units(price: float, lot: float | None) -> None:
    found = units_of("X", price, Config(venue=VenueConfig(lot_size=lot)))
    parts = parts_for(minor_units(50_000.0, 7), price, found)
    if lot == 1e-30:  # no int64 holds so many, so the risk gate refuses them
        assert parts == LARGEST
    else:
        assert money(parts, price, found) == pytest.approx(5e11, rel=1e-6) or (lot == 1.0 and parts == 0)


@given(st.integers(-(10**15), 10**15))
def test_cash_text_reads_back(amount: int) -> None:
    text = cash_text(amount / 100)
    assert float(text.replace(",", "")) == pytest.approx(amount / 100)
    assert math.copysign(1, amount) < 0 or not text.startswith("-")
