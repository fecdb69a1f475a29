from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import compose, linear_model, optim, preprocessing

from alpha_pulse.core.errors import ConfigError, NonFiniteError
from alpha_pulse.core.plugins import load
from alpha_pulse.models import ONLINE
from alpha_pulse.models.linear import Logistic
from alpha_pulse.models.validation import check_rows


@pytest.mark.parametrize("seed", [1, 2])
def test_predicts_as_river_does(seed: int) -> None:
    generator = np.random.default_rng(seed)
    rows = generator.normal([0.0, 5.0, -2.0], [1.0, 10.0, 0.01], (1_500, 3))
    labels = generator.random(1_500) < 1.0 / (1.0 + np.exp(-2.0 * rows[:, 0]))
    ours = Logistic(3).learn_many(rows, labels.astype(np.int64), np.ones(1_500))
    theirs = compose.Pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression(optim.SGD(0.01)))
    for row, label, probability in zip(rows, labels, ours, strict=True):
        named = dict(zip("abc", row.tolist(), strict=True))
        assert probability == pytest.approx(theirs.predict_proba_one(named)[True], abs=1e-9)
        theirs.learn_one(named, bool(label))


def test_reset_forgets_the_weights_and_keeps_the_scales() -> None:
    model = Logistic(1)
    rows = np.array([[-3.0], [9.0]] * 50)
    model.learn_many(rows, np.array([0, 1] * 50), np.ones(100))
    scaled = model.snapshot().arrays["state"][8:10].copy()
    model.reset()
    assert model.predict(rows[1], np.zeros(1)) == 0.5
    assert model.snapshot().arrays["state"][8:10].tolist() == scaled.tolist()


@given(st.integers(0, 5), st.integers(0, 2), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_the_first_bad_row_is_named(row: int, column: int, value: float) -> None:
    rows = np.zeros((6, 3))
    rows[row, column] = rows[5, 0] = value
    with pytest.raises(NonFiniteError, match=f"row {row} "):
        check_rows(rows, 3)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("logistic", {"rate": -1.0}),
        ("logistic", {"rate": math.nan}),
        ("logistic", {"l2": -1.0}),
        ("logistic", {"span": -5}),
        ("market_default", {"share": 2.0}),
        ("market_default", {"span": 0}),
        ("adaptive_random_forest", {"warning_delta": 0.0}),
    ],
)
def test_parameters_that_make_no_sense_are_refused(name: str, parameters: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="expected"):
        load("models", ONLINE, name)(4, **parameters)
