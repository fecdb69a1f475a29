from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.errors import NonFiniteError, StateError
from alpha_pulse.core.stateful import State, digest, pack, unpack
from alpha_pulse.core.types import DriftAlarm, Example
from alpha_pulse.kernels.base.scores import LABEL, SERVED
from alpha_pulse.kernels.detection import drift_monitor as layout
from alpha_pulse.kernels.detection.adwin import DELTA
from alpha_pulse.kernels.detection.drift_monitor import CALIBRATION, ERRORS, LABELS
from alpha_pulse.kernels.mixing.ensemble import RAW_ONLINE, ROW
from alpha_pulse.learning.drift_monitor import DriftMonitor
from alpha_pulse.learning.session import ScoredPrediction, Session
from learning_samples import START_NS, STEP_NS, new_session, scored
from naive_drift_monitor import NaiveDriftMonitor

Floats = NDArray[np.float64]
SETTINGS = AdaptationConfig(drift_threshold=0.002)


def test_the_threshold_that_is_set_is_that_of_errors_alone() -> None:
    own, stated = (DriftMonitor("X", "direction", 3, one).snapshot().arrays for one in (SETTINGS, AdaptationConfig()))
    assert own["windows"][ERRORS, DELTA] == 0.002 != stated["windows"][ERRORS, DELTA]
    assert own["windows"][CALIBRATION, DELTA] == stated["windows"][CALIBRATION, DELTA]


def feed(monitor: DriftMonitor, session: Session, share_right: list[float], seed: int, first: int = 0) -> list[DriftAlarm]:
    """Confident predictions, of which the given share is right, one by one."""
    generator = np.random.default_rng(seed)
    found = []
    for step, share in enumerate(share_right, first):
        label = int(generator.random() < 0.5)
        right = generator.random() < share
        found += monitor.observe(scored(session, step, 0.9 if right == (label == 1) else 0.1, label))
    return [alarm for alarm in found if alarm.monitored == "errors"]


@pytest.mark.parametrize("horizon", [1, 3])
def test_a_model_that_became_worse_is_found_and_the_change_dated(horizon: int) -> None:
    change = 300 * horizon
    monitor, session = DriftMonitor("X", "direction", horizon, SETTINGS), new_session("logistic", d=1)
    alarms = feed(monitor, session, [0.95] * change + [0.3] * 100 * horizon, seed=1)
    assert len(alarms) >= 1
    alarm = alarms[0]
    assert alarm.alarm_id == "X/direction/alarm/1"
    assert (alarm.symbol, alarm.target, alarm.detector) == ("X", "direction", "adwin")
    assert change < alarm.sample <= change + 50 * horizon
    assert alarm.sample % horizon == 0
    assert abs(alarm.change_sample - change) <= 32 * horizon
    assert alarm.ts == START_NS + (alarm.sample - 1) * STEP_NS
    assert alarm.change_ts == START_NS + (alarm.change_sample - 1) * STEP_NS
    assert alarm.score > 0.2
    assert monitor.last_alarm == monitor.last_rise == alarms[-1]
    assert monitor.alarms == len(alarms)


@pytest.mark.parametrize("horizon", [1, 3])
def test_a_change_is_dated_right_before_what_its_detector_kept(horizon: int) -> None:
    monitor, session = DriftMonitor("X", "direction", horizon, SETTINGS), new_session("logistic", d=1)
    alarms: list[DriftAlarm] = []
    step = 0
    while not alarms:
        alarms = feed(monitor, session, [0.95 if step < 300 * horizon else 0.3], seed=step, first=step)
        step += 1
    assert alarms[0].sample == step
    assert alarms[0].change_sample == step - horizon * monitor.width
    assert alarms[0].change_ts == START_NS + (alarms[0].change_sample - 1) * STEP_NS


def test_a_model_that_became_better_gives_no_alarm() -> None:
    monitor, session = DriftMonitor("X", "direction", 1, SETTINGS), new_session("logistic", d=1)
    assert feed(monitor, session, [0.3] * 300 + [0.97] * 300, seed=2) == []
    assert monitor.width < 400


