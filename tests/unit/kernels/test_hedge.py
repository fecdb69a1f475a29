from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.kernels.mixing import hedge
from naive_learning import log_loss, mix, share, sigmoid

spoken = st.none() | st.floats(0.0, 1.0)


@given(st.floats(0.0, 1.0), st.integers(0, 1))
def test_log_loss_is_finite_and_that_of_the_formula(p: float, label: int) -> None:
    assert hedge.log_loss(p, label) == pytest.approx(log_loss(p, label), abs=1e-12)
    assert 0.0 <= hedge.log_loss(p, label) <= -math.log(hedge.PROBABILITY_FLOOR) + 1e-9


@given(st.floats(allow_nan=False))
def test_sigmoid_never_overflows(x: float) -> None:
    assert hedge.sigmoid(x) == pytest.approx(sigmoid(x), abs=1e-15)
    assert hedge.sigmoid(x) + hedge.sigmoid(-x) == pytest.approx(1.0)


@given(
    rounds=st.lists(st.tuples(st.lists(spoken, min_size=4, max_size=4), st.integers(0, 1)), min_size=1, max_size=40),
    exponent=st.sampled_from([1.0, 1.0 / 3.0, 1.0 / 12.0]),
    alpha=st.sampled_from([1e-4, 1e-2, 0.5]),
)
def test_weights_are_the_naive_twins_and_stay_a_distribution(
    rounds: list[tuple[list[float | None], int]], exponent: float, alpha: float
) -> None:
    at, n = 3, 4
    state = np.full(10, 7.0)
    state[at : at + n] = 1.0 / n
    weights = [1.0 / n] * n
    for said, label in rounds:
        row = np.array([math.nan if p is None else p for p in said])
        assert hedge.mixture(state, at, row, n) == pytest.approx(mix(weights, said), abs=1e-12)
        hedge.fixed_share(state, at, row, n, label, exponent, alpha)
        weights = share(weights, said, label, exponent, alpha)
        found = state[at : at + n]
        assert found == pytest.approx(weights, abs=1e-12)
        assert found.sum() == pytest.approx(1.0, abs=1e-12)
        assert found.min() >= alpha / n * (1.0 - 1e-12)
    assert state[:at].tolist() == [7.0] * 3
    assert state[at + n :].tolist() == [7.0] * 3


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=5), st.integers(0, 1))
def test_a_sleeper_keeps_its_weight_but_for_what_is_shared(said: list[float], label: int) -> None:
    n = len(said) + 1
    state = np.full(n, 1.0 / n)
    hedge.fixed_share(state, 0, np.array([*said, math.nan]), n, label, 1.0, 0.0)
    awake = [1.0 / n * math.exp(-log_loss(p, label)) for p in said]
    mixed = math.exp(-log_loss(math.fsum(said) / len(said), label))
    assert state[-1] == pytest.approx(mixed / n / (math.fsum(awake) + mixed / n), abs=1e-12)
    assert state[-1] == pytest.approx(1.0 / n, abs=1e-6)


def test_with_all_asleep_the_mixture_is_undecided_and_nothing_changes() -> None:
    state = np.array([0.7, 0.2, 0.1])
    nobody = np.full(3, math.nan)
    assert hedge.mixture(state, 0, nobody, 3) == 0.5
    hedge.fixed_share(state, 0, nobody, 3, 1, 1.0, 0.0)
    assert state == pytest.approx([0.7, 0.2, 0.1])


def test_the_mixture_follows_whoever_is_right_and_turns_when_that_changes() -> None:
    state = np.full(2, 0.5)
    generator = np.random.default_rng(1)
    for turn in range(600):
        label = int(generator.random() < 0.5)
        good, bad = 0.1 + 0.8 * label, 0.9 - 0.8 * label
        said = np.array([good, bad] if turn < 300 else [bad, good])
        hedge.fixed_share(state, 0, said, 2, label, 1.0, 1e-3)
        if turn in (299, 599):
            assert state[turn // 300] > 0.99


@pytest.mark.parametrize("exponent", [1.0, 1.0 / 12.0])
def test_regret_is_below_the_bound_of_the_method(exponent: float) -> None:
    """Herbster and Warmuth (1998), log loss being mixable: eta regret <= log n + k log(n / share) - T log(1 - share)."""
    generator = np.random.default_rng(2)
    n, alpha, rounds, switches = 3, 1e-3, 1_500, 2
    state = np.full(n, 1.0 / n)
    ours = best = 0.0
    for turn in range(rounds):
        label = int(generator.random() < 0.5)
        said = generator.uniform(0.2, 0.8, n)
        said[turn // 500] = 0.25 + 0.5 * label
        ours += log_loss(hedge.mixture(state, 0, said, n), label)
        best += log_loss(float(said[turn // 500]), label)
        hedge.fixed_share(state, 0, said, n, label, exponent, alpha)
    bound = math.log(n) + switches * math.log(n / alpha) - rounds * math.log(1.0 - alpha)
    assert exponent * (ours - best) <= bound
