"""The mean ratio of realised to median volatility by the decile of the served probability: a histogram regression.

``deciles`` (float64, 2 * DECILES): sums of ratios, then their numbers.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

DECILES = 10
PRIOR = 50.0
"""Weight of the prior ratio of 1, in labels."""


@kernel
def decile_of(probability: float) -> int:
    """From 0 to 9."""
    return min(int(probability * DECILES), DECILES - 1)


@kernel
def update(deciles: NDArray[np.float64], probability: float, ratio: float) -> bool:
    """Add one ratio; False, and nothing changed, where it is negative or not finite."""
    if not 0.0 <= ratio < math.inf:
        return False
    decile = decile_of(probability)
    deciles[decile] += ratio
    deciles[DECILES + decile] += 1.0
    return True


@kernel
def ratio(deciles: NDArray[np.float64], probability: float) -> float:
    """The mean ratio in this probability's decile, shrunk to 1; 1 before any label."""
    decile = decile_of(probability)
    return float((PRIOR + deciles[decile]) / (PRIOR + deciles[DECILES + decile]))
