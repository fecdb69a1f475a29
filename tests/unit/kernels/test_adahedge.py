from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.kernels.mixing import adahedge
from alpha_pulse.kernels.mixing.hedge import log_loss, mixture
from naive_experts import NaiveAdaHedge

N = 4
spoken = st.none() | st.floats(0.01, 0.99)


@given(
    rounds=st.lists(st.tuples(st.lists(spoken, min_size=N, max_size=N), st.integers(0, 1)), min_size=1, max_size=40),
    exponent=st.sampled_from([1.0, 1.0 / 3.0, 1.0 / 12.0]),
)
def test_weights_are_the_naive_twins(rounds: list[tuple[list[float | None], int]], exponent: float) -> None:
    at = 3
    state = np.full(at + adahedge.size(N) + 2, 7.0)
    adahedge.start(state, at, N)
    naive = NaiveAdaHedge(N, exponent)
    for said, label in rounds:
        adahedge.learn(state, at, np.array([math.nan if p is None else p for p in said]), N, label, exponent)
        naive.learn(said, label)
        assert state[at + 2 * N] == pytest.approx(naive.gap, rel=1e-6, abs=1e-9)
        assert state[at : at + N].sum() == pytest.approx(1.0)
        if naive.gap > 1e-6:  # below, a weight hangs on the last bits of a loss
            assert state[at : at + N] == pytest.approx(naive.weights, abs=1e-6)
    assert state[:at].tolist() == [7.0] * at
    assert state[-2:].tolist() == [7.0] * 2


@pytest.mark.parametrize("turns", [False, True])
def test_it_loses_little_to_the_best_whether_one_leads_or_two_take_turns(turns: bool) -> None:
    generator = np.random.default_rng(1)
    state = np.zeros(adahedge.size(3))
    adahedge.start(state, 0, 3)
    own, each = 0.0, np.zeros(3)
    n = 4_000
    for i in range(n):
        label = int(generator.random() < 0.5)
        good = 0.3 + 0.4 * label if generator.random() < 0.8 else 0.7 - 0.4 * label
        other = 1.0 - good if turns and i // 50 % 2 else good
        said = np.array([good, 0.5, other if turns else 0.5])
        own += log_loss(mixture(state, 0, said, 3), label)
        each += [log_loss(p, label) for p in said]
        adahedge.learn(state, 0, said, 3, label, 1.0)
    assert own - each.min() < 2.0 * math.sqrt(n * math.log(3)) * 0.5
    if not turns:
        assert own - each.min() < 10.0
