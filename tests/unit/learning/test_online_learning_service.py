from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from alpha_pulse.core.config import AdaptationConfig, Config, LearningConfig
from alpha_pulse.core.errors import ConfigError, DataError, NonFiniteError, SessionError, UnknownNameError
from alpha_pulse.core.stateful import digest
from alpha_pulse.core.types import Example, Prediction
from alpha_pulse.learning.caller_input import LabelledRow
from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.online_learning_service import OnlineLearningService
from alpha_pulse.learning.prediction_streams import STREAM_BUFFER
from alpha_pulse.models.linear import Logistic
from learning_samples import START_NS, STEP_NS, Desk, scored, stream, vector
from target_samples import BarInput, TargetRun, bar

D = 3
CONFIG = Config(learning=LearningConfig(window=50), adaptation=AdaptationConfig(drift_threshold=0.01))


def service(config: Config = CONFIG) -> OnlineLearningService:
    return OnlineLearningService(config, lambda symbol, target: D)


def given(*fields: Any) -> LabelledRow:
    """A row as a caller might give it, of whatever types."""
    return LabelledRow(*fields)


def prediction(number: int, symbol: str = "X") -> Prediction:
    return Prediction(f"p{number}", symbol, START_NS + number, "direction", 3, 0.5, None)


def test_from_start_to_stop() -> None:
    async def life() -> None:
        learning = service()
        session_id = await learning.start_session("X", "logistic", {"horizon": 2})
        assert session_id == "X/direction"
        assert learning.has_active_session("X")
        assert not learning.has_active_session("X", "volatility")
        desk = Desk(learning.session("X"))
        rows, labels = stream(60, D, seed=1)
        for step in range(60):
            desk.predict(step, rows[step])
            if step >= 2:
                assert await learning.update_model("X", Example(f"p{step - 2}", int(labels[step - 2]), START_NS + step))
        desk.predict(60, rows[0])
        assert await learning.update_model("X", Example("p60", None, START_NS)) is False
        found = await learning.get_session_metrics(session_id)
        assert (found.session_id, found.model_type, found.labels_used, found.pending, found.ties) == (
            session_id,
            "logistic",
            58,
            2,
            1,
        )
        assert found.whole_run["online"].samples == 58
        assert found.window["online"].samples == 50
        assert 0.0 < await learning.predict(session_id, rows[0].tolist()) < 1.0
        await learning.stop_session(session_id)
        assert not learning.has_active_session("X")
        with pytest.raises(SessionError, match="no session runs for X/direction"):
            await learning.predict(session_id, rows[0])

    asyncio.run(life())


def test_horizons_and_the_model_come_from_the_configuration_where_nothing_is_said() -> None:
    learning = service(Config(learning=LearningConfig(volatility_horizon_bars=7, direction_horizon_bars=4, model="logistic")))
    assert learning.open_session("X", "volatility", engine_owned=True).spec.horizon == 7
    assert learning.open_session("X", "direction", engine_owned=True).spec.horizon == 4
    assert learning.open_session("X", "trade_quality", "market_default").spec.horizon == 1
    targets = ("volatility", "direction", "trade_quality")
    models = [learning.session("X", target).spec.model_type for target in targets]
    assert models == ["logistic", "logistic", "market_default"]
    assert set(learning.components()) == {"learning"} | {
        f"{kind}/X/{target}" for kind in ("session", "drift") for target in ("volatility", "direction")
    }


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"horizn": 3}, ConfigError, "unknown key 'horizn'; did you mean 'horizon'"),
        ({"target": "direction", "window": 5}, ConfigError, "unknown key 'window'; known: horizon, n_features, target"),
        ({"horizon": 0}, ConfigError, "horizon"),
        ({"horizon": 2.5}, ConfigError, "horizon"),
        ({"horizon": True}, ConfigError, "horizon"),
    ],
)
def test_settings_of_a_session_that_make_no_sense_are_refused(
    settings: dict[str, Any], error: type[Exception], said: str
) -> None:
    learning = service()
    with pytest.raises(error, match=said):
        asyncio.run(learning.start_session("X", "logistic", settings))
    assert not learning.has_active_session("X")


