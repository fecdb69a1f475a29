"""Estimates the time of a detected change: where the cumulative sum of deviations from the running mean was last 0.

The tests detect that a mean has moved, but estimate its time poorly. A rise is dated at the newest event at which the sum
of deviations from the running mean, each less ``SLACK`` standard deviations, was 0; a fall likewise. O(1), whatever the test.

Source: Page, "Continuous inspection schemes", Biometrika 41 (1954), https://doi.org/10.1093/biomet/41.1-2.100; on the estimate
Montgomery, "Introduction to statistical quality control", on the tabular cumulative sum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

TOTAL, RISE, RISE_AT, RISE_TOTAL, FALL, FALL_AT, FALL_TOTAL = range(7)
SIZE = 7
"""Size of its state from ``offset`` on; set all to 0 to start again."""
SLACK = 0.15


@kernel
def update(state: NDArray[np.float64], offset: int, count: float, value: float, mean: float, deviation: float) -> None:
    """Process the ``count``-th value since the test began; ``mean`` and standard ``deviation`` include it."""
    state[offset + TOTAL] += value
    rise = state[offset + RISE] + value - mean - SLACK * deviation
    fall = state[offset + FALL] + mean - value - SLACK * deviation
    state[offset + RISE], state[offset + FALL] = max(rise, 0.0), max(fall, 0.0)
    if rise <= 0.0:
        state[offset + RISE_AT], state[offset + RISE_TOTAL] = count, state[offset + TOTAL]
    if fall <= 0.0:
        state[offset + FALL_AT], state[offset + FALL_TOTAL] = count, state[offset + TOTAL]


@kernel
def dated(state: NDArray[np.float64], offset: int, count: float, rose: bool) -> tuple[float, float]:
    """(values before the change, at least 1 and fewer than ``count``; mean after it minus mean before it)."""
    start, total = (RISE_AT, RISE_TOTAL) if rose else (FALL_AT, FALL_TOTAL)
    change, before = state[offset + start], state[offset + total]
    if change < 1.0 or change >= count:
        change = max(count - 1.0, 1.0)
        before = state[offset + TOTAL] * change / count
    return change, (state[offset + TOTAL] - before) / (count - change) - before / change
