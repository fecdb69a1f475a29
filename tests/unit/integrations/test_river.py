from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from river import linear_model, preprocessing, tree

import naive_river as naive
from alpha_pulse.core import plugins
from alpha_pulse.core.errors import AlphaPulseError, ConfigError, StateError, UnknownNameError
from alpha_pulse.core.stateful import State, digest, pack, unpack
from alpha_pulse.integrations import river_path
from alpha_pulse.integrations.estimator_path import Recipe
from alpha_pulse.integrations.retrained import SILENT_EXAMPLES
from alpha_pulse.integrations.river import RiverModel, named
from alpha_pulse.models.base import Row
from alpha_pulse.testing.checks import ModelFactory, yield_model_checks

SCALED = "preprocessing.StandardScaler | linear_model.LogisticRegression"
TREE = "tree.HoeffdingTreeClassifier(grace_period=50)"
BAG = "ensemble.BaggingClassifier(preprocessing.StandardScaler() | linear_model.LogisticRegression(), n_models=2)"
TABLE = {"river:": "alpha_pulse.integrations.river:named"}


@pytest.mark.parametrize("check", list(yield_model_checks()), ids=lambda check: check.__name__)
@pytest.mark.parametrize("path", [SCALED, TREE, BAG], ids=["scaled", "tree", "bag"])
def test_it_keeps_the_promises_of_an_online_model(path: str, check: Callable[[ModelFactory], None]) -> None:
    make = plugins.load("models", TABLE, f"river:{path}")
    check(lambda: make(n_features=5, horizon=1, seed=1))


def rows(n: int, seed: int, d: int = 3) -> tuple[Row, NDArray[np.int64]]:
    x = np.random.default_rng(seed).standard_normal((n, d))
    return x, (x[:, 0] + 0.3 * x[:, 1] > 0.0).astype(np.int64)


def state_of(model: RiverModel) -> str:
    return digest({"model": model.snapshot()})


def small(path: str = SCALED, remembered: int = 40, d: int = 3) -> RiverModel:
    return named(path)(n_features=d, seed=1, remembered=remembered)


# It does what River does.


def test_it_says_what_river_says() -> None:
    x, y = rows(400, 1)
    model, weights = named(SCALED)(n_features=3), np.random.default_rng(1).uniform(0.1, 3.0, 400)
    chain = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    said = []
    for row, label, weight in zip(x.tolist(), y.tolist(), weights.tolist(), strict=True):
        features = {f"f{j}": value for j, value in enumerate(row)}
        said.append(chain.predict_proba_one(features).get(True, 0.5))
        chain.learn_one(features, bool(label), w=weight)
    assert np.abs(model.learn_many(x, y, weights) - said).max() < 1e-12


def test_parameters_reach_their_classes_and_the_seed_those_that_take_one() -> None:
    recipe = river_path.parse(
        "ensemble.BaggingClassifier(model=preprocessing.MinMaxScaler | tree.HoeffdingTreeClassifier(max_depth=3, "
        "leaf_prediction='nb', split_criterion=\"gini\", remove_poor_attrs=true, "
        "splitter=tree.splitter.GaussianSplitter(n_splits=5)), n_models=2)"
    )
    bag = recipe.make(7)
    inner = bag[0]["HoeffdingTreeClassifier"]
    assert (bag.seed, len(bag), inner.max_depth, inner.leaf_prediction, inner.remove_poor_attrs) == (7, 2, 3, "nb", True)
    assert inner.splitter.n_splits == 5
    assert river_path.parse("forest.ARFClassifier(seed=3)").make(7).seed == 3
    assert river_path.parse("linear_model.LogisticRegression(optimizer=optim.SGD(-0.5), l2=1e-3)").make(1).l2 == 1e-3


def test_another_seed_gives_another_estimator() -> None:
    x, y = rows(200, 2)
    said = [named(BAG)(n_features=3, seed=seed).learn_many(x, y, np.ones(200)).tolist() for seed in (1, 1, 2)]
    assert said[0] == said[1] != said[2]


SAID = """
import numpy as np
from alpha_pulse.integrations.river import named
x = np.random.default_rng(5).standard_normal((400, 4))
y = (x[:, 0] > 0.0).astype(np.int64)
print(named("forest.ARFClassifier(n_models=3, grace_period=20)")(n_features=4).learn_many(x, y, np.ones(400)).tobytes().hex())
"""


