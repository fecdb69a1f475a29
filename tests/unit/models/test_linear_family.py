from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from river import linear_model, optim, preprocessing

from alpha_pulse.core import plugins
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.models import MULTICLASS, ONLINE, REGRESSION
from alpha_pulse.models.gradient import FTRL, SGD, AdaGrad
from alpha_pulse.models.margin import AROW, PassiveAggressive
from learning_samples import stream
from naive_linear import NaiveLinear

CASES: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {"rate": 0.1, "decay": 0.3, "l1": 0.01, "l2": 0.02}),
    ("adagrad", {"rate": 0.3, "l1": 0.01, "l2": 0.02}),
    ("ftrl", {"alpha": 0.3, "beta": 0.5, "l1": 0.2, "l2": 0.02}),
    ("coin_betting", {}),
    ("passive_aggressive", {"aggressiveness": 0.2, "variant": 1}),
    ("passive_aggressive", {"aggressiveness": 0.2, "variant": 2}),
    ("arow", {"noise": 0.5, "forgetting": 0.98}),
]
cases = pytest.mark.parametrize(("name", "parameters"), CASES)


def examples(n: int, d: int, classes: int) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    generator = np.random.default_rng(classes)
    rows = generator.normal(2.0, 3.0, (n, d))
    rows[:, -1] = 5.0  # stands still
    labels = (rows[:, 0] + generator.normal(size=n) > 2.0).astype(np.int64)
    return rows, (labels + generator.integers(0, classes - 1, n)) % classes, generator.choice([0.3, 1.0, 20.0], n)


@cases
@pytest.mark.parametrize("classes", [2, 3])
def test_classes_are_the_naive_twins(name: str, parameters: dict[str, Any], classes: int) -> None:
    rows, labels, weights = examples(120, 3, classes)
    naive = NaiveLinear(name, 3, classes, **parameters)
    if classes == 2:
        model = plugins.load("models", ONLINE, name)(3, **parameters)
    else:
        model = plugins.load("models", MULTICLASS, name)(3, classes, **parameters)
    for row, label, weight in zip(rows, labels.tolist(), weights.tolist(), strict=True):
        said = naive.chances(row)
        if classes == 2:
            outputs = np.zeros(1)
            assert model.predict(row, outputs) == outputs[0] == pytest.approx(said[1], abs=1e-9)
            model.learn(row, label, weight, outputs)
        else:
            found = np.zeros(classes)
            assert model.predict(row, found) == found.argmax()
            assert found == pytest.approx(said, abs=1e-9)
            model.learn(row, label, weight)
        naive.learn(row, label, weight)


@cases
def test_numbers_are_the_naive_twins(name: str, parameters: dict[str, Any]) -> None:
    rows, _, weights = examples(120, 3, 2)
    targets = 1e3 * rows[:, 0] + rows[:, 1] ** 2
    model, naive = plugins.load("models", REGRESSION, name)(3, **parameters), NaiveLinear(name, 3, 0, **parameters)
    for row, target, weight in zip(rows, targets.tolist(), weights.tolist(), strict=True):
        assert model.predict(row) == pytest.approx(naive.estimate(row), rel=1e-8, abs=1e-8)
        model.learn(row, target, weight)
        naive.fit(row, target, weight)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD(3, rate=0.01), linear_model.LogisticRegression(optim.SGD(0.01))),
        (AdaGrad(3, rate=0.03), linear_model.LogisticRegression(optim.AdaGrad(0.03))),
        (FTRL(3, alpha=0.05, beta=1.0), linear_model.LogisticRegression(optim.FTRLProximal(alpha=0.05, beta=1.0))),
    ],
    ids=["sgd", "adagrad", "ftrl"],
)
def test_they_predict_what_rivers_do(ours: SGD, theirs: Any) -> None:
    rows, labels = stream(2_000, 3, seed=1, turns_at=1_000)
    peer = preprocessing.StandardScaler() | theirs
    found = ours.learn_many(rows, labels, np.ones(2_000))
    theirs_said = np.zeros(2_000)
    for i, (row, label) in enumerate(zip(rows.tolist(), labels.tolist(), strict=True)):
        x = dict(enumerate(row))
        theirs_said[i] = peer.predict_proba_one(x).get(True, 0.5)
        peer.learn_one(x, bool(label))
    assert np.abs(found - theirs_said)[100:].max() < 0.02
    assert ((found > 0.5) == (theirs_said > 0.5)).mean() > 0.99


