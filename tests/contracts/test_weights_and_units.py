"""Of every learner in the tables: a weight of 0 teaches nothing, small weights little, and nothing depends on a unit.

One example per kind of learner is a factory of (n_features) and a seed; what is asked of all is asked in the same words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from alpha_pulse.core import plugins
from alpha_pulse.core.errors import DataError
from alpha_pulse.core.stateful import digest
from alpha_pulse.models import BATCH, MULTICLASS, ONLINE, REGRESSION

D, N = 4, 500
Row = NDArray[np.float64]

MIXTURES = ("mixture:logistic + arow", "mixture:hedge(logistic + naive_bayes)", "mixture:adahedge(sgd + hoeffding_tree)")
RIVER = ("river:linear_model.LogisticRegression", "river:tree.HoeffdingTreeClassifier")
"""Of River the classifiers alone: its scalers take no weights, and are River's."""
SMALLER: dict[str, dict[str, int]] = {"sgbt": {"trees": 8}, "adaptive_random_forest": {"trees": 3}}
LEARNERS = [
    *(("online", name) for name in (*plugins.names("models", ONLINE), *MIXTURES)),
    *(("multiclass", name) for name in sorted(MULTICLASS)),
    *(("regression", name) for name in sorted(REGRESSION)),
]
TABLES = {"online": ONLINE, "multiclass": MULTICLASS, "regression": REGRESSION}
each_learner = pytest.mark.parametrize(("task", "name"), LEARNERS)


def made(task: str, name: str) -> Any:
    kind = plugins.load("models", TABLES[task], name)
    sizes = {"n_classes": 3} if task == "multiclass" else {}
    return kind(n_features=D, seed=1, **sizes, **SMALLER.get(name, {}))