def test_another_process_with_other_hashes_says_the_same() -> None:
    said = []
    for seed in ("1", "2024"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", SAID], env=environment, capture_output=True, check=True)
        said.append(done.stdout)
    assert said[0] == said[1]
    assert np.std(np.frombuffer(bytes.fromhex(said[0].decode().strip()))) > 0.1


# Weights, boost and memory.


@pytest.mark.parametrize("path", [SCALED, TREE, BAG], ids=["scaled", "tree", "bag"])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1_000), n=st.integers(1, 90), boost=st.floats(0.1, 6.0))
def test_it_is_its_slow_obvious_twin(path: str, seed: int, n: int, boost: float) -> None:
    x, y = rows(n, seed)
    weights = 10.0 ** np.random.default_rng(seed).uniform(-2.0, 3.0, n)
    model, twin = small(path, remembered=20), naive.Twin(river_path.parse(path), 20, takes_weights=path != BAG)
    model.set_boost(boost)
    for row, label, weight in zip(x, y, weights, strict=True):
        assert model.predict(row, np.zeros(1)) == pytest.approx(twin.predict(row.tolist()), abs=1e-12)
        model.learn(row, int(label), float(weight), np.zeros(1))
        twin.learn(row.tolist(), bool(label), float(weight) * boost)
    assert model.snapshot().scalars["count"] == len(twin.examples) <= 20


@pytest.mark.parametrize("path", [SCALED, TREE, BAG], ids=["scaled", "tree", "bag"])
@pytest.mark.parametrize("n", [0, 1, 20, 39, 40, 41, 75])
def test_wherever_it_is_saved_a_restored_one_goes_on_alike(path: str, n: int) -> None:
    x, y = rows(n + 60, 3)
    weights = np.random.default_rng(3).uniform(0.2, 1.7, n + 60)
    model = small(path)
    model.learn_many(x[:n], y[:n], weights[:n])
    twin = small(path)
    twin.learn_many(x[::-1].copy(), y, weights)
    twin.restore(unpack(pack({"it": model.snapshot()}))[0]["it"])
    assert state_of(twin) == state_of(model)
    assert twin.learn_many(x[n:], y[n:], weights[n:]).tolist() == model.learn_many(x[n:], y[n:], weights[n:]).tolist()
    assert state_of(twin) == state_of(model)


def test_an_example_of_weight_0_is_as_good_as_none() -> None:
    x, y = rows(30, 4)
    model = small(BAG)
    model.learn_many(x, y, np.zeros(30))
    assert model.predict(x[0], np.zeros(1)) == 0.5


def test_memory_is_what_it_says_and_equal_states_have_equal_bytes() -> None:
    model = small(remembered=40)
    assert model.memory_bytes == 40 * (3 * 8 + 8 + 1)
    fresh = state_of(model)
    model.learn_many(*rows(77, 5), np.ones(77))
    model.reset()
    assert state_of(model) == fresh


# Errors of River.


class Stumbling(linear_model.LogisticRegression):
    """Raises where the first feature is large."""

    def learn_one(self, x: Any, y: Any, w: float = 1.0) -> None:
        if x["f0"] > 50.0:
            raise ZeroDivisionError(f"of {object()!r} at a row")
        linear_model.LogisticRegression.learn_one(self, x, y, w)

    def predict_proba_one(self, x: Any, **kwargs: Any) -> Any:
        if x["f1"] > 50.0:
            raise KeyError("f9")
        return super().predict_proba_one(x)  # type: ignore[no-untyped-call]


def stumbling(remembered: int = 400) -> RiverModel:
    return RiverModel("stumbling", Recipe(river_path.RIVER, Stumbling), 2, remembered=remembered)


