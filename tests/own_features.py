"""Own features for tests, as a user writes them, and what runs must serve for them."""

from __future__ import annotations

import math

import numpy as np

from alpha_pulse.features.own import Bars, Row, feature
from alpha_pulse.features.own_columns import served
from alpha_pulse.kernels.base.jit import kernel

SHIFT_HOUR = 438_288 + 2_900
"""The end of the bar 2,900 of a synthetic market, in hours since the epoch."""
WARMUPS = {"momentum": 60, "swing": 5, "share_of_rises": 100, "sometimes": 2, "quoted": 51}


@feature(warmup=60)
def momentum(bars: Bars) -> float:
    """From the first of the 60 bars to the newest, in percent: up to the clip and beyond."""
    return 300.0 * math.log(bars.close[-1] / bars.close[0])


@feature(warmup=5)
def swing(bars: Bars) -> Row:
    """Of each bar; the warm-up is shorter than that of all features."""
    return np.log(bars.high / bars.low) * 50.0 - np.cumsum(bars.close) / np.cumsum(bars.open)


@feature(warmup=100)
@kernel
def share_of_rises(bars: Bars) -> float:
    """Compiled."""
    rises = 0
    for i in range(1, len(bars.close)):
        rises += bars.close[i] > bars.close[i - 1]
    return rises / len(bars.close)


@feature(warmup=2)
def sometimes(bars: Bars) -> float:
    """Missing at each third hour."""
    return math.nan if bars.ts[-1] // 3_600_000_000_000 % 3 == 0 else bars.close.item(-1) / bars.close.item(-2) - 1.0


@feature(warmup=51)
def quoted(bars: Bars) -> float:
    """Missing in data without quotes."""
    return float(bars.ask[-1] - bars.bid[-1])


def naive_values(bars: list[tuple[float, ...]], number: int) -> dict[str, float | None]:
    """What a run serves at the ``number``-th bar of a symbol (from 1 on), None where a value is missing; one bar at a time.

    A bar is its end (ns), open, high, low, close, volume, bid and ask.
    """
    values: dict[str, float | None] = {}
    for name, warmup in WARMUPS.items():
        values[name] = None
        if number >= max(50, warmup):
            newest = np.array(bars[number - warmup : number]).T
            window = Bars(newest[0].astype(np.int64), *(column.copy() for column in newest[1:]))
            value = float(np.asarray(globals()[name].function(window)).reshape(-1)[-1])
            values[name] = None if math.isnan(value) else served(value)
    return values


@feature(warmup=1)
def shifting(bars: Bars) -> float:
    """Pure noise by the time of the bar, which from a certain hour on lies higher."""
    hour = bars.ts.item(-1) // 3_600_000_000_000
    return float(np.random.default_rng(hour).normal()) + 2.0 * (hour >= SHIFT_HOUR)
