"""Sessions of callers are adapted without a run: on request by the learning service, on alarms too by the manager."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from alpha_pulse.adaptation import AdaptiveModelManager
from alpha_pulse.core.config import AdaptationConfig, Config, LearningConfig
from alpha_pulse.core.errors import ConflictError, SessionError
from alpha_pulse.core.types import Example
from alpha_pulse.learning.online_learning_service import OnlineLearningService

SETTINGS = {"n_features": 2}
CONFIG = Config(adaptation=AdaptationConfig(boost_labels=100, cooldown_labels=50))


def examples(turns: int) -> Iterator[tuple[list[float], int]]:
    """The first feature decides; after ``turns`` examples for the opposite."""
    generator = np.random.default_rng(1)
    count = 0
    while True:
        row = generator.normal(size=2).tolist()
        yield row, int((row[0] > 0.0) == (count < turns))
        count += 1


def first(n: int, turns: int = 10**9) -> list[tuple[list[float], int]]:
    stream = examples(turns)
    return [next(stream) for _ in range(n)]


def test_a_request_begins_a_trial_at_once_which_ends_by_itself() -> None:
    async def requests() -> None:
        learning = OnlineLearningService(CONFIG)
        session_id = await learning.start_session("X", "logistic", SETTINGS)
        stream = first(300)
        await learning.process_batch(session_id, stream[:50])
        (answer,) = await learning.trigger_adaptation("X", "regime")
        assert (answer.session_id, answer.status, answer.reason) == (session_id, "begun", "")
        (answer,) = await learning.trigger_adaptation("X")
        assert answer.status == "refused"
        assert "the trial of X/direction/action/1 runs: 0 of 100 labels" in answer.reason
        (action,) = await learning.get_adaptations(session_id)
        assert (action.kind, action.cause, action.status) == ("reset", "request", "open")
        await learning.process_batch(session_id, stream[50:150])
        (action,) = await learning.get_adaptations(session_id)
        assert (action.status, action.effect_samples) in (("accepted", 100), ("rolled_back", 100))
        (answer,) = await learning.trigger_adaptation("X")
        assert "is in the cool-down after a trial; 50 labels remain" in answer.reason
        await learning.process_batch(session_id, stream[150:200])
        (answer,) = await learning.trigger_adaptation("X")
        assert answer.status == "begun"
        assert [action.kind for action in await learning.get_adaptations(session_id)] == ["reset", "boost"]

    asyncio.run(requests())


def test_alone_the_learning_service_counts_alarms_and_does_not_act_on_them() -> None:
    async def learn() -> None:
        learning = OnlineLearningService(CONFIG)
        session_id = await learning.start_session("X", "logistic", SETTINGS)
        await learning.process_batch(session_id, first(1_500, turns=1_000))
        assert (await learning.get_drift_summary())[session_id]["alarms"] > 0
        assert await learning.get_adaptations(session_id) == ()

    asyncio.run(learn())


def test_the_manager_acts_on_alarms_of_the_sessions_of_its_learning_service() -> None:
    async def learn() -> None:
        manager = AdaptiveModelManager(CONFIG)
        session_id = await manager.learning.start_session("X", "logistic", SETTINGS)
        stream = first(1_500, turns=1_000)
        for step, (row, label) in enumerate(stream):
            await manager.learning.predict(session_id, row, f"p{step}", ts=step)
            await manager.learning.update_model("X", Example(f"p{step}", label, step + 1))
            if manager.check_drift("X"):
                break
        assert 1_000 < step < 1_100
        (action,) = await manager.learning.get_adaptations(session_id)
        assert (action.cause, action.status, action.ts) == ("drift:X/direction/alarm/1", "open", step + 1)
        await manager.learning.process_batch(session_id, stream[step + 1 :])
        assert (await manager.learning.get_adaptations(session_id))[0].status == "accepted"
        assert not manager.check_drift("X")
        assert manager.get_model_metrics("X")["direction"].samples == 1_000
        assert manager.components().keys() == {"adaptation"}
        (answer,) = manager.retrain_with_new_regime("X")
        assert answer.status == "begun"
        await manager.learning.stop_session(session_id)
        with pytest.raises(SessionError, match="no session of 'X' is adapted"):
            manager.get_model_metrics("X")

    asyncio.run(learn())


def test_the_manager_checks_callers_sessions_for_decay_when_it_is_called() -> None:
    async def learn() -> None:
        settings = AdaptationConfig(accuracy_threshold=0.1, drift_threshold=1e-300)
        manager = AdaptiveModelManager(Config(learning=LearningConfig(window=250), adaptation=settings))
        with pytest.raises(ConflictError, match="no run is in progress, and no caller has started a session"):
            await manager.monitor_and_adapt()
        session_id = await manager.learning.start_session("X", "logistic", SETTINGS)
        stream = first(1_200, turns=1_000)
        await manager.learning.process_batch(session_id, stream[:1_000])
        await manager.monitor_and_adapt()
        assert await manager.learning.get_adaptations(session_id) == ()
        manager.accuracy_threshold = 0.02
        session = manager.learning.session("X")
        while session.labels_used < 1_100 and not await manager.learning.get_adaptations(session_id):
            await manager.learning.process_batch(session_id, [stream[session.labels_used]])
            await manager.monitor_and_adapt()
        (action,) = await manager.learning.get_adaptations(session_id)
        assert (action.cause, action.status) == ("decay", "open")

    asyncio.run(learn())


def test_a_manager_that_is_given_a_learning_service_adapts_its_sessions() -> None:
    async def learn() -> None:
        learning = OnlineLearningService(CONFIG)
        manager = AdaptiveModelManager(CONFIG, learning=learning)
        await learning.start_session("X", "logistic", SETTINGS)
        assert [answer.status for answer in await learning.trigger_adaptation("X")] == ["begun"]
        assert manager.adapt_model("X")[0].status == "refused"

    asyncio.run(learn())
