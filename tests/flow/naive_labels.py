"""Labels made from a symbol's closes alone, the slow and obvious way."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MEDIAN_OVER, MEDIAN_FROM = 2_000, 200
LARGEST_WEIGHT = 5.0


def volatility_labels(closes: NDArray[np.float64], horizon: int) -> dict[int, tuple[float, int]]:
    """By bar: (realised volatility of the next ``horizon`` bars over the median known at the bar, whether it is above 1)."""
    squares = np.diff(np.log(closes)) ** 2
    realised = {bar: math.sqrt(math.fsum(squares[bar - horizon : bar])) for bar in range(horizon, len(closes))}
    found = {}
    for bar in range(horizon + MEDIAN_FROM - 1, len(closes) - horizon):
        known = [realised[at] for at in range(max(horizon, bar - MEDIAN_OVER + 1), bar + 1)]
        median = float(np.median(known))
        found[bar] = (realised[bar + horizon] / median, int(realised[bar + horizon] > median))
    return found


def direction_labels(closes: NDArray[np.float64], horizon: int, first: int) -> dict[int, tuple[float, int | None, float]]:
    """By bar from ``first`` on: (log return over the next ``horizon`` bars, its sign as 0 or 1, weight); a tie has no sign."""
    found: dict[int, tuple[float, int | None, float]] = {}
    sizes: list[float] = []
    for bar in range(first, len(closes) - horizon):
        move = math.log(closes[bar + horizon] / closes[bar])
        if move == 0.0:
            found[bar] = (move, None, 1.0)
            continue
        mean = sum(sizes) / len(sizes) if sizes else abs(move)
        sizes.append(abs(move))
        found[bar] = (move, int(move > 0.0), min(abs(move) / mean, LARGEST_WEIGHT))
    return found
