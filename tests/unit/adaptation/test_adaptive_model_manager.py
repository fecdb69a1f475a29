from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as at_most
from hypothesis import strategies as st

from alpha_pulse.adaptation import AdaptiveModelManager
from alpha_pulse.adaptation.adaptive_model_manager import MIN_WINDOW
from alpha_pulse.core.clock import ReplayClock
from alpha_pulse.core.config import AdaptationConfig, Config
from alpha_pulse.core.errors import ConfigError, ConflictError, SessionError
from alpha_pulse.core.stateful import digest, pack, unpack
from alpha_pulse.core.types import AdaptationAction, AlarmResponse, DriftAlarm, Monitored, RegimeChange
from alpha_pulse.kernels.linear import logistic_ensemble
from learning_samples import START_NS, STEP_NS, Desk, new_session, scored, stream

D, SECOND = 3, 1_000_000_000
SETTINGS = AdaptationConfig(boost_labels=30, cooldown_labels=50, boost_factor=8.0, interval_s=300.0)


class Bench:
    """A session that is run through stages 1 to 4 by its own desk."""

    def __init__(self, settings: AdaptationConfig = SETTINGS, turns_at: int | None = 400, flipped: float = 0.1) -> None:
        self.clock = ReplayClock()
        self.manager = AdaptiveModelManager(Config(adaptation=settings), self.clock)
        self.desk = Desk(new_session("market_default", D, 1, window=200))
        self.session = self.desk.session
        self.manager.watch(self.session)
        self.rows, self.labels = stream(1_500, D, 1, turns_at, flipped)
        self.now = 0

    def run(self, count: int) -> list[AdaptationAction]:
        closed = []
        for _ in range(count):
            settled = self.desk.step(self.now, self.rows[self.now], self.labels)
            self.clock.advance_to(START_NS + self.now * STEP_NS)
            self.now += 1
            if settled is not None:
                action = self.manager.on_label(settled)
                if action is not None:
                    closed.append(action)
        return closed

    def alarm(self, score: float = 0.05, number: int = 1) -> AdaptationAction | None:
        sample = self.session.labels_used
        return self.manager.on_alarm(
            DriftAlarm(
                f"a{number}", "adwin", "X", "direction", self.ts, sample, score, sample - 20, self.ts - 20 * STEP_NS, mean=0.5
            )
        )

    def request(self, drift_type: str) -> AdaptationAction | None:
        return self.manager.on_request(self.session, drift_type, self.ts)

    def timer(self, ts: int) -> AdaptationAction | None:
        """A slice at ``ts``: the session is checked if the timer fires."""
        (fires,) = self.manager.timer_fires(np.array([ts]))
        return self.manager.check(self.session, ts) if fires else None

    def take_responses(self) -> list[AlarmResponse]:
        return self.manager.take_responses(self.session)

    @property
    def ts(self) -> int:
        return self.clock.now_ns()

    @property
    def boost(self) -> float:
        return float(self.session.model.snapshot().arrays["state"][logistic_ensemble.BOOST])


def test_its_settings_are_the_configured_ones() -> None:
    manager = Bench().manager
    assert (manager.accuracy_threshold, manager.drift_threshold, manager.interval_s) == (0.1, None, 300.0)


def test_an_accuracy_threshold_that_is_set_acts_at_the_next_look_and_is_saved() -> None:
    bench = Bench(AdaptationConfig(loss_threshold=1e6, accuracy_threshold=0.9))
    for step in range(600):
        scored(bench.session, step, 0.9, int(step < 400), base=0.5)
    assert bench.timer(START_NS) is None
    bench.manager.accuracy_threshold = 0.2
    for step in range(600, 610):
        scored(bench.session, step, 0.9, 0, base=0.5)
    action = bench.timer(START_NS + 600 * SECOND)
    assert action is not None
    assert (action.kind, action.cause) == ("boost", "decay")
    twin = Bench().manager
    twin.restore(unpack(pack({"c": bench.manager.snapshot()}))[0]["c"])
    assert twin.accuracy_threshold == 0.2


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan"), "0.5", True, None])
def test_an_accuracy_threshold_that_cannot_be_is_refused(wrong: Any) -> None:
    manager = Bench().manager
    with pytest.raises(ConfigError, match="expected a number from 0 to 1"):
        manager.accuracy_threshold = wrong
    assert manager.accuracy_threshold == 0.1


