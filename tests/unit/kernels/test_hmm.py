"""The filtered hidden Markov model: the forward algorithm, statistics of whole passes, names that stay where they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.detection.detection import REFUSED
from alpha_pulse.kernels.regimes import hmm
from alpha_pulse.kernels.regimes.hmm import hmm_state, hmm_step
from naive_regime import naive_filter, naive_learned

Floats = NDArray[np.float64]
MEANS = np.array([[-1.0, 0.0], [0.0, 0.3], [1.0, -0.3]])
DEVIATIONS = np.array([[0.4, 1.0], [0.3, 0.8], [0.5, 1.2]])
MOVES = np.array([[0.95, 0.04, 0.01], [0.02, 0.96, 0.02], [0.01, 0.05, 0.94]])
BOUNDS = np.array([[0.05, 0.05], [3.0, 3.0]])
NEVER = 10**9
ALL = np.ones(2)


def made(learn_from: int = NEVER, weight: float = 20.0, memory: int = 1_000) -> Floats:
    return hmm_state(
        MEANS, DEVIATIONS, MOVES, BOUNDS, learn_from=learn_from, memory=memory, weight=weight, apart=0.3, slack=0.2
    )


def drawn(n: int, seed: int, levels: tuple[float, float, float] = (-1.0, 0.0, 1.0)) -> tuple[Floats, NDArray[np.int64]]:
    """Values and states of a chain that stays 97 of 100 times."""
    rng = np.random.default_rng(seed)
    states = np.zeros(n, dtype=np.int64)
    for at in range(1, n):
        states[at] = states[at - 1] if rng.random() < 0.97 else (states[at - 1] + rng.integers(1, 3)) % 3
    values = rng.standard_normal((n, 2))
    values[:, 0] = np.array(levels)[states] + 0.3 * values[:, 0]
    return values, states


def hmm_steps(state: NDArray[np.float64], values: NDArray[np.float64], found: NDArray[np.float64]) -> int:
    """`hmm_step` on each row of ``values``, all known; the probabilities into ``found``."""
    known = np.ones(values.shape[1])
    for row, probabilities in zip(values, found, strict=True):
        if hmm_step(state, row, known) == REFUSED:
            return REFUSED
        probabilities[:] = state[hmm.PROBABILITIES : hmm.PROBABILITIES + probabilities.size]
    return hmm.TAKEN


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-2.0, 2.0), st.floats(-3.0, 3.0)), min_size=1, max_size=60))
def test_it_is_the_forward_algorithm(values: list[tuple[float, float]]) -> None:
    rows = np.array(values)
    found = np.empty((len(rows), 3))
    assert hmm_steps(made(), rows, found) == hmm.TAKEN
    assert found == pytest.approx(naive_filter(rows, MEANS, DEVIATIONS, MOVES), abs=1e-9)


def test_its_statistics_are_those_of_passes_over_everything() -> None:
    rows = drawn(60, seed=1)[0]
    state = made()
    hmm_steps(state, rows, np.empty((60, 3)))
    moves, counts, sums = naive_learned(rows, MEANS, DEVIATIONS, MOVES, memory=1_000)
    places = hmm._places(3, 2)
    said = state[hmm.PROBABILITIES : hmm.PROBABILITIES + 3]
    found = state[places[7] : places[8]].reshape(3, 3, 3) @ said
    assert found == pytest.approx(moves, abs=1e-9)
    emissions = state[places[8] : hmm._scratch(3, 2)].reshape(3, 5, 3) @ said
    assert emissions[:, 0] == pytest.approx(counts, abs=1e-9)
    assert emissions[:, 1:3] == pytest.approx(sums, abs=1e-9)


def test_it_learns_where_the_states_are_and_names_come_back() -> None:
    values, states = drawn(3_000, seed=2, levels=(-1.6, 0.1, 1.5))
    state = made(learn_from=20)
    found = np.empty((len(values), 3))
    hmm_steps(state, values, found)
    named = found.argmax(axis=1)
    assert (named[500:] == states[500:]).mean() > 0.97
    means = state[hmm._places(3, 2)[0] :][:6].reshape(3, 2)[:, 0]
    assert means == pytest.approx([-1.6, 0.1, 1.5], abs=0.1)


def test_noise_within_one_state_does_not_become_three() -> None:
    values = np.random.default_rng(3).standard_normal((4_000, 2)) * [0.25, 1.0]
    found = np.empty((len(values), 3))
    hmm_steps(made(learn_from=20), values, found)
    assert (found[200:, 1] > 0.5).mean() > 0.99


def test_a_state_that_is_long_away_keeps_its_place() -> None:
    values = np.random.default_rng(4).standard_normal((6_000, 2)) * [0.2, 1.0]
    values[300:360, 0] += 1.4
    values[5_900:, 0] += 1.4
    found = np.empty((len(values), 3))
    hmm_steps(made(learn_from=20), values, found)
    assert (found[305:360].argmax(axis=1) == 2).all()
    assert (found[5_905:].argmax(axis=1) == 2).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), max_size=60))
def test_loop_and_steps_are_bit_equal(values: list[tuple[float, float]]) -> None:
    rows = np.array(values).reshape(-1, 2)
    one, many, found = made(5), made(5), np.empty((len(rows), 3))
    assert hmm_steps(many, rows, found) == hmm.TAKEN
    for at, row in enumerate(rows):
        assert hmm_step(one, row, ALL) == hmm.TAKEN
        assert one[hmm.PROBABILITIES : hmm.PROBABILITIES + 3].tolist() == found[at].tolist()
    assert one.tobytes() == many.tobytes()
    assert np.isfinite(one).all()
    means = one[hmm._places(3, 2)[0] :][:6].reshape(3, 2)[:, 0]
    assert (np.diff(means) >= 0.3 - 1e-9).all()
    moves = one[hmm._places(3, 2)[2] :][:9].reshape(3, 3)
    assert moves.sum(axis=1) == pytest.approx(1.0)
    assert (np.diag(moves) >= hmm.STAY - 1e-9).all()


def test_what_is_missing_says_nothing() -> None:
    state, other = made(), made()
    first_only = np.array([1.0, 0.0])
    for value in (0.9, 1.1, 0.2):
        hmm_step(state, np.array([value, math.nan]), first_only)
        hmm_step(other, np.array([value, 5.0]), first_only)
    assert state.tobytes() == other.tobytes()
    one_dimension = naive_filter(np.array([[0.9], [1.1], [0.2]]), MEANS[:, :1], DEVIATIONS[:, :1], MOVES)
    assert state[hmm.PROBABILITIES :][:3] == pytest.approx(one_dimension[-1], abs=1e-9)


def test_huge_values_stay_finite() -> None:
    state = made(learn_from=3)
    for value in (0.1, 1e100, -1e100, 0.2, 0.1):
        assert hmm_step(state, np.array([value, -value]), ALL) == hmm.TAKEN
    assert np.isfinite(state).all()


def test_what_is_not_finite_is_not_remembered() -> None:
    state = made()
    hmm_step(state, np.array([0.1, 0.2]), ALL)
    before = state.tobytes()
    for wrong in (math.inf, 1e200, -1.1e100):
        assert hmm_step(state, np.array([0.1, wrong]), ALL) == REFUSED
    assert hmm_steps(state, np.array([[math.nan, 0.0]]), np.empty((1, 3))) == REFUSED
    assert state.tobytes() == before
