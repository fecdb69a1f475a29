"""The sum of floats, rounded once: the same in any order, and equal to `math.fsum` bit for bit.

The exact sum so far is stored as ``partials``: floats that do not overlap, the smallest first, at most as many as values were
added. All values must be finite.

Source: Shewchuk, "Adaptive precision floating-point arithmetic and fast robust geometric predicates", Discrete & Computational
Geometry 18 (1997), https://doi.org/10.1007/PL00009321; the last rounding is that of `math.fsum`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel


@kernel
def add_exactly(partials: NDArray[np.float64], held: int, value: float) -> int:
    """Add ``value`` to the first ``held`` of ``partials``; returns the new number of them."""
    kept = 0
    for i in range(held):
        other = partials[i]
        if abs(value) < abs(other):
            value, other = other, value
        high = value + other
        low = other - (high - value)
        if low != 0.0:
            partials[kept] = low
            kept += 1
        value = high
    if value != 0.0:
        partials[kept] = value
        kept += 1
    return kept


@kernel
def rounded_sum(partials: NDArray[np.float64], held: int) -> float:
    """The sum of the first ``held`` of ``partials``, rounded half to even."""
    if held == 0:
        return 0.0
    high, low, left = partials[held - 1], 0.0, held - 1
    while left > 0 and low == 0.0:
        left -= 1
        before, other = high, partials[left]
        high = before + other
        low = other - (high - before)
    # What is left decides which way half of the last bit goes.
    if left > 0 and ((low < 0.0 and partials[left - 1] < 0.0) or (low > 0.0 and partials[left - 1] > 0.0)):
        moved = high + 2.0 * low
        if moved - high == 2.0 * low:
            return float(moved)
    return float(high)