@pytest.mark.parametrize(("name", "value", "held"), [("drift_threshold", 0.5, "None"), ("interval_s", 60.0, "300.0")])
def test_what_cannot_be_set_says_so(name: str, value: float, held: str) -> None:
    manager = Bench().manager
    with pytest.raises(ConflictError, match=rf"adaptation.{name} cannot be set to {value}.*it stays {held}; set it in"):
        setattr(manager, name, value)
    assert str(getattr(manager, name)) == held


def test_an_alarm_opens_a_trial_that_says_why() -> None:
    bench = Bench()
    bench.run(420)
    action = bench.alarm()
    assert action is not None
    assert (action.action_id, action.kind, action.status) == ("X/direction/action/1", "boost", "open")
    assert (action.symbol, action.target, action.ts, action.cause) == ("X", "direction", bench.ts, "drift:a1")
    assert action.closed_ts is None
    assert bench.session.in_trial
    assert bench.boost == 8.0


def test_a_large_change_resets() -> None:
    bench = Bench()
    bench.run(420)
    action = bench.alarm(score=0.5)
    assert action is not None
    assert action.kind == "reset"
    assert bench.session.model.predict(bench.rows[0], np.zeros(bench.session.model.n_outputs)) != 0.0
    assert bench.boost == 1.0


def test_what_helped_is_kept_and_the_record_closed_with_the_effect() -> None:
    settings = AdaptationConfig(boost_labels=100, cooldown_labels=50, boost_factor=8.0)
    bench = Bench(settings)
    bench.run(410)
    opened = bench.alarm()
    assert opened is not None
    (closed,) = bench.run(120)
    assert closed.action_id == opened.action_id
    assert closed.status == "accepted"
    assert closed.effect is not None
    assert closed.effect > 0.0
    assert closed.effect_samples == settings.boost_labels
    assert closed.closed_ts is not None
    assert opened.ts < closed.closed_ts <= bench.ts
    assert (closed.ts, closed.cause, closed.reason, closed.kind) == (opened.ts, opened.cause, opened.reason, opened.kind)
    assert not bench.session.in_trial
    assert bench.boost == 1.0


def test_what_did_not_help_is_undone_to_the_model_as_it_would_have_been() -> None:
    settings = AdaptationConfig(boost_labels=30, cooldown_labels=50, boost_factor=100.0)
    bench, untouched = Bench(settings, turns_at=None, flipped=0.5), Bench(settings, turns_at=None, flipped=0.5)
    for one in (bench, untouched):
        one.run(400)
    bench.alarm()
    (closed,) = bench.run(60)
    untouched.run(60)
    assert closed.status == "rolled_back"
    assert closed.effect is not None
    assert closed.effect <= 0.0
    assert digest({"m": bench.session.model.snapshot()}) == digest({"m": untouched.session.model.snapshot()})


def test_one_trial_at_a_time_and_then_a_rest() -> None:
    bench = Bench()
    bench.run(410)
    assert bench.alarm(number=1) is not None
    assert bench.alarm(number=2) is None
    while not bench.run(1):
        pass
    ended = bench.session.labels_used
    while bench.session.labels_used < ended + SETTINGS.cooldown_labels:
        assert bench.alarm(number=3) is None
        bench.run(1)
    again = bench.alarm(number=4)
    assert again is not None
    assert again.action_id == "X/direction/action/2"


def test_where_it_is_switched_off_nothing_is_done() -> None:
    bench = Bench(AdaptationConfig(enabled=False))
    bench.run(420)
    assert bench.alarm(score=0.5) is None
    (response,) = bench.take_responses()
    assert (response.status, response.reason) == ("skipped", "adaptation.enabled is false")
    assert bench.manager.why_not("X/direction") == "adaptation.enabled is false"
    assert bench.request("performance") is None
    assert not bench.session.in_trial
    assert bench.manager.check_drift("X")


# Alarms: each is acted on, deferred or skipped.


def test_an_alarm_in_a_trial_waits_for_its_end_and_the_look_after_it() -> None:
    bench = Bench(AdaptationConfig(boost_labels=30, cooldown_labels=50, loss_threshold=1e6, accuracy_threshold=1.0))
    bench.run(410)
    opened = bench.alarm(number=1)
    assert opened is not None
    (first,) = bench.take_responses()
    assert (first.alarm_id, first.status, first.action_id) == ("a1", "acted", opened.action_id)
    bench.run(10)
    bench.alarm(number=2)
    (second,) = bench.take_responses()
    assert (second.alarm_id, second.status) == ("a2", "deferred")
    assert "the trial of X/direction/action/1 runs: 9 of 30 labels, then 50 labels of cool-down" in second.reason
    bench.run(40)
    bench.alarm(number=3)
    (third,) = bench.take_responses()
    assert (third.alarm_id, third.status) == ("a3", "deferred")
    assert "is in the cool-down after a trial; 31 labels remain" in third.reason
    bench.run(40)
    assert bench.timer(bench.ts) is None
    looked = bench.take_responses()
    assert [(one.alarm_id, one.status, one.ts) for one in looked] == [("a2", "skipped", bench.ts), ("a3", "skipped", bench.ts)]


