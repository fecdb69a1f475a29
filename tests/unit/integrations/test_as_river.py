from __future__ import annotations

import copy
import gc
import math
import pickle  # River's tools do, the program never does
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from river import checks, compose, datasets, evaluate, linear_model, metrics, preprocessing

from alpha_pulse.core import plugins
from alpha_pulse.core.errors import ConfigError, DataError, NonFiniteError, UnknownNameError
from alpha_pulse.integrations.as_river import RiverBinaryClassifier, RiverMultiClassifier, RiverRegressor, as_river
from alpha_pulse.models import MULTICLASS, ONLINE, REGRESSION
from alpha_pulse.models.base import Row
from alpha_pulse.models.linear import Logistic
from alpha_pulse.models.packed import PackedModel

TASKS = {"binary": ONLINE, "multiclass": MULTICLASS, "regression": REGRESSION}
MODELS = [(task, name) for task, table in TASKS.items() for name in plugins.names("models", table)]


class Shares(PackedModel):
    """A multi-class model that says how often each class was seen."""

    def __init__(self, n_features: int, n_classes: int, seed: int = 1) -> None:
        self.n_classes = n_classes
        self.counts = np.zeros(n_classes)
        super().__init__(n_features, {"kind": "shares", "n_classes": n_classes}, {"counts": self.counts})

    def predict(self, features: Row, probabilities: Row) -> int:
        probabilities[:] = (self.counts + 1.0) / (self.counts.sum() + self.n_classes)
        return int(probabilities.argmax())

    def learn(self, features: Row, label: int, weight: float) -> None:
        self.counts[label] += weight


class Noting(PackedModel):
    """A regression model that keeps the last row that it was taught, and knows missing values."""

    takes_missing = True

    def __init__(self, n_features: int, seed: int = 1) -> None:
        self.last = np.zeros(n_features + 1)
        super().__init__(n_features, {"kind": "noting"}, {"last": self.last})

    def predict(self, features: Row) -> float:
        return float(self.last[-1])

    def learn(self, features: Row, target: float, weight: float) -> None:
        self.last[:-1], self.last[-1] = features, target


ALL: list[tuple[str, str | type]] = [*MODELS, ("multiclass", Shares), ("regression", Noting)]


FEWER: dict[str | type, dict[str, int]] = {"sgbt": {"trees": 2}, "adaptive_random_forest": {"trees": 2}}
"""Many trees of sixteen classes are what River's checks copy and pickle slowly, and no other code."""


@pytest.fixture(scope="module")
def _little_to_collect() -> None:
    """River's checks collect garbage, which walks all that other tests have left."""
    gc.collect()
    gc.freeze()


@pytest.mark.usefixtures("_little_to_collect")
@pytest.mark.parametrize(("task", "model"), ALL)
def test_it_passes_rivers_own_checks(task: str, model: str | type) -> None:
    estimator = as_river(model, task, capacity=32, **FEWER.get(model, {}))
    told = list(checks.yield_checks(estimator))
    assert len(told) > 20
    failed = {}
    for check in told:
        assert check.__name__ not in estimator._unit_test_skips()
        try:
            check(estimator.clone())
        except Exception as error:
            failed[check.__name__] = repr(error)
    assert not failed


def rows(n: int, seed: int) -> tuple[Row, NDArray[np.int64]]:
    x = np.random.default_rng(seed).standard_normal((n, 3))
    return x, (x[:, 0] > 0.0).astype(np.int64)


@pytest.mark.parametrize("name", ["logistic", "market_default"])
def test_it_says_what_the_model_says(name: str) -> None:
    x, y = rows(300, 1)
    estimator = as_river(name, capacity=3, horizon=2)
    model = plugins.load("models", ONLINE, name)(n_features=3, horizon=2, seed=1)
    said = []
    for row, label in zip(x.tolist(), y.tolist(), strict=True):
        features = dict(zip("abc", row, strict=True))
        said.append(estimator.predict_proba_one(features)[True])
        estimator.learn_one(features, bool(label))
    assert said == model.learn_many(x, y, np.ones(300)).tolist()


