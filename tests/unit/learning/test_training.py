from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.core.types import Missing
from alpha_pulse.kernels.session import layout
from alpha_pulse.learning.feature_history import FeatureHistory
from alpha_pulse.learning.training import RETRY_BARS, BatchMember
from alpha_pulse.models.gbm import LightGBM
from learning_samples import START_NS, STEP_NS, stream
from target_samples import DELAY_NS, BarInput, Setting, TargetRun, bar, closes, vector

D, HORIZON, TRAIN_BARS = 3, 2, 150
ROWS, LABELS = stream(900, D, seed=1)
SETTING = Setting("volatility", horizon=HORIZON, batch=True, n_features=D, train_bars=TRAIN_BARS)


def model() -> LightGBM:
    return SETTING.trees()


def member() -> BatchMember:
    head = np.zeros(layout.HEAD, dtype=np.int64)
    return BatchMember("X/volatility", "lightgbm", D, model, TRAIN_BARS, DELAY_NS, head, FeatureHistory())


def started(setting: Setting = SETTING) -> TargetRun:
    """A run in which only the tests train."""
    run = TargetRun.of(setting)
    run.trains = False
    return run


def batch_of(run: TargetRun) -> BatchMember:
    assert run.batch is not None
    return run.batch


def gather(run: TargetRun, count: int, labels: NDArray[np.int64] = LABELS) -> list[float]:
    """Serve ``ROWS`` in turn until ``count`` more examples are there; returns their weights."""
    weights: list[float] = []
    prices = closes(labels, HORIZON)
    while len(weights) < count:
        step = run.bars
        made = bar(step, prices[step])
        realised = 0.02 if step >= HORIZON and labels[step - HORIZON] else 0.0
        resolved = run.step(BarInput(made, realised, vector(ROWS[step], made.ts_event), 0.01)).resolved
        if resolved.scored is not None:
            weights.append(resolved.scored.example.weight)
    return weights


def trained() -> BatchMember:
    run = started()
    gather(run, TRAIN_BARS - HORIZON)
    assert batch_of(run).train_if_due(TRAIN_BARS, START_NS) is not None
    return batch_of(run)


def test_it_gathers_and_is_trained_once_when_the_bars_are_there() -> None:
    run = started()
    batch = batch_of(run)
    for bars in range(HORIZON + 1, TRAIN_BARS + 1):
        assert batch.gathering
        gather(run, 1)
        ready = batch.train_if_due(bars, START_NS + bars * STEP_NS)
        assert (ready is not None) == (bars == TRAIN_BARS)
    assert ready is not None
    assert not batch.gathering
    assert (ready.model_id, ready.session_id) == ("lightgbm", "X/volatility")
    assert ready.examples == TRAIN_BARS - HORIZON
    assert ready.trained_ts == START_NS + TRAIN_BARS * STEP_NS
    assert ready.ready_ts == ready.trained_ts + DELAY_NS
    gather(run, 5)
    assert run.session.head[layout.GATHERED] == TRAIN_BARS - HORIZON
    assert batch.train_if_due(TRAIN_BARS + 1, START_NS) is None
    assert batch.ready == ready


def test_it_is_trained_on_the_stored_features_and_their_labels() -> None:
    batch, twin = trained(), model()
    n = TRAIN_BARS - HORIZON
    twin.fit(ROWS[:n], LABELS[:n], np.ones(n))
    assert batch.ready is not None
    assert batch.ready.version == twin.version
    assert re.fullmatch("[0-9a-f]{64}", twin.version)
    assert [batch.predict(row) for row in ROWS[n:]] == [twin.predict(row) for row in ROWS[n:]]


