"""The wide volatility features: their slow twin, no look at later bars, and one step equal to a block."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from alpha_pulse.core.durations import HOUR_NS, MINUTE_NS
from alpha_pulse.core.errors import ConfigError, StateError
from alpha_pulse.core.types import Bar
from alpha_pulse.features.volatility import VolatilityFeatures
from naive_volatility import naive_wide
from volatility_bars import ends, every, exchange_hours, made_bars

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=5)
START = datetime(2024, 2, 20, 15, tzinfo=UTC)
CASES = {
    "hourly coin": (every(HOUR, 500, START), HOUR, HOUR_NS, None),
    "hourly equity": (exchange_hours(300, START), HOUR, HOUR_NS, None),
    "hourly, zone given": (exchange_hours(150, START), HOUR, HOUR_NS, "Europe/London"),
    "5 minutes, first days": (every(QUARTER, 400, START), QUARTER, 5 * MINUTE_NS, "UTC"),
}


@pytest.mark.parametrize("case", CASES)
def test_they_are_the_naive_twin(case: str) -> None:
    starts, interval, interval_ns, zone = CASES[case]
    bars = made_bars(starts)
    bars[100, 1] *= 1.5  # a wrong tick
    bars[120:140, :4] = bars[119, 3]  # prices that stand still
    found = VolatilityFeatures(interval_ns, [3, 12], zone).update_rows(ends(starts, interval), bars)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, naive_wide(starts, interval, bars, [3, 12], zone), rtol=1e-9, atol=1e-9)


def test_one_by_one_a_block_and_a_restored_copy_are_bit_equal() -> None:
    starts = exchange_hours(400, START)
    ts, bars = ends(starts, HOUR), made_bars(starts)
    whole = VolatilityFeatures(HOUR_NS, [12]).update_rows(ts, bars)
    first, second = VolatilityFeatures(HOUR_NS, [12]), VolatilityFeatures(HOUR_NS, [12])
    rows = []
    for t, (opened, high, low, close, volume) in zip(ts[:250].tolist(), bars.tolist(), strict=False):
        rows.append(first.update(Bar("X", t, HOUR_NS, opened, high, low, close, volume)))
    assert np.array(rows).tobytes() == whole[:250].tobytes()
    second.restore(first.snapshot())
    assert second.update_rows(ts[250:], bars[250:]).tobytes() == whole[250:].tobytes()
    assert (second.calendar, second.bars_per_week) == ("America/New_York, 7 bars a day, 5 days a week", 35)


def test_no_row_depends_on_later_bars() -> None:
    starts = every(HOUR, 600, START)
    ts, bars = ends(starts, HOUR), made_bars(starts)
    whole = VolatilityFeatures(HOUR_NS, [12]).update_rows(ts, bars)
    for cut in (1, 60, 168, 169, 400):
        assert VolatilityFeatures(HOUR_NS, [12]).update_rows(ts[:cut], bars[:cut]).tobytes() == whole[:cut].tobytes()
    changed = np.concatenate([bars[:400], 3.0 * made_bars(starts, seed=2)[400:]])
    assert VolatilityFeatures(HOUR_NS, [12]).update_rows(ts, changed)[:400].tobytes() == whole[:400].tobytes()


def test_a_missing_volume_is_left_out() -> None:
    starts = every(HOUR, 300, START)
    ts, bars = ends(starts, HOUR), made_bars(starts)
    bars[:, 4] = np.nan
    features = VolatilityFeatures(HOUR_NS, [12])
    rows = features.update_rows(ts, bars)
    volumes = [k for k, name in enumerate(features.names) if name.startswith("volume")]
    assert len(volumes) == 8
    assert not rows[:, volumes].any()
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("price", [1e-6, 1e9])
def test_values_have_no_unit(price: float) -> None:
    starts = every(HOUR, 300, START)
    ts, bars = ends(starts, HOUR), made_bars(starts)
    scaled = bars * np.array([price, price, price, price, 1e3])
    expected = VolatilityFeatures(HOUR_NS, [12]).update_rows(ts, bars)
    np.testing.assert_allclose(VolatilityFeatures(HOUR_NS, [12]).update_rows(ts, scaled), expected, rtol=1e-6, atol=1e-6)


def test_errors_say_what_was_expected() -> None:
    for horizons in ([], [0], [12, 3], [1, 2, 3, 4, 5, 6, 7, 8]):
        with pytest.raises(ConfigError, match="expected 1 to 7 different numbers of bars, ascending"):
            VolatilityFeatures(HOUR_NS, horizons)
    saved = VolatilityFeatures(HOUR_NS, [12]).snapshot()
    with pytest.raises(StateError, match="restore with the configuration that saved them"):
        VolatilityFeatures(HOUR_NS, [12], "UTC").restore(saved)
