from __future__ import annotations

import re

import numpy as np

from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.core.types import Missing
from alpha_pulse.learning.training import BatchMember, Examples, ModelReady, Trained, train
from alpha_pulse.models.gbm import LightGBM
from learning_samples import START_NS, STEP_NS, stream

D, N = 3, 600
ROWS, LABELS = stream(900, D, seed=1)
EXAMPLES = Examples(ROWS[:N], LABELS[:N], np.ones(N))
TS, READY = START_NS, START_NS + 5 * STEP_NS


def model() -> LightGBM:
    return LightGBM(D, trees=3)


def member() -> BatchMember:
    return BatchMember("X/volatility", "lightgbm", D, model, 150)


def given(examples: Examples = EXAMPLES) -> BatchMember:
    batch = member()
    assert batch.replace(train(model(), examples), TS, READY) is not None
    return batch


def test_it_predicts_as_the_model_that_was_trained() -> None:
    batch, twin = given(), model()
    twin.fit(EXAMPLES.features, EXAMPLES.labels, EXAMPLES.weights)
    assert batch.ready == ModelReady("lightgbm", "X/volatility", twin.version, N, TS, READY)
    assert re.fullmatch("[0-9a-f]{64}", twin.version)
    assert [batch.predict(row) for row in ROWS[N:]] == [twin.predict(row) for row in ROWS[N:]]
    assert batch.arrays["batch"].tolist() == twin.packed.tolist()


def test_it_says_what_it_waits_for() -> None:
    assert member().status.missing(TS) == Missing("lightgbm", "not trained before 150 bars")
    assert given().status.missing(READY - 1) == Missing("lightgbm", "trained, not ready yet")
    assert given().status.missing(READY) is None


def test_a_refused_training_is_told_and_the_former_model_goes_on() -> None:
    alone = train(model(), Examples(ROWS[:N], np.ones_like(LABELS[:N]), np.ones(N)))
    fresh, batch = member(), given()
    before = [batch.predict(row) for row in ROWS[N:]]
    assert fresh.replace(alone, TS, READY) is batch.replace(alone, TS, READY) is None
    missing = fresh.status.missing(TS)
    assert missing is not None
    assert "label 1 alone" in missing.reason
    assert batch.status.missing(READY) is None
    assert [batch.predict(row) for row in ROWS[N:]] == before


def test_a_later_model_takes_the_place_of_the_former() -> None:
    batch = given()
    former = batch.arrays["batch"]
    later = batch.replace(train(model(), Examples(ROWS, LABELS, np.ones(900))), READY, READY + STEP_NS)
    assert later == batch.ready
    assert batch.arrays["batch"] is not former
    assert batch.status.missing(READY + STEP_NS) is None


def test_saved_it_serves_the_same() -> None:
    for batch in (given(), member()):
        blob = pack({"batch": batch.snapshot()})
        twin = member()
        twin.restore(unpack(blob)[0]["batch"])
        assert pack({"batch": twin.snapshot()}) == blob
        assert twin.status == batch.status
        assert twin.arrays["batch"].tolist() == batch.arrays["batch"].tolist()


def test_an_earlier_state_can_be_taken_back() -> None:
    empty, first = member().snapshot(), given().snapshot()
    batch = given(Examples(ROWS, LABELS, np.ones(900)))
    for saved in (first, empty):
        batch.restore(saved)
        assert pack({"batch": batch.snapshot()}) == pack({"batch": saved})


def test_the_result_of_a_training_depends_on_its_examples_alone() -> None:
    found = train(model(), EXAMPLES)
    assert isinstance(found, Trained)
    assert (found.examples, found.refused) == (N, "")
    assert found.version == train(model(), EXAMPLES).version != train(model(), Examples(ROWS, LABELS, np.ones(900))).version
