"""Made bars for tests of volatility: a seasonal week, clustered volatility, in the sessions of a market."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.features.extractor import FeatureExtractor

Rows = NDArray[np.float64]
NEW_YORK = ZoneInfo("America/New_York")


def every(interval: timedelta, count: int, first: datetime) -> list[datetime]:
    """Starts of bars of a market that never closes."""
    return [first + k * interval for k in range(count)]


def exchange_hours(count: int, first: datetime) -> list[datetime]:
    """Starts of hourly bars of a New York session, 9 to 16 o'clock, Monday to Friday."""
    starts: list[datetime] = []
    at = first
    while len(starts) < count:
        local = at.astimezone(NEW_YORK)
        if local.weekday() < 5 and 9 <= local.hour < 16:
            starts.append(at)
        at += timedelta(hours=1)
    return starts


def made_bars(starts: list[datetime], seed: int = 1) -> Rows:
    """Open, high, low, close, volume, (n, 5): returns whose log volatility is a slow AR(1) plus a daily wave."""
    rng = np.random.default_rng(seed)
    n = len(starts)
    level, levels = 0.0, np.empty(n)
    for i in range(n):
        level = 0.97 * level + 0.15 * rng.normal()
        levels[i] = level
    hours = np.array([s.astimezone(UTC).hour for s in starts])
    volatility = 0.003 * np.exp(levels + 0.5 * np.sin(2.0 * np.pi * hours / 24.0))
    closes = 100.0 * np.exp(np.cumsum(volatility * rng.normal(size=n)))
    opens = np.append(100.0, closes[:-1]) * np.exp(0.2 * volatility * rng.normal(size=n))
    high = np.maximum(opens, closes) * np.exp(volatility * rng.random(n))
    low = np.minimum(opens, closes) * np.exp(-volatility * rng.random(n))
    return np.column_stack([opens, high, low, closes, 1e4 * volatility * rng.lognormal(0.0, 0.3, n)])


def ends(starts: list[datetime], interval: timedelta) -> NDArray[np.int64]:
    """Ends of bars, ns since the epoch."""
    second = 1_000_000_000
    return np.array([round((s + interval).timestamp()) * second for s in starts], dtype=np.int64)


def levels_of(ts: NDArray[np.int64], bars: Rows, horizon: int) -> Rows:
    """Realised volatility and its trailing median after each bar, (n, 3), from the extractor."""
    extractor = FeatureExtractor("X", has_volume=True, has_quotes=False, volatility_horizon=horizon)
    prices = np.column_stack([bars, np.full((len(bars), 2), np.nan)])
    levels, features = np.zeros((len(bars), 3)), np.zeros((len(bars), len(extractor.schema.names)))
    assert extractor.update_rows(ts, prices, levels, features) == len(bars)
    return levels
