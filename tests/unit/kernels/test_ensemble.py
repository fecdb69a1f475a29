from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.base.scores import BASE, BATCH, LABEL, LAST_KNOWN, NO_CHANGE, ONLINE, SERVED
from alpha_pulse.kernels.mixing import ensemble, promotion, serving, strategies
from naive_learning import NaiveBaselines, NaivePlatt, logit, mix, share

said = st.none() | st.floats(0.0, 1.0)
HORIZON, ALPHA = 3, 0.03
ROUNDED = 1.0001e-9
"""What is served is kept to 9 decimals; a sum that is taken in another order may fall on the other side of a half."""


def nan(p: float | None) -> float:
    return math.nan if p is None else p


class Mix:
    """The packed state of a mixture of three members."""

    def __init__(self, horizon: int = 1, share_: float = 1e-3, weights: Sequence[float] = (1.0, 1.0, 1.0)) -> None:
        self.state = np.full(ensemble.SIZE, 9.0)
        ensemble.start(self.state, horizon)
        self.statistics, self.ladder = np.zeros(strategies.size(3)), np.zeros(promotion.size(3, horizon))
        strategies.start(self.statistics, 3, horizon, share_, 1_000)
        self.shares = self.statistics[strategies.HEAD : strategies.HEAD + 3]
        self.shares[:] = np.array(weights) / sum(weights)
        self.mixed = np.full((2, 3), math.nan)

    def serve(self, row: NDArray[np.float64]) -> None:
        ensemble.calibrate(self.state, row, self.mixed)
        serving.serve(
            self.state, self.statistics, self.ladder, np.ones(3, dtype=np.int64), strategies.ENSEMBLE, 0, row, self.mixed
        )

    def update(self, row: NDArray[np.float64]) -> None:
        serving.learn(self.state, self.statistics, self.ladder, strategies.ENSEMBLE, 0, row, self.mixed)


def served(mix: Mix, online: float | None, batch: float | None) -> NDArray[np.float64]:
    row = np.full(ensemble.ROW, math.nan)
    row[ensemble.RAW_ONLINE], row[ensemble.RAW_BATCH] = nan(online), nan(batch)
    mix.serve(row)
    return row


@given(st.lists(st.tuples(said, said, st.integers(0, 1)), min_size=1, max_size=50), st.integers(0, 4))
def test_serving_and_learning_are_the_naive_twins(steps: list[tuple[float | None, float | None, int]], delay: int) -> None:
    state = Mix(HORIZON, ALPHA)
    calibrators = [NaivePlatt(1.0 / HORIZON), NaivePlatt(1.0 / HORIZON)]
    confidence, baselines = NaivePlatt(1.0 / HORIZON), NaiveBaselines()
    weights = [1.0 / 3.0] * 3
    waiting = []
    for online, batch, label in steps:
        row = served(state, online, batch)
        members = [None if p is None else one.calibrate(logit(p)) for p, one in zip((online, batch), calibrators, strict=True)]
        everybody = [*members, baselines.base_rate]
        probability = mix(weights, everybody)
        expected = [nan(members[0]), nan(members[1]), baselines.base_rate, probability, baselines.no_change]
        assert row[: NO_CHANGE + 1] == pytest.approx(expected, abs=ROUNDED, nan_ok=True)
        assert math.isnan(row[LABEL])
        assert row[LAST_KNOWN] == (0.5 if baselines.last is None else baselines.last)
        stated = confidence.calibrate(abs(logit(float(row[SERVED]))))
        assert row[ensemble.CONFIDENT] == pytest.approx(stated, abs=ROUNDED)
        assert row[: ensemble.RAW_ONLINE] == pytest.approx(np.round(row[: ensemble.RAW_ONLINE], 9), abs=1e-15, nan_ok=True)
        waiting.append((row, online, batch, baselines.last, label))
        if len(waiting) <= delay:
            continue
        row, online, batch, known, label = waiting.pop(0)
        stored = [None if math.isnan(p) else float(p) for p in row[: BASE + 1]]
        row[LABEL] = label
        state.update(row)
        weights = share(weights, stored, label, 1.0 / HORIZON, ALPHA / HORIZON)
        for p, one in zip((online, batch), calibrators, strict=True):
            if p is not None:
                one.learn(logit(p), label)
        confidence.learn(abs(logit(float(row[SERVED]))), int((row[SERVED] >= 0.5) == (label == 1)))
        baselines.settled.append((label, known, 1.0))
        assert state.shares == pytest.approx(weights, abs=1e-12)