def test_names_that_do_not_exist_are_answered_with_the_nearest() -> None:
    learning = service()
    with pytest.raises(UnknownNameError, match="did you mean 'logistic'"):
        asyncio.run(learning.start_session("X", "logistc"))
    learning.open_session("EURUSD", "direction")
    with pytest.raises(SessionError, match="runs already"):
        learning.open_session("EURUSD", "direction")
    with pytest.raises(SessionError, match="did you mean 'EURUSD/direction'"):
        learning.session("EURUSDT")
    with pytest.raises(SessionError, match="did you mean 'EURUSD'"):
        asyncio.run(learning.trigger_adaptation("EURUS"))


def test_a_model_too_large_for_a_checkpoint_is_refused_before_it_runs() -> None:
    service = OnlineLearningService(Config(), lambda symbol, target: 1_000)
    with pytest.raises(ConfigError, match=r"a session of sgbt with 1000 features may need .* a checkpoint can contain 900 MB"):
        service.open_session("X", "direction", "sgbt")
    assert not service.has_active_session("X")


def test_a_batch_is_learned_as_the_model_would_in_one_go() -> None:
    learning = service()
    session = learning.open_session("X", "direction", "logistic")
    rows, labels = stream(80, D, seed=2)
    weights = np.random.default_rng(3).random(80)
    twin = Logistic(D)
    expected = twin.learn_many(rows, labels, weights)
    examples = [LabelledRow(row, int(label), float(w)) for row, label, w in zip(rows, labels, weights, strict=True)]
    assert asyncio.run(learning.process_batch("X/direction", examples)) == expected.tolist()
    assert digest({"m": session.model.snapshot()}) == digest({"m": twin.snapshot()})
    assert asyncio.run(learning.process_batch("X/direction", [])) == []


@pytest.mark.parametrize(
    ("example", "error"),
    [
        (given(np.array([1.0, np.nan, 0.0]), 1), NonFiniteError),
        (given(np.zeros(D), 1, float("nan")), NonFiniteError),
        (given(np.zeros(D), 2), DataError),
        (given(np.zeros(D), None), DataError),
        (given(np.zeros(D), "abc"), DataError),
        (given(np.zeros(D), 0.5), DataError),
        (given(np.zeros(D), np.array([1])), DataError),
        (given(np.zeros(D), 1, None), DataError),
        (given(np.zeros(D), 1, "1"), DataError),
        (given(np.zeros(D), 1, -1.0), NonFiniteError),
        (given(np.zeros(D), 1, 10**400), NonFiniteError),
        (given(np.zeros(D + 1), 1), DataError),
        (given([0.0] * (D - 1) + [10**400], 1), NonFiniteError),
        (given([[0.0]] * D, 1), DataError),
        (given(np.zeros((D, 1)), 1), DataError),
        (given("abc", 1), DataError),
        (given(None, 1), DataError),
    ],
)
def test_a_batch_with_a_bad_example_is_refused_and_nothing_of_it_learned(example: LabelledRow, error: type[Exception]) -> None:
    learning = service()
    session = learning.open_session("X", "direction", "logistic")
    before = digest({"m": session.model.snapshot()})
    with pytest.raises(error):
        asyncio.run(learning.process_batch("X/direction", [LabelledRow(np.ones(D), 1), example]))
    assert digest({"m": session.model.snapshot()}) == before


