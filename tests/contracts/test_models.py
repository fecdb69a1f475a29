"""Every model in the tables keeps every promise of its family, and the checks catch models that do not."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core import plugins
from alpha_pulse.core.stateful import State
from alpha_pulse.models import BATCH, MULTICLASS, ONLINE, REGRESSION
from alpha_pulse.models.base import BatchModel, MultiClassModel, OnlineModel, RegressionModel, Row
from alpha_pulse.models.gbm import LightGBM
from alpha_pulse.models.gradient import SGDClassifier, SGDRegressor
from alpha_pulse.models.linear import Logistic
from alpha_pulse.testing.adversarial import HUGE
from alpha_pulse.testing.checks import (
    BatchModelFactory,
    Factory,
    ModelFactory,
    yield_batch_model_checks,
    yield_model_checks,
    yield_multi_class_checks,
    yield_regression_checks,
)

ONLINE_CHECKS = list(yield_model_checks())
BATCH_CHECKS = list(yield_batch_model_checks())
MULTI_CLASS_CHECKS = list(yield_multi_class_checks())
REGRESSION_CHECKS = list(yield_regression_checks())


ONLINE_MODELS = plugins.names("models", ONLINE)
USE_THE_HORIZON = ("market_default",)
"""The others keep it and learn alike with any, which `test_a_horizon_changes_these_models_and_no_others` sees to."""
CASES = [(name, 1) for name in ONLINE_MODELS] + [(name, 12) for name in USE_THE_HORIZON]


@pytest.mark.parametrize("check", ONLINE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("name", "horizon"), CASES)
def test_online_model(name: str, horizon: int, check: Callable[[ModelFactory], None]) -> None:
    kind = plugins.load("models", ONLINE, name)

    def factory() -> OnlineModel:
        model: OnlineModel = kind(n_features=5, horizon=horizon, seed=1)
        return model

    check(factory)


@pytest.mark.parametrize("name", ONLINE_MODELS)
def test_a_horizon_changes_these_models_and_no_others(name: str) -> None:
    generator = np.random.default_rng(1)
    rows, labels = generator.normal(size=(200, 5)), generator.integers(0, 2, size=200)
    short, long = (
        plugins.load("models", ONLINE, name)(n_features=5, horizon=horizon, seed=1).learn_many(rows, labels, np.ones(200))
        for horizon in (1, 12)
    )
    assert np.array_equal(short, long) == (name not in USE_THE_HORIZON)


@pytest.mark.parametrize("check", MULTI_CLASS_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(MULTICLASS))
def test_multi_class_model(name: str, check: Callable[[Factory], None]) -> None:
    kind = plugins.load("models", MULTICLASS, name)

    def factory() -> MultiClassModel:
        model: MultiClassModel = kind(n_features=5, n_classes=3, seed=1)
        return model

    check(factory)


@pytest.mark.parametrize("check", REGRESSION_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(REGRESSION))
def test_regression_model(name: str, check: Callable[[Factory], None]) -> None:
    kind = plugins.load("models", REGRESSION, name)

    def factory() -> RegressionModel:
        model: RegressionModel = kind(n_features=5, seed=1)
        return model

    check(factory)


values = st.sampled_from([0.0, 1e-300, -1e-12, 1.0, -1.0, 3.0, 1e14, -1e14, HUGE, -HUGE])


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.tuples(values, values, values), st.integers(0, 1), st.sampled_from([0.0, 1e-6, 1.0, 1e6])),
        min_size=1,
        max_size=30,
    ),
    boost=st.sampled_from([1.0, 4.0, 100.0]),
)
@pytest.mark.parametrize("name", plugins.names("models", ONLINE))
def test_no_sequence_makes_a_state_that_is_not_finite(
    name: str, rows: list[tuple[tuple[float, float, float], int, float]], boost: float
) -> None:
    model: OnlineModel = plugins.load("models", ONLINE, name)(n_features=3, horizon=3, seed=1)
    model.set_boost(boost)
    features, labels, weights = (np.array(column) for column in zip(*(rows * 5), strict=True))
    served = model.learn_many(features.astype(np.float64), labels.astype(np.int64), weights.astype(np.float64))
    assert all(np.isfinite(array).all() for array in model.snapshot().arrays.values())
    assert ((served >= 0.0) & (served <= 1.0)).all()


SOAK_EVENTS = 1_000_000
SOAK_BLOCK = 50_000


def soaked(model: Any, targets_of: Callable[[Row], NDArray[Any]]) -> None:
    """A million events, of which one in a thousand is huge, in a state that never takes more than was stated."""
    generator, stated = np.random.default_rng(1), model.memory_bytes
    for _ in range(SOAK_EVENTS // SOAK_BLOCK):
        rows = generator.normal(size=(SOAK_BLOCK, model.n_features))
        rows[generator.random(SOAK_BLOCK) < 1e-3] *= HUGE
        targets = targets_of(rows)
        model.learn_many(rows, targets, np.ones(SOAK_BLOCK))
        arrays = model.snapshot().arrays.values()
        assert sum(array.nbytes for array in arrays) <= model.memory_bytes == stated
        assert all(np.isfinite(array).all() for array in arrays)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("name", plugins.names("models", ONLINE))
def test_a_million_events_leave_an_online_model_inside_its_memory(name: str) -> None:
    model: OnlineModel = plugins.load("models", ONLINE, name)(n_features=5, horizon=1, seed=1)
    soaked(model, lambda rows: (rows[:, 0] > 0.0).astype(np.int64))


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("name", sorted(MULTICLASS))
def test_a_million_events_leave_a_multi_class_model_inside_its_memory(name: str) -> None:
    model: MultiClassModel = plugins.load("models", MULTICLASS, name)(n_features=5, n_classes=3, seed=1)
    soaked(model, lambda rows: np.digitize(rows[:, 0], [-0.5, 0.5]).astype(np.int64))


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("name", sorted(REGRESSION))
def test_a_million_events_leave_a_regression_model_inside_its_memory(name: str) -> None:
    model: RegressionModel = plugins.load("models", REGRESSION, name)(n_features=5, seed=1)
    soaked(model, lambda rows: 3.0 * np.clip(rows[:, 0], -5.0, 5.0))


@pytest.mark.parametrize("check", BATCH_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(BATCH))
def test_batch_model(name: str, check: Callable[[BatchModelFactory], None]) -> None:
    kind = plugins.load("models", BATCH, name)

    def factory(n_features: int) -> BatchModel:
        model: BatchModel = kind(n_features=n_features, **({"trees": 30, "seed": 1} if name == "lightgbm" else {}))
        return model

    check(factory)


class Impure(Logistic):
    """Learns while it predicts."""

    def predict(self, features: Row, outputs: Row) -> float:
        probability = super().predict(features, outputs)
        self._state[-1] += 0.01
        return probability


class Deaf(Logistic):
    """Learns nothing; takes what it should refuse; cannot be boosted."""

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        return np.full(len(features), 0.5)

    def set_boost(self, factor: float) -> None:
        pass


class Sharing(Logistic):
    """Gives its own array away as its snapshot, and does not forget."""

    def snapshot(self):  # type: ignore[no-untyped-def]  # as short as the fault it shows
        state = super().snapshot()
        state.arrays["state"] = self._state
        return state

    def reset(self) -> None:
        pass


class Aimless(LightGBM):
    """Has one version for whatever it was trained on, and serves before it was."""

    def predict(self, features: Row) -> float:
        return super().predict(features) if self._text else 0.5

    def _take(self, text: str) -> None:
        super()._take(text)
        self.version = "0" * 64


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Impure, "predict_is_pure"),
        (Deaf, "learns_above_base_rate"),
        (Deaf, "learn_many_equals_the_loop"),
        (Deaf, "refuses_non_finite_features"),
        (Deaf, "boost_changes_learning"),
        (Sharing, "snapshot_is_a_copy"),
        (Sharing, "reset_forgets"),
    ],
)
def test_checks_catch_a_bad_online_model(kind: type[Logistic], name: str) -> None:
    check = {check.__name__: check for check in ONLINE_CHECKS}[f"check_model_{name}"]
    with pytest.raises(AssertionError):
        check(lambda: kind(n_features=5, horizon=1, seed=1))


@pytest.mark.parametrize("name", ["version_names_the_artefact", "refuses_to_serve_untrained"])
def test_checks_catch_a_bad_batch_model(name: str) -> None:
    check = {check.__name__: check for check in BATCH_CHECKS}[f"check_batch_model_{name}"]
    with pytest.raises(AssertionError):
        check(lambda n_features: Aimless(n_features, trees=5))


class ForgetfulOfItsState(SGDClassifier):
    """Saves nothing, states no memory, and says the same of every row."""

    memory_bytes = 0

    def restore(self, state: State) -> None:
        pass

    def _predict_proba(self, features: Row, out: Row) -> None:
        out[:] = 1.0


class Unbounded(SGDRegressor):
    """Predicts what is not finite after a huge row, and cannot be boosted."""

    def _fit_rows(self, features: Row, targets: Row, weights: Row, out: Row) -> None:
        super()._fit_rows(features, targets, weights, out)
        with np.errstate(over="ignore"):
            self._state[-1] += np.abs(features).max() ** 4

    def set_boost(self, factor: float) -> None:
        pass


@pytest.mark.parametrize(
    "name", ["valid_before_learning", "snapshot_round_trip", "refuses_a_state_that_does_not_fit", "memory_is_as_stated"]
)
def test_checks_catch_a_bad_multi_class_model(name: str) -> None:
    check = {check.__name__: check for check in MULTI_CLASS_CHECKS}[f"check_{name}"]
    with pytest.raises(AssertionError):
        check(lambda: ForgetfulOfItsState(5, 3))


@pytest.mark.parametrize("name", ["survives_adversarial_sequences", "boost_changes_learning", "learn_many_equals_the_loop"])
def test_checks_catch_a_bad_regression_model(name: str) -> None:
    check = {check.__name__: check for check in REGRESSION_CHECKS}[f"check_{name}"]
    with pytest.raises(AssertionError):
        check(lambda: Unbounded(5))


@pytest.mark.parametrize("name", [name for name in MULTICLASS if name in ONLINE])
def test_the_multi_class_model_has_the_parameters_and_defaults_of_the_binary_one(name: str) -> None:
    binary, multi_class = (plugins.load("models", table, name) for table in (ONLINE, MULTICLASS))
    options = [
        {
            parameter.name: parameter.default
            for parameter in inspect.signature(kind).parameters.values()
            if parameter.kind is parameter.KEYWORD_ONLY and parameter.name != "class_weights"
        }
        for kind in (binary, multi_class)
    ]
    assert options[0] == options[1]