def stream(task: str, n: int = N, seed: int = 1) -> tuple[Row, NDArray[Any]]:
    """Rows (n, D), and targets that two of their features decide."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(n, D)) + 3.0
    signal = rows[:, 0] - 3.0 + 0.5 * (rows[:, 1] > 3.0) + 0.3 * generator.normal(size=n)
    if task == "regression":
        return rows, signal + 2.0
    if task == "multiclass":
        return rows, np.digitize(signal, [-0.3, 0.6]).astype(np.int64)
    return rows, (signal > 0.0).astype(np.int64)


def turned(task: str, targets: NDArray[Any]) -> NDArray[Any]:
    return -10.0 * targets if task == "regression" else (targets + 1) % (3 if task == "multiclass" else 2)


def taught(task: str, name: str) -> Any:
    model = made(task, name)
    rows, targets = stream(task)
    model.learn_many(rows, targets, np.ones(N))
    return model


@pytest.mark.parametrize(
    ("task", "name"), [*LEARNERS, *(("online", name) for name in RIVER)], ids=lambda value: str(value).replace(" ", "")
)
def test_an_example_of_weight_0_teaches_nothing(task: str, name: str) -> None:
    model, (rows, targets) = taught(task, name), stream(task, 200, 2)
    before, said = digest({"model": model.snapshot()}), model.predict_many(rows).tolist()
    model.set_boost(3.0)
    boosted = digest({"model": model.snapshot()})
    model.learn_many(1e6 * rows, turned(task, targets), np.zeros(len(rows)))
    outputs = np.zeros(getattr(model, "n_outputs", 0))
    for row, target in zip(rows[:5], turned(task, targets)[:5].tolist(), strict=True):
        model.learn(row, target, 0.0, *([outputs] if task == "online" else []))
    assert digest({"model": model.snapshot()}) == boosted
    model.set_boost(1.0)
    assert digest({"model": model.snapshot()}) == before or "ftrl" in name  # whose weights are held while its rate changes
    assert np.allclose(model.predict_many(rows), said, rtol=0.0, atol=1e-12)


@each_learner
def test_small_weights_teach_little_and_the_less_the_smaller_they_are(task: str, name: str) -> None:
    rows, targets = stream(task, 400, 2)
    probe = stream(task, 100, 3)[0]
    moved = []
    for weight in (1.0, 1e-6, 1e-9):
        model = taught(task, name)
        said = model.predict_many(probe)
        model.learn_many(rows, turned(task, targets), np.full(len(rows), weight))
        moved.append(float(np.abs(model.predict_many(probe) - said).max()))
    assert moved[0] > 0.05
    assert moved[1] <= 0.5 * moved[0]
    # Naive Bayes in a leaf of a few rows: a class that it never met, of whatever weight, speaks where all densities vanish.
    assert moved[2] <= (0.5 if name == "adaptive_random_forest" else 0.01) * moved[0]


@pytest.mark.parametrize("exponent", [-40, 40])
@each_learner
def test_predictions_do_not_depend_on_the_unit_of_a_feature(task: str, name: str, exponent: int) -> None:
    """By powers of two of about 1e-12 and 1e12, where the same bits are asked of the scaled features."""
    rows, targets = stream(task)
    unit = 2.0 ** np.array([exponent, 0, -exponent, exponent // 2])
    one, other = made(task, name), made(task, name)
    weights = np.random.default_rng(5).choice([0.3, 1.0, 2.0], N)
    expected = one.learn_many(rows, targets, weights)
    assert np.array_equal(other.learn_many(rows * unit, targets, weights), expected)
    assert np.array_equal(other.predict_many(rows * unit), one.predict_many(rows))


@pytest.mark.parametrize("unit", [1e-12, 1e12])
@pytest.mark.parametrize(("task", "name"), [learner for learner in LEARNERS if learner[1] != "adaptive_random_forest"])
def test_nor_does_a_unit_that_is_no_power_of_two_change_more_than_rounding_does(task: str, name: str, unit: float) -> None:
    rows, targets = stream(task)
    one, other = made(task, name), made(task, name)
    expected = one.learn_many(rows, targets, np.ones(N))
    found = other.learn_many(rows * unit, targets, np.ones(N))
    # A row that lies on a threshold to the last bit may take the other branch; a forest, which redraws rows, multiplies that.
    assert np.mean(~np.isclose(found, expected, rtol=1e-6, atol=1e-6)) < 0.02


@pytest.mark.parametrize("exponent", [-100, -40, 40, 100])
@pytest.mark.parametrize("name", sorted(REGRESSION))
def test_predictions_go_with_the_unit_of_the_target(name: str, exponent: int) -> None:
    rows, targets = stream("regression")
    one, other, unit = made("regression", name), made("regression", name), 2.0**exponent
    expected = one.learn_many(rows, targets, np.ones(N))
    assert np.array_equal(other.learn_many(rows, targets * unit, np.ones(N)), expected * unit)


@pytest.mark.parametrize("name", sorted(REGRESSION))
@pytest.mark.parametrize("outlier", [1e160, -1e160, 1e51])
def test_one_absurd_target_is_refused_before_it_is_learned(name: str, outlier: float) -> None:
    generator, model = np.random.default_rng(1), made("regression", name)
    rows = generator.normal(size=(1_500, D))
    targets = 1.0 + 0.1 * generator.normal(size=1_500)
    before = digest({"model": model.snapshot()})
    with pytest.raises(DataError, match="at most 1e\\+50 in size"):
        model.learn(rows[0], outlier, 1.0)
    with pytest.raises(DataError, match="target 3 is"):
        model.learn_many(rows[:5], np.where(np.arange(5) == 3, outlier, targets[:5]), np.ones(5))
    assert digest({"model": model.snapshot()}) == before
    model.learn_many(rows, targets, np.ones(1_500))
    assert model.predict(np.zeros(D)) == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("name", sorted(REGRESSION))
def test_the_largest_target_leaves_no_nan_behind(name: str) -> None:
    model, rows = made("regression", name), stream("regression")[0]
    targets = np.where(np.arange(N) == 100, 1e50, 1.0)
    assert np.isfinite(model.learn_many(rows, targets, np.ones(N))).all()
    assert model.healthy()
    assert math.isfinite(model.predict(rows[0]))


@pytest.mark.parametrize("name", sorted(BATCH))
def test_a_batch_model_is_not_taught_by_examples_of_weight_0(name: str) -> None:
    rows, labels = stream("online", 2_000)
    strange, others = stream("online", 1_000, 2)
    kind: Callable[..., Any] = plugins.load("models", BATCH, name)
    smaller = {"trees": 20, "seed": 1} if name == "lightgbm" else {}
    alone, beside = kind(n_features=D, **smaller), kind(n_features=D, **smaller)
    alone.fit(rows, labels, np.ones(2_000))
    weights = np.concatenate([np.ones(2_000), np.zeros(1_000)])
    beside.fit(np.concatenate([rows, 100.0 * strange]), np.concatenate([labels, 1 - others]), weights)
    assert alone.version == beside.version
