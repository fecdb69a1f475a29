"""Invariant 6: members that cannot speak are named with the reason, agents go on by rules, and a question changes nothing."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from msgspec.structs import replace

from alpha_pulse.core.types import FeatureVector, PredictionContext
from alpha_pulse.engine.target import TargetLoop
from flow.runs import LEAN, RESTLESS, begun, finished, restless, restless_run, run


def test_a_member_that_is_not_trained_is_named_with_the_reason() -> None:
    done = run(restless(1_560), {**RESTLESS, "batch.ready_delay_s": 36_000.0, "batch.ready_delay_bars": 5})
    reasons: list[str] = []
    for number, record in enumerate(done.records):
        for prediction in record.predictions:
            sources = [part.source for part in prediction.members]
            if number < 1_509:
                assert sources == ["online", "base"]
                (missing,) = prediction.missing
                assert missing.model_id == "lightgbm"
                reasons.append(missing.reason)
            else:
                assert sources == ["online", "batch", "base"]
                assert prediction.missing == ()
            assert sum(part.weight for part in prediction.members) == pytest.approx(1.0)
    assert list(dict.fromkeys(reasons)) == ["not trained before 1500 bars"]


def test_without_a_batch_model_online_and_base_rate_serve_alone() -> None:
    done = run(restless(400), LEAN)
    assert {tuple(part.source for part in prediction.members) for prediction in done.predictions} == {("online", "base")}
    assert done.system.serving.newest("SYN", "direction") is not None


def test_agents_go_on_by_rules_when_nothing_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    # Decisions are made from this, where the code of a row says whether anything was served.
    monkeypatch.setattr(TargetLoop, "gave", property(lambda self: (np.zeros_like(self._codes), self._values)))
    done = run(restless(1_000), LEAN)
    assert done.system.agents.ml_fraction == 0.0
    assert len(done.signals) > 900
    assert all(signal.ml_part is None and signal.direction == signal.rule_part for signal in done.signals)
    assert sum(order.book == "combined" for order in done.orders) > 20


def test_a_question_is_answered_and_changes_nothing() -> None:
    whole = run(restless(900), LEAN)
    system = begun(restless(900), LEAN)
    context = PredictionContext("SYN", "someone", "direction")
    asked = 0
    earlier: FeatureVector | None = None
    while system.step():
        vector = system.symbols["SYN"].vector(0)
        if earlier is not None and system.feed.position % 10 == 0:
            before = system.feedback.counts()
            answer = asyncio.run(system.serving.get_prediction(earlier, context))
            assert answer is not None
            assert answer.prediction_id.startswith("query/")
            assert 0.0 <= answer.probability <= 1.0
            assert system.feedback.counts() == before
            asked += 1
        # The arrays of a vector are those of the newest block.
        earlier = None if vector is None else replace(vector, values=vector.values.copy())
    assert asked > 80
    assert system.serving.queries == asked
    assert finished(system).hashes == whole.hashes


def test_all_who_ask_within_a_step_share_one_prediction() -> None:
    done = restless_run()
    served = {prediction.prediction_id: prediction for prediction in done.predictions}
    with_model = [signal for signal in done.signals if signal.prediction_id is not None]
    assert len(with_model) > 500
    for signal in with_model:
        prediction = served[signal.prediction_id or ""]
        assert (prediction.ts, prediction.target) == (signal.ts, "direction")
        assert signal.confidence == prediction.confidence
