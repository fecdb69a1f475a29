from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.core.types import Missing
from alpha_pulse.learning.session import ScoredPrediction
from alpha_pulse.learning.training import RETRY_BARS, BatchMember
from alpha_pulse.models.gbm import LightGBM
from learning_samples import START_NS, STEP_NS, Desk, new_session, stream

D, HORIZON, TRAIN_BARS, DELAY_NS = 3, 2, 150, 5 * STEP_NS
ROWS, LABELS = stream(400, D, seed=1)


def model() -> LightGBM:
    return LightGBM(D, trees=5, learning_rate=0.3, seed=1)


def member(train_bars: int = TRAIN_BARS) -> BatchMember:
    return BatchMember("X/direction", "lightgbm", D, model, train_bars, DELAY_NS)


def settled(count: int, one_class: bool = False) -> list[ScoredPrediction]:
    """``count`` settled predictions of a session that served ``ROWS`` in turn."""
    desk = Desk(new_session("logistic", D, HORIZON))
    labels = np.ones_like(LABELS) if one_class else LABELS
    return desk.run(ROWS, labels, 0, count + HORIZON)


def trained() -> BatchMember:
    found = member()
    for one in settled(TRAIN_BARS - HORIZON):
        found.gather(one)
    assert found.train_if_due(TRAIN_BARS, START_NS) is not None
    return found


def test_it_gathers_and_is_trained_once_when_the_bars_are_there() -> None:
    batch, examples = member(), settled(200)
    for bars, one in enumerate(examples[: TRAIN_BARS - HORIZON], HORIZON + 1):
        assert batch.gathering
        batch.gather(one)
        ready = batch.train_if_due(bars, START_NS + bars * STEP_NS)
        assert (ready is not None) == (bars == TRAIN_BARS)
    assert ready is not None
    assert not batch.gathering
    assert (ready.model_id, ready.session_id) == ("lightgbm", "X/direction")
    assert ready.examples == TRAIN_BARS - HORIZON
    assert ready.trained_ts == START_NS + TRAIN_BARS * STEP_NS
    assert ready.ready_ts == ready.trained_ts + DELAY_NS
    assert batch.train_if_due(TRAIN_BARS + 1, START_NS) is None
    assert batch.ready == ready


def test_it_is_trained_on_the_stored_features_and_their_labels() -> None:
    batch, twin = trained(), model()
    n = TRAIN_BARS - HORIZON
    twin.fit(ROWS[:n], LABELS[:n], np.ones(n))
    assert batch.ready is not None
    assert batch.ready.version == twin.version
    assert re.fullmatch("[0-9a-f]{64}", twin.version)
    late = batch.ready.ready_ts
    assert [batch.predict(row, late) for row in ROWS[n:]] == [twin.predict(row) for row in ROWS[n:]]


def test_the_weight_of_an_example_counts_in_the_training() -> None:
    n = TRAIN_BARS - HORIZON
    weights = np.where(np.arange(n) % 3 == 0, 4.0, 0.5)
    batch, twin, even = member(), model(), trained()
    for one, weight in zip(settled(n), weights.tolist(), strict=True):
        batch.gather(msgspec.structs.replace(one, example=msgspec.structs.replace(one.example, weight=weight)))
    ready = batch.train_if_due(TRAIN_BARS, START_NS)
    twin.fit(ROWS[:n], LABELS[:n], weights)
    assert ready is not None
    assert even.ready is not None
    assert ready.version == twin.version != even.ready.version


def test_it_serves_only_after_the_delay() -> None:
    batch = trained()
    ready = batch.ready
    assert ready is not None
    assert batch.predict(ROWS[0], ready.ready_ts - 1) == Missing("lightgbm", "trained, not ready yet")
    assert isinstance(batch.predict(ROWS[0], ready.ready_ts), float)


def test_before_training_it_says_what_it_waits_for() -> None:
    assert member().predict(ROWS[0], START_NS) == Missing("lightgbm", "not trained before 150 bars")


def test_it_trains_on_every_example_that_came_by_then() -> None:
    batch, examples = member(), settled(200)
    for one in examples:
        batch.gather(one)
    ready = batch.train_if_due(TRAIN_BARS, START_NS)
    assert ready is not None
    assert ready.examples == 200


@pytest.mark.parametrize(("count", "said"), [(100, "label 1 alone"), (0, "both classes are needed")])
def test_what_cannot_be_trained_says_why_and_is_tried_again_later(count: int, said: str) -> None:
    batch = member()
    for one in settled(count, one_class=True):
        batch.gather(one)
    assert batch.train_if_due(TRAIN_BARS, START_NS) is None
    missing = batch.predict(ROWS[0], START_NS)
    assert isinstance(missing, Missing)
    assert said in missing.reason
    twin = member()
    twin.restore(batch.snapshot())
    for each in (batch, twin):
        assert each.predict(ROWS[0], START_NS) == missing
        for example in settled(200):
            each.gather(example)
        assert each.train_if_due(TRAIN_BARS + 1, START_NS) is None
        ready = each.train_if_due(TRAIN_BARS + RETRY_BARS, START_NS)
        assert ready is not None
        assert ready.examples == count + 200


@pytest.mark.parametrize("cut", [0, 1, 100, TRAIN_BARS - HORIZON])
def test_saved_before_training_it_is_trained_to_the_same_artefact(cut: int) -> None:
    batch, examples = member(), settled(TRAIN_BARS - HORIZON)
    for one in examples[:cut]:
        batch.gather(one)
    blob = pack({"batch": batch.snapshot()})
    twin = member()
    twin.restore(unpack(blob)[0]["batch"])
    assert pack({"batch": twin.snapshot()}) == blob
    for each in (batch, twin):
        for one in examples[cut:]:
            each.gather(one)
        each.train_if_due(TRAIN_BARS, START_NS)
    assert batch.ready == twin.ready == trained().ready


def test_saved_after_training_it_serves_the_same() -> None:
    batch = trained()
    blob = pack({"batch": batch.snapshot()})
    twin = member()
    twin.restore(unpack(blob)[0]["batch"])
    assert pack({"batch": twin.snapshot()}) == blob
    assert twin.ready == batch.ready
    assert twin.ready is not None
    late = twin.ready.ready_ts
    assert [twin.predict(row, late) for row in ROWS] == [batch.predict(row, late) for row in ROWS]
    assert twin.train_if_due(TRAIN_BARS, START_NS) is None


def test_an_earlier_state_can_be_taken_back_after_training() -> None:
    batch = member()
    for one in settled(50):
        batch.gather(one)
    saved = batch.snapshot()
    later = trained()
    later.restore(saved)
    assert later.gathering
    assert pack({"batch": later.snapshot()}) == pack({"batch": saved})
