from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.base import baselines
from alpha_pulse.kernels.linear import logistic_ensemble as kernels
from alpha_pulse.kernels.linear import newton
from naive_learning import NaiveLadder

SGD, ADAGRAD = (1e-3, 0.1), (0.03, 0.3)
NEWTONS = ((1.0, 2.0), (0.9, 5.0))
K = len(SGD) + len(ADAGRAD)
E = K + len(NEWTONS) + 2


def fresh(d: int, horizon: int = 1, alpha: float = 1e-3, span: int = 20_000) -> NDArray[np.float64]:
    state = np.zeros(kernels.size(d, K, len(NEWTONS)))
    state[kernels.D], state[kernels.K], state[kernels.SGD_MEMBERS] = d, K, len(SGD)
    state[kernels.SCALE_STEP], state[kernels.EXPONENT], state[kernels.SHARE] = 1.0 / span, 1.0 / horizon, alpha / horizon
    state[kernels.BOOST], state[kernels.NEWTONS] = 1.0, len(NEWTONS)
    baselines.start(state, kernels.BASELINES)
    state[kernels.HEAD : kernels.HEAD + K] = SGD + ADAGRAD
    state[-E:] = 1.0 / E
    for i, (forgetting, prior) in enumerate(NEWTONS):
        at = kernels.newton_at(d, K) + i * newton.size(d + 1)
        state[at + newton.FORGETTING], state[at + newton.PRIOR] = forgetting, prior
        newton.start(state, at, d + 1)
    return state


def scratch_of(d: int, content: float = 0.0) -> NDArray[np.float64]:
    return np.full(kernels.scratch_size(d, K, len(NEWTONS)), content)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    d=st.integers(1, 4),
    horizon=st.sampled_from([1, 3, 12]),
    span=st.sampled_from([15, 20_000]),
    boost=st.sampled_from([1.0, 4.0, 100.0]),
)
def test_members_and_mixture_are_the_naive_twins_also_when_labels_come_late(
    seed: int, d: int, horizon: int, span: int, boost: float
) -> None:
    generator = np.random.default_rng(seed)
    rows = generator.normal(2.0, 3.0, (60, d))
    state, scratch = fresh(d, horizon, 0.1, span), scratch_of(d, math.nan)
    naive = NaiveLadder(d, SGD, ADAGRAD, horizon, 0.1, 1.0 / span, boost, NEWTONS)
    state[kernels.BOOST] = boost
    waiting = []
    for row in rows:
        outputs = np.full(E + 1, math.nan)
        probability, said, known = naive.predict(row.tolist())
        assert kernels.predict(state, row, outputs) == pytest.approx(probability, abs=1e-10)
        assert outputs[:E] == pytest.approx(said, abs=1e-10)
        assert outputs[E] == (0.5 if known is None else known)
        waiting.append((row, outputs, said, known))
        if len(waiting) > horizon:
            row, outputs, said, known = waiting.pop(0)
            label, weight = int(generator.random() < 0.3), float(generator.choice([1.0, 0.2, 30.0]))
            kernels.learn(state, row, label, weight, outputs, scratch)
            naive.learn(row.tolist(), label, weight, said, known)
            assert state[-E:] == pytest.approx(naive.mixture, abs=1e-10)
    for found, expected in zip((0, 1), (naive.weights, naive.squares), strict=True):
        table = state[kernels.HEAD + K + 3 * d + found * (d + 1) * K :][: (d + 1) * K]
        assert table == pytest.approx(np.array(expected).T.ravel(), rel=1e-10, abs=1e-12)


def test_loop_and_steps_are_bit_equal() -> None:
    generator = np.random.default_rng(2)
    rows, labels, weights = (
        generator.normal(size=(300, 3)),
        (generator.random(300) < 0.4).astype(np.int64),
        generator.random(300),
    )
    one, many, out = fresh(3), fresh(3), np.empty(300)
    outputs, scratch = np.zeros(E + 1), scratch_of(3)
    kernels.learn_rows(many, rows, labels, weights, np.zeros(E + 1), scratch_of(3), out)
    for i in range(300):
        assert kernels.predict(one, rows[i], outputs) == out[i]
        kernels.learn(one, rows[i], labels[i], weights[i], outputs, scratch)
    assert one.tobytes() == many.tobytes()
    kernels.predict_rows(many, rows, outputs, out)
    assert out.tolist() == [kernels.predict(one, row, outputs) for row in rows]
    assert one.tobytes() == many.tobytes()


