from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.kernels.detection.adwin import (
    DEVIATION,
    DRIFT,
    HEADER,
    REFUSED,
    ROW,
    SEEN,
    TOTAL,
    WIDTH,
    adwin_state,
    adwin_step,
    adwin_steps,
)
from naive_adwin import NaiveAdwin


def levels(seed: int, pieces: list[tuple[int, float]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    generator = np.random.default_rng(seed)
    return np.concatenate([(generator.random(n) < p).astype(np.float64) for n, p in pieces])


@pytest.mark.parametrize("clock", [1, 32])
@pytest.mark.parametrize("delta", [0.002, 0.3])
def test_cuts_exactly_where_the_naive_twin_cuts(delta: float, clock: int) -> None:
    for seed in range(3):
        values = levels(seed, [(700, 0.2), (500, 0.5), (40, 0.9), (600, 0.3)])
        if seed == 2:
            values = values * 0.7 + 0.3 * np.random.default_rng(9).random(values.size)
        state = adwin_state(delta, clock)
        naive = NaiveAdwin(delta, clock)
        for i, value in enumerate(values):
            assert (adwin_step(state, value) == DRIFT) == naive.update(value), f"value {i}"
            assert state[WIDTH] == naive.width
        assert state[TOTAL] == naive.total
        assert state[DEVIATION] == naive.deviation


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), max_size=300))
def test_buckets_summarise_the_newest_values(values: list[float]) -> None:
    state = adwin_state(0.05, 1)
    for value in values:
        adwin_step(state, value)
    width = int(state[WIDTH])
    kept = np.array(values[len(values) - width :])
    assert state[SEEN] == len(values)
    assert state[TOTAL] == pytest.approx(kept.sum(), abs=1e-9)
    if width:
        assert state[DEVIATION] == pytest.approx(((kept - kept.mean()) ** 2).sum(), abs=1e-9)
    rows = state[HEADER:].reshape(-1, ROW)
    assert sum(rows[r, 0] * 2**r for r in range(len(rows))) == width
    assert rows[:, 0].max() <= 5


def test_full_histogram_forgets_its_oldest_bucket() -> None:
    state = adwin_state(0.002, 1, rows=3)
    values = np.random.default_rng(1).random(500)
    adwin_steps(state, values, np.zeros(500, dtype=np.int64))
    width = int(state[WIDTH])
    assert width <= 5 * (1 + 2 + 4)
    assert state[TOTAL] == pytest.approx(values[-width:].sum(), abs=1e-9)
    assert state[DEVIATION] == pytest.approx(width * values[-width:].var(), abs=1e-9)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.01, 1.01])
def test_value_outside_the_unit_interval_is_refused_and_leaves_no_trace(value: float) -> None:
    state = adwin_state(0.002, 1)
    adwin_step(state, 0.5)
    before = state.tobytes()
    assert adwin_step(state, value) == REFUSED
    assert state.tobytes() == before


def test_loop_is_bit_equal_to_steps() -> None:
    values = levels(4, [(400, 0.2), (400, 0.7)])
    one, many = adwin_state(0.002, 1), adwin_state(0.002, 1)
    flags = np.zeros(values.size, dtype=np.int64)
    adwin_steps(many, values, flags)
    assert [adwin_step(one, value) for value in values] == flags.tolist()
    assert one.tobytes() == many.tobytes()


@pytest.mark.parametrize("level", [0.05, 0.2, 0.5])
def test_false_alarms_on_steady_streams_are_rare(level: float) -> None:
    streams, length = 20, 10_000
    alarms = 0
    for seed in range(streams):
        flags = np.zeros(length, dtype=np.int64)
        adwin_steps(adwin_state(0.002, 1), levels(seed, [(length, level)]), flags)
        alarms += int((flags == DRIFT).sum())
    assert alarms <= 2, "more than 1 alarm in 100,000 values"


@pytest.mark.parametrize("seed", range(5))
def test_jump_of_the_error_rate_is_found_soon(seed: int) -> None:
    change = 2_000
    flags = np.zeros(change + 300, dtype=np.int64)
    state = adwin_state(0.002, 1)
    adwin_steps(state, levels(seed, [(change, 0.2), (300, 0.5)]), flags)
    found = np.flatnonzero(flags == DRIFT)
    assert change < found[0] < change + 150
    assert found.size == 1
    assert abs(flags.size - state[WIDTH] - change) < 32


def test_order_of_detections_agrees_with_river() -> None:
    drift = pytest.importorskip("river.drift")
    values = levels(7, [(1_500, 0.2), (1_500, 0.5), (1_500, 0.2)])
    ours, theirs = adwin_state(0.002, 1), drift.ADWIN(delta=0.002)
    found: list[int] = []
    river: list[int] = []
    for i, value in enumerate(values):
        if adwin_step(ours, value) == DRIFT:
            found.append(i)
        theirs.update(value)
        if theirs.drift_detected:
            river.append(i)
    for change in (1_500, 3_000):
        assert next(i for i in found if i >= change) <= next(i for i in river if i >= change) + 32
    assert min(found) >= 1_500
    assert 2 <= len(found) <= 3
