"""Change points by run lengths: the textbook's posterior, one alarm per change, bounded memory, step and loop alike."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.detection.detection import CHANGE, DRIFT, FLAG, REFUSED, SCORE, SEEN
from alpha_pulse.kernels.regimes import bocpd
from alpha_pulse.kernels.regimes.bocpd import bocpd_changed, bocpd_run, bocpd_state, bocpd_step, bocpd_steps
from naive_regime import naive_run_lengths

PRIOR = (0.0, 0.5, 3.0, 2.0)
NEVER = 2.0
"""A threshold that no probability exceeds."""


def stepped(values: NDArray[np.float64], threshold: float = 0.99, capacity: int = 100) -> list[int]:
    state = bocpd_state(threshold, 0.01, PRIOR, capacity)
    bocpd_steps(state, values, flags := np.empty(len(values), dtype=np.int64))
    return np.flatnonzero(flags == DRIFT).tolist()


def posterior(state: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    found = np.zeros(longest + 1)
    for place in range(int(state[bocpd.HELD])):
        at = bocpd.RUNS + bocpd.FIELDS * place
        found[int(state[at + bocpd.RUN])] = state[at + bocpd.WEIGHT]
    return found


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-8.0, 8.0), min_size=1, max_size=40), st.sampled_from([0.005, 0.05, 0.3]))
def test_run_lengths_are_the_textbooks(values: list[float], hazard: float) -> None:
    state = bocpd_state(NEVER, hazard, PRIOR, capacity=60)
    for expected, value in zip(naive_run_lengths(np.array(values), hazard, PRIOR), values, strict=True):
        bocpd_step(state, value)
        assert posterior(state, len(expected) - 1) == pytest.approx(expected, abs=1e-7)
        confirmed = expected[2:]
        if confirmed.sum() > 0.0:
            assert bocpd_changed(state, 5.0) == pytest.approx(confirmed[:3].sum() / confirmed.sum(), abs=1e-5)


def test_a_bounded_memory_says_nearly_the_same() -> None:
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.standard_normal(150), rng.standard_normal(150) + 2.0])
    small, large = bocpd_state(NEVER, 0.01, PRIOR, 40), bocpd_state(NEVER, 0.01, PRIOR, 400)
    for value in values:
        bocpd_step(small, value)
        bocpd_step(large, value)
        assert int(small[bocpd.HELD]) <= 40
        for last in (5.0, 20.0):
            assert bocpd_changed(small, last) == pytest.approx(bocpd_changed(large, last), abs=0.05)
    assert bocpd_run(small) == bocpd_run(large) == pytest.approx(150, abs=3)


@pytest.mark.parametrize("change", [3.0, -3.0])
def test_one_change_gives_one_alarm_that_is_dated(change: float) -> None:
    rng = np.random.default_rng(5)
    values = rng.standard_normal(400)
    values[200:] += change
    assert len(stepped(values)) == 1
    state = bocpd_state(0.99, 0.01, PRIOR)
    drifts = []
    for value in values:
        if bocpd_step(state, value) == DRIFT:
            drifts.append((int(state[SEEN]), int(state[CHANGE]), float(state[SCORE])))
        else:
            assert state[SCORE] == 0.0
    ((seen, began, score),) = drifts
    assert 202 <= seen <= 206
    assert began == pytest.approx(200, abs=1)
    assert score == pytest.approx(change, abs=1.5)
    assert state[FLAG] != DRIFT


def test_a_variance_that_changes_is_found_too() -> None:
    rng = np.random.default_rng(6)
    values = rng.standard_normal(400)
    values[200:] *= 4.0
    assert [200 < at < 230 for at in stepped(values)] == [True]


def test_where_nothing_changes_alarms_are_rare() -> None:
    values = np.random.default_rng(7).standard_normal(20_000)
    state = bocpd_state(0.95, 0.01, (0.0, 0.5, 10.0, 10.0))
    bocpd_steps(state, values, flags := np.empty(len(values), dtype=np.int64))
    assert 0 < (flags == DRIFT).sum() < 40


def test_a_second_change_is_found_after_the_first() -> None:
    rng = np.random.default_rng(8)
    values = rng.standard_normal(450)
    values[150:300] += 4.0
    first, second = stepped(values)
    assert 150 < first < 156
    assert 300 < second < 306


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), max_size=150))
def test_loop_and_steps_are_bit_equal(values: list[float]) -> None:
    one, many = bocpd_state(0.9, 0.02, PRIOR, 20), bocpd_state(0.9, 0.02, PRIOR, 20)
    bocpd_steps(many, np.array(values), flags := np.empty(len(values), dtype=np.int64))
    assert [bocpd_step(one, value) for value in values] == flags.tolist()
    assert one.tobytes() == many.tobytes()
    assert np.isfinite(one).all()
    total = posterior(one, len(values)).sum()
    assert total == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.1e100, -1e200])
def test_what_is_not_finite_is_not_remembered(value: float) -> None:
    state = bocpd_state(0.9, 0.02, PRIOR)
    bocpd_step(state, 1.0)
    before = state.tobytes()
    assert bocpd_step(state, value) == REFUSED
    assert state.tobytes() == before


def test_huge_values_stay_finite() -> None:
    state = bocpd_state(0.9, 0.02, PRIOR)
    for value in (1e15, -1e15, 0.0, 1e-300, 1e15, 0.0, 1e100, -1e100, 1.0):
        assert bocpd_step(state, value) != REFUSED
    assert np.isfinite(state).all()