def test_the_action_after_the_wait_answers_the_alarms_that_waited() -> None:
    bench = Bench()
    bench.run(410)
    bench.alarm(number=1)
    bench.alarm(number=2)
    bench.run(31 + SETTINGS.cooldown_labels)
    action = bench.alarm(number=3)
    assert action is not None
    newest = {one.alarm_id: one for one in bench.take_responses()}
    assert [(one.status, one.action_id) for one in newest.values()] == [
        ("acted", "X/direction/action/1"), ("acted", action.action_id), ("acted", action.action_id),
    ]  # fmt: skip
    acted = {episode.alarm_id: episode.action_ts for episode in bench.manager.recovery("X", "direction").episodes}
    assert acted["a2"] == acted["a3"] == bench.ts > (acted["a1"] or 0)
    bench.run(40)
    kept = {episode.alarm_id: episode.accepted for episode in bench.manager.recovery("X", "direction").episodes}
    assert kept["a2"] is kept["a3"] is not None


@pytest.mark.parametrize("monitored", ["calibration", "labels", "features"])
def test_an_alarm_about_anything_but_errors_is_skipped(monitored: Monitored) -> None:
    bench = Bench()
    assert bench.manager.on_alarm(DriftAlarm("a", "psi", "X", "direction", 5, 9, 0.5, 3, 2, monitored=monitored)) is None
    (response,) = bench.take_responses()
    assert (response.status, response.ts) == ("skipped", 5)
    assert monitored in response.reason