def test_the_scratch_row_does_not_matter() -> None:
    one, two = fresh(2), fresh(2)
    outputs = np.zeros(E + 1)
    for state, scratch in ((one, scratch_of(2)), (two, scratch_of(2, math.nan))):
        kernels.predict(state, np.array([1.0, 2.0]), outputs)
        kernels.learn(state, np.array([1.0, 2.0]), 1, 1.0, outputs, scratch)
    assert one.tobytes() == two.tobytes()


def test_members_are_judged_by_what_was_served_not_by_hindsight() -> None:
    state, outputs, scratch = fresh(1), np.zeros(E + 1), scratch_of(1)
    row = np.array([1.0])
    kernels.predict(state, row, outputs)
    outputs[:E] = [0.99, 0.01, *[0.5] * (E - 2)]
    kernels.learn(state, row, 1, 1.0, outputs, scratch)
    assert state[-E:].argmax() == 0
    assert state[-E:].argmin() == 1


extreme = st.sampled_from([0.0, 1e-300, 1e-12, 1.0, -1.0, 1e6, -1e6, 9e14, -9e14])


@settings(max_examples=30)
@given(
    rows=st.lists(st.tuples(extreme, extreme, st.integers(0, 1), st.sampled_from([0.0, 1.0, 1e6])), min_size=1, max_size=50),
    boost=st.sampled_from([1.0, 100.0]),
    delay=st.integers(0, 5),
)
def test_no_input_moves_a_weight_beyond_its_bound(
    rows: list[tuple[float, float, int, float]], boost: float, delay: int
) -> None:
    state, scratch = fresh(2, span=10), scratch_of(2)
    state[kernels.BOOST] = boost
    weights = slice(kernels.HEAD + K + 6, kernels.HEAD + K + 6 + 3 * K)
    waiting = []
    for a, b, label, weight in rows * 4:
        row, outputs = np.array([a, b]), np.zeros(E + 1)
        assert 0.0 <= kernels.predict(state, row, outputs) <= 1.0
        waiting.append((row, label, weight, outputs))
        if len(waiting) > delay:
            kernels.learn(state, *waiting.pop(0), scratch)
        assert np.isfinite(state).all()
        assert np.abs(state[weights]).max() <= 50.0
        assert state[-E:].sum() == pytest.approx(1.0)
        assert state[-E:].min() > 0.0


def test_prediction_leaves_the_state_alone() -> None:
    state = fresh(2)
    before = state.tobytes()
    kernels.predict(state, np.array([1.0, -3.0]), np.zeros(E + 1))
    assert state.tobytes() == before


@given(labels=st.lists(st.integers(0, 1), min_size=1, max_size=60), delay=st.integers(1, 12))
def test_no_change_repeats_the_last_label_known_when_it_was_predicted(labels: list[int], delay: int) -> None:
    """The label of prediction t comes before prediction t + delay is made."""
    state = np.zeros(baselines.SIZE + 3)
    baselines.start(state, 2)
    known: list[float] = []
    for t in range(len(labels)):
        if t >= delay:
            baselines.learn(state, 2, labels[t - delay], known[t - delay], 1.0)
        settled = labels[: max(t - delay + 1, 0)]
        known.append(baselines.last_known(state, 2))
        assert known[t] == (settled[-1] if settled else 0.5)
        assert baselines.base_rate(state, 2) == pytest.approx((sum(settled) + 1) / (len(settled) + 2), abs=1e-12)
        chances = [(labels[i], labels[i - delay]) for i in range(delay, len(settled))]
        repeat = (sum(a == b for a, b in chances) + 1) / (len(chances) + 2)
        expected = 0.5 if not settled else repeat if settled[-1] == 1 else 1.0 - repeat
        assert baselines.no_change(state, 2) == pytest.approx(expected, abs=1e-12)
    assert state[[0, 1, -1]].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("place", ["mean", "inverse", "weight", "mixture", "base rate"])
def test_an_expert_that_diverged_is_not_hidden_by_the_others(place: str) -> None:
    d = 2
    start = {
        "mean": kernels.HEAD + K,
        "inverse": kernels.HEAD + K + 2 * d,
        "weight": kernels.HEAD + K + 3 * d,
        "mixture": -1,
    }
    state = fresh(d)
    state[start.get(place, kernels.BASELINES)] = math.nan
    assert math.isnan(kernels.predict(state, np.array([1.0, 2.0]), np.zeros(E + 1)))