def test_an_error_while_it_learns_begins_it_anew_after_a_while_with_the_reason() -> None:
    model, outputs = stumbling(), np.zeros(1)
    x, y = rows(300, 6, d=2)
    model.learn_many(x, y, np.ones(300))
    model.learn(np.array([99.0, 0.0]), 1, 1.0, outputs)
    assert math.isnan(model.predict(x[0], outputs))
    assert math.isnan(outputs[0])
    assert model.failure == "River could not learn: ZeroDivisionError: of <object object at 0x> at a row"
    assert not model.healthy()
    twin = stumbling()
    twin.restore(model.snapshot())
    for one in (model, twin):
        said = one.learn_many(x, y, np.ones(300))
        assert np.isnan(said[:SILENT_EXAMPLES]).all()
        assert np.isfinite(said[SILENT_EXAMPLES:]).all()
        assert (one.failure, one.healthy()) == ("", True)
    fresh = stumbling()
    fresh.learn_many(x, y, np.ones(300))
    probes = rows(20, 7, d=2)[0]
    assert model.predict_many(probes).tolist() == twin.predict_many(probes).tolist() == fresh.predict_many(probes).tolist()


def test_an_error_while_it_predicts_makes_that_prediction_nan_and_changes_nothing() -> None:
    model, outputs = stumbling(), np.zeros(1)
    model.learn_many(*rows(50, 8, d=2), np.ones(50))
    before = state_of(model)
    assert math.isnan(model.predict(np.array([0.0, 99.0]), outputs))
    assert model.failure == "River could not predict: KeyError: 'f9'"
    assert math.isfinite(model.predict(np.array([0.0, 1.0]), outputs))
    assert model.failure == ""
    assert state_of(model) == before


def test_an_error_while_it_is_taught_again_is_met_in_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    # Taught from another start an estimator may fail where it did not before: here from the 31st example of a life on.
    def learn_one(self: Any, x: dict[str, float], y: bool, w: float = 1.0) -> None:
        self.lived = getattr(self, "lived", 0) + 1
        if self.lived == 31:
            raise OverflowError("too old")

    monkeypatch.setattr(Stumbling, "learn_one", learn_one)
    model = stumbling(remembered=40)
    x, y = rows(300, 9, d=2)
    model.learn_many(x, y, np.ones(300))
    assert model._silenced_by == "River could not learn: OverflowError: too old"
    twin = stumbling(remembered=40)
    twin.restore(model.snapshot())
    assert state_of(twin) == state_of(model)


def test_a_row_that_is_not_finite_gives_nan_whatever_river_would_say() -> None:
    model, outputs = small(TREE), np.zeros(1)
    model.learn_many(*rows(60, 10), np.ones(60))
    assert math.isnan(model.predict(np.array([math.nan, 0.0, 0.0]), outputs))


# States that do not fit.


def test_a_state_of_another_river_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small()
    model.learn_many(*rows(20, 11), np.ones(20))
    saved, before = model.snapshot(), state_of(model)
    saved.scalars["layout"]["river"] = "0.1.0"
    with pytest.raises(StateError, match=r"saved with River 0\.1\.0 .* install river==0\.1\.0 to resume, or begin a new run"):
        model.restore(saved)
    assert state_of(model) == before


def test_a_state_of_another_path_seed_or_memory_is_refused() -> None:
    saved = small().snapshot()
    others = [small(TREE), small(remembered=41), small(d=2), named(SCALED)(n_features=3, seed=2, remembered=40)]
    for other in others:
        with pytest.raises(StateError, match="does not fit"):
            other.restore(saved)


@pytest.mark.parametrize("count", [None, -1, 41, 2.5, True])
def test_a_state_without_a_sound_count_is_refused(count: object) -> None:
    saved = small().snapshot()
    saved.scalars["count"] = count
    with pytest.raises(StateError, match="invalid number of stored examples"):
        small().restore(State(saved.scalars, saved.arrays))


