"""The watch over one symbol's features."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.errors import NonFiniteError, StateError
from alpha_pulse.core.stateful import State, pack, unpack
from alpha_pulse.core.types import Bar, DriftAlarm, FeatureVector
from alpha_pulse.features.extractor import FeatureExtractor
from alpha_pulse.learning.feature_monitor import FeatureMonitor
from naive_feature_monitor import NaiveFeatureMonitor

NAMES = ("a", "b", "hour_sin_1", "c", "week_cos")
HOUR = 3_600_000_000_000
Rows = NDArray[np.float64]


def rows_of(n: int, seed: int) -> Rows:
    return np.random.default_rng(seed).standard_normal((n, len(NAMES)))


def vector(rows: Rows, at: int, mask: NDArray[np.bool_] | None = None) -> FeatureVector:
    return FeatureVector("X", at * HOUR, "schema", rows[at], mask)


def fed(monitor: FeatureMonitor, rows: Rows, first: int = 0, last: int | None = None) -> list[DriftAlarm]:
    found: list[DriftAlarm] = []
    for at in range(first, len(rows) if last is None else last):
        monitor.observe(vector(rows, at))
        found += monitor.detect(at * HOUR)
    return found


@pytest.mark.parametrize("name", ["psi", "ks"])
def test_a_change_of_one_feature_is_told_once_with_its_name_and_date(name: str) -> None:
    rows = rows_of(7_000, 1)
    rows[3_140:, 3] += 1.5
    monitor = FeatureMonitor("X", NAMES, AdaptationConfig(feature_detector=name))  # type: ignore[arg-type]
    (alarm,) = fed(monitor, rows)
    assert (alarm.alarm_id, alarm.symbol, alarm.target) == ("X/features/alarm/1", "X", "features")
    assert (alarm.detector, alarm.monitored, alarm.features) == (name, "features", ("c",))
    assert abs(alarm.change_sample - 3_140) < 15
    assert alarm.change_ts == (alarm.change_sample - 1) * HOUR
    assert alarm.ts == (alarm.sample - 1) * HOUR
    assert alarm.ts - alarm.change_ts < 300 * HOUR
    assert alarm.score > 0.0
    assert monitor.alarms == 1


def test_the_calendar_is_not_watched() -> None:
    rows = rows_of(4_000, 2)
    rows[3_000:, 2] += 2.0
    assert not fed(FeatureMonitor("X", NAMES, AdaptationConfig()), rows)
    assert fed(FeatureMonitor("X", [name.replace("hour", "our") for name in NAMES], AdaptationConfig()), rows)


def test_a_masked_value_is_not_looked_at() -> None:
    rows, monitor, found = rows_of(5_000, 3), FeatureMonitor("X", NAMES, AdaptationConfig()), 0
    rows[3_000::3, 1] = 0.0
    mask = np.array([False, True, False, False, False])
    for at in range(len(rows)):
        monitor.observe(vector(rows, at, mask if at >= 3_000 and at % 3 == 0 else None))
        found += len(monitor.detect(at * HOUR))
    assert not found
    assert fed(FeatureMonitor("X", NAMES, AdaptationConfig()), rows)


@pytest.mark.parametrize("cut", [0, 1_000, 2_499, 3_099, 3_400])
def test_it_goes_on_from_a_state_as_if_it_had_not_stopped(cut: int) -> None:
    rows = rows_of(4_000, 4)
    rows[3_000:, 0] += 2.0
    whole, first, second = (FeatureMonitor("X", NAMES, AdaptationConfig()) for _ in range(3))
    found = fed(whole, rows)
    before = fed(first, rows, last=cut)
    first.observe(vector(rows, cut, np.zeros(5, dtype=np.bool_)))
    states, _ = unpack(pack({"m": first.snapshot()}))
    assert bool(states["m"].scalars["found"]) == (cut == 3_099)  # a change that is not told yet
    second.restore(states["m"])
    after = second.detect(cut * HOUR) + fed(second, rows, cut + 1)
    assert before + after == found
    assert len(found) == 1
    assert pack({"m": second.snapshot()}) == pack({"m": whole.snapshot()})


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing() -> None:
    monitor = FeatureMonitor("X", NAMES, AdaptationConfig())
    monitor.observe(vector(rows_of(1, 5), 0))
    before = pack({"m": monitor.snapshot()})
    for other in (
        FeatureMonitor("X", NAMES[:3], AdaptationConfig()).snapshot(),
        FeatureMonitor("X", NAMES, AdaptationConfig(feature_detector="ks")).snapshot(),
        State(),
    ):
        with pytest.raises(StateError):
            monitor.restore(other)
    broken = FeatureMonitor("X", NAMES, AdaptationConfig()).snapshot()
    broken.scalars["found"] = [[1, "s"]]
    with pytest.raises(StateError, match="has found do not fit"):
        monitor.restore(broken)
    assert pack({"m": monitor.snapshot()}) == before


def test_a_vector_that_is_not_finite_is_refused_and_not_remembered() -> None:
    one, many = (FeatureMonitor("X", NAMES, AdaptationConfig()) for _ in range(2))
    rows = rows_of(100, 6)
    rows[-1, 0] = np.nan
    fed(one, rows, last=99)
    before = pack({"m": one.snapshot()})
    with pytest.raises(NonFiniteError, match="'a' for PSI is nan"):
        one.observe(vector(rows, 99))
    assert pack({"m": one.snapshot()}) == before
    with pytest.raises(NonFiniteError, match="'a' for PSI is nan"):
        many.observe_block(rows, np.zeros(rows.shape, dtype=np.bool_), np.arange(100) * HOUR)
    assert pack({"m": many.snapshot()}) == before


@pytest.mark.parametrize("prices_stand", [False, True])
@pytest.mark.parametrize("name", ["psi", "ks"])
def test_a_market_without_volume_or_moves_is_told_once(name: str, prices_stand: bool) -> None:
    rng, extractor = np.random.default_rng(1), FeatureExtractor("X", has_volume=True, has_quotes=False)
    monitor = FeatureMonitor("X", extractor.schema.names, AdaptationConfig(feature_detector=name))  # type: ignore[arg-type]
    price, found = 100.0, []
    for at in range(9_000):
        moves = at < 4_000 or not prices_stand
        price *= math.exp(0.001 * rng.standard_normal()) if moves else 1.0
        volume = float(rng.lognormal(3.0, 1.0)) if at < 4_000 else 0.0
        wide = 1.0005 if moves else 1.0
        vector = extractor.update(Bar("X", (at + 1) * HOUR, HOUR, price, price * wide, price / wide, price, volume))
        if vector is not None:
            assert np.isfinite(vector.values).all()
            monitor.observe(vector)
            found += [at for _ in monitor.detect((at + 1) * HOUR)]
    (alarm,) = found
    assert 4_000 < alarm < 4_500


def changing(seed: int) -> tuple[Rows, NDArray[np.bool_]]:
    """Rows whose level moves at random times, and which of their values are missing."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2_600, 6_000))
    rows = rng.standard_normal((n, len(NAMES)))
    for at in rng.integers(0, n, 3):
        rows[at:, rng.integers(len(NAMES))] += rng.normal(0.0, 2.0)
    masks = rng.random(rows.shape) < rng.choice([0.0, 0.1])
    if rng.random() < 0.5:
        masks[n // 2 :, 1] = rng.random(n - n // 2) < 0.8
    return np.where(masks, 0.0, rows), masks


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(["psi", "ks"]), size=st.sampled_from([1, 7, 512, None]))
def test_blocks_of_any_size_give_the_alarms_and_the_state_of_a_list_of_vectors(seed: int, name: str, size: int | None) -> None:
    rows, masks = changing(seed)
    config = AdaptationConfig(feature_detector=name, samples_per_false_alarm=1_000)  # type: ignore[arg-type]
    twin, one, many = NaiveFeatureMonitor("X", NAMES, config), *(FeatureMonitor("X", NAMES, config) for _ in range(2))
    times = (np.arange(len(rows)) + 1) * HOUR
    expected, single = [], []
    for at, ts in enumerate(times.tolist()):
        made = FeatureVector("X", ts, "s", rows[at], masks[at] if masks[at].any() else None)
        expected += [(at, alarm) for alarm in twin.detect(ts)]
        single += [(at, alarm) for alarm in one.detect(ts)]
        twin.observe(made)
        one.observe(made)
    found, first, rng = [], 0, np.random.default_rng(seed)
    while first < len(rows):
        last = first + (size or int(rng.integers(1, 700)))
        told = many.observe_block(rows[first:last], masks[first:last], times[first:last])
        found += [(first + row, alarm) for row, alarm in told]
        first = last
    assert found == single == expected
    assert pack({"m": one.snapshot()}) == pack({"m": many.snapshot()})
    assert twin.detect(HOUR) == one.detect(HOUR) == many.detect(HOUR)
    twin.pass_what_waits()
    assert twin.arrays["state"].tobytes() == one.snapshot().arrays["state"].tobytes()
    assert twin.arrays["times"].tobytes() == one.snapshot().arrays["times"].tobytes()
