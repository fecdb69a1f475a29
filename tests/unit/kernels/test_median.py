from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.kernels.base.median import median_push, median_size, median_value

numbers = st.floats(-1e15, 1e15, allow_nan=False) | st.integers(-2, 2).map(float)


@given(values=st.lists(numbers, max_size=80), window=st.integers(1, 17), base=st.integers(0, 3))
def test_equals_the_median_of_the_last_values(values: list[float], window: int, base: int) -> None:
    state = np.zeros(base + median_size(window) + 1)
    state[:base] = state[-1] = 7.0
    for i, value in enumerate(values):
        median_push(state, base, window, value)
        kept = values[max(0, i + 1 - window) : i + 1]
        assert median_value(state, base, window) == pytest.approx(statistics.median(kept), rel=1e-15, abs=1e-300)
        assert state[base + 1 + window : base + 1 + window + len(kept)].tolist() == sorted(kept)
    assert state[:base].tolist() == [7.0] * base
    assert state[-1] == 7.0


def test_no_value_has_median_0() -> None:
    assert median_value(np.zeros(median_size(5)), 0, 5) == 0.0


@pytest.mark.parametrize("kind", ["rising", "falling", "equal", "random"])
def test_a_window_of_2000_over_long_runs(kind: str) -> None:
    rng = np.random.default_rng(3)
    values = {
        "rising": np.arange(6000.0),
        "falling": -np.arange(6000.0),
        "equal": np.full(6000, 0.1),
        "random": rng.lognormal(size=6000),
    }[kind]
    state = np.zeros(median_size(2000))
    for i, value in enumerate(values):
        median_push(state, 0, 2000, value)
        if i % 997 == 0 or i in (1999, 2000, 5999):
            assert median_value(state, 0, 2000) == np.median(values[max(0, i - 1999) : i + 1])
