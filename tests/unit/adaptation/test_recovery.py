from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.adaptation.recovery import RECOVERED, SPAN, RecoveryTracker
from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.core.types import DriftAlarm


def alarm(number: int, sample: int, change: int, score: float = 0.4) -> DriftAlarm:
    return DriftAlarm(f"a{number}", "adwin", "X", "direction", 10 * sample, sample, score, change, 10 * change, mean=0.5)


def drifted(errors: int = 60) -> RecoveryTracker:
    """200 labels at an error rate of 0.1, then some at 0.9, then the alarm."""
    tracker = RecoveryTracker()
    for step in range(200):
        tracker.update([float(step % 10 == 0)], [10 * step])
    for step in range(200, 200 + errors):
        tracker.update([float(step % 10 != 0)], [10 * step])
    tracker.on_alarm(alarm(1, 200 + errors, 195))
    return tracker


def test_an_episode_holds_the_times_of_change_alarm_and_action() -> None:
    tracker = drifted()
    tracker.on_action("a1", 2_700)
    (episode,) = tracker.episodes
    assert (episode.alarm_id, episode.change_sample, episode.alarm_sample, episode.action_sample) == ("a1", 195, 260, 260)
    assert (episode.change_ts, episode.alarm_ts, episode.action_ts) == (1_950, 2_600, 2_700)
    assert episode.on_trial
    tracker.on_result(accepted=False)
    assert (episode.accepted, episode.on_trial) == (False, False)
    assert (episode.recovery_sample, episode.recovery_ts) == (None, None)


def test_it_has_recovered_when_the_errors_of_a_whole_span_are_back() -> None:
    tracker = drifted()
    (episode,) = tracker.episodes
    assert episode.level == pytest.approx(0.5 - RECOVERED * 0.4)
    for step in range(260, 260 + SPAN // 2):
        tracker.update([1.0], [10 * step])
    for step in range(260 + SPAN // 2, 260 + 3 * SPAN):
        tracker.update([float(step % 10 == 0)], [10 * step])
    assert episode.recovery_sample == 260 + 2 * SPAN
    assert episode.recovery_ts == 10 * (260 + 2 * SPAN - 1)


def test_a_rate_that_stays_is_no_recovery_however_it_wavers() -> None:
    generator = np.random.default_rng(5)
    recovered = 0
    for number in range(40):
        tracker = RecoveryTracker()
        tracker.on_alarm(DriftAlarm(f"a{number}", "adwin", "X", "direction", 0, 400, 0.15, 0, 0, mean=0.6))
        for step in range(1_000):
            tracker.update([float(generator.random() < 0.6)], [step])
        recovered += tracker.episodes[0].recovery_ts is not None
    assert recovered <= 2


def test_while_the_errors_stay_it_has_not_recovered() -> None:
    tracker = drifted()
    for step in range(260, 2_000):
        tracker.update([float(step % 10 != 0)], [10 * step])
    assert tracker.episodes[0].recovery_ts is None


def test_a_trial_judges_every_episode_that_was_acted_on_by_it() -> None:
    tracker = drifted()
    tracker.on_alarm(alarm(2, 270, 250))
    tracker.on_action("a1", 2_900)
    tracker.on_result(accepted=False)
    tracker.on_action("a2", 4_000)
    assert [episode.accepted for episode in tracker.episodes] == [False, None]
    tracker.on_result(accepted=True)
    assert [episode.accepted for episode in tracker.episodes] == [False, True]


def test_an_action_belongs_to_the_alarm_that_called_for_it() -> None:
    tracker = RecoveryTracker()
    tracker.on_action("a1", 1)
    assert tracker.episodes == []
    tracker = drifted()
    tracker.on_alarm(alarm(2, 270, 250))
    tracker.on_action("a2", 5)
    tracker.on_action("drift of another", 6)
    assert [episode.action_ts for episode in tracker.episodes] == [None, 5]


@given(errors=st.lists(st.booleans(), max_size=300), alarms=st.sets(st.integers(0, 299), max_size=4), cut=st.integers(0, 300))
def test_saved_at_any_point_it_goes_on_alike(errors: list[bool], alarms: set[int], cut: int) -> None:
    trackers = [RecoveryTracker()]
    for step, error in enumerate(errors):
        if step == cut:
            blob = pack({"t": trackers[0].snapshot()})
            trackers.append(RecoveryTracker())
            trackers[1].restore(unpack(blob)[0]["t"])
            assert pack({"t": trackers[1].snapshot()}) == blob
        for tracker in trackers:
            tracker.update([float(error)], [step])
            if step in alarms:
                tracker.on_alarm(alarm(step, step + 1, step // 2, 0.1))
                tracker.on_action(f"a{step}", step)
            if step % 40 == 0:
                tracker.on_result(accepted=step % 80 == 0)
    assert len({pack({"t": tracker.snapshot()}) for tracker in trackers}) == 1


@given(errors=st.lists(st.booleans(), max_size=900), cuts=st.lists(st.integers(0, 900), max_size=8))
def test_labels_may_come_one_by_one_or_in_any_groups(errors: list[bool], cuts: list[int]) -> None:
    one, many = drifted(), drifted()
    times = list(range(len(errors)))
    for error, ts in zip(errors, times, strict=True):
        one.update([float(error)], [ts])
    bounds = [0, *sorted(min(cut, len(errors)) for cut in cuts), len(errors)]
    for first, last in pairwise(bounds):
        many.update([float(error) for error in errors[first:last]], times[first:last])
    assert one.snapshot() == many.snapshot()
