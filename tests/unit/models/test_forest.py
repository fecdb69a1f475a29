from __future__ import annotations

import numpy as np
import pytest

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.stateful import digest
from alpha_pulse.kernels.trees import forest as kernels
from alpha_pulse.kernels.trees import tree, tree_growth
from alpha_pulse.models import forest, member_threads
from alpha_pulse.models.forest import AdaptiveRandomForest, AdaptiveRandomForestClassifier
from alpha_pulse.models.tree import HoeffdingTree
from learning_samples import quarters


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_no_bit_depends_on_the_number_of_cores(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, labels, weights = quarters(1_500, 1)
    monkeypatch.setattr(forest, "BLOCK", 400)
    one, many = AdaptiveRandomForest(5, trees=4), AdaptiveRandomForest(5, trees=4)
    outputs, served = np.zeros(1), []
    for row, label, weight in zip(rows, labels.tolist(), weights.tolist(), strict=True):
        served.append(one.predict(row, outputs))
        one.learn(row, label, weight, outputs)
    monkeypatch.setattr(member_threads, "usable_cores", lambda: cores)
    assert many.learn_many(rows, labels, weights).tolist() == served
    assert digest({"forest": one.snapshot()}) == digest({"forest": many.snapshot()})


def test_it_beats_a_single_tree_and_notices_a_turn() -> None:
    rows, labels, _ = quarters(8_000, 2, turns_at=4_000)
    ours, single = AdaptiveRandomForest(5, trees=5), HoeffdingTree(5)
    right = [((m.learn_many(rows, labels, np.ones(8_000)) > 0.5) == labels) for m in (ours, single)]
    assert right[0][2_000:4_000].mean() > right[1][2_000:4_000].mean()
    assert right[0][6_000:].mean() > right[1][6_000:].mean() + 0.1
    assert ours.warnings >= ours.drifts > 0


def test_where_nothing_drifts_few_trees_are_replaced() -> None:
    generator = np.random.default_rng(3)
    rows, labels = generator.normal(size=(6_000, 3)), generator.integers(0, 2, 6_000)
    model = AdaptiveRandomForest(3, trees=5)
    model.learn_many(rows, labels, np.ones(6_000))
    assert model.drifts <= 2


def test_other_seeds_give_other_forests() -> None:
    rows, labels, weights = quarters(500, 4)
    served = [AdaptiveRandomForest(5, seed=seed, trees=3).learn_many(rows, labels, weights).tolist() for seed in (1, 1, 2)]
    assert served[0] == served[1] != served[2]


def test_more_classes() -> None:
    generator = np.random.default_rng(5)
    rows = generator.normal(size=(3_000, 2))
    labels = (rows[:, 0] > 0).astype(np.int64) * 2 + (rows[:, 1] > 0)
    model = AdaptiveRandomForestClassifier(2, 4, trees=3, observed=1.0)
    served = model.learn_many(rows, labels, np.ones(3_000))
    assert served.sum(axis=1) == pytest.approx(1.0)
    assert (served[1_500:].argmax(axis=1) == labels[1_500:]).mean() > 0.9


@pytest.mark.parametrize(
    ("parameters", "words"), [({"trees": 0}, "trees is 0"), ({"observed": 0.0}, "observed 0.0"), ({"rate": 0.0}, "rate 0.0")]
)
def test_parameters_that_make_no_sense_are_refused_in_a_sentence(parameters: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        AdaptiveRandomForest(5, **parameters)  # type: ignore[arg-type]


def test_the_budget_is_for_all_trees_together() -> None:
    assert AdaptiveRandomForest(5, budget_bytes=1_000_000).memory_bytes <= 1_000_000
    with pytest.raises(ConfigError, match="give more"):
        AdaptiveRandomForest(5, budget_bytes=50_000)


def test_a_vote_counts_by_how_often_its_tree_was_right() -> None:
    rows, labels, _ = quarters(600, 6)
    model = AdaptiveRandomForest(5, trees=2)
    model.learn_many(rows, labels, np.ones(600))
    real, whole = model._real[0], model._whole[0]
    current, said, plain = int(whole[kernels.CURRENT]), np.zeros(2), np.zeros(2)
    right, seen = real[kernels.RIGHT + current], real[kernels.SEEN + current]
    assert 0.5 * seen < right < seen
    kernels.vote(real, whole, rows[0], said)
    tree_growth.predict(kernels.tree_real(real, whole, current), kernels.tree_whole(whole, current), rows[0], plain)
    assert said == pytest.approx(plain * (right + 1.0) / (seen + 1.0))


def test_a_tree_in_the_background_learns_before_it_takes_over() -> None:
    rows, labels, _ = quarters(6_000, 2, turns_at=4_000)
    model = AdaptiveRandomForest(5, trees=3)
    learned, outputs = [], np.zeros(1)
    for row, label in zip(rows, labels.tolist(), strict=True):
        model.learn(row, label, 1.0, outputs)
        for real, whole in zip(model._real, model._whole, strict=True):
            if whole[kernels.BACKGROUND] == 1:
                other = 1 - int(whole[kernels.CURRENT])
                own = kernels.tree_whole(whole, other)
                learned.append(
                    float(kernels.tree_real(real, whole, other)[tree.counts_at(own, 0) : tree.counts_at(own, 0) + 2].sum())
                )
    assert max(learned) > 20.0


@pytest.mark.parametrize("weight", [1.0, 1e-6])
def test_errors_of_small_weights_do_not_replace_a_tree(weight: float) -> None:
    rows, labels, _ = quarters(2_000, 3)
    model = AdaptiveRandomForest(5, trees=3)
    model.learn_many(rows, labels, np.ones(2_000))
    before = model.warnings, model.drifts
    model.learn_many(rows, 1 - labels, np.full(2_000, weight))
    assert ((model.warnings, model.drifts) == before) == (weight < 1.0)