members = st.lists(st.none() | st.floats(0.001, 0.999), min_size=2, max_size=2)
learned = st.lists(st.floats(1e-4, 1.0), min_size=3, max_size=3)


def weighted(weights: list[float]) -> Mix:
    return Mix(1, ALPHA, weights)


def serving_weights(row: NDArray[np.float64]) -> NDArray[np.float64]:
    return row[ensemble.SERVING_WEIGHTS : ensemble.SERVING_WEIGHTS + 3]


@given(learned, members)
def test_in_an_ensemble_every_present_member_speaks_with_its_weight(weights: list[float], said: list[float | None]) -> None:
    row = served(weighted(weights), said[0], said[1])
    present = [w for w, p in zip(weights, [*said, 0.5], strict=True) if p is not None]
    expected = [0.0 if p is None else w / sum(present) for w, p in zip(weights, [*said, 0.5], strict=True)]
    assert serving_weights(row) == pytest.approx(expected, abs=ROUNDED)
    spoken = [p for p in row[: BASE + 1] if not math.isnan(p)]
    assert min(spoken) - ROUNDED <= row[SERVED] <= max(spoken) + ROUNDED


def test_with_no_member_the_base_rate_serves() -> None:
    state = Mix()
    for _ in range(8):
        row = served(state, None, None)
        assert row[SERVED] == row[BASE]
        row[LABEL] = 1.0
        state.update(row)
    assert served(state, None, None)[SERVED] == 0.9


def test_without_weights_the_base_rate_serves() -> None:
    mix, row = Mix(), np.full(ensemble.ROW, math.nan)
    row[ensemble.RAW_ONLINE] = 0.9
    ensemble.calibrate(mix.state, row, mix.mixed)
    mix.mixed[ensemble.SERVING] = 0.0
    ensemble.serve(mix.state, row, mix.mixed)
    assert row[SERVED] == row[BASE] == 0.5
    assert serving_weights(row).tolist() == [0.0, 0.0, 1.0]


def test_serving_leaves_the_state_alone() -> None:
    state = Mix()
    before = state.state.tobytes(), state.statistics.tobytes()
    served(state, 0.9, 0.2)
    assert (state.state.tobytes(), state.statistics.tobytes()) == before


def test_a_member_that_is_too_sure_of_itself_is_calibrated_before_it_is_mixed() -> None:
    state = Mix()
    generator = np.random.default_rng(1)
    for _ in range(4_000):
        up = generator.random() < 0.5
        row = served(state, 0.98 if up else 0.02, None)
        row[LABEL] = float(up == (generator.random() < 0.7))
        state.update(row)
    row = served(state, 0.98, 0.98)
    assert row[ONLINE] == pytest.approx(0.7, abs=0.03)
    assert row[BATCH] == pytest.approx(0.98, abs=1e-9)
    assert ensemble.confidence(state.state, row[ONLINE]) == pytest.approx(0.7, abs=0.05)


def test_a_member_that_the_caller_has_calibrated_is_mixed_as_it_is() -> None:
    row = np.full(ensemble.ROW, math.nan)
    row[ensemble.RAW_ONLINE], row[ensemble.RAW_BATCH], row[ONLINE] = 0.9, 0.9, 0.6
    state = weighted([0.5, 0.3, 0.2])
    state.state[ensemble.BATCH_CALIBRATOR] = 0.5
    state.serve(row)
    batch = 1.0 / (1.0 + math.exp(-0.5 * logit(0.9)))
    assert row[ONLINE] == 0.6
    assert row[BATCH] == pytest.approx(batch, abs=ROUNDED)
    assert row[SERVED] == pytest.approx(0.5 * 0.6 + 0.3 * batch + 0.2 * 0.5, abs=ROUNDED)