DOINGS = st.lists(
    st.one_of(
        st.tuples(st.just("labels"), st.integers(1, 60)),
        st.tuples(st.just("alarm"), st.sampled_from([0.02, 0.5])),
        st.tuples(st.just("request"), st.sampled_from(["performance", "regime"])),
        st.tuples(st.just("timer"), st.integers(1, 3)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=25,
)


@given(doings=DOINGS, enabled=st.booleans(), boost=st.integers(1, 60), cooldown=st.integers(0, 90))
@at_most(max_examples=60, deadline=None)
def test_no_alarm_vanishes(doings: list[tuple[str, Any]], enabled: bool, boost: int, cooldown: int) -> None:
    """alarms = acted + deferred + skipped at every step; what was acted on or skipped is final; an answer is an action."""
    bench = Bench(AdaptationConfig(enabled=enabled, boost_labels=boost, cooldown_labels=cooldown, loss_threshold=0.4))
    bench.run(205)
    newest: dict[str, AlarmResponse] = {}
    actions: set[str] = set()
    raised = 0
    for doing, how in doings:
        made: list[AdaptationAction | None] = []
        if doing == "labels":
            bench.run(how)
        elif doing == "alarm":
            raised += 1
            made = [bench.alarm(score=how, number=raised)]
        elif doing == "request":
            made = [bench.request(how)]
        elif doing == "timer":
            made = [bench.timer(bench.ts + how * 300 * SECOND)]
        else:
            for component in bench.manager.components().values():
                component.restore(unpack(pack({"c": component.snapshot()}))[0]["c"])
        actions |= {action.action_id for action in made if action is not None}
        for response in bench.take_responses():
            before = newest.get(response.alarm_id)
            assert before is None or before.status == "deferred"
            assert (response.action_id in actions) == (response.status == "acted")
            assert response.reason
            newest[response.alarm_id] = response
        assert len(newest) == raised
        waiting = [alarm_id for alarm_id, response in newest.items() if response.status == "deferred"]
        assert waiting == bench.manager._states["X", "direction"].deferred


# The timer.


def decayed(settings: AdaptationConfig = SETTINGS) -> Bench:
    """A session whose newest 200 predictions were served with confidence and wrong."""
    bench = Bench(settings)
    for step in range(600):
        scored(bench.session, step, 0.9, int(step < 400), base=0.5)
    return bench


class NaiveTimer:
    """One slice at a time: due at each multiple of the interval, and at the first slice."""

    def __init__(self, seconds: int) -> None:
        self.next_ns = 0
        self.interval_ns = seconds * SECOND

    def fires(self, ts: int) -> bool:
        if ts < self.next_ns:
            return False
        self.next_ns = ts - ts % self.interval_ns + self.interval_ns
        return True


@given(
    blocks=st.lists(st.tuples(st.lists(st.integers(1, 900), max_size=12), st.booleans()), min_size=1, max_size=8),
    seconds=st.sampled_from([1, 7, 300, 3_600]),
    restart=st.integers(0, 8),
)
def test_the_timer_fires_once_at_the_first_slice_at_or_after_it_is_due(
    blocks: list[tuple[list[int], bool]], seconds: int, restart: int
) -> None:
    """A due time is a multiple of the interval; a slice that comes after several of them still fires once.

    At the beginning of a block a user may let it fire at once.
    """
    settings = AdaptationConfig(interval_s=seconds)
    manager, twin = AdaptiveModelManager(Config(adaptation=settings), ReplayClock()), NaiveTimer(seconds)
    second = 1_600_000_000
    for number, (gaps, at_once) in enumerate(blocks):
        times = (second + np.cumsum(np.array(gaps, dtype=np.int64))) * SECOND
        if at_once and gaps:
            manager.fire_at_once(int(times[0]))
            twin.next_ns = int(times[0])
        assert manager.timer_fires(times).tolist() == [twin.fires(ts) for ts in times.tolist()]
        second += sum(gaps)
        if number == restart:
            saved = manager.snapshot()
            manager = AdaptiveModelManager(Config(adaptation=settings), ReplayClock())
            manager.restore(unpack(pack({"m": saved}))[0]["m"])
    assert manager.snapshot().scalars["next_ns"] == twin.next_ns


@given(errors=st.lists(st.sampled_from([0.0, 1.0]), max_size=900), sizes=st.lists(st.integers(0, 300), min_size=1, max_size=5))
@at_most(max_examples=30, deadline=None)
def test_labels_of_a_block_are_counted_as_one_by_one(errors: list[float], sizes: list[int]) -> None:
    one, other = Bench(), Bench()
    for bench in (one, other):
        bench.manager.on_alarm(DriftAlarm("a1", "adwin", "X", "direction", 5, 9, 0.2, 3, 2, mean=0.5))
    times = list(range(10, 10 + len(errors)))
    for error, ts in zip(errors, times, strict=True):
        one.manager.count_labels(one.session, [error], [ts])
    for size in (*sizes, len(errors)):
        other.manager.count_labels(other.session, errors[:size], times[:size])
        errors, times = errors[size:], times[size:]
    found = [bench.manager.recovery("X", "direction").snapshot() for bench in (one, other)]
    assert found[0] == found[1]


def test_decay_of_the_window_is_acted_on_when_the_timer_fires() -> None:
    bench = decayed()
    action = bench.timer(START_NS)
    assert action is not None
    assert (action.kind, action.cause, action.ts) == ("reset", "decay", START_NS)
    assert "log loss" in action.reason
    assert bench.timer(START_NS + SECOND) is None


def test_a_window_that_is_not_filled_is_not_judged() -> None:
    bench = Bench()
    for step in range(MIN_WINDOW - 1):
        scored(bench.session, step, 0.9, 0)
    assert bench.timer(START_NS) is None
    scored(bench.session, MIN_WINDOW, 0.9, 0)
    assert bench.timer(START_NS + 300 * SECOND) is not None


def test_a_session_that_does_well_is_left_alone() -> None:
    bench = Bench(turns_at=None)
    bench.run(600)
    assert bench.timer(bench.ts) is None


def test_the_next_due_time_survives_a_restart() -> None:
    bench, twin = decayed(), decayed()
    bench.timer(START_NS)
    for name, one in bench.manager.components().items():
        twin.manager.components()[name].restore(unpack(pack({"c": one.snapshot()}))[0]["c"])
    twin.session.restore(bench.session.snapshot())
    assert twin.timer(START_NS + SECOND) is None
    states = [pack({n: c.snapshot() for n, c in one.manager.components().items()}) for one in (bench, twin)]
    assert states[0] == states[1]


def test_saved_in_a_trial_the_record_is_closed_alike() -> None:
    bench, twin = Bench(), Bench()
    bench.run(410)
    bench.alarm()
    bench.run(10)
    for name, one in bench.manager.components().items():
        twin.manager.components()[name].restore(unpack(pack({"c": one.snapshot()}))[0]["c"])
    twin.session.restore(bench.session.snapshot())
    twin.desk.mix.restore(bench.desk.mix.snapshot())
    twin.now = bench.now
    assert bench.run(60) == twin.run(60) != []
    assert bench.manager.recovery("X", "direction").episodes == twin.manager.recovery("X", "direction").episodes


# What users call.


def test_without_a_run_what_is_asked_for_is_refused_with_the_reason() -> None:
    manager = Bench().manager
    (answer,) = manager.adapt_model("X")
    assert (answer.session_id, answer.status) == ("X/direction", "refused")
    assert "is not part of a run" in answer.reason
    assert manager.retrain_with_new_regime("X") == (answer,)
    with pytest.raises(ConflictError, match="no run is in progress"):
        asyncio.run(manager.monitor_and_adapt())


def test_requests_boost_sessions() -> None:
    bench = Bench()
    other = new_session("logistic", D, target="volatility")
    bench.manager.watch(other)
    asked = [bench.manager.on_request(session, "performance", START_NS) for session in (bench.session, other)]
    found = [action for action in asked if action is not None]
    assert [(a.target, a.kind, a.cause) for a in found] == [
        ("direction", "boost", "request"),
        ("volatility", "boost", "request"),
    ]
    assert bench.session.in_trial
    assert other.in_trial


def test_a_new_regime_forgets_in_a_trial() -> None:
    bench = Bench()
    bench.run(50)
    action = bench.request("regime")
    assert action is not None
    assert (action.kind, action.cause, action.ts) == ("reset", "request", bench.ts)
    assert bench.session.in_trial


@pytest.mark.parametrize("wanted", ["keep", "boost", "reset"])
def test_a_change_of_regime_begins_what_is_configured_and_nothing_during_a_trial(wanted: Any) -> None:
    bench = Bench(AdaptationConfig(on_regime=wanted, boost_factor=8.0))
    bench.run(50)
    change = RegimeChange("r1", "X", bench.ts, "volatility", "calm", "turbulent", 0.9, bench.ts, 2.0, (0.0, 0.1, 0.9))
    action = bench.manager.on_regime(bench.session, change)
    assert bench.session.in_trial == (action is not None) == (wanted != "keep")
    if action is not None:
        assert (action.kind, action.ts) == (wanted, bench.ts)
        assert bench.boost == (8.0 if wanted == "boost" else 1.0)
        assert bench.manager.on_regime(bench.session, change) is None


def test_looking_at_it_now_does_not_wait_for_the_timer() -> None:
    bench = decayed()
    bench.manager._next_ns = 2**62
    assert bench.timer(bench.ts) is None
    bench.manager.fire_at_once(bench.ts)
    action = bench.timer(bench.ts)
    assert action is not None
    assert action.cause == "decay"


def test_how_a_model_does_is_told_by_target() -> None:
    bench = decayed()
    bench.clock.advance_to(START_NS + 700 * STEP_NS)
    health = bench.manager.get_model_metrics("X")["direction"]
    assert (health.symbol, health.target, health.samples) == ("X", "direction", 200)
    assert health.window_accuracy == 0.0
    assert health.window_log_loss == pytest.approx(-np.log(0.1))
    assert health.window_base_log_loss == pytest.approx(np.log(2.0))
    assert health.age_ns == 101 * STEP_NS
    new = Bench().manager.get_model_metrics("X")["direction"]
    assert (new.samples, new.window_log_loss, new.window_accuracy, new.age_ns) == (0, None, None, None)


def test_a_symbol_has_drifted_until_it_has_recovered() -> None:
    bench = Bench()
    bench.run(405)
    assert not bench.manager.check_drift("X")
    bench.run(10)
    bench.alarm(score=0.2)
    assert bench.manager.check_drift("X")
    bench.run(900)
    assert not bench.manager.check_drift("X")
    (episode,) = bench.manager.recovery("X", "direction").episodes
    assert episode.action_ts == START_NS + 414 * STEP_NS
    assert episode.recovery_ts is not None


@pytest.mark.parametrize("call", ["get_model_metrics", "check_drift", "adapt_model", "retrain_with_new_regime"])
def test_a_symbol_that_nobody_watches_is_answered_with_the_nearest(call: str) -> None:
    with pytest.raises(SessionError, match=r"no session of 'XX' is adapted; did you mean 'X'\?"):
        getattr(Bench().manager, call)("XX")
