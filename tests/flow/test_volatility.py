"""The volatility forecast in a run: it sizes positions, and its density is a member of the target ``volatility``."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.engine.system import System
from alpha_pulse.features.extractor import FeatureExtractor
from alpha_pulse.features.volatility import VolatilityFeatures
from alpha_pulse.journal.block import decoded_blocks, part
from alpha_pulse.journal.export.frames import tables
from alpha_pulse.kernels.session import layout
from alpha_pulse.models.volatility.forecaster import Forecast, VolatilityForecaster
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from flow.gateways import opened
from flow.runs import LEAN, Done, again, assert_equal, begun, bundled_feed, divided, run

BARS, HORIZON = 1_500, 12
SETTINGS = {**LEAN, "volatility.preset": "default"}


@cache
def done() -> Done:
    return run(again(bundled_feed("eurusd_1h_2017")).cut(BARS), SETTINGS, sizes=[512])


@cache
def alone() -> Forecast:
    """The forecast from the same bars, without a run."""
    columns = bundled_feed("eurusd_1h_2017").cut(BARS).columns
    volume = columns.volume
    assert volume is not None
    bars = np.column_stack([columns.open, columns.high, columns.low, columns.close, volume])
    ends = columns.ts_start + columns.interval_ns
    extractor = FeatureExtractor("EURUSD", has_volume=False, has_quotes=False, volatility_horizon=HORIZON)
    levels, features = np.zeros((BARS, layout.PRICE_COLUMNS)), np.zeros((BARS, len(extractor.schema.names)))
    extractor.update_rows(ends, np.column_stack([bars, np.full((BARS, 2), np.nan)]), levels, features)
    wide = VolatilityFeatures(columns.interval_ns, [HORIZON]).update_rows(ends, bars)
    return VolatilityForecaster(HORIZON).update_rows(wide, levels)


def test_positions_are_sized_by_the_forecast_level() -> None:
    signals = tables(done().system.store, "signals")["signals"].drop_nulls("volatility")
    served = {one.ts for one in done().predictions if one.target == "volatility"}
    sized = signals.filter(signals["known_at"].cast(int).is_in(served))
    expected = alone().sizing[-len(sized) :] / math.sqrt(HORIZON)
    np.testing.assert_allclose(sized["volatility"].to_numpy(), expected, rtol=1e-12)
    assert len(sized) > 1_200


def test_the_density_is_a_member_from_the_first_prediction() -> None:
    members = [{each.source: each for each in one.members} for one in done().predictions if one.target == "volatility"]
    assert all("density" in each for each in members)
    assert members[0]["density"].probability == pytest.approx(alone().event[-len(members)], abs=1e-9)
    assert {round(each.weight, 6) for each in members[0].values()} == {0.333333}
    assert not any(each.source == "density" for one in done().predictions if one.target == "direction" for each in one.members)


def test_a_wrong_time_zone_is_refused() -> None:
    with pytest.raises(ConfigError, match="Europe/Londn"):
        begun(again(bundled_feed("eurusd_1h_2017")).cut(10), {**SETTINGS, "volatility.time_zone": "Europe/Londn"})


def begin(store: Store) -> System:
    """A run with a challenger beside the density."""
    settings = {**SETTINGS, "serving.challengers": {"fast": {"model": "sgd"}}, "store.checkpoint_steps": 170}
    return begun(again(bundled_feed("eurusd_1h_2017")).cut(900), settings, store, resume=True)


def test_any_division_leads_to_the_same() -> None:
    whole = divided(begin, {}, [1])
    assert_equal(divided(begin, {}, [300, 41], frozenset({333, 650})), whole)
    for block in decoded_blocks(divided(begin, {}, [512]).system.store):
        half = block.steps // 2
        assert part(block, half, block.steps).tables["earlier"].shape[1] == block.tables["earlier"].shape[1]


def test_who_serves_is_told_with_the_density() -> None:
    store = MemoryStore()
    settings = {**SETTINGS, "store.checkpoint_steps": 100}
    run(again(bundled_feed("eurusd_1h_2017")).cut(300), settings, store, sizes=[100])
    gateway = opened(again(bundled_feed("eurusd_1h_2017")).cut(300), settings, store)
    shown = {each.session_id: [member.member for member in each.members] for each in gateway.serving.sessions()}
    assert "density" in shown["EURUSD/volatility"]
    assert "density" not in shown["EURUSD/direction"]
