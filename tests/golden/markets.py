"""The markets of the golden runs: made from seeds, rounded to a tick, each with something that happens to real ones."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import DAY_NS, HOUR_NS
from alpha_pulse.feeds.arrays import Floats
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import START_NS, Market, planted_signal, regimes

PRICES = ("open", "high", "low", "close")
OPENING_HOURS = 7
"""Bars of a trading day of `quotes`; the rest of the day and the weekend are closed."""


def restless() -> ReplayFeed:
    """A signal that can be learned and turns round every 700 bars: alarms, trials, some kept, some rolled back."""
    bars = 4_200
    return _ticked(planted_signal(bars, 11, list(range(700, bars, 700)), strength=0.8).columns, 4)


def champion() -> ReplayFeed:
    """A weaker signal that turns round twice, with volume."""
    return _ticked(planted_signal(3_600, 23, [2_000, 2_900], Market(has_volume=True), strength=0.6).columns, 3)


def several() -> ReplayFeed:
    """Three symbols: one is there throughout, one begins later, one ends early and has holes."""
    columns = _rounded(planted_signal(2_600, 5, [1_900], Market(symbols=("EARLY", "LATE", "LONG")), strength=0.7).columns, 4)
    number = np.tile(np.arange(2_600), 3)
    rng = np.random.default_rng(41)
    early, late = columns.code == 0, columns.code == 1
    holes = early & (rng.random(number.size) < 0.02)
    kept = ~((early & (number >= 1_900)) | (late & (number < 500)) | holes)
    return ReplayFeed(columns.pick(np.flatnonzero(kept)))


def quotes() -> ReplayFeed:
    """Quotes with a spread that breathes, bars without any volume, nights, weekends and a week without trading."""
    bars, tick = 3_200, 2
    columns = _rounded(planted_signal(bars, 7, [2_200], Market(has_volume=True, volatility=0.004), strength=0.7).columns, tick)
    rng = np.random.default_rng(43)
    spread = np.maximum(np.round(columns.close * 4e-4 * np.exp(0.5 * rng.standard_normal(bars)), tick), 0.01)
    bid = np.round(columns.close - 0.5 * spread, tick)
    assert columns.volume is not None
    volume = np.where(rng.random(bars) < 0.05, 0.0, np.round(columns.volume))
    day = np.arange(bars) // OPENING_HOURS
    day += 2 * (day // 5) + np.where(day >= 200, 7, 0)
    starts = START_NS + day * DAY_NS + (9 + np.arange(bars) % OPENING_HOURS) * HOUR_NS
    return ReplayFeed(
        msgspec.structs.replace(columns, ts_start=starts.astype(np.int64), volume=volume, bid=bid, ask=bid + spread)
    )


def jumps() -> ReplayFeed:
    """A coin at a millionth that jumps by a fifth to a half now and then: stops behind gaps, ruin of what is levered."""
    bars = 1_800
    rng = np.random.default_rng(47)
    columns = planted_signal(bars, 13, [1_000], Market(price=2e-6, volatility=0.01), strength=0.6).columns
    factor = _jumps(rng, bars, every=150)
    return ReplayFeed(_scaled(columns, factor, 10))


def levels() -> ReplayFeed:
    """Prices at a hundred thousand whose volatility and trend change four times."""
    columns = regimes(3_200, 17, [900, 1_600, 2_200, 2_800], Market(price=1e5, volatility=0.003)).columns
    return _ticked(columns, 1)


def _jumps(rng: np.random.Generator, bars: int, every: int) -> NDArray[np.float64]:
    """What the price from each bar on is multiplied by: steps at random bars, up or down."""
    moves = np.zeros(bars)
    at = rng.choice(np.arange(300, bars), bars // every, replace=False)
    moves[at] = np.where(rng.random(at.size) < 0.5, 1.0, -1.0) * rng.uniform(0.2, 0.6, at.size)
    return np.exp(np.cumsum(moves))


def _scaled(columns: BarColumns, factor: Floats, decimals: int) -> BarColumns:
    """All prices of a bar times its factor: the jump lies between the close before and the open."""
    return _rounded(msgspec.structs.replace(columns, **{name: getattr(columns, name) * factor for name in PRICES}), decimals)


def _rounded(columns: BarColumns, decimals: int) -> BarColumns:
    """Prices in whole ticks, as markets have them; also the same on every processor."""
    return msgspec.structs.replace(columns, **{name: np.round(getattr(columns, name), decimals) for name in PRICES})


def _ticked(columns: BarColumns, decimals: int) -> ReplayFeed:
    return ReplayFeed(_rounded(columns, decimals))