def test_a_question_changes_nothing_and_must_be_finite() -> None:
    learning = service()
    session = learning.open_session("X", "direction", "logistic")
    before = digest({"s": session.snapshot()})
    assert asyncio.run(learning.predict("X/direction", [1.0, 2.0, 3.0])) == 0.5
    assert digest({"s": session.snapshot()}) == before
    for row in ([1.0, float("nan"), 0.0], [float("inf"), 0.0, 0.0]):
        with pytest.raises(NonFiniteError, match="X/direction"):
            asyncio.run(learning.predict("X/direction", row))
    wrong: list[tuple[Any, str]] = [([1.0], "are 1 numbers, but it takes 3"), ([1.0, None, 2.0], "contain None at index 1")]
    for bad, said in [*wrong, ("abc", "are 'abc'")]:
        with pytest.raises(DataError, match=f"the features for session X/direction {said}"):
            asyncio.run(learning.predict("X/direction", bad))


def test_labels_and_weights_of_every_type_are_what_they_are_worth() -> None:
    learning, twin = service(), service()
    for one in (learning, twin):
        one.open_session("X", "direction", "logistic")
    plain = [LabelledRow(np.array([1.0, 0.0, -1.0]), 1, 2.0), LabelledRow(np.ones(D), 0)]
    typed = [given((1, False, np.int64(-1)), True, np.float32(2)), given(np.ones(D), np.int64(0), True)]
    assert asyncio.run(learning.process_batch("X/direction", plain)) == asyncio.run(twin.process_batch("X/direction", typed))
    labels: list[Any] = [1, np.bool_(True)]
    for one, label in zip((learning, twin), labels, strict=True):
        asyncio.run(one.predict("X/direction", np.ones(D), "p"))
        assert asyncio.run(one.update_model("X", Example("p", label, START_NS, 1)))
    states = [digest({"s": one.session("X", "direction").snapshot()}) for one in (learning, twin)]
    assert states[0] == states[1]


@pytest.mark.parametrize("label", ["abc", "1", 2, 0.5, float("nan"), [1], 10**400])
def test_a_label_that_is_none_is_refused_before_it_is_learned(label: Any) -> None:
    with pytest.raises(DataError, match=r"the label of p1 is .*, but a class, a whole number from 0 to 1, is expected"):
        Example("p1", label, START_NS)


@pytest.mark.parametrize("weight", ["1", None, -1.0, float("nan"), 10**400, 1e15])
def test_a_weight_that_is_none_is_refused_before_it_is_learned(weight: Any) -> None:
    with pytest.raises(DataError, match=r"the weight of p1 is"):
        Example("p1", 1, START_NS, weight)


def test_a_label_finds_its_session_by_the_prediction_and_only_within_the_symbol() -> None:
    learning = service()
    for symbol in ("X", "Y"):
        learning.open_session(symbol, "volatility", "logistic")
        learning.open_session(symbol, "direction", "logistic")
    asyncio.run(learning.predict("X/volatility", np.zeros(D), "p1"))
    with pytest.raises(SessionError, match="no prediction of Y is pending under the id 'p1'"):
        asyncio.run(learning.update_model("Y", Example("p1", 1, START_NS)))
    assert asyncio.run(learning.update_model("X", Example("p1", 1, START_NS)))
    learned = [learning.session(symbol, target).labels_used for symbol in ("X", "Y") for target in ("volatility", "direction")]
    assert learned == [1, 0, 0, 0]
    scored = asyncio.run(learning.get_session_metrics("X/volatility")).whole_run
    assert {name: scores.samples for name, scores in scored.items()} == {"online": 1, "base": 1, "served": 1, "no_change": 1}


def test_what_the_loop_serves_is_not_fed_or_ended_from_outside() -> None:
    learning = service()
    session = learning.open_session("X", "direction", "logistic", engine_owned=True)
    served = TargetRun(session, Config())
    served.step(BarInput(bar(1, 100.0), 0.0, vector(np.zeros(D), 1), 0.0))
    for call in (
        learning.update_model("X", Example("X/direction/1", 1, START_NS)),
        learning.process_batch("X/direction", [LabelledRow(np.ones(D), 1)]),
        learning.predict("X/direction", np.zeros(D), "p2"),
        learning.stop_session("X/direction"),
    ):
        with pytest.raises(SessionError, match="X/direction is served by the running loop"):
            asyncio.run(call)
    assert session.labels_used == 0


