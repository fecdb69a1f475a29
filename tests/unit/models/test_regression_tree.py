from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from river import tree as river_tree

from alpha_pulse.core.errors import ConfigError, NonFiniteError, StateError
from alpha_pulse.core.stateful import digest, pack, unpack
from alpha_pulse.kernels.base.missing import MISSING
from alpha_pulse.models.base import RegressionModel
from alpha_pulse.models.boosting import SGBTRegressor
from alpha_pulse.models.regression_forest import AdaptiveRandomForestRegressor
from alpha_pulse.models.regression_tree import HoeffdingTreeRegressor
from naive_regression_tree import error, friedman, predicted_by_river

Factory = Callable[[], RegressionModel]
FACTORIES: list[Factory] = [
    lambda: HoeffdingTreeRegressor(5, leaves=16),
    lambda: AdaptiveRandomForestRegressor(5, trees=3, leaves=16),
    lambda: SGBTRegressor(5, trees=20, rate=0.2, leaves=8, life=1_000),
]


@pytest.mark.parametrize("factory", FACTORIES)
def test_the_loop_equals_its_steps_and_a_saved_model_goes_on(factory: Factory) -> None:
    x, y, w = friedman(1_500, 1)
    one, many, later = factory(), factory(), factory()
    served = []
    for row, target, weight in zip(x, y.tolist(), w.tolist(), strict=True):
        served.append(one.predict(row))
        one.learn(row, target, weight)
    assert many.learn_many(x, y, w).tolist() == served
    assert digest({"m": one.snapshot()}) == digest({"m": many.snapshot()})
    later.restore(unpack(pack({"m": one.snapshot()}))[0]["m"])
    assert later.learn_many(x, y, w).tolist() == many.learn_many(x, y, w).tolist()
    assert later.predict_many(x).tolist() == [many.predict(row) for row in x]


@pytest.mark.parametrize("factory", FACTORIES)
def test_it_learns_forgets_and_keeps_to_its_memory(factory: Factory) -> None:
    x, y, w = friedman(4_000, 2)
    model = factory()
    before = model.memory_bytes
    assert error(y, model.learn_many(x, y, w)) < 0.7 * float(np.abs(y - y.mean()).mean())
    assert model.memory_bytes == before
    model.reset()
    assert model.predict(x[0]) == 0.0
    assert model.healthy()


@pytest.mark.parametrize("factory", FACTORIES)
def test_what_is_not_finite_or_of_another_size_is_refused(factory: Factory) -> None:
    model = factory()
    for rows, targets in ((np.full((1, 5), np.nan), np.zeros(1)), (np.zeros((1, 5)), np.full(1, np.inf))):
        with pytest.raises(NonFiniteError):
            model.learn_many(rows, targets, np.ones(1))
    with pytest.raises(StateError):
        model.restore(HoeffdingTreeRegressor(3).snapshot())


@pytest.mark.parametrize("factory", FACTORIES)
def test_extremes_leave_it_healthy(factory: Factory) -> None:
    generator = np.random.default_rng(3)
    x = generator.choice([0.0, 1.0, -1e300, 1e300, 1e-300, MISSING], (600, 5))
    y = generator.choice([0.0, 1e50, -1e50, 1.0], 600)
    model = factory()
    assert np.isfinite(model.learn_many(x, y, generator.choice([0.0, 1.0, 1e6], 600))).all()
    assert model.healthy()


@pytest.mark.parametrize("factory", FACTORIES)
def test_boost_makes_new_examples_count_for_more(factory: Factory) -> None:
    x, _, w = friedman(400, 4)
    moved = []
    for boost in (1.0, 8.0):
        model = factory()
        model.learn_many(x, np.zeros(400), w)
        model.set_boost(boost)
        model.learn_many(x[:5], np.full(5, 10.0), np.ones(5))
        moved.append(float(model.predict_many(x).mean()))
    assert moved[1] > moved[0]


def test_it_errs_no_more_than_rivers() -> None:
    x, y, _ = friedman(4_000, 5)
    theirs = predicted_by_river(river_tree.HoeffdingTreeRegressor(), x, y)
    ours = HoeffdingTreeRegressor(5).learn_many(x, y, np.ones(len(y)))
    assert error(y, ours) < 1.03 * error(y, theirs)


def test_a_row_without_the_deciding_feature_follows_the_many() -> None:
    generator = np.random.default_rng(6)
    x = generator.uniform(-1.0, 1.0, (4_000, 1))
    model = HoeffdingTreeRegressor(1, linear=False, leaves=2)
    model.learn_many(x, np.where(x[:, 0] > -0.6, 5.0, -5.0), np.ones(4_000))
    assert model.leaves == 2
    assert model.predict(np.array([MISSING])) > 4.0


@pytest.mark.parametrize(
    "make",
    [
        lambda: HoeffdingTreeRegressor(0),
        lambda: HoeffdingTreeRegressor(2, leaves=1),
        lambda: HoeffdingTreeRegressor(2, bins=7),
        lambda: HoeffdingTreeRegressor(2, delta=0.0),
        lambda: HoeffdingTreeRegressor(2, grace=0),
        lambda: AdaptiveRandomForestRegressor(2, trees=0),
        lambda: AdaptiveRandomForestRegressor(2, observed=0.0),
        lambda: AdaptiveRandomForestRegressor(2, drift_delta=1.0),
    ],
)
def test_parameters_that_make_no_sense_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ConfigError):
        make()
