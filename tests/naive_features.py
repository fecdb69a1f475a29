"""The slow obvious twin of `alpha_pulse.features`: every feature from the whole history, by its definition."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import Bar
from alpha_pulse.features.schema import MIN_BARS, RETURNS, schema_for

Series = list[float]


def smoothed(values: Sequence[float], span: float, wilder: bool = False) -> Series:
    """Plain mean of all values until ``span`` of them are there, exponential after that."""
    alpha = 1.0 / span if wilder else 2.0 / (span + 1.0)
    means: Series = []
    for i, value in enumerate(values):
        means.append(math.fsum(values[: i + 1]) / (i + 1) if i + 1 <= span else means[-1] + alpha * (value - means[-1]))
    return means


def weighted_z(values: Sequence[float], span: int) -> Series:
    """Z-score of each value under the weights that `smoothed` gives to all values so far."""
    scores: Series = []
    weights = np.empty(0)
    for i in range(len(values)):
        alpha = 1.0 / (i + 1) if i + 1 <= span else 2.0 / (span + 1.0)
        weights = np.append(weights * (1.0 - alpha), alpha)
        past = np.array(values[: i + 1])
        mean = float(weights @ past)
        deviation = math.sqrt(float(weights @ (past - mean) ** 2))
        scores.append((values[i] - mean) / deviation if deviation > 1e-9 * mean else 0.0)
    return scores


def log_ratios(above: Sequence[float], below: Sequence[float], floor: float) -> Series:
    return [math.log(max(a / b, floor)) if b > 0.0 else 0.0 for a, b in zip(above, below, strict=True)]


def ratio(above: float, below: float) -> float:
    return above / below if below > 0.0 else 0.0


def realised_volatility(closes: Sequence[float], horizon: int) -> Series:
    """Per bar; 0 where fewer than ``horizon`` returns exist."""
    squares = [math.log(b / a) ** 2 for a, b in itertools.pairwise(closes)]
    return [0.0 if i < horizon else math.sqrt(math.fsum(squares[i - horizon : i])) for i in range(len(closes))]


def trailing_medians(realised: Sequence[float], horizon: int) -> Series:
    known = [realised[horizon : i + 1][-2000:] for i in range(len(realised))]
    return [statistics.median(window) if len(window) >= 200 else 0.0 for window in known]


def _from_returns(closes: Series, table: dict[str, Series], horizon: int) -> None:
    n = len(closes)
    logs = [math.log(c) for c in closes]
    changes = [b - a for a, b in itertools.pairwise(logs)]
    squares = [c * c for c in changes]
    mean = {span: [0.0, *smoothed(squares, span)] for span in (12, 48, 100, 288, 1000)}
    volatility = [math.sqrt(m) for m in mean[100]]
    scale = [1.0 / v if v > 1e-9 else 0.0 for v in volatility]
    for k in RETURNS:
        table[f"ret_{k}"] = [0.0 if i < k else (logs[i] - logs[i - k]) * scale[i] / math.sqrt(k) for i in range(n)]
    for k in (10, 50, 200):
        means = smoothed(closes, k)
        table[f"ema_dist_{k}"] = [(logs[i] - math.log(means[i])) * scale[i] / math.sqrt(k) for i in range(n)]
    table["vol_ratio_12_288"] = [0.5 * x for x in log_ratios(mean[12], mean[288], 1e-5)]
    table["vol_ratio_48_1000"] = [0.5 * x for x in log_ratios(mean[48], mean[1000], 1e-5)]
    table["abs_ret"] = [0.0, *(abs(c) * s for c, s in zip(changes, scale[1:], strict=True))]
    medians = trailing_medians(realised_volatility(closes, horizon), horizon)
    for name, span in (("half", max(1.0, horizon / 2)), ("1", 1.0 * horizon), ("4", 4.0 * horizon)):
        recent = [0.0, *(math.sqrt(m * horizon) for m in smoothed(squares, span))]
        levels = log_ratios(recent, [m if m > 1e-9 else 0.0 for m in medians], 1e-5)
        table[f"vol_level_{name}"] = [min(max(x, -5.0), 5.0) for x in levels]


def _from_closes(closes: Series, table: dict[str, Series]) -> None:
    n = len(closes)
    moves = [b - a for a, b in itertools.pairwise(closes)]
    for k in (14, 50):
        gains = [0.0, *smoothed([max(m, 0.0) for m in moves], k, wilder=True)]
        losses = [0.0, *smoothed([max(-m, 0.0) for m in moves], k, wilder=True)]
        table[f"rsi_{k}"] = [ratio(g - x, g + x) for g, x in zip(gains, losses, strict=True)]
    bands: Series = []
    for i in range(n):
        window = closes[i - 19 : i + 1] if i >= 19 else []
        flat = len(set(window)) < 2
        bands.append(0.0 if flat else (closes[i] - statistics.fmean(window)) / (2.0 * statistics.pstdev(window)))
    table["bollinger_20"] = bands


def _from_ranges(bars: Sequence[Bar], table: dict[str, Series]) -> None:
    n = len(bars)
    true = [bars[0].high - bars[0].low]
    for before, bar in itertools.pairwise(bars):
        true.append(max(bar.high - bar.low, abs(bar.high - before.close), abs(bar.low - before.close)))
    table["atr_ratio_14_100"] = log_ratios(smoothed(true, 14, wilder=True), smoothed(true, 100, wilder=True), 1e-5)
    table["range_ratio_100"] = log_ratios(true, smoothed(true, 100), 0.01)
    for k in (24, 96):
        places: Series = []
        for i in range(n):
            window = bars[i - k + 1 : i + 1] if i + 1 >= k else []
            top = max((b.high for b in window), default=0.0)
            bottom = min((b.low for b in window), default=0.0)
            places.append(2.0 * (bars[i].close - bottom) / (top - bottom) - 1.0 if top > bottom else 0.0)
        table[f"range_pos_{k}"] = places
    table["close_location"] = [ratio((b.close - b.low) - (b.high - b.close), b.high - b.low) for b in bars]
    table["body"] = [ratio(b.close - b.open, b.high - b.low) for b in bars]
    table["flow_10"] = smoothed(table["body"], 10)


def _from_clock(bars: Sequence[Bar], table: dict[str, Series]) -> None:
    ends = [datetime.fromtimestamp(b.ts_event // 10**9, UTC) for b in bars]
    hours = [2.0 * math.pi * (e.hour * 3600 + e.minute * 60 + e.second) / 86400 for e in ends]
    weeks = [2.0 * math.pi * e.weekday() / 7 for e in ends]
    for harmonic in (1, 2):
        table[f"hour_sin_{harmonic}"] = [math.sin(harmonic * x) for x in hours]
        table[f"hour_cos_{harmonic}"] = [math.cos(harmonic * x) for x in hours]
    table["week_sin"] = [math.sin(x) for x in weeks]
    table["week_cos"] = [math.cos(x) for x in weeks]


def _from_volume(bars: Sequence[Bar], table: dict[str, Series]) -> None:
    volume = [b.volume or 0.0 for b in bars]
    usual = smoothed(volume, 100)
    table["volume_z"] = weighted_z(volume, 100)
    table["volume_ratio_5_100"] = log_ratios(smoothed(volume, 5), usual, 1e-5)
    table["signed_volume"] = [b * ratio(v, u) for b, v, u in zip(table["body"], volume, usual, strict=True)]


def naive_features(bars: Sequence[Bar], has_volume: bool, has_quotes: bool, horizon: int = 12) -> NDArray[np.float64]:
    """Features of every bar, not rounded, shape (bars, names); rows before ``MIN_BARS`` are 0. No value may be missing."""
    table: dict[str, Series] = {}
    closes = [b.close for b in bars]
    _from_returns(closes, table, horizon)
    _from_closes(closes, table)
    _from_ranges(bars, table)
    _from_clock(bars, table)
    if has_volume:
        _from_volume(bars, table)
    if has_quotes:
        spread = [2.0 * max((b.ask or 0.0) - (b.bid or 0.0), 0.0) / ((b.ask or 0.0) + (b.bid or 0.0)) for b in bars]
        table["spread_ratio_500"] = log_ratios(spread, smoothed(spread, 500), 0.01)
    names = schema_for(has_volume, has_quotes, horizon).names
    assert set(names) == set(table)
    rows: NDArray[np.float64] = np.clip(np.array([table[name] for name in names]).T, -10.0, 10.0)
    rows[: MIN_BARS - 1] = 0.0
    return rows
