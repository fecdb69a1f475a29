from __future__ import annotations

import pickle  # scikit-learn's tools do, the program never does
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from alpha_pulse.core import plugins
from alpha_pulse.core.errors import ConfigError, DataError, UnknownNameError
from alpha_pulse.integrations.as_sklearn import SklearnClassifier, SklearnRegressor, as_sklearn
from alpha_pulse.models import MULTICLASS, ONLINE, REGRESSION
from alpha_pulse.models.linear import Logistic

LIGHT = ("arow", "coin_betting", "ftrl", "logistic", "naive_bayes", "passive_aggressive", "sgd")
"""Models whose checks take a second at most; the others differ in their kernels only, not in the adapter."""
ESTIMATORS = [SklearnClassifier(name) for name in LIGHT] + [SklearnRegressor(name) for name in LIGHT if name in REGRESSION]
WEIGHT = "check_sample_weight_equivalence_on_dense_data"
EXCEPTIONS = {
    WEIGHT: "an example of weight 2 is one example with a larger step, not two: scalers and base rates count it once",
    "check_classifier_not_supporting_multiclass": "it demands a text of two sentences; ours is one and names the choice",
}


def exceptions(estimator: Any) -> dict[str, str]:
    return EXCEPTIONS


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=exceptions)  # type: ignore[untyped-decorator]  # no types there
@pytest.mark.filterwarnings("ignore")
def test_it_passes_the_checks_of_scikit_learn(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


def data(n: int = 400, seed: int = 1) -> tuple[Any, Any]:
    X = np.random.default_rng(seed).standard_normal((n, 4))
    return X, (X[:, 0] > 0.0).astype(np.int64)


@pytest.mark.parametrize("name", plugins.names("models", ONLINE))
def test_a_classifier_predicts_what_its_model_does(name: str) -> None:
    X, y = data()
    model = plugins.load("models", ONLINE, name)(n_features=4, seed=1)
    model.learn_many(X, y, np.ones(400))
    wanted = model.predict_many(X)
    parts = as_sklearn(name)
    for first in range(0, 400, 100):
        parts.partial_fit(X[first : first + 100], y[first : first + 100], classes=[0, 1])
    whole = as_sklearn(name).fit(X, y)
    for estimator in (parts, whole, pickle.loads(pickle.dumps(whole))):
        assert estimator.predict_proba(X)[:, 1].tolist() == wanted.tolist()
    assert clone(whole).get_params() == whole.get_params()


@pytest.mark.parametrize("name", sorted(MULTICLASS))
def test_a_classifier_of_three_classes(name: str) -> None:
    X, _ = data(600)
    y = np.array(["down", "flat", "up"])[np.digitize(X[:, 0], [-0.5, 0.5])]
    classifier = SklearnClassifier(name).fit(X, y)
    assert classifier.predict_proba(X).sum(axis=1) == pytest.approx(1.0)
    assert classifier.score(X, y) > 0.5


@pytest.mark.parametrize("name", sorted(REGRESSION))
def test_a_regressor_predicts_what_its_model_does(name: str) -> None:
    X, _ = data()
    y = 3.0 * X[:, 0] + 1.0
    model = plugins.load("models", REGRESSION, name)(n_features=4, seed=1)
    model.learn_many(X, y, np.ones(400))
    assert SklearnRegressor(name).fit(X, y).predict(X).tolist() == model.predict_many(X).tolist()


def test_it_is_used_by_the_tools_of_scikit_learn() -> None:
    X, y = data()
    assert cross_val_score(as_sklearn("logistic", rate=0.05), X, y, cv=3).min() > 0.9


def test_nan_marks_a_missing_feature() -> None:
    X, y = data()
    X[::2, 1] = np.nan
    classifier = as_sklearn("logistic").fit(X, y)
    row = np.array([[1.0, np.nan, 0.0, 0.0]])
    other = np.array([[1.0, float(np.nanmean(X[:, 1])), 0.0, 0.0]])
    assert classifier.predict_proba(row)[0, 1] == pytest.approx(classifier.predict_proba(other)[0, 1], abs=1e-3)


def test_a_class_is_taken_as_a_model() -> None:
    X, y = data()
    assert as_sklearn(Logistic, rate=0.05).fit(X, y).score(X, y) > 0.9


def test_what_cannot_be_used_is_refused() -> None:
    X, y = data(20)
    with pytest.raises(ConfigError, match="did you mean 'regression'"):
        as_sklearn("sgd", "regresion")
    with pytest.raises(UnknownNameError, match="did you mean 'logistic'"):
        as_sklearn("logistics").fit(X, y)
    with pytest.raises(ConfigError, match=r"logistic cannot be created with \{'rat': 1\}"):
        as_sklearn("logistic", rat=1).fit(X, y)
    with pytest.raises(DataError, match="classes must be passed on the first call"):
        as_sklearn("logistic").partial_fit(X, y)
    with pytest.raises(DataError, match="'logistic' is a model of two; choose one of adagrad"):
        as_sklearn("logistic").fit(X, np.arange(20) % 3)
    with pytest.raises(DataError, match="y contains the label 7"):
        as_sklearn("logistic").fit(X, y).partial_fit(X, np.full(20, 7))
    with pytest.raises(DataError, match="at most 1e"):
        as_sklearn("sgd", "regression").fit(X, np.full(20, 1e160))
