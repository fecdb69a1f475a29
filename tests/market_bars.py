"""Seeded bars for tests: a walk with changing volatility, jumps, dead stretches and bars without a range."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.types import Bar

HOUR = 3_600_000_000_000
START = 1_500_000_400_000_000_000


def market_bars(count: int, seed: int, level: float = 100.0, spread: float = 1e-4) -> list[Bar]:
    rng = np.random.default_rng(seed)
    bars: list[Bar] = []
    close = level
    size = 0.005
    for i in range(count):
        size = float(np.clip(size * np.exp(rng.normal(0.0, 0.1)), 1e-4, 0.03))
        dead = (i // 60) % 23 == 7
        opened = close * float(np.exp(0.0 if dead else rng.normal(0.0, 0.1 * size)))
        if not dead:
            jump = 0.2 if rng.random() < 0.002 else 0.0
            close = opened * float(np.exp(rng.normal(0.0, size) + jump))
        high = max(opened, close) * (1.0 if dead else float(np.exp(rng.exponential(0.5 * size))))
        low = min(opened, close) * (1.0 if dead else float(np.exp(-rng.exponential(0.5 * size))))
        volume = 0.0 if dead else float(rng.lognormal(3.0, 1.0))
        half = 0.5 * spread * close * float(rng.choice([0.0, 0.5, 1.0, 3.0]))
        bars.append(Bar("X", START + i * HOUR, HOUR, opened, high, low, close, volume, close - half, close + half, i))
    return bars
