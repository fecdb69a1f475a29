from __future__ import annotations

import numpy as np
import pytest

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.stateful import digest
from alpha_pulse.kernels.base.missing import MISSING
from alpha_pulse.kernels.detection import adwin
from alpha_pulse.kernels.trees import adaptive_tree, tree_growth
from alpha_pulse.kernels.trees import tree as kernels
from alpha_pulse.models.base import Row
from alpha_pulse.models.tree import (
    HoeffdingAdaptiveTree,
    HoeffdingAdaptiveTreeClassifier,
    HoeffdingTree,
    HoeffdingTreeClassifier,
)
from naive_tree import NaiveTree


def corners(n: int, seed: int, classes: int = 2, d: int = 3) -> tuple[Row, np.ndarray, Row]:
    """Rows whose class depends on two features, a tenth at random, with weights of 1 to 3."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(n, d))
    labels = np.minimum((rows[:, 0] > 0.3).astype(np.int64) * 2 + (rows[:, 1] > 0.0), classes - 1)
    flipped = generator.random(n) < 0.1
    labels[flipped] = generator.integers(0, classes, int(flipped.sum()))
    return rows, labels.astype(np.int64), generator.integers(1, 4, n).astype(float)


def leaf_count(whole: np.ndarray) -> int:
    """Leaves of a tree with this state, alternates' included."""
    features = whole[kernels.WHOLE_HEAD : kernels.WHOLE_HEAD + int(whole[kernels.USED])]
    return int((features == kernels.LEAF).sum()) - int(whole[kernels.FREE_NODES])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("holes", [0.0, 0.1])
def test_it_is_the_tree_that_its_authors_describe(classes: int, holes: float) -> None:
    rows, labels, weights = corners(1_500, 1, classes)
    rows[np.random.default_rng(2).random(rows.shape) < holes] = MISSING
    ours, naive = HoeffdingTreeClassifier(3, classes, grace=100, delta=1e-3), NaiveTree(3, classes, 1e-3, grace=100.0)
    out = np.zeros(classes)
    for row, label, weight in zip(rows, labels.tolist(), weights.tolist(), strict=True):
        ours.predict(row, out)
        assert out.tolist() == pytest.approx(naive.predict(row.tolist()), abs=1e-9)
        ours.learn(row, label, weight)
        naive.learn(row.tolist(), label, weight)
    assert leaf_count(ours._whole) > 2


def test_nominal_features_split_one_value_against_the_others() -> None:
    generator = np.random.default_rng(3)
    rows = np.column_stack([generator.integers(0, 5, 3_000), generator.normal(size=3_000)]).astype(float)
    labels = ((rows[:, 0] == 1) | (rows[:, 0] == 3)).astype(np.int64)
    tree = HoeffdingTree(2, nominal={0: 5})
    tree.learn_many(rows, labels, np.ones(3_000))
    values = np.column_stack([np.arange(5.0), np.zeros(5)])
    assert (tree.predict_many(values) > 0.5).tolist() == [False, True, False, True, False]
    assert tree.predict(np.array([9.0, 0.0]), np.zeros(1)) < 0.9
    assert kernels.feature_at(tree._whole, 0) == kernels.WHOLE_HEAD
    assert tree._whole[kernels.WHOLE_HEAD] == 0


def test_a_missing_value_goes_where_most_rows_went() -> None:
    generator = np.random.default_rng(4)
    rows = generator.normal(size=(4_000, 1))
    rows[:3_000, 0] = np.abs(rows[:3_000, 0])
    tree = HoeffdingTree(1, grace=50)
    tree.learn_many(rows, (rows[:, 0] > 0).astype(np.int64), np.ones(4_000))
    assert tree.predict(np.array([MISSING]), np.zeros(1)) > 0.5


