from __future__ import annotations

import math
import sys
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import StandardScaler

from alpha_pulse.core import plugins
from alpha_pulse.core.errors import AlphaPulseError, ConfigError, StateError, UnknownNameError
from alpha_pulse.core.stateful import digest, pack, unpack
from alpha_pulse.integrations import sklearn_path
from alpha_pulse.integrations.sklearn import SklearnModel, named
from alpha_pulse.models import ONLINE
from alpha_pulse.models.base import Row
from alpha_pulse.testing.checks import ModelFactory, yield_model_checks

SGD = "linear_model.SGDClassifier(loss='log_loss', learning_rate='constant', eta0=0.01)"
SCALED = f"preprocessing.StandardScaler | {SGD}"
NETWORK = "neural_network.MLPClassifier(hidden_layer_sizes=[4])"
SLOW = ("learns_above_base_rate", "learns_with_delay", "memory_is_bounded", "reset_forgets")
"""Checks of thousands of examples, which take seconds each with scikit-learn."""
CHECKS = [check for check in yield_model_checks() if not check.__name__.endswith(SLOW)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_fulfils_the_contract_of_an_online_model(check: Callable[[ModelFactory], None]) -> None:
    make = plugins.load("models", ONLINE, f"sklearn:{SGD}")
    check(lambda: make(n_features=5, horizon=1, seed=1))


def rows(n: int, seed: int, d: int = 3) -> tuple[Row, NDArray[np.int64]]:
    x = np.random.default_rng(seed).standard_normal((n, d))
    return x, (x[:, 0] + 0.3 * x[:, 1] > 0.0).astype(np.int64)


def state_of(model: SklearnModel) -> str:
    return digest({"model": model.snapshot()})


def test_a_pipeline_predicts_what_its_steps_give_one_after_the_other() -> None:
    x, y = rows(60, 1)
    weights = np.random.default_rng(1).uniform(0.1, 3.0, 60)
    scaler = StandardScaler()
    last = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=0.01, random_state=1)
    wanted = []
    for i in range(60):
        both = len(set(y[:i].tolist())) == 2
        wanted.append(last.predict_proba(scaler.transform(x[i : i + 1]))[0, 1] if both else 0.5)
        scaler.partial_fit(x[i : i + 1])
        last.partial_fit(scaler.transform(x[i : i + 1]), y[i : i + 1], classes=[0, 1], sample_weight=weights[i : i + 1])
    assert named(SCALED)(n_features=3).learn_many(x, y, weights).tolist() == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("path", [SCALED, NETWORK], ids=["scaled", "network"])
@pytest.mark.parametrize("n", [0, 19, 41])
def test_a_restored_model_continues_equally(path: str, n: int) -> None:
    x, y = rows(n + 20, 3)
    model, twin = (named(path)(n_features=3, seed=1, remembered=20) for _ in range(2))
    model.learn_many(x[:n], y[:n], np.ones(n))
    twin.learn_many(x[::-1].copy(), y, np.ones(n + 20))
    twin.restore(unpack(pack({"it": model.snapshot()}))[0]["it"])
    assert state_of(twin) == state_of(model)
    assert twin.learn_many(x[n:], y[n:], np.ones(20)).tolist() == model.learn_many(x[n:], y[n:], np.ones(20)).tolist()
    assert state_of(twin) == state_of(model)


def test_transformers_that_need_one_row_only_are_accepted_before_a_classifier() -> None:
    x, y = rows(40, 4)
    model = named("preprocessing.Normalizer | preprocessing.PolynomialFeatures(include_bias=false) | naive_bayes.GaussianNB")(
        n_features=3
    )
    assert np.isfinite(model.learn_many(x, y, np.ones(40))[20:]).all()


def test_a_classifier_without_a_probability_yet_is_left_out_with_the_reason() -> None:
    model, outputs = named("naive_bayes.GaussianNB")(n_features=2), np.zeros(1)
    model.learn(np.array([0.0, 1.0]), 1, 1.0, outputs)
    assert model.predict(np.zeros(2), outputs) == 0.5
    model.learn(np.array([1.0, 0.0]), 0, 1.0, outputs)
    assert math.isnan(model.predict(np.zeros(2), outputs))
    assert model.failure.startswith("scikit-learn could not predict: ArithmeticError: its probabilities are")
    model.learn_many(*rows(20, 5, d=2), np.ones(20))
    assert 0.0 <= model.predict(np.zeros(2), outputs) <= 1.0
    assert model.failure == ""


def test_predicting_changes_no_row_of_the_caller() -> None:
    model = named(f"preprocessing.StandardScaler(copy=false) | {SGD}")(n_features=3)
    x, y = rows(20, 6)
    before = x.tolist()
    model.learn_many(x, y, np.ones(20))
    assert x.tolist() == before


def test_a_state_of_another_version_is_refused() -> None:
    saved = named(SGD)(n_features=3).snapshot()
    saved.scalars["layout"]["sklearn"] = "0.1"
    with pytest.raises(StateError, match=r"saved with scikit-learn 0\.1 .* install scikit-learn==0\.1 to resume"):
        named(SGD)(n_features=3).restore(saved)


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("linear_model.SGDClasifier", UnknownNameError, "did you mean 'SGDClassifier'"),
        ("linear_modle.SGDClassifier", UnknownNameError, "did you mean 'linear_model'"),
        ("linear_model.SGDClassifier(los='log_loss')", UnknownNameError, "did you mean 'loss'"),
        ("linear_model.SGDClassifier", ConfigError, "predicts classes but no probabilities (predict_proba)"),
        ("linear_model.LogisticRegression", ConfigError, "LogisticRegression has no partial_fit"),
        (f"preprocessing.RobustScaler | {SGD}", ConfigError, "RobustScaler has no partial_fit"),
        (f"{SGD} | {SGD}", ConfigError, "every step before the last must be a transformer"),
        ("linear_model.SGDRegressor", ConfigError, "SGDRegressor of sklearn:linear_model.SGDRegressor is not a classifier"),
        ("naive_bayes.CategoricalNB", ConfigError, "cannot be trained on rows of numbers: ValueError"),
        ("neural_network.MLPClassifier(random_state=null)", ConfigError, "is not deterministic"),
        ("datasets.load_iris", UnknownNameError, "no package 'datasets'"),
        ("utils.Bunch", UnknownNameError, "no package 'utils'"),
        ("linear_model", ConfigError, "cannot be read as a path into scikit-learn"),
        ("__import__('os').system('true')", ConfigError, "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_with_one_sentence(path: str, kind: type[AlphaPulseError], message: str) -> None:
    with pytest.raises(kind) as refused:
        named(path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_without_scikit_learn_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "sklearn" or name.startswith("sklearn.")]:
        monkeypatch.delitem(sys.modules, name)

    class Absent:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            if name.partition(".")[0] == "sklearn":
                raise ModuleNotFoundError(f"No module named {name!r}", name="sklearn")

    monkeypatch.setattr(sys, "meta_path", [Absent, *sys.meta_path])
    with pytest.raises(
        ConfigError, match=r"scikit-learn is not installed; install it with: pip install 'alpha-pulse\[sklearn\]'"
    ):
        sklearn_path.parse(SGD)
