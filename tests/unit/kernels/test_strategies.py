"""Weights of any number of members: those of a slow twin, today's ensemble bit for bit, limits and bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.mixing import strategies
from naive_strategies import NaiveStrategies

Row = NDArray[np.float64]
NAMES = {
    "ensemble": strategies.ENSEMBLE,
    "fixed": strategies.FIXED,
    "faded": strategies.FADED,
    "champion": strategies.CHAMPION,
    "best_recent": strategies.BEST_RECENT,
    "fallback": strategies.FALLBACK,
}
HORIZON, SHARE, WINDOW = 3, 0.03, 40
said = st.none() | st.floats(0.0, 1.0)


def started(n: int, horizon: int = HORIZON, share: float = SHARE, window: int = WINDOW) -> Row:
    state = np.full(strategies.size(n), 7.0)
    strategies.start(state, n, horizon, share, window)
    return state


def joined(state: Row) -> Row:
    grown = np.full(strategies.size(int(state[strategies.MEMBERS]) + 1), 7.0)
    strategies.admit(state, grown)
    return grown


def block(state: Row, which: int) -> Row:
    n = int(state[strategies.MEMBERS])
    return state[strategies.place(which, n) : strategies.place(which + 1, n)]


def weights(state: Row, name: str, probabilities: Row, ready: NDArray[np.int64] | None = None, champion: int = 0) -> Row:
    out = np.full(len(probabilities), math.nan)
    ready = np.ones(len(probabilities), dtype=np.int64) if ready is None else ready
    strategies.weigh(NAMES[name], state, probabilities, ready, champion, out)
    return out


@settings(max_examples=60, deadline=None)
@given(
    rounds=st.lists(st.tuples(st.lists(said, min_size=5, max_size=5), st.integers(0, 1)), min_size=1, max_size=30),
    joins=st.integers(0, 30),
    presence=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=5, max_size=5),
    champion=st.integers(0, 4),
    configured=st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5),
)
def test_the_weights_of_every_strategy_are_those_of_a_slow_twin(
    rounds: list[tuple[list[float | None], int]],
    joins: int,
    presence: list[tuple[bool, bool]],
    champion: int,
    configured: list[float],
) -> None:
    state, naive = started(4), NaiveStrategies(4, HORIZON, SHARE, WINDOW)
    for turn, (everybody, label) in enumerate(rounds):
        if turn == joins:
            state = joined(state)
            naive.admit()
        n = len(naive.members)
        probabilities = np.array([math.nan if p is None else p for p in everybody[:n]])
        strategies.learn(state, probabilities, label)
        naive.learn(everybody[:n], label)
    n = len(naive.members)
    block(state, strategies.CONFIGURED)[:] = configured[:n]
    for member, weight in zip(naive.members, configured, strict=False):
        member.configured = weight
    order = [2, 0, 3]
    naive.order = order
    block(state, strategies.ORDER)[:] = [*order, *[strategies.NOBODY] * (n - 3)]
    assert block(state, strategies.WEIGHT) == pytest.approx([m.weight for m in naive.members], abs=1e-12)
    assert block(state, strategies.EXCESS) == pytest.approx([m.excess for m in naive.members], abs=1e-9)
    assert block(state, strategies.SCORES).tolist() == [m.scores for m in naive.members]
    speaks, ready = np.array([one for one, _ in presence[:n]]), np.array([int(one) for _, one in presence[:n]])
    probabilities = np.where(speaks, 0.4, math.nan)
    before = state.copy()
    for name in NAMES:
        found = weights(state, name, probabilities, ready, champion % n)
        expected = naive.weights(name, (speaks & (ready == 1)).tolist(), champion % n)
        assert found == pytest.approx(expected, abs=1e-9), name
    assert state.tobytes() == before.tobytes(), "serving changes nothing"


@pytest.mark.parametrize("name", ["ensemble", "faded"])
def test_a_new_member_has_at_most_the_even_share_until_its_500th_score(name: str) -> None:
    state = started(3, horizon=1)
    rng = np.random.default_rng(1)
    for _ in range(50):
        strategies.learn(state, np.full(3, 0.5), int(rng.random() < 0.5))
    state = joined(state)
    served = []
    for _ in range(strategies.LIMITED_SCORES + 20):
        label = int(rng.random() < 0.5)
        said = np.array([0.5, 0.5, math.nan, 0.2 + 0.6 * label])
        found = weights(state, name, said)
        assert found.sum() == pytest.approx(1.0, abs=1e-12)
        served.append(found[3])
        strategies.learn(state, said, label)
    assert max(served[: strategies.LIMITED_SCORES]) <= 0.25
    assert served[strategies.LIMITED_SCORES - 1] == 0.25, "it is by far the best, and is held"
    assert served[-1] > 0.9


def test_a_limited_member_that_is_alone_serves() -> None:
    state = joined(started(2))
    alone = np.array([math.nan, math.nan, 0.7])
    for name in ("ensemble", "faded", "best_recent"):
        assert weights(state, name, alone).tolist() == [0.0, 0.0, 1.0]
    assert weights(state, "fallback", alone).tolist() == [0.0, 0.0, 0.0], "it is not in the order"


def test_the_members_of_the_start_are_not_limited() -> None:
    state = started(3, horizon=1)
    for turn in range(60):
        strategies.learn(state, np.array([0.1 + 0.8 * (turn % 2), 0.5, 0.5]), turn % 2)
    assert weights(state, "ensemble", np.full(3, 0.5))[0] > 0.9
    assert weights(state, "faded", np.full(3, 0.5))[0] > 0.9