@pytest.mark.parametrize("kind", [HoeffdingTree, HoeffdingAdaptiveTree])
def test_a_tree_out_of_room_goes_on_with_its_most_promising_leaves(kind: type[HoeffdingTree]) -> None:
    generator = np.random.default_rng(5)
    rows = generator.uniform(size=(30_000, 2))
    labels = ((rows * 8).astype(np.int64).sum(axis=1) % 2).astype(np.int64)
    small = kind(2, delta=0.1, grace=20, budget_bytes=60_000)
    small.learn_many(rows, labels, np.ones(30_000))
    slots = small._whole[kernels.SLOTS]
    assert small.memory_bytes <= 60_000
    free = small._whole[kernels.FREE_SLOTS]
    assert free == 0
    unused = [small._whole[kernels.free_slot_at(small._whole, k)] for k in range(free)]
    owners = {k: small._whole[kernels.owner_at(small._whole, k)] for k in range(slots) if k not in unused}
    assert len(set(owners.values())) == slots - free
    for slot, leaf in owners.items():
        assert small._whole[kernels.slot_at(small._whole, leaf)] == slot
        assert small._whole[kernels.feature_at(small._whole, leaf)] == kernels.LEAF
    assert leaf_count(small._whole) > slots


@pytest.mark.parametrize("promise", [0.0, 500.0])
def test_an_inactive_leaf_gets_statistics_back_when_it_promises_more_than_one_that_has_them(promise: float) -> None:
    tree = HoeffdingTree(1, grace=50)
    real, whole = tree._real, tree._whole
    other = int(kernels.take_node(real, whole, 1))
    kernels.drop_slot(whole, 0)
    assert kernels.give_slot(real, whole, other)
    whole[kernels.FREE_SLOTS] = 0
    for slot in range(int(whole[kernels.SLOTS])):
        whole[kernels.owner_at(whole, slot)] = other
    counts = kernels.counts_at(whole, other)
    real[counts], real[counts + 1] = 1_000.0, promise
    inactive = []
    for k in range(60):
        inactive.append(whole[kernels.slot_at(whole, 0)] == kernels.INACTIVE)
        tree.learn(np.array([float(k)]), k % 2, 1.0, np.zeros(1))
    asked = 50 if promise == 0.0 else 60
    assert inactive == [True] * asked + [False] * (60 - asked)
    assert (whole[kernels.slot_at(whole, other)] == kernels.INACTIVE) is np.bool_(promise == 0.0)


def test_the_leaf_that_promises_least_gives_its_statistics_up() -> None:
    tree = HoeffdingTree(1, grace=10**6, budget_bytes=60_000)
    real, whole = tree._real, tree._whole
    kinds = [1.0, 9.0, 4.0, 2.0]
    leaves = [0, *(int(kernels.take_node(real, whole, 1)) for _ in kinds[1:])]
    whole[kernels.FREE_SLOTS] = 0
    for slot, (leaf, promise) in enumerate(zip(leaves, kinds, strict=True)):
        real[kernels.counts_at(whole, leaf)], real[kernels.counts_at(whole, leaf) + 1] = 20.0, promise
        whole[kernels.slot_at(whole, leaf)] = slot
        whole[kernels.owner_at(whole, slot)] = leaf
    for slot in range(len(kinds), int(whole[kernels.SLOTS])):
        whole[kernels.owner_at(whole, slot)] = leaves[1]
    assert tree_growth._free_least_promising(real, whole, leaves[3])
    given_up = [leaf for leaf in leaves if whole[kernels.slot_at(whole, leaf)] == kernels.INACTIVE]
    assert given_up == [leaves[0]]