def test_overlapping_labels_are_judged_in_blocks() -> None:
    """Each label repeated over the horizon is one piece of evidence, not twelve."""
    alarms = []
    for horizon in (1, 12):
        monitor, session = DriftMonitor("X", "volatility", horizon, SETTINGS), new_session("logistic", d=1)
        generator = np.random.default_rng(3)
        found = 0
        for step in range(6_000):
            if step % 12 == 0:
                right = generator.random() < 0.6
            found += len(monitor.observe(scored(session, step, 0.95 if right else 0.05, 1)))
        alarms.append(found)
    assert alarms[0] > 5
    assert alarms[1] == 0


def test_labels_without_the_online_member_are_passed_over() -> None:
    with_gaps, without = (DriftMonitor("X", "direction", 3, SETTINGS) for _ in range(2))
    session, other = new_session("logistic", d=1), new_session("logistic", d=1)
    for step in range(60):
        with_gaps.observe(scored(session, step, 0.7, step % 2))
        assert with_gaps.observe(scored(session, 1_000 + step, None, 1)) == []
        without.observe(scored(other, step, 0.7, step % 2))
    assert with_gaps.width == without.width == 20


@pytest.mark.parametrize("cut", [0, 1, 700, 1_000, 1_010])
def test_saved_within_a_block_it_goes_on_alike(cut: int) -> None:
    shares = [0.9] * 1_000 + [0.3] * 400
    one, two = (DriftMonitor("X", "direction", 3, SETTINGS) for _ in range(2))
    session = new_session("logistic", d=1)
    feed(one, session, shares[:cut], seed=4)
    blob = pack({"monitor": one.snapshot()})
    two.restore(unpack(blob)[0]["monitor"])
    assert pack({"monitor": two.snapshot()}) == blob
    rest = [feed(monitor, new_session("logistic", d=1), shares[cut:], seed=5, first=cut) for monitor in (one, two)]
    assert rest[0] == rest[1] != []
    assert pack({"monitor": one.snapshot()}) == pack({"monitor": two.snapshot()})


def test_its_memory_is_bounded_and_old_changes_can_still_be_dated() -> None:
    monitor, session = DriftMonitor("X", "direction", 1, SETTINGS), new_session("logistic", d=1)
    feed(monitor, session, [0.95] * 3_000, seed=6)
    size = len(pack({"monitor": monitor.snapshot()}))
    feed(monitor, session, [0.95] * 3_000, seed=7, first=3_000)
    assert len(pack({"monitor": monitor.snapshot()})) < size * 1.2
    alarms = feed(monitor, session, [0.2] * 100, seed=8, first=6_000)
    for alarm in alarms:
        assert START_NS + 5_900 * STEP_NS <= alarm.change_ts < alarm.ts
        # One change point, in labels and in time, however the remembered times were thinned out.
        assert alarm.change_ts == START_NS + (alarm.change_sample - 1) * STEP_NS
        assert alarm.ts == START_NS + (alarm.sample - 1) * STEP_NS


def watched_alarms(
    probabilities: list[float], rates: list[float], seed: int, settings: AdaptationConfig = SETTINGS
) -> list[DriftAlarm]:
    """What is found while labels come at these rates and these probabilities are served."""
    monitor, session = DriftMonitor("X", "direction", 3, settings), new_session("logistic", d=1)
    generator = np.random.default_rng(seed)
    found: list[DriftAlarm] = []
    for step, (probability, rate) in enumerate(zip(probabilities, rates, strict=True)):
        found += monitor.observe(scored(session, step, probability, int(generator.random() < rate)))
    return found


def test_labels_that_become_rarer_are_told_and_so_is_the_calibration_that_is_lost() -> None:
    alarms = watched_alarms([0.45] * 6_000, [0.45] * 3_000 + [0.1] * 3_000, seed=9)
    found = {alarm.monitored: alarm for alarm in alarms}
    assert set(found) == {"calibration", "labels"}
    for alarm in found.values():
        assert alarm.score < -0.1
        assert abs(alarm.change_sample - 3_000) < 150
        assert alarm.sample > alarm.change_sample
    assert found["labels"].mean < 0.25