# Names.


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("linear_model.LogisticRegresion", UnknownNameError, "did you mean 'LogisticRegression'"),
        (
            "linear_modle.LogisticRegression",
            UnknownNameError,
            "no package 'linear_modle' of estimators; did you mean 'linear_model'",
        ),
        ("linear_model.LogisticRegression(l3=0.1)", UnknownNameError, "has no parameter 'l3'"),
        ("tree.HoeffdingTreeClassifier(grace_perio=1)", UnknownNameError, "did you mean 'grace_period'"),
        ("linear_model.LogisticRegression(1, 2, 3, 4, 5, 6, 7, 8, 9)", ConfigError, "too many positional"),
        (
            "linear_model.LinearRegression",
            ConfigError,
            "LinearRegression is not a classifier",
        ),
        ("linear_model.LogisticRegression(l2='much')", ConfigError, "cannot be trained on rows of numbers: TypeError"),
        ("feature_extraction.BagOfWords | naive_bayes.MultinomialNB", ConfigError, "cannot be trained on rows of numbers"),
        (f"{TREE} | {TREE}", ConfigError, "every step before the last must be a transformer"),
        ("active.EntropySampler(linear_model.LogisticRegression())", ConfigError, "does not return probabilities by class"),
        ("multiclass.OneVsOneClassifier(linear_model.LogisticRegression())", ConfigError, "but no probabilities"),
        ("tree.splitter", UnknownNameError, "is a package, not a class"),
        ("tree.HoeffdingTreeClassifier.learn_one", UnknownNameError, "has no estimator 'learn_one'"),
        ("base.Classifier", UnknownNameError, "is an abstract base class"),
        ("datasets.Phishing", UnknownNameError, "no package 'datasets'"),
        ("linear_model", ConfigError, "cannot be read as a path into River"),
        ("linear_model.LogisticRegression(", ConfigError, "cannot be read"),
        ("linear_model.LogisticRegression(**{'l2': 1})", ConfigError, "cannot be read"),
        ("linear_model.LogisticRegression(l2=1 + 1)", ConfigError, "cannot be read"),
        ("__import__('os').system('true')", ConfigError, "cannot be read"),
        ("linear_model.LogisticRegression(l2=__import__('os'))", UnknownNameError, "no package '__import__'"),
        ("(lambda: 1)()", ConfigError, "cannot be read"),
        ("3", ConfigError, "cannot be read"),
        ("", ConfigError, "cannot be read"),
        ("(" * 400, ConfigError, "cannot be read"),
        ("-" * 499 + "1", ConfigError, "cannot be read"),
        ("a" * 501, ConfigError, "501 characters; expected at most 500"),
    ],
)
def test_what_cannot_be_used_is_refused_with_one_sentence(path: str, kind: type[AlphaPulseError], message: str) -> None:
    with pytest.raises(kind, match="(?s)" + message.replace("(", r"\(")) as refused:
        plugins.load("models", TABLE, f"river:{path}")
    assert "\n" not in str(refused.value)


def test_a_classifier_that_is_not_deterministic_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="is not deterministic"):
        named("forest.ARFClassifier(n_models=2, seed=null)")
    asked: Any = linear_model.ALMAClassifier.predict_proba_one

    def learning(self: Any, x: dict[str, float]) -> Any:
        self.learn_one(x, True)
        return asked(self, x)

    monkeypatch.setattr(linear_model.ALMAClassifier, "predict_proba_one", learning)
    with pytest.raises(ConfigError, match="is not deterministic"):
        named("linear_model.ALMAClassifier")


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("abz._()[]{}|=,:'\"\\ 019-+*@\n"), max_size=60))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    with pytest.raises(AlphaPulseError):
        river_path.parse(text)


def test_without_river_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "river" or name.startswith("river.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "river", None)
    with pytest.raises(ConfigError, match=r"River is not installed; install it with: pip install 'alpha-pulse\[river\]'"):
        river_path.parse("forest.ARFClassifier")


def test_too_small_a_memory_is_refused() -> None:
    with pytest.raises(ConfigError, match="stores 1 examples; expected at least 2"):
        small(remembered=1)


# Names with a prefix in a table.


def test_a_prefix_hands_on_the_rest_of_a_name_and_is_no_name_itself() -> None:
    table = {**TABLE, "logistic": "alpha_pulse.models.linear:Logistic"}
    assert plugins.names("models", table) == ["logistic"]
    assert plugins.prefix_of(table, "river:a.B") == "river:"
    assert plugins.prefix_of(table, "logistic") is None
    assert plugins.prefix_of(table, "other:a.B") is None
    with pytest.raises(UnknownNameError, match=r"model 'other:a\.B' is not a module and a name"):
        plugins.load("models", table, "other:a.B")
    with pytest.raises(UnknownNameError, match="unknown model 'rivers'"):
        plugins.load("models", table, "rivers")


def test_the_tree_is_rivers() -> None:
    assert isinstance(small(TREE)._estimator, tree.HoeffdingTreeClassifier)
