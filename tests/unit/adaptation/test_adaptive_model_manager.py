from __future__ import annotations

import asyncio
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.adaptation import AdaptiveModelManager, adaptive_model_manager, policy
from alpha_pulse.adaptation.adaptive_model_manager import MIN_WINDOW
from alpha_pulse.core.clock import ReplayClock
from alpha_pulse.core.config import Adaptation, Config
from alpha_pulse.core.errors import SessionError
from alpha_pulse.core.stateful import digest, pack, unpack
from alpha_pulse.core.types import AdaptationAction, DriftAlarm
from alpha_pulse.kernels import ladder
from learning_samples import START_NS, STEP_NS, Desk, new_session, scored, stream

D, SECOND = 3, 1_000_000_000
SETTINGS = Adaptation(boost_labels=30, cooldown_labels=50, boost_factor=8.0, interval_s=300.0)


class Bench:
    """A session that is run through stages 1 to 4 by its own desk."""

    def __init__(self, settings: Adaptation = SETTINGS, turns_at: int | None = 400, flipped: float = 0.1) -> None:
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
                action = self.manager.observe(settled)
                if action is not None:
                    closed.append(action)
        return closed

    def alarm(self, score: float = 0.05, number: int = 1) -> AdaptationAction | None:
        sample = self.session.learnt
        return self.manager.on_alarm(
            DriftAlarm(
                f"a{number}", "adwin", "X", "direction", self.ts, sample, score, sample - 20, self.ts - 20 * STEP_NS, mean=0.5
            )
        )

    @property
    def ts(self) -> int:
        return self.clock.now_ns()

    @property
    def boost(self) -> float:
        return float(self.session.model.snapshot().arrays["state"][ladder.BOOST])


def test_its_settings_are_the_configured_ones() -> None:
    manager = Bench().manager
    assert (manager.accuracy_threshold, manager.drift_threshold, manager.interval_s) == (0.1, None, 300.0)


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
    assert bench.session.model.predict(bench.rows[0], np.zeros(bench.session.model.n_parts)) != 0.0
    assert bench.boost == 1.0


def test_what_helped_is_kept_and_the_record_closed_with_the_effect() -> None:
    settings = Adaptation(boost_labels=100, cooldown_labels=50, boost_factor=8.0)
    bench = Bench(settings)
    bench.run(410)
    opened = bench.alarm()
    assert opened is not None
    (closed,) = bench.run(120)
    assert closed.action_id == opened.action_id
    assert closed.status == "kept"
    assert closed.effect is not None
    assert closed.effect > 0.0
    assert closed.effect_samples == settings.boost_labels
    assert closed.closed_ts is not None
    assert opened.ts < closed.closed_ts <= bench.ts
    assert (closed.ts, closed.cause, closed.reason, closed.kind) == (opened.ts, opened.cause, opened.reason, opened.kind)
    assert not bench.session.in_trial
    assert bench.boost == 1.0


def test_what_did_not_help_is_undone_to_the_model_as_it_would_have_been() -> None:
    settings = Adaptation(boost_labels=30, cooldown_labels=50, boost_factor=100.0)
    bench, untouched = Bench(settings, turns_at=None, flipped=0.5), Bench(settings, turns_at=None, flipped=0.5)
    for one in (bench, untouched):
        one.run(400)
    bench.alarm()
    (closed,) = bench.run(60)
    untouched.run(60)
    assert closed.status == "undone"
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
    ended = bench.session.learnt
    while bench.session.learnt < ended + SETTINGS.cooldown_labels:
        assert bench.alarm(number=3) is None
        bench.run(1)
    again = bench.alarm(number=4)
    assert again is not None
    assert again.action_id == "X/direction/action/2"


def test_where_it_is_switched_off_nothing_is_done() -> None:
    bench = Bench(Adaptation(enabled=False))
    bench.run(420)
    assert bench.alarm(score=0.5) is None
    assert bench.manager.on_requests([("X", "performance")], bench.ts) == []
    bench.manager.adapt_model("X")
    assert bench.manager.on_requests(bench.manager.requests, bench.ts) == []
    assert not bench.session.in_trial
    assert bench.manager.check_drift("X")


# The timer.


