"""Predicted probabilities against outcomes: bins of about equal counts, and Wilson's interval for a proportion.

Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927),
doi 10.1080/01621459.1927.10502953.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

COUNT, SAID, CAME, LOWEST, HIGHEST = range(5)
COLUMNS = 5
Z_95 = 1.959963984540054


@kernel
def bin_sums(probabilities: NDArray[np.float64], labels: NDArray[np.float64], bins: int, sums: NDArray[np.float64]) -> int:
    """Fill a row of ``sums`` (bins, COLUMNS) per bin: count, sums of probabilities and labels, ends. Returns the bins used.

    ``probabilities`` are sorted. Equal ones stay in one bin, so there may be fewer bins than requested.

    >>> sums = np.zeros((2, COLUMNS))
    >>> bin_sums(np.array([0.1, 0.2, 0.8, 0.8]), np.array([0.0, 0.0, 1.0, 0.0]), 2, sums)
    2
    >>> sums[1].tolist()
    [2.0, 1.6, 1.0, 0.8, 0.8]
    """
    n = probabilities.shape[0]
    sums[:] = 0.0
    row = 0
    closed = 0
    for i in range(n):
        if sums[row, COUNT] == 0.0:
            sums[row, LOWEST] = probabilities[i]
        sums[row, COUNT] += 1.0
        sums[row, SAID] += probabilities[i]
        sums[row, CAME] += labels[i]
        sums[row, HIGHEST] = probabilities[i]
        tied = i + 1 < n and probabilities[i + 1] == probabilities[i]
        if not tied and (i + 1) * bins >= (closed + 1) * n:
            closed = (i + 1) * bins // n
            row += 1
    return row


@kernel
def wilson(share: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a proportion seen in ``n`` independent cases (n > 0, not necessarily whole).

    >>> low, high = wilson(0.5, 100.0)
    >>> round(low, 4), round(high, 4)
    (0.4038, 0.5962)
    """
    square = Z_95 * Z_95
    centre = (share + square / (2.0 * n)) / (1.0 + square / n)
    half = Z_95 / (1.0 + square / n) * math.sqrt(share * (1.0 - share) / n + square / (4.0 * n * n))
    return max(centre - half, 0.0), min(centre + half, 1.0)
