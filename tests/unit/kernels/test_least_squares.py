"""Recursive least squares is the solution of the normal equations, and its forgetting is bounded."""

from __future__ import annotations

import numpy as np
import pytest

from alpha_pulse.kernels.linear import newton
from alpha_pulse.kernels.volatility import least_squares
from naive_volatility import NaiveRegression


def taught(rows: np.ndarray, targets: np.ndarray, forgetting: float, prior: float) -> np.ndarray:
    n = rows.shape[1]
    state, u = np.zeros(newton.size(n)), np.zeros(n)
    least_squares.start(state, n, forgetting, prior)
    for x, target in zip(rows, targets, strict=True):
        least_squares.learn(state, x, target - least_squares.predict(state, x), u)
    return state


@pytest.mark.parametrize("prior", [0.01, 20.0])
def test_without_forgetting_it_is_ridge_regression(prior: float) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(300, 6))
    targets = rows @ rng.normal(size=6) + 0.1 * rng.normal(size=300)
    state = taught(rows, targets, 1.0, prior)
    expected = np.linalg.solve(rows.T @ rows + prior * np.eye(6), rows.T @ targets)
    np.testing.assert_allclose(state[newton.WEIGHT : newton.WEIGHT + 6], expected, rtol=1e-8)


def test_with_forgetting_it_is_the_naive_twin() -> None:
    rng = np.random.default_rng(2)
    rows, naive = rng.normal(size=(200, 4)), NaiveRegression(4, 5.0, 0.95)
    targets = rng.normal(size=200)
    for x, target in zip(rows, targets, strict=True):
        naive.learn(x, target - float(x @ naive.weights))
    state = taught(rows, targets, 0.95, 5.0)
    np.testing.assert_allclose(state[newton.WEIGHT : newton.WEIGHT + 4], naive.weights, rtol=1e-7)


def test_an_input_that_stands_still_does_not_let_the_covariance_grow() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(5_000, 4))
    rows[:, 2] = 0.0
    state = taught(rows, rows[:, 0], 0.99, 10.0)
    covariance = state[newton.WEIGHT + 4 :].reshape(4, 4)
    assert np.trace(covariance) < 1.02 * 4 / 10.0
    assert covariance.tobytes() == covariance.T.copy().tobytes()
