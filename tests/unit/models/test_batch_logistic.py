from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State
from alpha_pulse.models.batch.logistic import BatchLogistic

RNG = np.random.default_rng(1)
ROWS = RNG.normal(size=(800, 4)) * [1.0, 10.0, 0.1, 0.0] + [0.0, 5.0, -2.0, 3.0]
LABELS = (RNG.random(800) < 1.0 / (1.0 + np.exp(0.1 * ROWS[:, 1] - ROWS[:, 0]))).astype(np.int64)
WEIGHTS = RNG.random(800) * (RNG.random(800) > 0.1)


@pytest.mark.parametrize("ridge", [0.1, 10.0, 1_000.0])
def test_it_is_the_ridge_regression_of_scikit_learn(ridge: float) -> None:
    model = BatchLogistic(4, ridge=ridge)
    model.fit(ROWS, LABELS, WEIGHTS)
    used = WEIGHTS > 0.0
    deviations = np.where(ROWS.std(axis=0) > 1e-12, ROWS[used].std(axis=0), 1.0)
    scaled = (ROWS - ROWS[used].mean(axis=0)) / deviations
    twin = LogisticRegression(C=1.0 / ridge, tol=1e-12, max_iter=5_000)
    twin.fit(scaled[used], LABELS[used], sample_weight=WEIGHTS[used] / WEIGHTS[used].mean())
    assert [model.predict(row) for row in ROWS] == pytest.approx(twin.predict_proba(scaled)[:, 1], abs=1e-6)


def test_separable_examples_have_finite_coefficients() -> None:
    model = BatchLogistic(1, ridge=1e-3)
    rows = np.linspace(-1.0, 1.0, 100).reshape(-1, 1)
    model.fit(rows, (rows[:, 0] > 0.0).astype(np.int64), np.ones(100))
    assert np.isfinite(model.packed).all()
    assert model.predict(np.array([1.0])) > 0.999


@pytest.mark.parametrize("packed", [np.zeros(3), np.array([-1.0, 1.0, 0.0, np.nan, 0.0]), np.array([1.0, 1.0, 0.0, 0.0, 0.0])])
def test_what_is_no_saved_model_is_refused(packed: np.ndarray) -> None:
    with pytest.raises(StateError, match="a saved logistic model"):
        BatchLogistic(1).restore(State(arrays={"packed": packed}))
