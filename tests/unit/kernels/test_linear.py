from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.linear import linear
from naive_learning import NaiveLogistic

ABSURD = 1e15


def fresh(d: int, rate: float = 0.01, l2: float = 0.0, span: int = 0) -> NDArray[np.float64]:
    state = np.zeros(linear.size(d))
    state[linear.RATE], state[linear.L2], state[linear.BOOST] = rate, l2, 1.0
    state[linear.STEP] = 1.0 / span if span else 0.0
    return state


@given(
    seed=st.integers(0, 2**32 - 1),
    d=st.integers(1, 5),
    rate=st.sampled_from([0.001, 0.01, 0.3]),
    l2=st.sampled_from([0.0, 0.1]),
    span=st.sampled_from([0, 10]),
)
def test_every_step_is_the_naive_twins(seed: int, d: int, rate: float, l2: float, span: int) -> None:
    generator = np.random.default_rng(seed)
    rows = generator.normal(3.0, 2.0, (80, d))
    rows[:, 0] = np.round(rows[:, 0])
    state, naive = fresh(d, rate, l2, span), NaiveLogistic(d, rate, l2, 1.0 / span if span else 0.0)
    for row in rows:
        label, weight = int(generator.random() < 0.4), float(generator.choice([1.0, 0.0, 40.0]))
        assert linear.predict(state, row) == pytest.approx(naive.predict(row.tolist()), abs=1e-12)
        linear.learn(state, row, label, weight, np.empty(len(row)))
        naive.learn(row.tolist(), label, weight)
    place = linear.HEAD
    for values in (naive.scaler.mean, naive.scaler.variance, naive.weights, [naive.bias]):
        assert state[place : place + len(values)] == pytest.approx(values, rel=1e-12, abs=1e-12)
        place += len(values)


def test_the_scaler_is_that_of_all_rows_until_it_begins_to_forget() -> None:
    rows = np.random.default_rng(1).normal(5.0, 3.0, (200, 2))
    state = fresh(2)
    linear.learn_rows(state, rows, np.ones(200, dtype=np.int64), np.ones(200), np.empty(rows.shape[1]), np.empty(200))
    assert state[linear.HEAD : linear.HEAD + 2] == pytest.approx(rows.mean(axis=0))
    assert state[linear.HEAD + 2 : linear.HEAD + 4] == pytest.approx(rows.var(axis=0))


def test_loop_and_steps_are_bit_equal() -> None:
    generator = np.random.default_rng(2)
    rows, labels = generator.normal(size=(300, 4)), (generator.random(300) < 0.5).astype(np.int64)
    weights, out = generator.random(300), np.empty(300)
    one, many = fresh(4, l2=0.01, span=50), fresh(4, l2=0.01, span=50)
    linear.learn_rows(many, rows, labels, weights, np.empty(rows.shape[1]), out)
    for i in range(300):
        assert linear.predict(one, rows[i]) == out[i]
        linear.learn(one, rows[i], labels[i], weights[i], np.empty(rows.shape[1]))
    assert one.tobytes() == many.tobytes()
    linear.predict_rows(many, rows, out)
    assert out.tolist() == [linear.predict(one, row) for row in rows]


extreme = st.one_of(
    st.floats(-1.0, 1.0),
    st.sampled_from([0.0, 5e-324, 1e-300, 1e-9, 1e6, 0.99 * ABSURD]).flatmap(lambda x: st.sampled_from([x, -x])),
)


@given(
    rows=st.lists(st.tuples(extreme, extreme, st.integers(0, 1), st.floats(0.0, 1e6)), min_size=1, max_size=60),
    rate=st.sampled_from([0.01, 10.0]),
    boost=st.sampled_from([1.0, 100.0]),
)
def test_no_input_moves_a_weight_beyond_its_bound(
    rows: list[tuple[float, float, int, float]], rate: float, boost: float
) -> None:
    state = fresh(2, rate, span=10)
    state[linear.BOOST] = boost
    for a, b, label, weight in rows * 3:
        row = np.array([a, b])
        linear.learn(state, row, label, weight, np.empty(len(row)))
        assert np.isfinite(state).all()
        assert np.abs(state[linear.HEAD + 4 : linear.HEAD + 7]).max() <= linear.MAX_WEIGHT
        assert 0.0 <= linear.predict(state, row) <= 1.0


def test_a_constant_feature_says_nothing() -> None:
    generator = np.random.default_rng(3)
    state, without = fresh(2), fresh(1)
    for x in generator.normal(size=200):
        label = int(x > 0.0)
        linear.learn(state, np.array([x, 7.0]), label, 1.0, np.empty(2))
        linear.learn(without, np.array([x]), label, 1.0, np.empty(1))
    assert state[linear.HEAD + 5] == 0.0
    assert linear.predict(state, np.array([0.3, 7.0])) == linear.predict(without, np.array([0.3]))


@given(st.floats(-1e300, 1e300), st.floats(1e-3, 1e3))
def test_clip_keeps_what_is_inside(x: float, bound: float) -> None:
    assert linear.clip(x, bound) == math.copysign(min(abs(x), bound), x)
