"""Own targets for tests, as a user writes them, and what runs must learn for them, computed bar by bar."""

from __future__ import annotations

import itertools
import math

import numpy as np

import alpha_pulse as ap
from alpha_pulse.features.own import Bars

Row = tuple[float, ...]
"""A bar: its end (ns), open, high, low, close, volume, bid and ask."""
UPPER, LOWER, SPAN = 1.5, 1.0, 30
COST, THRESHOLD = 40.0, 10.0

barriers = ap.triple_barrier(upper=UPPER, lower=LOWER, horizon=8, span=SPAN)
pays = ap.return_over_cost(cost_bps=COST, threshold_bps=THRESHOLD, horizon=5)
column = ap.labelled({(438_288 + hour) * 3_600_000_000_000: hour % 3 % 2 for hour in range(60, 380) if hour % 5}, horizon=2)


@ap.target(horizon=3, warmup=120)
def calmer(known: Bars, later: Bars) -> float:
    """Whether the range of the next bars is below that of the last 120; missing in every seventh hour."""
    if known.ts[-1] // 3_600_000_000_000 % 7 == 0:
        return math.nan
    return float(later.high.max() - later.low.min() < (known.high - known.low).max())


HORIZONS = {"barriers": 8, "pays": 5, "column": 2, "calmer": 3}


def naive_label(name: str, bars: list[Row], number: int) -> int | None:
    """The label of the prediction at the ``number``-th bar (from 1 on) of all bars so far; None for a tie."""
    known, later = bars[:number], bars[number:]
    assert len(later) == HORIZONS[name]
    if name == "barriers":
        return _naive_barriers(known, later)
    if name == "pays":
        return int(10_000.0 * (later[-1][4] / later[0][1] - 1.0) - COST > THRESHOLD)
    if name == "column":
        hour = known[-1][0] / 3.6e12 - 438_288
        return None if hour % 5 == 0 or not 60 <= hour < 380 else int(hour % 3 % 2)
    if known[-1][0] / 3.6e12 % 7 == 0 or len(known) < 120:
        return None
    return int(max(bar[2] for bar in later) - min(bar[3] for bar in later) < max(bar[2] - bar[3] for bar in known[-120:]))


def _naive_barriers(known: list[Row], later: list[Row]) -> int | None:
    if len(known) < SPAN + 1:
        return None
    closes = [bar[4] for bar in known[-SPAN - 1 :]]
    volatility = float(np.std([math.log(b / a) for a, b in itertools.pairwise(closes)]))
    top, bottom = closes[-1] * math.exp(UPPER * volatility), closes[-1] * math.exp(-LOWER * volatility)
    for bar in later:
        if bar[3] <= bottom:
            return 0
        if bar[2] >= top:
            return 1
    return int(later[-1][4] > closes[-1])
