"""The watch over one symbol's features."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.errors import NonFiniteError, StateError
from alpha_pulse.core.stateful import State, pack
from alpha_pulse.core.types import Bar, DriftAlarm, FeatureVector
from alpha_pulse.features.extractor import FeatureExtractor
from alpha_pulse.learning.feature_monitor import MOST_WAITING, FeatureMonitor

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


@pytest.mark.parametrize("cut", [0, 1_000, 2_499, 3_180, 3_400])
def test_it_goes_on_from_a_state_as_if_it_had_not_stopped(cut: int) -> None:
    rows = rows_of(4_000, 4)
    rows[3_000:, 0] += 2.0
    whole, first, second = (FeatureMonitor("X", NAMES, AdaptationConfig()) for _ in range(3))
    found = fed(whole, rows)
    before = fed(first, rows, last=cut)
    first.observe(vector(rows, cut, np.zeros(5, dtype=np.bool_)))  # entered, and not yet looked at
    second.restore(first.snapshot())
    after = second.detect((cut + 1) * HOUR) + fed(second, rows, cut + 1)
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
    broken.scalars["waiting"] = [[1, "s"]]
    with pytest.raises(StateError, match="stored vectors"):
        monitor.restore(broken)
    assert pack({"m": monitor.snapshot()}) == before


def test_what_waited_is_kept_when_it_is_refused() -> None:
    monitor, rows = FeatureMonitor("X", NAMES, AdaptationConfig()), rows_of(MOST_WAITING, 6)
    fed(monitor, rows, last=MOST_WAITING - 1)
    before = pack({"m": monitor.snapshot()})
    rows[-1, 0] = np.nan
    monitor.observe(vector(rows, MOST_WAITING - 1))
    with pytest.raises(NonFiniteError):
        monitor.detect(HOUR)
    monitor._waiting.pop()
    assert pack({"m": monitor.snapshot()}) == before


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
