from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.calibration import conformal
from naive_calibration import NaiveConformal

scores = st.floats(0.0, 1e300) | st.sampled_from([0.0, 1.0, 2.0, math.inf])


def fresh(alpha: float, window: int) -> NDArray[np.float64]:
    state = np.full(conformal.size(window), 9.0)
    conformal.start(state, alpha, window)
    return state


@given(st.lists(scores, max_size=80), st.sampled_from([0.01, 0.1, 0.3, 0.5]), st.integers(1, 30))
def test_every_step_is_the_naive_twins(seen: list[float], alpha: float, window: int) -> None:
    state, naive = fresh(alpha, window), NaiveConformal(alpha, window)
    for score in seen:
        assert conformal.level(state) == pytest.approx(naive.level, abs=1e-12)
        place = (min(len(naive.scores), window) + 1) * (1.0 - naive.level)
        if abs(place - round(place)) > 1e-9:  # else either of two neighbours is right
            assert conformal.radius(state) == naive.radius()
        conformal.learn(state, score)
        naive.learn(min(score, conformal.MAX_SCORE))
        weights = state[conformal.WEIGHTS : conformal.WEIGHTS + conformal.EXPERTS]
        assert weights == pytest.approx(naive.weights, abs=1e-12)
        assert state[conformal.LEVELS : conformal.LEVELS + conformal.EXPERTS] == pytest.approx(naive.levels, abs=1e-12)


@given(st.lists(scores, max_size=300), st.sampled_from([0.001, 0.1, 0.5]))
def test_levels_and_weights_stay_inside_their_bounds(seen: list[float], alpha: float) -> None:
    state = fresh(alpha, 20)
    largest = conformal.FIRST_STEP * 2.0 ** (conformal.EXPERTS - 1)
    for score in seen:
        conformal.learn(state, score)
        assert np.isfinite(state).all()
        levels = state[conformal.LEVELS : conformal.LEVELS + conformal.EXPERTS]
        weights = state[conformal.WEIGHTS : conformal.WEIGHTS + conformal.EXPERTS]
        assert levels.min() >= -largest
        assert levels.max() <= 1.0 + largest
        assert weights.min() > 0.0
        assert weights.sum() == pytest.approx(1.0)
        assert conformal.radius(state) >= 0.0


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=60), st.floats(0.0, 1e6))
def test_a_score_is_inside_the_radius_where_its_p_value_is_above_the_level(seen: list[float], score: float) -> None:
    state = fresh(0.1, 40)
    for one in seen:
        conformal.learn(state, one)
    gap = conformal.p_value(state, score) - conformal.level(state)
    if abs(gap) > 1e-9:
        assert (score <= conformal.radius(state)) == (gap > 0.0)


def test_the_radius_is_infinite_while_too_few_scores_are_known() -> None:
    state = fresh(0.1, 50)
    for k in range(8):
        assert math.isinf(conformal.radius(state)), k
        conformal.learn(state, 1.0)
    for _ in range(20):
        conformal.learn(state, 1.0)
    assert conformal.radius(state) == 1.0
