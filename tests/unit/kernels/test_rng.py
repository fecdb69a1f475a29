from __future__ import annotations

import numpy as np
import pytest

from alpha_pulse.kernels.base.rng import below, poisson, uniform


def test_numbers_are_those_of_splitmix64() -> None:
    state, found = np.array([1234567], np.int64), []
    for _ in range(3):
        uniform(state, 0)
        found.append(int(state[0]) % 2**64)
    step = 0x9E3779B97F4A7C15
    assert found == [(1234567 + k * step) % 2**64 for k in (1, 2, 3)]


def test_uniform_numbers_are_even_and_uncorrelated() -> None:
    state = np.array([5], np.int64)
    found = np.array([uniform(state, 0) for _ in range(40_000)])
    assert 0.0 <= found.min() < found.max() < 1.0
    assert found.mean() == pytest.approx(0.5, abs=0.01)
    assert found.var() == pytest.approx(1.0 / 12.0, abs=0.002)
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 0.02
    assert sorted({below(state, 0, 3) for _ in range(100)}) == [0, 1, 2]


@pytest.mark.parametrize("rate", [1.0, 6.0])
def test_poisson_draws_have_its_mean_and_variance(rate: float) -> None:
    state = np.array([9], np.int64)
    found = np.array([poisson(state, 0, rate) for _ in range(40_000)])
    assert found.mean() == pytest.approx(rate, rel=0.02)
    assert found.var() == pytest.approx(rate, rel=0.05)
