"""Metrics equal scikit-learn's on the same predictions; what is not defined is None, never NaN."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn

import naive_evaluation as naive
from alpha_pulse.kernels.base import scores as kernels
from alpha_pulse.metrics import streaming as loop
from alpha_pulse.metrics.batch import Evaluated, Metrics, binary_metrics, fading_metrics, guesses, losses, metrics, of_two
from alpha_pulse.metrics.reliability import reliability_table

GRID = st.integers(1, 19).map(lambda tick: tick / 20)
"""Few probabilities, so that there are ties."""
PAIRS = st.lists(st.tuples(GRID, st.integers(0, 1)), min_size=1, max_size=60)
FLAGS = st.lists(st.booleans(), min_size=60, max_size=60)


def scored(probabilities: Any, labels: Any, known: Any = None, majority: Any = None) -> Evaluated:
    p = np.asarray(probabilities, dtype=np.float64)
    n = len(p)
    right = np.zeros(n, dtype=np.bool_)
    no_change = right if known is None else np.asarray(known[:n], dtype=np.bool_)
    return Evaluated(
        p, guesses(p), np.asarray(labels, dtype=np.int64), no_change, right if majority is None else np.asarray(majority[:n])
    )


def same(found: float | None, wanted: float) -> None:
    assert found == pytest.approx(wanted, abs=1e-12)


@given(PAIRS, FLAGS, FLAGS)
def test_two_classes_are_scored_as_by_scikit_learn(pairs: list[tuple[float, int]], known: Any, majority: Any) -> None:
    p, labels = np.array([p for p, _ in pairs]), np.array([label for _, label in pairs])
    said = (p >= 0.5).astype(int)
    found = metrics(scored(of_two(p), labels, known, majority))
    same(found.accuracy, sklearn.accuracy_score(labels, said))
    same(found.log_loss, sklearn.log_loss(labels, p, labels=[0, 1]))
    same(found.brier, sklearn.brier_score_loss(labels, p, pos_label=1))
    same(found.ece, float(reliability_table(p, labels == 1).ece or 0.0))
    for reference, kappa in ((np.mean(known[: len(p)]), found.kappa_temporal), (np.mean(majority[: len(p)]), found.kappa_m)):
        if reference < 1.0 and len(set(labels.tolist())) == 2:
            same(kappa, float((np.mean(said == labels) - reference) / (1.0 - reference)))
        else:
            assert kappa is None
    if len(set(labels.tolist())) == 2:
        same(found.balanced_accuracy, sklearn.balanced_accuracy_score(labels, said))
        same(found.kappa, sklearn.cohen_kappa_score(labels, said))
        same(found.auc, sklearn.roc_auc_score(labels, p))
        same(found.auc, naive.auc(p.tolist(), (labels == 1).tolist()) or 0.0)
        if len(set(p.tolist())) > 1:
            ranks = [np.array([np.mean(np.flatnonzero(np.sort(v) == x)) for x in v]) for v in (p, labels)]
            same(found.information_coefficient, float(np.corrcoef(ranks[0], ranks[1])[0, 1]))
        else:
            assert found.information_coefficient is None
    else:
        assert (found.balanced_accuracy, found.kappa, found.auc, found.information_coefficient) == (None,) * 4
        assert found.kappa_m is found.kappa_temporal is None
    assert not any(isinstance(value, float) and not math.isfinite(value) for value in msgspec.structs.astuple(found))


@given(st.integers(0, 10_000), st.integers(1, 50), st.integers(3, 6))
def test_more_classes_are_scored_as_by_scikit_learn(seed: int, n: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.integers(1, 5, (n, classes)).astype(float)
    p /= p.sum(axis=1, keepdims=True)
    labels = rng.integers(0, classes, n)
    said, names = p.argmax(axis=1), list(range(classes))
    found = metrics(scored(p, labels))
    came = set(labels.tolist())
    same(found.accuracy, sklearn.accuracy_score(labels, said))
    same(found.log_loss, sklearn.log_loss(labels, p, labels=names))
    same(found.brier, sklearn.brier_score_loss(labels, p, labels=names))
    same(found.ece, float(reliability_table(p.max(axis=1), said == labels).ece or 0.0))
    if len(came) > 1:
        recalls = [np.mean(said[labels == c] == c) for c in came]
        same(found.balanced_accuracy, float(np.mean(recalls)))
        same(found.kappa, sklearn.cohen_kappa_score(labels, said, labels=names))
    if len(came) == classes:
        same(found.auc, sklearn.roc_auc_score(labels, p, multi_class="ovr", average="macro", labels=names))
    elif len(came) == 1:
        assert found.auc is None
    assert found.information_coefficient is None


@given(PAIRS, st.floats(0.5, 1.0))
def test_fading_is_a_weighted_mean_and_without_fading_the_whole_run(pairs: list[tuple[float, int]], factor: float) -> None:
    p, labels = np.array([p for p, _ in pairs]), np.array([label for _, label in pairs])
    one = scored(of_two(p), labels)
    found = fading_metrics(one, factor)
    weights = factor ** np.arange(len(p))[::-1]
    same(found.accuracy, float(np.average((p >= 0.5) == labels, weights=weights)))
    same(found.log_loss, float(np.average(losses(one), weights=weights)))
    if len(set(labels.tolist())) == 2:
        same(found.kappa, sklearn.cohen_kappa_score(labels, (p >= 0.5).astype(int), sample_weight=weights))
    whole, all_alike = metrics(one), fading_metrics(one, 1.0)
    for name in ("accuracy", "balanced_accuracy", "kappa", "kappa_m", "kappa_temporal", "log_loss", "brier"):
        assert getattr(all_alike, name) == getattr(whole, name)
    assert all_alike.auc is None


def test_the_loop_scores_the_same_predictions_alike() -> None:
    rng = np.random.default_rng(3)
    p, labels, known = rng.random(400), rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    records = np.full((400, kernels.RECORD), 0.5)
    records[:, kernels.SERVED], records[:, kernels.LABEL], records[:, kernels.LAST_KNOWN] = p, labels, known
    state = np.zeros(kernels.size(1))
    state[kernels.WINDOW] = 1
    for record in records:
        kernels.step(state, record)
    theirs = loop.whole_run(state)["served"]
    ours = metrics(scored(of_two(p), labels, known == labels))
    for name in ("accuracy", "log_loss", "brier", "kappa", "kappa_temporal"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), abs=1e-12), name


def test_nothing_scored_has_no_metrics() -> None:
    empty = scored(np.zeros((0, 2)), np.zeros(0))
    assert metrics(empty) == fading_metrics(empty, 0.9) == Metrics(labels=0)


def test_the_newest_are_the_last() -> None:
    one = scored(of_two(np.array([0.1, 0.9, 0.9])), [0, 1, 0])
    assert metrics(one.newest(1)).accuracy == 0.0
    assert metrics(one.newest(10)) == metrics(one)


def test_of_two_equal_probabilities_the_class_is_1() -> None:
    assert binary_metrics(np.array([0.5]), np.array([1])).accuracy == 1.0