def turned(n: int, seed: int) -> tuple[Row, np.ndarray]:
    """A first feature decides, from the half on the other way round."""
    rows = np.random.default_rng(seed).normal(size=(n, 3))
    return rows, ((rows[:, 0] > 0) ^ (np.arange(n) >= n // 2)).astype(np.int64)


def test_the_adaptive_tree_recovers_sooner_after_a_turn() -> None:
    rows, labels = turned(20_000, 6)
    after = slice(11_000, 14_000)
    right = []
    for model in (HoeffdingTree(3), HoeffdingAdaptiveTree(3)):
        served = model.learn_many(rows, labels, np.ones(20_000))
        right.append(((served[after] > 0.5) == labels[after]).mean())
    assert right[1] > 0.95 > right[0] + 0.05


@pytest.mark.parametrize(("worse", "kept"), [(1, False), (0, True)])
def test_an_alternate_that_is_worse_is_dropped_and_a_better_one_takes_over(worse: int, kept: bool) -> None:
    model = HoeffdingAdaptiveTree(2)
    real, whole = model._real, model._whole
    adaptive_tree._begin_alternate(real, whole, 0)
    beside = int(whole[adaptive_tree._alternate_at(whole, 0)])
    errors = (0.5, 0.9) if worse else (0.9, 0.5)
    generator = np.random.default_rng(3)
    for node, rate in zip((0, beside), errors, strict=True):
        for _ in range(400):
            adwin.adwin_step(adaptive_tree._window(real, whole, node), float(generator.random() < rate))
    seen_by = adaptive_tree._window(real, whole, beside).copy()
    model.learn(np.zeros(2), 1, 1.0, np.zeros(1))
    assert whole[adaptive_tree._alternate_at(whole, 0)] == adaptive_tree.NONE
    taken_over = adaptive_tree._window(real, whole, 0)[adwin.TOTAL] == pytest.approx(seen_by[adwin.TOTAL], abs=2.0)
    assert bool(taken_over) is kept
    assert leaf_count(model._whole) == 1


def test_many_turns_leave_no_node_lost() -> None:
    generator = np.random.default_rng(7)
    rows = generator.normal(size=(40_000, 3))
    phase = np.arange(40_000) // 4_000
    labels = (np.take_along_axis(rows, (phase % 3)[:, None], 1)[:, 0] > 0) ^ (phase % 2 == 1)
    tree = HoeffdingAdaptiveTreeClassifier(3, 2, seed=2)
    tree.learn_many(rows, labels.astype(np.int64), np.ones(40_000))
    whole, nodes = tree._whole, int(tree._whole[kernels.NODES])
    waiting, reached, holders = [0], [], []
    while waiting:
        node = waiting.pop()
        reached.append(node)
        beside = int(whole[whole.size - nodes + node])
        if beside >= 0:
            waiting.append(beside)
        if whole[kernels.feature_at(whole, node)] == kernels.LEAF:
            holders.append(int(whole[kernels.slot_at(whole, node)]))
        else:
            waiting += [int(whole[kernels.left_at(whole, node)]), int(whole[kernels.right_at(whole, node)])]
    free = [int(whole[kernels.free_node_at(whole, k)]) for k in range(whole[kernels.FREE_NODES])]
    assert sorted(reached + free) == list(range(whole[kernels.USED]))
    held = sorted(slot for slot in holders if slot >= 0)
    free_slots = [int(whole[kernels.free_slot_at(whole, k)]) for k in range(whole[kernels.FREE_SLOTS])]
    assert sorted(held + free_slots) == list(range(whole[kernels.SLOTS]))
    assert whole[kernels.FREE_NODES] > 0
    assert leaf_count(tree._whole) == len(holders)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"delta": 0.0}, "delta is 0.0"),
        ({"grace": 0}, "grace 0"),
        ({"budget_bytes": 100}, "give more"),
        ({"nominal": {7: 3}}, "feature 7"),
        ({"nominal": {0: 1}}, "1 values"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_in_a_sentence(parameters: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        HoeffdingTree(3, **parameters)  # type: ignore[arg-type]


def test_one_class_is_none() -> None:
    with pytest.raises(ConfigError, match="expected 2 or more"):
        HoeffdingTreeClassifier(3, 1)


def test_seeds_change_the_adaptive_tree_and_nothing_of_the_plain_one() -> None:
    rows, labels, weights = corners(2_000, 8)
    for kind, same in ((HoeffdingTree, True), (HoeffdingAdaptiveTree, False)):
        served = []
        for seed in (1, 2):
            model = kind(3, seed=seed)
            served.append(model.learn_many(rows, labels, weights).tolist())
        assert (served[0] == served[1]) is same


def test_reset_is_a_new_tree() -> None:
    rows, labels, weights = corners(2_000, 9)
    model = HoeffdingTree(3)
    fresh = digest({"tree": model.snapshot()})
    model.learn_many(rows, labels, weights)
    model.reset()
    assert digest({"tree": model.snapshot()}) == fresh
