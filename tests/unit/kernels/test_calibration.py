from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels import calibration
from naive_learning import NaivePlatt, logit


def fresh(exponent: float = 1.0) -> NDArray[np.float64]:
    state = np.full(calibration.SIZE, 9.0)
    calibration.start(state, exponent)
    return state


@given(
    examples=st.lists(st.tuples(st.floats(-6.0, 6.0), st.integers(0, 1)), max_size=80),
    exponent=st.sampled_from([1.0, 1.0 / 3.0, 1.0 / 12.0]),
)
def test_every_step_is_the_naive_twins(examples: list[tuple[float, int]], exponent: float) -> None:
    state, naive = fresh(exponent), NaivePlatt(exponent)
    for score, label in examples:
        assert calibration.calibrate(state, score) == pytest.approx(naive.calibrate(score), abs=1e-12)
        calibration.learn(state, score, label)
        naive.learn(score, label)
    assert state[calibration.SLOPE] == pytest.approx(naive.slope, abs=1e-12)
    assert state[calibration.OFFSET] == pytest.approx(naive.offset, abs=1e-12)
    assert state[calibration.COUNT] == len(examples)


@given(st.floats(0.0, 1.0))
def test_it_begins_as_the_identity(p: float) -> None:
    assert calibration.logit(p) == pytest.approx(logit(p), abs=1e-12)
    if 1e-6 <= p <= 1.0 - 1e-6:
        assert calibration.calibrate(fresh(), calibration.logit(p)) == pytest.approx(p, abs=1e-12)


@given(st.lists(st.tuples(st.sampled_from([-13.8, -1e-9, 0.0, 2.0, 13.8]), st.integers(0, 1)), min_size=1, max_size=40))
def test_slope_and_offset_stay_inside_their_bounds(examples: list[tuple[float, int]]) -> None:
    state = fresh()
    for score, label in examples * 10:
        calibration.learn(state, score, label)
        assert np.isfinite(state).all()
        assert abs(state[calibration.SLOPE]) <= calibration.MAX_SLOPE
        assert abs(state[calibration.OFFSET]) <= calibration.MAX_OFFSET
        assert 0.0 <= calibration.calibrate(state, score) <= 1.0


@pytest.mark.parametrize(("slope", "offset"), [(0.3, 0.0), (1.0, 0.8), (2.0, -0.5)])
def test_it_finds_the_line_that_the_labels_follow(slope: float, offset: float) -> None:
    generator = np.random.default_rng(1)
    state = fresh()
    for score in generator.normal(0.0, 1.5, 8_000):
        p = 1.0 / (1.0 + math.exp(-slope * score - offset))
        calibration.learn(state, score, int(generator.random() < p))
    assert state[calibration.SLOPE] == pytest.approx(slope, abs=0.15)
    assert state[calibration.OFFSET] == pytest.approx(offset, abs=0.15)
