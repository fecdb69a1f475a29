from __future__ import annotations

import numpy as np
import pytest
from river import forest as river_forest

from alpha_pulse.core.stateful import digest
from alpha_pulse.models import member_threads, regression_forest
from alpha_pulse.models.regression_forest import AdaptiveRandomForestRegressor
from naive_regression_tree import error, friedman, predicted_by_river


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_no_bit_depends_on_the_number_of_cores(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, w = friedman(1_000, 1)
    one, many = (AdaptiveRandomForestRegressor(5, trees=4, leaves=16) for _ in range(2))
    served = []
    for row, target, weight in zip(x, y.tolist(), w.tolist(), strict=True):
        served.append(one.predict(row))
        one.learn(row, target, weight)
    monkeypatch.setattr(regression_forest, "BLOCK", 300)
    monkeypatch.setattr(member_threads, "usable_cores", lambda: cores)
    assert many.learn_many(x, y, w).tolist() == served
    assert digest({"m": one.snapshot()}) == digest({"m": many.snapshot()})


def test_it_notices_a_turn_and_recovers() -> None:
    x, y, w = friedman(8_000, 2)
    y[4_000:] = 20.0 - y[4_000:]
    model = AdaptiveRandomForestRegressor(5)
    served = model.learn_many(x, y, w)
    assert model.warnings >= model.drifts > 0
    assert np.abs(y - served)[6_000:].mean() < 1.2 * np.abs(y - served)[2_000:4_000].mean()


def test_where_nothing_drifts_few_trees_are_replaced() -> None:
    generator = np.random.default_rng(3)
    model = AdaptiveRandomForestRegressor(3)
    model.learn_many(generator.normal(size=(8_000, 3)), generator.normal(size=8_000), np.ones(8_000))
    assert model.drifts <= 3


def test_it_errs_no_more_than_rivers() -> None:
    x, y, _ = friedman(1_500, 4)
    theirs = predicted_by_river(river_forest.ARFRegressor(seed=1), x, y)
    ours = AdaptiveRandomForestRegressor(5).learn_many(x, y, np.ones(len(y)))
    assert error(y, ours) < 1.03 * error(y, theirs)
