from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.linear import newton
from naive_learning import NaiveNewton

Row = NDArray[np.float64]


def fresh(n: int, forgetting: float, prior: float) -> Row:
    state = np.zeros(newton.size(n))
    state[newton.FORGETTING], state[newton.PRIOR] = forgetting, prior
    newton.start(state, 0, n)
    return state


def parts_of(state: Row, n: int) -> tuple[Row, Row]:
    return state[newton.WEIGHT : newton.WEIGHT + n], state[newton.WEIGHT + n :].reshape(n, n)


def teach(state: Row, z: Row, label: int, weight: float = 1.0, boost: float = 1.0) -> None:
    weights, _ = parts_of(state, len(z))
    newton.learn(state, 0, z, np.full(len(z), np.nan), float(weights @ z), label, weight, boost)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 9),
    forgetting=st.sampled_from([1.0, 0.99, 0.5]),
    prior=st.sampled_from([0.5, 25.0]),
    boost=st.sampled_from([1.0, 4.0]),
)
def test_it_is_the_naive_twin(seed: int, n: int, forgetting: float, prior: float, boost: float) -> None:
    generator = np.random.default_rng(seed)
    state, naive = fresh(n, forgetting, prior), NaiveNewton(n, forgetting, prior, boost)
    for _ in range(60):
        z, label = generator.normal(size=n), int(generator.random() < 0.4)
        weight = float(generator.choice([0.0, 0.3, 1.0, 20.0]))
        teach(state, z, label, weight, boost)
        naive.learn(z.tolist(), label, weight)
        weights, covariance = parts_of(state, n)
        assert weights == pytest.approx(naive.weights, rel=1e-7, abs=1e-9)
        assert covariance == pytest.approx(np.linalg.inv(naive.curvature), rel=1e-7, abs=1e-9)


def test_the_covariance_stays_symmetric_bit_for_bit_and_bounded_when_a_feature_stands_still() -> None:
    generator = np.random.default_rng(1)
    state = fresh(7, 0.99, 10.0)
    for _ in range(5_000):
        z = generator.normal(size=7)
        z[3] = 0.0
        teach(state, z, int(z[0] > 0.0))
    _, covariance = parts_of(state, 7)
    assert covariance.tobytes() == covariance.T.copy().tobytes()
    assert np.trace(covariance) < 1.02 * 7 / 10.0
    assert np.linalg.eigvalsh(covariance).min() > 0.0


def test_without_forgetting_it_finds_the_ridge_optimum_of_the_log_loss() -> None:
    generator = np.random.default_rng(2)
    truth = np.array([0.8, -0.5, 0.3])
    rows = generator.normal(size=(20_000, 3))
    labels = (generator.random(20_000) < 1.0 / (1.0 + np.exp(-rows @ truth))).astype(np.int64)
    state = fresh(3, 1.0, 1.0)
    for z, label in zip(rows, labels, strict=True):
        teach(state, z, int(label))
    best = np.zeros(3)
    for _ in range(20):
        p = 1.0 / (1.0 + np.exp(-rows @ best))
        best -= np.linalg.solve((rows * (p * (1 - p))[:, None]).T @ rows + np.eye(3), rows.T @ (p - labels) + best)
    assert parts_of(state, 3)[0] == pytest.approx(best, abs=0.01)


def test_a_covariance_that_lost_its_sign_to_rounding_starts_again_from_the_prior() -> None:
    state = fresh(3, 1.0, 4.0)
    parts_of(state, 3)[1][1, 1] = -1e-9
    teach(state, np.ones(3), 1)
    assert np.linalg.eigvalsh(parts_of(state, 3)[1]).min() > 0.0
    assert np.isfinite(state).all()