def test_the_weight_of_an_example_counts_in_the_training() -> None:
    n = TRAIN_BARS - HORIZON
    run, twin, even = started(SETTING._replace(target="direction")), model(), trained()
    labels = LABELS[:400]
    prices = closes(labels, HORIZON)
    weights = []
    for step in range(TRAIN_BARS):
        made = bar(step, prices[step] * (1.0 + 0.002 * (step % 3)))
        resolved = run.step(BarInput(made, 0.0, vector(ROWS[step], made.ts_event), 0.0)).resolved
        if resolved.scored is not None:
            assert resolved.scored.example.label == LABELS[step - HORIZON]
            weights.append(resolved.scored.example.weight)
    ready = batch_of(run).train_if_due(TRAIN_BARS, START_NS)
    twin.fit(ROWS[:n], LABELS[:n], np.array(weights))
    assert max(weights) > 1.2 > 0.9 > min(weights)
    assert ready is not None
    assert even.ready is not None
    assert ready.version == twin.version != even.ready.version


def test_it_serves_only_after_the_delay() -> None:
    batch = trained()
    ready = batch.ready
    assert ready is not None
    assert batch.status.missing(ready.ready_ts - 1) == Missing("lightgbm", "trained, not ready yet")
    assert batch.status.missing(ready.ready_ts) is None
    assert isinstance(batch.predict(ROWS[0]), float)


def test_before_training_it_says_what_it_waits_for() -> None:
    assert member().status.missing(START_NS) == Missing("lightgbm", "not trained before 150 bars")


def test_it_trains_on_every_example_that_came_by_then() -> None:
    run = started()
    gather(run, 200)
    ready = batch_of(run).train_if_due(TRAIN_BARS, START_NS)
    assert ready is not None
    assert ready.examples == 200


@pytest.mark.parametrize(("count", "said"), [(100, "label 1 alone"), (0, "both classes are needed")])
def test_what_cannot_be_trained_says_why_and_is_tried_again_later(count: int, said: str) -> None:
    run = started()
    gather(run, count, np.ones_like(LABELS))
    assert batch_of(run).train_if_due(TRAIN_BARS, START_NS) is None
    missing = batch_of(run).status.missing(START_NS)
    assert missing is not None
    assert said in missing.reason
    twin = run.resumed(SETTING)
    for each in (run, twin):
        batch = batch_of(each)
        assert batch.status.missing(START_NS) == missing
        gather(each, 200)
        assert batch.train_if_due(TRAIN_BARS + 1, START_NS) is None
        ready = batch.train_if_due(TRAIN_BARS + RETRY_BARS, START_NS)
        assert ready is not None
        assert ready.examples == count + 200
    assert batch_of(run).ready == batch_of(twin).ready


@pytest.mark.parametrize("cut", [0, 1, 100, TRAIN_BARS - HORIZON])
def test_saved_before_training_it_is_trained_to_the_same_artefact(cut: int) -> None:
    run = started()
    gather(run, cut)
    twin = run.resumed(SETTING)
    for each in (run, twin):
        gather(each, TRAIN_BARS - HORIZON - cut)
        batch_of(each).train_if_due(TRAIN_BARS, START_NS)
    assert batch_of(run).ready == batch_of(twin).ready == trained().ready


def test_saved_after_training_it_serves_the_same() -> None:
    batch = trained()
    blob = pack({"batch": batch.snapshot()})
    twin = member()
    twin.restore(unpack(blob)[0]["batch"])
    assert pack({"batch": twin.snapshot()}) == blob
    assert twin.ready == batch.ready
    assert twin.ready is not None
    assert twin.arrays["batch"].tolist() == batch.arrays["batch"].tolist()
    assert [twin.predict(row) for row in ROWS] == [batch.predict(row) for row in ROWS]
    assert twin.train_if_due(TRAIN_BARS, START_NS) is None


def test_an_earlier_state_can_be_taken_back_after_training() -> None:
    run = started()
    gather(run, 50)
    saved = batch_of(run).snapshot()
    later = trained()
    later.restore(saved)
    assert later.gathering
    assert pack({"batch": later.snapshot()}) == pack({"batch": saved})
