from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.stateful import digest, pack, unpack
from alpha_pulse.kernels.base.missing import MISSING
from alpha_pulse.kernels.trees import regression_tree as tree
from alpha_pulse.models.base import MultiClassModel, Row
from alpha_pulse.models.boosting import SGBT, SGBTClassifier, SGBTRegressor
from alpha_pulse.models.tree import HoeffdingTree
from alpha_pulse.testing.checks import yield_model_checks
from alpha_pulse.testing.model_checks import ModelFactory
from learning_samples import quarters
from naive_regression_tree import NaiveBoosting, NaiveRegressionTree


@pytest.mark.parametrize("check", list(yield_model_checks()), ids=lambda check: check.__name__)
def test_it_keeps_the_promises_of_an_online_model(check: Callable[[ModelFactory], None]) -> None:
    check(lambda: SGBT(5, trees=10, life=500))


def test_it_equals_its_naive_twin() -> None:
    rows, labels, weights = quarters(2_000, 1)
    model = SGBT(5, trees=6, rate=0.2, memory=4.0, window=50, life=300, observed=1.0, grace=20, leaves=4, bins=8)
    trees = [
        NaiveRegressionTree(
            5, bins=8, leaves=4, delta=0.05, tau=0.05, grace=20, least_f=4.0, linear=False, span=4.0, window=50, prior=0.3
        )
        for _ in range(6)
    ]
    twin, theirs = NaiveBoosting(trees, 0.2, 50), []
    for row, label, weight in zip(rows.tolist(), labels.tolist(), weights.tolist(), strict=True):
        theirs.append(twin.predict(row))
        twin.learn(row, label, weight)
    np.testing.assert_allclose(model.learn_many(rows, labels, weights), theirs, rtol=1e-12, atol=1e-12)


def test_it_beats_a_single_tree_and_follows_a_turn() -> None:
    rows, labels, _ = quarters(8_000, 2, turns_at=4_000)
    ours, single = SGBT(5), HoeffdingTree(5)
    right = [((m.learn_many(rows, labels, np.ones(8_000)) > 0.5) == labels) for m in (ours, single)]
    assert right[0][2_000:4_000].mean() > right[1][2_000:4_000].mean()
    assert right[0][6_000:].mean() > right[1][6_000:].mean() + 0.1


def test_a_full_tree_starts_again_when_it_is_its_turn() -> None:
    rows, labels, weights = quarters(3_000, 3)
    old, renewed = SGBT(5, trees=4, leaves=4, life=10**9), SGBT(5, trees=4, leaves=4, life=400)
    for model in (old, renewed):
        model.learn_many(rows, labels, weights)
    assert (old.snapshot().arrays["whole"][:, tree.LEAVES] == 4).all()
    assert (renewed.snapshot().arrays["whole"][:, tree.LEAVES] < 4).any()


def test_weights_at_zero_teach_nothing() -> None:
    rows, labels, _ = quarters(200, 4)
    model = SGBT(5)
    assert (model.learn_many(rows, labels, np.zeros(200)) == 0.5).all()
    assert (model.predict_many(rows) == 0.5).all()


def classes(n: int, seed: int) -> tuple[Row, np.ndarray]:
    generator = np.random.default_rng(seed)
    rows = generator.uniform(0.0, 3.0, (n, 3))
    return rows, ((rows[:, 0] + rows[:, 1]).astype(np.int64) % 3)


def test_classes_are_learned_and_the_loop_equals_its_steps() -> None:
    rows, labels = classes(2_000, 1)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, 2_000)
    one, many, later = (SGBTClassifier(3, 3, trees=8, life=300) for _ in range(3))
    assert isinstance(one, MultiClassModel)
    out, served = np.zeros(3), []
    for row, label, weight in zip(rows, labels.tolist(), weights.tolist(), strict=True):
        assert one.predict(row, out) == out.argmax()
        served.append(out.tolist())
        one.learn(row, label, weight)
    found = many.learn_many(rows, labels, weights)
    assert found.tolist() == served
    assert digest({"m": one.snapshot()}) == digest({"m": many.snapshot()})
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-12)
    assert (found.argmax(axis=1) == labels)[1_000:].mean() > 0.6
    later.restore(unpack(pack({"m": one.snapshot()}))[0]["m"])
    assert later.predict_many(rows).tolist() == one.predict_many(rows).tolist()


def test_extremes_leave_classes_healthy() -> None:
    generator = np.random.default_rng(5)
    model = SGBTClassifier(3, 4, trees=5)
    rows = generator.choice([0.0, 1.0, -1e300, 1e300, 1e-300, MISSING], (500, 3))
    found = model.learn_many(rows, generator.integers(0, 4, 500), generator.choice([0.0, 1.0, 1e6], 500))
    assert np.isfinite(found).all()
    assert model.healthy()


def test_a_number_of_any_offset_does_not_overshoot() -> None:
    rows = np.random.default_rng(6).normal(size=(300, 2))
    served = SGBTRegressor(2, trees=100).learn_many(rows, np.full(300, 1_000.0), np.ones(300))
    assert served.max() < 2_000.0
    assert abs(served[-1] - 1_000.0) < 1.0


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGBT(2, trees=0),
        lambda: SGBT(2, rate=0.0),
        lambda: SGBT(2, memory=0.0),
        lambda: SGBT(2, observed=1.5),
        lambda: SGBT(2, bins=5),
        lambda: SGBT(2, life=0),
        lambda: SGBTClassifier(2, 1),
    ],
)
def test_parameters_that_make_no_sense_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ConfigError):
        make()