def test_it_learns_in_a_pipeline_of_river() -> None:
    chain = compose.Pipeline(preprocessing.StandardScaler(), as_river("logistic", capacity=16, rate=0.05))
    auc: Any = metrics.ROCAUC()  # type: ignore[no-untyped-call]
    evaluate.progressive_val_score(datasets.Phishing(), chain, auc)
    assert auc.get() > 0.9


def test_the_weight_of_an_example_counts() -> None:
    light, heavy = as_river("logistic", capacity=1), as_river("logistic", capacity=1)
    for estimator, w in ((light, 0.5), (heavy, 5.0)):
        estimator.learn_one({"a": 1.0}, True, w=w)
    assert heavy.predict_proba_one({"a": 1.0})[True] > light.predict_proba_one({"a": 1.0})[True] > 0.5


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_has_learned_the_same_and_goes_on_by_itself(copied: Callable[[Any], Any]) -> None:
    x, y = rows(200, 2)
    one = as_river("market_default", capacity=5, share=0.01)
    for row, label in zip(x.tolist(), y.tolist(), strict=True):
        one.learn_one(dict(zip("abc", row, strict=True)), label)
    two, probe = copied(one), {"a": 1.0, "c": -1.0}
    before = one.predict_proba_one(probe)
    assert two.predict_proba_one(probe) == before
    assert two._get_params() == one._get_params()
    for _ in range(20):
        two.learn_one(probe, False)
    assert one.predict_proba_one(probe) == before
    assert two.predict_proba_one(probe) != before
    assert one.clone().predict_proba_one(probe) == {False: 0.5, True: 0.5}


def test_places_follow_the_names_and_absent_ones_count_as_0_where_a_model_cannot_tell() -> None:
    estimator = as_river(Shares, capacity=4, n_classes=2)
    estimator.learn_one({"b": 2.0, "a": 1.0}, True)
    estimator.learn_one({"c": 3.0}, False)
    assert estimator._places == {"a": 0, "b": 1, "c": 2}
    assert estimator._known({"c": 5.0, "never learned": 9.0}).tolist() == [0.0, 0.0, 5.0, 0.0]
    assert len(estimator._places) == 3


def test_what_is_absent_is_missing_where_the_model_knows_that() -> None:
    estimator = as_river(Noting, capacity=3)
    assert isinstance(estimator, RiverRegressor)
    estimator.learn_one({"a": 1.0, "b": 2.0}, 7)
    assert estimator._model.last.tolist() == [1.0, 2.0, -1e300, 7.0]
    estimator.learn_one({"b": None, "a": math.nan}, 8)
    assert estimator._model.last.tolist() == [-1e300, -1e300, -1e300, 8.0]
    assert estimator.predict_one({}) == 8.0


def test_one_feature_too_many_is_refused_and_nothing_is_learned() -> None:
    estimator = as_river("logistic", capacity=2)
    estimator.learn_one({"a": 1.0}, True)
    before = pickle.dumps(estimator)
    with pytest.raises(DataError, match="feature 'c' exceeds the capacity of 2"):
        estimator.learn_one({"a": 1.0, "b": 1.0, "c": 1.0}, True)
    with pytest.raises(DataError, match="'b' is 'red', which is not a number"):
        estimator.learn_one({"a": 1.0, "b": "red"}, True)
    with pytest.raises(NonFiniteError, match="'a' is inf, but a finite number is expected; omit the feature"):
        estimator.learn_one({"a": math.inf, "b": 1.0}, True)
    assert pickle.dumps(estimator) == before


def test_labels_of_any_kind_get_places_as_they_appear() -> None:
    estimator = as_river(Shares, capacity=1, n_classes=3)
    assert isinstance(estimator, RiverMultiClassifier)
    assert estimator.predict_proba_one({}) == {}
    assert estimator.predict_one({}) is None
    for label in ("up", "down", "up", 7):
        estimator.learn_one({"a": 1.0}, label)
    said = estimator.predict_proba_one({"a": 1.0})
    assert said == pytest.approx({"up": 3 / 7, "down": 2 / 7, 7: 2 / 7})
    assert estimator.predict_one({"a": 1.0}) == "up"
    with pytest.raises(DataError, match="label 'flat' exceeds the 3 classes"):
        estimator.learn_one({"a": 1.0}, "flat")