def test_labels_that_change_as_foretold_leave_the_calibration_alone() -> None:
    rates = [0.45] * 3_000 + [0.1] * 3_000
    assert {alarm.monitored for alarm in watched_alarms(rates, rates, seed=10)} == {"labels"}


def test_the_mean_since_the_change_is_that_of_what_is_watched() -> None:
    rates = [0.3] * 6_000 + [0.9] * 900
    alarm = watched_alarms(rates, rates, seed=11)[-1]
    assert alarm.monitored == "labels"
    assert alarm.mean == pytest.approx(0.9, abs=0.1)


def test_without_a_threshold_of_its_own_it_keeps_to_the_stated_rate_of_false_alarms() -> None:
    """6 runs of 20,000 labels, three things watched, one false alarm in 50,000 each: 7 are expected at most."""
    settings = AdaptationConfig(samples_per_false_alarm=50_000)
    alarms = [alarm for seed in range(6) for alarm in watched_alarms([0.4] * 20_000, [0.4] * 20_000, seed, settings)]
    assert len(alarms) <= 3 * 6 * 20_000 / 50_000 + 8


def test_labels_that_come_and_go_in_long_waves_are_no_drift_of_their_rate() -> None:
    """As those of volatility do: runs of some hundred labels of one kind. 5 runs of 20,000 labels at one in 50,000."""
    settings = AdaptationConfig(samples_per_false_alarm=50_000)
    found = []
    for seed in range(5):
        generator = np.random.default_rng(100 + seed)
        turns = np.cumsum(generator.random(20_000) < 1 / 40) % 2
        rates = np.where(turns == 1, 0.7, 0.3).tolist()
        found += [alarm for alarm in watched_alarms(rates, rates, seed, settings) if alarm.monitored == "labels"]
    assert len(found) <= 6


def test_labels_of_trades_are_taken_in_blocks_of_twenty() -> None:
    monitor = DriftMonitor("X", "trade_quality", 1, AdaptationConfig(), ordered=False)
    session = new_session("logistic", d=1)
    for step in range(45):
        monitor.observe(scored(session, step, 0.9, 1))
    assert monitor.width == 2


@pytest.mark.parametrize("horizon", [1, 12, 600])
def test_any_horizon_and_any_stated_rate_can_be_watched(horizon: int) -> None:
    for per in (1_000.0, 1_000_000.0):
        monitor = DriftMonitor("X", "volatility", horizon, AdaptationConfig(detector="kswin", samples_per_false_alarm=per))
        session = new_session("logistic", d=1, horizon=1)
        assert monitor.observe(scored(session, 0, 0.9, 1)) == []
        assert monitor.width == (1 if horizon == 1 else 0)


def test_a_state_of_another_monitor_is_refused_and_nothing_is_taken() -> None:
    session = new_session("logistic", d=1)
    monitor = DriftMonitor("X", "direction", 3, AdaptationConfig())
    for step in range(100):
        monitor.observe(scored(session, step, 0.9, step % 2))
    before = digest({"monitor": monitor.snapshot()})
    broken = monitor.snapshot()
    del broken.arrays["windows"]
    strangers = [
        DriftMonitor("X", "direction", 3, AdaptationConfig(detector="ddm")).snapshot(),
        DriftMonitor("X", "direction", 6, AdaptationConfig()).snapshot(),
        DriftMonitor("X", "direction", 3, AdaptationConfig(samples_per_false_alarm=10_000)).snapshot(),
        broken,
        State(),
    ]
    for state in strangers:
        with pytest.raises(StateError):
            monitor.restore(state)
        assert digest({"monitor": monitor.snapshot()}) == before


def scored_rows(seed: int, n: int) -> tuple[Floats, NDArray[np.int64]]:
    """Scored predictions whose errors, calibration and labels change at random times; some lack the online member."""
    rng = np.random.default_rng(seed)
    rows, rate, right, bias = np.full((n, ROW), math.nan), 0.5, 0.7, 0.0
    for step in range(n):
        if rng.random() < 4.0 / n:
            rate, right, bias = rng.random(), rng.random(), rng.normal(0.0, 0.2)
        label = float(rng.random() < rate)
        probability = rng.uniform(0.5, 1.0) if (rng.random() < right) == (label == 1.0) else rng.uniform(0.0, 0.5)
        rows[step, [RAW_ONLINE, SERVED, LABEL]] = probability, min(max(rate + bias, 0.0), 1.0), label
    rows[rng.random(n) < rng.choice([0.0, 0.1]), RAW_ONLINE] = math.nan
    return rows, START_NS + np.arange(n) * STEP_NS


