"""The exact sum is that of the standard library, to the last bit."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.kernels.base.exact_sum import add_exactly, rounded_sum

LARGEST = sys.float_info.max / 1e3


def exact(values: list[float]) -> float:
    partials, held = np.zeros(len(values)), 0
    for value in values:
        held = add_exactly(partials, held, value)
        assert held <= len(values)
    return rounded_sum(partials, held)


@settings(max_examples=400)
@given(st.lists(st.floats(-LARGEST, LARGEST), max_size=60))
def test_any_floats(values: list[float]) -> None:
    assert exact(values).hex() == math.fsum(values).hex()


@settings(max_examples=400)
@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(-110, 5)), max_size=30))
def test_halves_of_the_last_bit(parts: list[tuple[int, int]]) -> None:
    values = [math.ldexp(digit, power) for digit, power in parts]
    assert exact(values).hex() == math.fsum(values).hex()


@given(st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_no_order_changes_it_and_what_is_taken_off_again_is_gone(values: list[float], chance: object) -> None:
    turned = values[::-1]
    assert exact(values).hex() == exact(turned).hex()
    assert exact([*values, *(-value for value in turned)]) == 0.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_sums_of_all_powers_of_two(sign: float) -> None:
    values = [sign**power * math.ldexp(1.0, power) for power in range(-1_074, 1_023)]
    for order in (values, values[::-1]):
        assert exact(order) == math.fsum(values)
