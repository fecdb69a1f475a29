"""Metrics keep to their bounds and their definitions at the edges: one class, rare old labels, ties, perfect, nearly faded."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.metrics.batch import Evaluated, Metrics, fading_metrics, guesses, metrics, of_two
from alpha_pulse.metrics.definitions import exact_auc
from alpha_pulse.metrics.streaming import histogram_auc

BOUNDS = {
    "accuracy": (0.0, 1.0), "balanced_accuracy": (0.0, 1.0), "kappa": (-1.0, 1.0), "kappa_m": (-np.inf, 1.0),
    "kappa_temporal": (-np.inf, 1.0), "auc": (0.0, 1.0), "log_loss": (0.0, np.inf), "ece": (0.0, 1.0),
    "information_coefficient": (-1.0, 1.0),
}  # fmt: skip
PROBABILITIES = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0, 1.0 / 3.0])
FACTORS = st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.999, 1.0])


def scored(probabilities: list[float], labels: list[int], known: list[bool] | None = None) -> Evaluated:
    p = of_two(np.array(probabilities))
    n = len(labels)
    beside = np.zeros(n, dtype=np.bool_) if known is None else np.array(known[:n])
    return Evaluated(p, guesses(p), np.array(labels, dtype=np.int64), beside, beside)


def assert_within_bounds(found: Metrics, classes: int) -> None:
    for name, (low, high) in (BOUNDS | {"brier": (0.0, 1.0 if classes == 2 else 2.0)}).items():
        value = getattr(found, name)
        assert value is None or low <= value <= high, (name, value)


def exact(one: Evaluated, factor: Fraction) -> tuple[Fraction, Fraction | None, Fraction | None]:
    """Accuracy, kappa and kappa-temporal, in fractions."""
    n = len(one.labels)
    weights = [factor ** (n - 1 - i) for i in range(n)]
    total, classes = sum(weights, Fraction(0)), range(one.probabilities.shape[1])
    hit = sum((w for w, g, y in zip(weights, one.guesses, one.labels, strict=True) if g == y), Fraction(0)) / total
    true = [sum((w for w, y in zip(weights, one.labels, strict=True) if y == c), Fraction(0)) / total for c in classes]
    said = [sum((w for w, g in zip(weights, one.guesses, strict=True) if g == c), Fraction(0)) / total for c in classes]
    by_chance = sum((a * b for a, b in zip(true, said, strict=True)), Fraction(0))
    assert one.no_change is not None
    known = sum((w for w, right in zip(weights, one.no_change, strict=True) if right), Fraction(0)) / total
    if sum(share > 0 for share in true) < 2:
        return hit, None, None
    return hit, (hit - by_chance) / (1 - by_chance), (hit - known) / (1 - known) if known < 1 else None


@given(st.lists(st.tuples(PROBABILITIES, st.integers(0, 1), st.booleans()), min_size=1, max_size=40), FACTORS)
def test_they_are_the_exact_ones_and_within_their_bounds(rows: list[tuple[float, int, bool]], factor: float) -> None:
    p, labels, known = (list(column) for column in zip(*rows, strict=True))
    one = scored(p, labels, known)
    found = fading_metrics(one, factor)
    assert_within_bounds(found, 2)
    assert_within_bounds(metrics(one), 2)
    accuracy, kappa, temporal = exact(one, Fraction(factor))
    assert found.accuracy == pytest.approx(float(accuracy), rel=1e-12)
    assert found.kappa == (None if kappa is None else pytest.approx(float(kappa), rel=1e-9, abs=1e-12))
    assert found.kappa_temporal == (None if temporal is None else pytest.approx(float(temporal), rel=1e-9, abs=1e-12))


@given(st.integers(0, 10_000), st.integers(1, 80), st.integers(2, 6), FACTORS)
def test_more_classes_keep_to_the_bounds_too(seed: int, n: int, classes: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(classes, 0.2), n)
    beside = rng.random(n) < 0.5
    one = Evaluated(p, guesses(p), rng.integers(0, classes, n), beside, beside)
    assert_within_bounds(metrics(one), classes)
    assert_within_bounds(fading_metrics(one, factor), classes)


@pytest.mark.parametrize("n", [10, 30, 100, 300, 1_000, 5_000])
@pytest.mark.parametrize("window", [1, 2, 5, 10, 100])
def test_an_old_rare_label_leaves_a_constant_prediction_as_good_as_chance(n: int, window: int) -> None:
    labels = [1, *[0] * n]
    found = fading_metrics(scored([0.1] * (n + 1), labels), 1.0 - 1.0 / window)
    assert found.accuracy is not None
    assert found.accuracy <= 1.0
    assert found.kappa in (None, 0.0)
    assert found.balanced_accuracy in (None, 0.5)


def test_a_rule_is_no_better_than_itself() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 500)
    rule = of_two(rng.integers(0, 2, 500).astype(np.float64))
    right = guesses(rule) == labels
    for window in range(1, 60):
        found = fading_metrics(Evaluated(rule, guesses(rule), labels, right, right), 1.0 - 1.0 / window)
        assert found.kappa_temporal in (None, 0.0)
        assert found.kappa_m in (None, 0.0)


def test_all_right_is_at_most_1() -> None:
    for window in range(1, 60):
        found = fading_metrics(scored([0.1, 0.9] * 50, [0, 1] * 50), 1.0 - 1.0 / window)
        assert found.accuracy == 1.0
        assert (found.kappa, found.balanced_accuracy) == ((None, None) if window == 1 else (1.0, 1.0))


def test_perfect_tied_and_reversed_ranks() -> None:
    labels = [0, 1] * 20
    perfect, tied, reversed_ = (metrics(scored(p, labels)) for p in ([0.1, 0.9] * 20, [0.5] * 40, [0.9, 0.1] * 20))
    assert (perfect.auc, perfect.information_coefficient, perfect.kappa) == (1.0, 1.0, 1.0)
    assert (tied.auc, tied.information_coefficient, tied.kappa) == (0.5, None, 0.0)
    assert (reversed_.auc, reversed_.information_coefficient, reversed_.kappa) == (0.0, -1.0, -1.0)


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), max_size=60), st.sampled_from([1, 2, 10, 1_000]))
def test_the_area_of_a_histogram_lies_within_its_bound_of_the_exact_one(pairs: list[tuple[float, bool]], bins: int) -> None:
    p, labels = np.array([p for p, _ in pairs]), np.array([label for _, label in pairs], dtype=np.bool_)
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    counts = [np.bincount(place[labels == label], minlength=bins).astype(np.float64) for label in (True, False)]
    found, wanted = histogram_auc(counts[0], counts[1]), exact_auc(p, labels)
    if wanted is None:
        assert found is None
    else:
        assert found is not None
        assert 0.0 <= found[0] <= 1.0
        assert abs(found[0] - wanted) <= found[1] + 1e-12