def assert_same_state(monitor: DriftMonitor, twin: NaiveDriftMonitor) -> None:
    arrays, held = monitor.arrays, len(twin._times)
    assert arrays["sums"][layout.SUMS : layout.SUMS + 3].tolist() == twin._sums
    assert arrays["sums"][layout.TOTALS : layout.TOTALS + 3].tolist() == twin._totals
    counters = arrays["counters"][[layout.COUNT, layout.BLOCKS, layout.HELD, layout.ALARMS]]
    assert counters.tolist() == [twin._count, twin._blocks, held, twin.alarms]
    assert [tuple(row) for row in arrays["times"][:held].tolist()] == [row[:2] for row in twin._times]
    assert [tuple(row) for row in arrays["totals"][:held].tolist()] == [row[2:] for row in twin._times]
    errors, calibration, labels = (detector.snapshot() for detector in twin._detectors)
    if "window" in errors.arrays:
        assert arrays["windows"][ERRORS].tobytes() == errors.arrays["window"].tobytes()
    else:
        assert monitor.snapshot().arrays["errors/state"].tobytes() == errors.arrays["state"].tobytes()
    assert arrays["windows"][CALIBRATION].tobytes() == calibration.arrays["window"].tobytes()
    assert arrays["windows"][LABELS].tobytes() == labels.arrays["window"].tobytes()
    assert (arrays["sums"][layout.LABELS_SUM], arrays["counters"][layout.LABELS_COUNT]) == (
        labels.scalars["sum"],
        labels.scalars["count"],
    )


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    detector=st.sampled_from(["adwin", "adwin", "ddm", "fhddm", "kswin", "page_hinkley"]),
    horizon=st.sampled_from([1, 1, 3, 12]),
    ordered=st.booleans(),
)
def test_it_gives_the_alarms_and_the_state_of_a_monitor_made_of_lists(
    seed: int, detector: str, horizon: int, ordered: bool
) -> None:
    config = AdaptationConfig(detector=detector, samples_per_false_alarm=1_000)
    one = DriftMonitor("X", "direction", horizon, config, ordered=ordered)
    twin = NaiveDriftMonitor("X", "direction", horizon, config, ordered=ordered)
    rows, times = scored_rows(seed, 3_000)
    expected, single = [], []
    for at, (values, ts) in enumerate(zip(rows.tolist(), times.tolist(), strict=True)):
        expected += [(at, alarm) for alarm in twin.observe(values, ts)]
        single += [(at, alarm) for alarm in one.observe(settled(values, ts))]
    assert single == expected
    assert_same_state(one, twin)
    assert (one.width, one.last_alarm, one.last_rise) == (twin.width, twin.last_alarm, twin.last_rise)
    copy = DriftMonitor("X", "direction", horizon, config, ordered=ordered)
    copy.restore(unpack(pack({"m": one.snapshot()}))[0]["m"])
    again = [settled(values, ts) for values, ts in zip(rows.tolist(), times.tolist(), strict=True)]
    assert [copy.observe(each) for each in again] == [one.observe(each) for each in again]


def settled(values: list[float], ts: int) -> ScoredPrediction:
    return ScoredPrediction(SESSION, Example("p", int(values[LABEL]), ts), values, [])


SESSION = new_session("logistic", d=1)


def test_a_label_whose_served_probability_is_unknown_is_an_error() -> None:
    monitor, (rows, times) = DriftMonitor("X", "direction", 1, AdaptationConfig()), scored_rows(1, 3)
    rows[:, RAW_ONLINE], rows[2, SERVED] = 0.5, math.nan
    first, second, third = (settled(values, ts) for values, ts in zip(rows.tolist(), times.tolist(), strict=True))
    assert monitor.observe(first) == monitor.observe(second) == []
    with pytest.raises(NonFiniteError, match=r"labels of X/direction has the means \[.*nan"):
        monitor.observe(third)