def test_without_a_run_an_adaptation_is_refused_for_each_session_with_the_reason() -> None:
    learning = service()
    for target in ("direction", "volatility"):
        learning.open_session("X", target, "logistic")
    answers = asyncio.run(learning.trigger_adaptation("X", "regime"))
    assert [(answer.session_id, answer.status) for answer in answers] == [
        ("X/direction", "refused"),
        ("X/volatility", "refused"),
    ]
    assert answers[0].reason == "session X/direction is not part of a run, so nothing can adapt it"
    assert learning.requests == []
    with pytest.raises(ConfigError, match=r"'regim' is not a drift type; did you mean 'regime'\?"):
        asyncio.run(learning.trigger_adaptation("X", "regim"))


def test_adaptations_asked_for_wait_in_order_and_survive_a_restart() -> None:
    learning = service()
    for session_id, drift_type in (("Y/direction", "regime"), ("X/direction", "performance")):
        learning.apply_command(Command("adapt", session_id, drift_type=drift_type), START_NS)
    twin = service()
    twin.restore(learning.snapshot())
    assert twin.take_requests() == learning.take_requests() == [("Y/direction", "regime"), ("X/direction", "performance")]
    assert learning.take_requests() == []


def test_drift_is_summed_up_per_session() -> None:
    learning = service()
    session = learning.open_session("X", "direction", "logistic", 1)
    learning.open_session("X", "volatility", "logistic")
    quiet = asyncio.run(learning.get_drift_summary())
    assert quiet["X/volatility"] == {"alarms": 0, "last_alarm": None, "window_blocks": 0}
    found = [alarm for step in range(200) for alarm in learning.detect(scored(session, step, 0.9, int(step < 100)))]
    summary = asyncio.run(learning.get_drift_summary())
    assert len(found) == summary["X/direction"]["alarms"] > 0
    assert summary["X/direction"]["last_alarm"]["alarm_id"] == found[-1].alarm_id
    assert summary["X/direction"]["last_alarm"]["ts"] <= START_NS + 200 * STEP_NS
    assert summary["X/volatility"]["alarms"] == 0


def test_listeners_get_what_is_published_of_their_symbol_in_order() -> None:
    async def listen() -> tuple[list[str], list[str]]:
        learning = service()
        learning.publish(prediction(0))
        first, second = learning.stream_predictions("X"), learning.stream_predictions("X")
        learning.publish(prediction(1))
        waiting = [asyncio.ensure_future(anext(first)), asyncio.ensure_future(anext(second))]
        await asyncio.sleep(0)
        for number in range(2, 4):
            learning.publish(prediction(number, symbol="Y"))
            learning.publish(prediction(number))
        heard = [[(await one).prediction_id] for one in waiting]
        for stream_, names in zip((first, second), heard, strict=True):
            names.extend([(await anext(stream_)).prediction_id for _ in range(2)])
            await stream_.aclose()
        learning.publish(prediction(9))
        assert [name async for name in first] == []
        assert not any(learning.listeners.values())
        return heard[0], heard[1]

    assert asyncio.run(listen()) == (["p1", "p2", "p3"], ["p1", "p2", "p3"])


def test_a_slow_listener_loses_the_oldest() -> None:
    async def listen() -> str:
        learning = service()
        slow = learning.stream_predictions("X")
        learning.publish(prediction(0))
        assert (await anext(slow)).prediction_id == "p0"
        for number in range(1, STREAM_BUFFER + 11):
            learning.publish(prediction(number))
        return (await anext(slow)).prediction_id

    assert asyncio.run(listen()) == "p11"


def test_a_stream_that_nobody_holds_receives_nothing() -> None:
    learning = service()
    stream_ = learning.stream_predictions("X")
    assert any(learning.listeners.values())
    del stream_
    assert not any(learning.listeners.values())
