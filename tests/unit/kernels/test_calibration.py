from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.calibration import calibration
from naive_calibration import NaiveBeta
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
        calibration.learn(state, score, label, 1.0)
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
        calibration.learn(state, score, label, 1.0)
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
        calibration.learn(state, score, int(generator.random() < p), 1.0)
    assert state[calibration.SLOPE] == pytest.approx(slope, abs=0.15)
    assert state[calibration.OFFSET] == pytest.approx(offset, abs=0.15)


def fresh_beta(exponent: float = 1.0) -> NDArray[np.float64]:
    state = np.full(calibration.BETA_SIZE, 9.0)
    calibration.start_beta(state, exponent)
    return state


probabilities = st.floats(0.0, 1.0) | st.sampled_from([0.0, 1e-300, 1e-6, 0.5, 1.0 - 1e-16, 1.0])
stored = st.lists(st.tuples(probabilities, st.integers(0, 1)), max_size=80)


@given(examples=stored, exponent=st.sampled_from([1.0, 1.0 / 3.0, 1.0 / 12.0]))
def test_every_step_of_beta_is_the_naive_twins(examples: list[tuple[float, int]], exponent: float) -> None:
    state, naive = fresh_beta(exponent), NaiveBeta(exponent)
    for p, label in examples:
        assert calibration.calibrate_beta(state, p) == pytest.approx(naive.calibrate(p), abs=1e-12)
        calibration.learn_beta(state, p, label)
        naive.learn(p, label)
    assert state[: calibration.BETA_OFFSET + 1] == pytest.approx(naive.at, abs=1e-11)
    assert state[calibration.BETA_COUNT] == len(examples)


def test_slopes_that_want_to_be_negative_agree_with_the_naive_twin() -> None:
    generator = np.random.default_rng(1)
    state, naive = fresh_beta(), NaiveBeta()
    silent = [False, False]
    for power, turned in ((3.0, 0), (1.0, 1), (0.3, 1)):
        for p in generator.random(300) ** power:
            label = int(generator.random() < (1.0 - p if turned else p**3))
            calibration.learn_beta(state, p, label)
            naive.learn(p, label)
            assert state[: calibration.BETA_OFFSET + 1] == pytest.approx(naive.at, abs=1e-12)
            silent = [was or slope == 0.0 for was, slope in zip(silent, state[:2], strict=True)]
    assert silent == [True, True]


@given(st.floats(0.0, 1.0))
def test_beta_begins_as_the_identity(p: float) -> None:
    assert calibration.calibrate_beta(fresh_beta(), p) == pytest.approx(min(max(p, 1e-6), 1.0 - 1e-6), abs=1e-12)


@given(stored)
def test_beta_stays_inside_its_bounds(examples: list[tuple[float, int]]) -> None:
    state = fresh_beta()
    for p, label in examples * 5:
        calibration.learn_beta(state, p, label)
        assert np.isfinite(state).all()
        assert 0.0 <= state[calibration.RISE] <= calibration.MAX_SLOPE
        assert 0.0 <= state[calibration.FALL] <= calibration.MAX_SLOPE
        assert abs(state[calibration.BETA_OFFSET]) <= calibration.MAX_OFFSET


@pytest.mark.parametrize(("rise", "fall", "offset"), [(0.4, 1.5, 0.0), (1.5, 0.3, 0.5), (0.5, 0.5, -0.5)])
def test_beta_finds_the_curve_that_the_labels_follow(rise: float, fall: float, offset: float) -> None:
    generator = np.random.default_rng(1)
    state = fresh_beta()
    for p in generator.random(12_000):
        true = 1.0 / (1.0 + math.exp(-rise * math.log(p) + fall * math.log(1.0 - p) - offset))
        calibration.learn_beta(state, p, int(generator.random() < true))
    for p in (0.05, 0.2, 0.5, 0.8, 0.95):
        true = 1.0 / (1.0 + math.exp(-rise * math.log(p) + fall * math.log(1.0 - p) - offset))
        assert calibration.calibrate_beta(state, p) == pytest.approx(true, abs=0.02)