def test_passive_aggressive_decides_as_rivers_does() -> None:
    rows, labels = stream(3_000, 3, seed=2)
    found = PassiveAggressive(3, aggressiveness=0.01).learn_many(rows, labels, np.ones(3_000))
    peer, right = preprocessing.StandardScaler() | linear_model.PAClassifier(C=0.01), 0  # type: ignore[no-untyped-call]
    for row, label in zip(rows.tolist(), labels.tolist(), strict=True):
        x = dict(enumerate(row))
        right += bool(peer.predict_one(x)) == bool(label)
        peer.learn_one(x, bool(label))
    assert ((found > 0.5) == (labels == 1)).mean() > right / 3_000 - 0.005


def test_l1_keeps_what_decides_nothing_at_exactly_zero() -> None:
    rows, labels = stream(3_000, 20, seed=3)
    model = FTRL(20, l1=80.0)
    model.learn_many(rows, labels, np.ones(3_000))
    first, last = rows.copy(), rows.copy()
    first[:, 0] = 0.0
    last[:, 5:] = 0.0
    assert model.predict_many(last).tolist() == model.predict_many(np.where(np.arange(20) < 5, rows, 7.0)).tolist()
    assert model.predict_many(first).tolist() != model.predict_many(rows).tolist()


def test_class_weights_move_the_probability_towards_the_heavier_class() -> None:
    rows, labels = stream(2_000, 2, seed=4)
    said = [SGD(2, class_weights=pair).learn_many(rows, labels, np.ones(2_000)).mean() for pair in ((1.0, 1.0), (1.0, 5.0))]
    assert said[1] > said[0] + 0.1


def test_the_weights_of_ftrl_do_not_jump_when_it_is_boosted() -> None:
    rows, labels = stream(500, 2, seed=5)
    model = FTRL(2, l1=0.5)
    model.learn_many(rows, labels, np.ones(500))
    before = model.predict_many(rows)
    model.set_boost(4.0)
    model.learn(rows[0], int(labels[0]), 0.0, np.zeros(1))
    assert model.predict_many(rows) == pytest.approx(before, abs=1e-2)


def test_arow_grows_sure_where_it_has_seen_rows_and_stays_unsure_elsewhere() -> None:
    rows, labels = stream(500, 2, seed=6)
    rows[:, 1] = 0.0
    rows[::50, 1] = 1.0
    model = AROW(2, forgetting=1.0)
    model.learn_many(rows, labels, np.ones(500))
    assert model.uncertainty(np.array([1.0, 0.0])) < 0.1 * model.uncertainty(np.array([1.0, 3.0]))


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("sgd", {"rate": 0.0}, "rate of sgd is 0.0"),
        ("adagrad", {"l1": -1.0}, "l1 of adagrad is -1.0"),
        ("ftrl", {"aleph": 1.0}, "ftrl has no parameter 'aleph'; expected some of alpha, beta, l1, l2"),
        ("arow", {"forgetting": 1.5}, "forgetting of arow is 1.5"),
        ("passive_aggressive", {"variant": 3}, "variant of passive_aggressive is 3"),
        ("sgd", {"class_weights": (1.0,)}, "class_weights of sgd"),
        ("sgd", {"span": -1}, "span of sgd is -1"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(name: str, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plugins.load("models", ONLINE, name)(2, **parameters)


def test_a_reset_begins_the_decay_of_the_rate_anew() -> None:
    rows, labels = stream(4_000, 3, seed=9)
    fresh, used = SGD(3, decay=1.0), SGD(3, decay=1.0)
    used.learn_many(rows, labels, np.ones(4_000))
    used.reset()
    lost = [
        -np.log(np.where(labels == 1, p, 1.0 - p)).mean()
        for p in (m.learn_many(rows, labels, np.ones(4_000)) for m in (fresh, used))
    ]
    assert lost[1] == pytest.approx(lost[0], abs=0.02)


def test_a_feature_that_has_come_to_a_stand_is_0() -> None:
    rows, labels = stream(200, 2, seed=9)
    model = SGD(2, span=50)
    model.learn_many(rows, labels, np.ones(200))
    still = np.column_stack([np.full(20_000, 0.1), np.zeros(20_000)])
    model.learn_many(still, np.zeros(20_000, np.int64), np.ones(20_000))
    said = [model.predict(np.array([value, 0.0]), np.zeros(1)) for value in (0.1, np.nextafter(0.1, 1.0))]
    assert said[0] == said[1]