def decayed(settings: Adaptation = SETTINGS) -> Bench:
    """A session whose newest 200 predictions were served with confidence and wrong."""
    bench = Bench(settings)
    for step in range(600):
        scored(bench.session, step, 0.9, int(step < 400), base=0.5)
    return bench


@given(st.lists(st.integers(1, 900), min_size=1, max_size=40))
def test_the_timer_fires_once_at_the_first_slice_at_or_after_it_is_due(gaps: list[int]) -> None:
    """A due time is a multiple of the interval; a slice that comes after several of them still fires once."""
    manager = AdaptiveModelManager(Config(adaptation=SETTINGS), ReplayClock())
    manager.watch(DECAYED.session)
    second, fired_at = 1_600_000_000, None
    for gap in gaps:
        second += gap
        with (
            mock.patch.object(policy, "on_health", return_value=policy.KEEP) as look,
            mock.patch.object(adaptive_model_manager, "LOOK_EVERY", 0),
        ):
            manager.on_timer(second * SECOND)
            manager.on_timer(second * SECOND)
        due = fired_at is None or second // 300 > fired_at // 300
        assert look.call_count == int(due)
        if due:
            fired_at = second


DECAYED = decayed()


def test_decay_of_the_window_is_acted_on_when_the_timer_fires() -> None:
    bench = decayed()
    (action,) = bench.manager.on_timer(START_NS)
    assert (action.kind, action.cause, action.ts) == ("reset", "decay", START_NS)
    assert "log loss" in action.reason
    assert bench.manager.on_timer(START_NS + SECOND) == []


def test_a_window_that_is_not_filled_is_not_judged() -> None:
    bench = Bench()
    for step in range(MIN_WINDOW - 1):
        scored(bench.session, step, 0.9, 0)
    assert bench.manager.on_timer(START_NS) == []
    scored(bench.session, MIN_WINDOW, 0.9, 0)
    assert len(bench.manager.on_timer(START_NS + 300 * SECOND)) == 1


def test_a_session_that_does_well_is_left_alone() -> None:
    bench = Bench(turns_at=None)
    bench.run(600)
    assert bench.manager.on_timer(bench.ts) == []


def test_the_next_due_time_survives_a_restart() -> None:
    bench, twin = decayed(), decayed()
    bench.manager.on_timer(START_NS)
    for name, one in bench.manager.components().items():
        twin.manager.components()[name].restore(unpack(pack({"c": one.snapshot()}))[0]["c"])
    twin.session.restore(bench.session.snapshot())
    assert twin.manager.on_timer(START_NS + SECOND) == []
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
    twin.desk.mix[:], twin.now = bench.desk.mix, bench.now
    assert bench.run(60) == twin.run(60) != []
    assert bench.manager.recovery("X", "direction").episodes == twin.manager.recovery("X", "direction").episodes


# What users call.


def test_requests_boost_all_sessions_of_a_symbol() -> None:
    bench = Bench()
    other = new_session("logistic", D, target="volatility")
    bench.manager.watch(other)
    found = bench.manager.on_requests([("X", "performance")], START_NS)
    assert [(a.target, a.kind, a.cause) for a in found] == [
        ("direction", "boost", "request"),
        ("volatility", "boost", "request"),
    ]
    assert bench.session.in_trial
    assert other.in_trial
    assert bench.manager.on_requests([("Y", "performance")], START_NS) == []


def test_a_new_regime_forgets_in_a_trial() -> None:
    bench = Bench()
    bench.run(50)
    bench.manager.retrain_with_new_regime("X")
    assert not bench.session.in_trial
    (action,) = bench.manager.on_requests(bench.manager.requests, bench.ts)
    assert (action.kind, action.cause, action.ts) == ("reset", "request", bench.ts)
    assert bench.session.in_trial


def test_looking_at_it_now_does_not_wait_for_the_timer() -> None:
    bench = decayed()
    bench.manager._next_ns = 2**62
    asyncio.run(bench.manager.monitor_and_adapt())
    assert bench.manager.on_requests(bench.manager.requests, bench.ts) == []
    (action,) = bench.manager.on_timer(bench.ts)
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
    with pytest.raises(SessionError, match=r"no session of 'XX' is watched; did you mean 'X'\?"):
        getattr(Bench().manager, call)("XX")
