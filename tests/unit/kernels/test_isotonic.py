from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.calibration import isotonic
from naive_calibration import NaiveIsotonic

coarse = st.integers(0, 12).map(lambda k: k / 12)
probabilities = st.floats(0.0, 1.0) | coarse | st.sampled_from([0.5, 0.5 + 1e-16, 0.5 + 2e-16, 1e-300])
stored = st.lists(st.tuples(probabilities, st.integers(0, 1)), max_size=80)


def fresh(window: int, every: int, exponent: float = 1.0) -> NDArray[np.float64]:
    state = np.full(isotonic.size(window), 9.0)
    isotonic.start(state, window, every, exponent)
    return state


@given(stored, st.integers(2, 30), st.integers(1, 7), st.sampled_from([1.0, 1.0 / 12.0]))
def test_every_fit_is_the_naive_twins(examples: list[tuple[float, int]], window: int, every: int, exponent: float) -> None:
    # To 12 places, so that neighbours do not tie or part by rounding of their means alone.
    examples = [(round(p, 12), label) for p, label in examples]
    state, naive = fresh(window, every, exponent), NaiveIsotonic(window, every, exponent)
    for p, label in examples:
        isotonic.learn(state, p, label)
        naive.learn(p, label)
        for asked in (0.0, 0.3, p, 1.0):
            assert isotonic.calibrate(state, asked) == pytest.approx(naive.calibrate(asked), abs=1e-12)


@given(stored, st.integers(2, 20), st.lists(probabilities, min_size=2, max_size=20))
def test_it_never_falls_and_stays_inside_0_and_1(examples: list[tuple[float, int]], window: int, asked: list[float]) -> None:
    state = fresh(window, 1)
    for p, label in examples:
        isotonic.learn(state, p, label)
        assert np.isfinite(state).all()
    said = [isotonic.calibrate(state, p) for p in sorted(asked)]
    assert all(0.0 < p < 1.0 for p in said)
    assert all(later >= earlier - 1e-12 for earlier, later in pairwise(said))


@given(stored, st.integers(2, 20))
def test_the_ring_and_its_sorted_copy_hold_the_newest_scores(examples: list[tuple[float, int]], window: int) -> None:
    state = fresh(window, 3)
    for p, label in examples:
        isotonic.learn(state, p, label)
    kept = [min(max(p, 1e-6), 1.0 - 1e-6) * (1.0 if label else -1.0) for p, label in examples[-window:]]
    ring, ranked = state[isotonic.HEAD :][: len(kept)], state[isotonic.HEAD + window :][: len(kept)]
    assert sorted(ring) == sorted(kept) == sorted(ranked)
    assert list(np.abs(ranked)) == sorted(abs(entry) for entry in kept)


def test_old_labels_leave() -> None:
    state = fresh(100, 10)
    for _ in range(200):
        isotonic.learn(state, 0.5, 1)
    assert isotonic.calibrate(state, 0.5) == pytest.approx(0.75)
    for _ in range(100):
        isotonic.learn(state, 0.5, 0)
    assert isotonic.calibrate(state, 0.5) == pytest.approx(0.25)


def test_overlapping_labels_move_it_less() -> None:
    alone, overlapping = fresh(300, 1), fresh(300, 1, 1.0 / 12.0)
    for state in (alone, overlapping):
        for _ in range(300):
            isotonic.learn(state, 0.5, 1)
    # 100 labels of the identity against 300, and against 25.
    assert isotonic.calibrate(alone, 0.5) == pytest.approx((300 + 50) / 400)
    assert isotonic.calibrate(overlapping, 0.5) == pytest.approx((25 + 50) / 125)