def test_a_binary_classifier_is_of_false_and_true_only() -> None:
    estimator = as_river("logistic", capacity=1)
    assert type(estimator) is RiverBinaryClassifier
    truth: Any = np.bool_(True)
    estimator.learn_one({"a": 1.0}, truth)
    for label in (2, "up"):
        with pytest.raises(DataError, match="this classifier expects False or True"):
            estimator.learn_one({"a": 1.0}, label)


def test_a_class_tells_its_task_and_what_is_unknown_is_refused() -> None:
    assert isinstance(as_river(Logistic), RiverBinaryClassifier)
    with pytest.raises(ConfigError, match="'binry' is not a task of a model; did you mean 'binary'"):
        as_river("logistic", "binry")
    with pytest.raises(UnknownNameError, match="did you mean 'logistic'"):
        as_river("logistc")
    with pytest.raises(ConfigError, match="a capacity of 0 features; expected at least 1"):
        as_river("logistic", capacity=0)


def accuracy(estimator: Any, first: int, share: float) -> float:
    """Of a stream whose label hangs on ``a`` around 100, which comes from example ``first`` on, and on ``b``, always there."""
    generator, right, n = np.random.default_rng(1), 0, 4_000
    for i in range(n):
        a, b = generator.normal(100.0, 1.0), generator.normal(0.0, 1.0)
        there = i >= first and generator.random() < share
        label = bool((a - 100.0 if there else 0.0) + 0.5 * b + 0.3 * generator.normal() > 0.0)
        x = {"b": b, "a": a} if there else {"b": b}
        said = estimator.predict_proba_one(x)
        right += i >= n // 2 and (said.get(True, 0.0) >= 0.5) == label
        estimator.learn_one(x, label)
    return right / (n - n // 2)


@pytest.mark.parametrize(("first", "share"), [(1_000, 1.0), (0, 0.1)])
@pytest.mark.parametrize("name", ["logistic", "sgd", "adagrad", "arow", "passive_aggressive", "market_default"])
def test_a_feature_that_is_late_or_rare_is_learned_as_river_learns_it(name: str, first: int, share: float) -> None:
    theirs = accuracy(preprocessing.StandardScaler() | linear_model.LogisticRegression(), first, share)
    assert theirs > 0.8
    assert accuracy(as_river(name, capacity=8), first, share) > theirs - 0.02


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("task", "good"), [("binary", True), ("multiclass", "up"), ("regression", 1.5)])
def test_what_is_refused_or_weighs_0_leaves_no_trace(task: str, good: Any, known: bool) -> None:
    estimator = as_river("sgd", task, capacity=3)
    if known:
        estimator.learn_one({"a": 1.0}, good)
    before = pickle.dumps(estimator)
    refused: list[tuple[dict[str, Any], Any, Any]] = [
        ({"new": 1.0, "a": "red"}, good, 1.0),
        ({"new": 1.0, "a": 10**400}, good, 1.0),
        ({"new": [1.0]}, good, 1.0),
        ({"new": 1.0}, None, 1.0),
        ({"new": 1.0}, math.nan, 1.0),
        ({"new": 1.0}, good, None),
        ({"new": 1.0}, good, -1.0),
        ({"new": 1.0}, good, "heavy"),
        ({"new": 1.0, "more": 1.0, "a": 1.0, "last": 1.0}, good, 1.0),
    ]
    if task == "regression":
        refused += [({"new": 1.0}, y, 1.0) for y in ("abc", 10**400, 1e160)]
    if task == "multiclass":
        refused += [({"new": 1.0}, [1], 1.0)]
    for x, y, w in refused:
        with pytest.raises(DataError):
            estimator.learn_one(x, y, w=w)
        assert pickle.dumps(estimator) == before
    estimator.learn_one({"new": 1.0}, good, w=0.0)
    assert pickle.dumps(estimator) == before


def test_equal_labels_are_one_and_whole_numbers_are_compared_exactly() -> None:
    estimator: Any = as_river(Shares, capacity=1, n_classes=4)
    for label in (1, 1.0, True, np.int64(1), 2**53, 2**53 + 1):
        estimator.learn_one({"a": 1.0}, label)
    assert list(estimator.predict_proba_one({"a": 1.0})) == [1, 2**53, 2**53 + 1]
