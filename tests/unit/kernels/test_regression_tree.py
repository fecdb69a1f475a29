from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.kernels.base.missing import MISSING
from alpha_pulse.kernels.trees import regression_tree as tree
from alpha_pulse.kernels.trees import regression_tree_growth as growth
from alpha_pulse.models.regression_tree import regression_arrays
from naive_regression_tree import Histogram, NaiveRegressionTree

BINS = 8
EXTREMES = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 1e300, -1e299, 1e-300, MISSING]), st.floats(-1e300, 1e300), st.floats(-2.0, 2.0)
)


def steps(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets with steps and slopes; a tenth of one column is missing, another is nearly constant."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 4))
    x[:, 2] = generator.integers(0, 2, n)
    y = np.where(x[:, 0] > 0.3, 4.0, -1.0) + 2.0 * x[:, 2] * x[:, 1] + generator.normal(size=n) * 0.3 + 100.0
    x[generator.random(n) < 0.1, 1] = MISSING
    return x, y, generator.uniform(0.2, 3.0, n)


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("span", [1e15, 40.0])
def test_it_equals_its_naive_twin(linear: bool, span: float) -> None:
    x, y, w = steps(3_000, 1)
    real, whole = regression_arrays(4, 4, 12, BINS, 0.05, 0.05, 40, 5.0)
    whole[tree.LINEAR], real[tree.SPAN], real[tree.WINDOW], real[tree.PRIOR] = linear, span, span * 5, 1.0
    tree.clear(real, whole)
    twin = NaiveRegressionTree(
        4,
        bins=BINS,
        leaves=12,
        delta=0.05,
        tau=0.05,
        grace=40,
        least_f=5.0,
        linear=linear,
        span=span,
        window=span * 5,
        prior=1.0,
    )
    ours, theirs = np.empty(len(y)), []
    growth.learn_rows(real, whole, x, y, w, ours)
    for row, target, weight in zip(x.tolist(), y.tolist(), w.tolist(), strict=True):
        theirs.append(twin.predict(row))
        twin.learn(row, target, weight)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-10)
    assert whole[tree.LEAVES] == twin.leaves > 4


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60))
def test_a_histogram_holds_all_it_was_given_within_its_range(values: list[float]) -> None:
    room, twin = np.zeros(tree.HISTOGRAM_HEAD + 2 * BINS), Histogram(BINS)
    for value in values:
        b = tree.bin_of(room, 0, BINS, value)
        assert b == twin.place(value)
        room[tree.HISTOGRAM_HEAD + 2 * b] += 1.0
        twin.weights[b] += 1.0
    assert room[tree.HISTOGRAM_HEAD :: 2].tolist() == twin.weights
    assert room[tree.HISTOGRAM_HEAD :: 2].sum() == len(values)


def test_the_threshold_lies_between_two_values() -> None:
    room = np.zeros(tree.HISTOGRAM_HEAD + 2 * BINS)
    for value in (0.0, 1.0) * 5:
        b = tree.bin_of(room, 0, BINS, value)
        room[tree.HISTOGRAM_HEAD + 2 * b] += 1.0
        room[tree.HISTOGRAM_HEAD + 2 * b + 1] += 3.0 * value
    gain, threshold, weight, total = growth.best_of_feature(room, 0, BINS)
    assert 0.2 < threshold < 0.9
    assert gain == pytest.approx(22.5)
    assert (weight, total) == (5.0, 0.0)


@settings(max_examples=60)
@given(st.lists(st.tuples(EXTREMES, EXTREMES, st.floats(-1e300, 1e300), st.floats(0.0, 1e6)), min_size=1, max_size=40))
def test_whatever_comes_the_state_stays_finite(examples: list[tuple[float, float, float, float]]) -> None:
    real, whole = regression_arrays(2, 2, 4, BINS, 0.5, 1.0, 2, 0.0)
    whole[tree.LINEAR] = 1
    tree.clear(real, whole)
    for a, b, target, weight in examples * 2:
        growth.learn(real, whole, np.array([a, b]), target, weight, min(weight, 1.0))
        assert np.isfinite(tree.predict(real, whole, np.array([b, a])))
    assert np.isfinite(real).all()
    assert whole[tree.LEAVES] <= 4
