"""Standardisation in learners: mean and variance of each feature, over one packed array.

The moments are Welford's until the weight of the newest value falls below a minimum, then exponential. Each feature has its own
weight of values seen, so that a feature that starts late or is often absent is standardised by its own values. An absent value
counts as the mean. Results do not depend on units: a feature times a power of two gives the same bits.

Source: Welford, "Note on a method for calculating corrected sums of squares and products" (1962); with weights: West (1979),
doi 10.1145/359146.359153.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.missing import is_missing

ROUNDING = 1e-12
"""A spread below this fraction of the mean is a rounding error: the feature is constant."""
MAX_DELTA = 1e150
"""Deviations beyond this would overflow when they are squared."""


@kernel
def learn_scales(
    state: NDArray[np.float64], x: NDArray[np.float64], means: int, variances: int, seen: int, share: float, least: float
) -> None:
    """Process one row.

    Parameters
    ----------
    means, variances, seen
        Where in ``state`` each of them begins, one number per feature.
    share
        Fraction of one example that the row counts as, above 0.
    least
        The minimum weight of a whole row in the moments.
    """
    d, floor = x.shape[0], least * share
    mean, variance, weight = state[means : means + d], state[variances : variances + d], state[seen : seen + d]
    for j in range(d):  # without a branch, so that it is compiled to vector instructions
        known, before, spread = not is_missing(x[j]), mean[j], variance[j]
        weight[j] += share if known else 0.0
        step = max(share / weight[j], floor)
        delta = min(max(x[j] - before, -MAX_DELTA), MAX_DELTA)
        mean[j] = before + step * delta if known else before
        variance[j] = (1.0 - step) * (spread + step * delta * delta) if known else spread


@kernel
def deviation(mean: float, variance: float) -> float:
    """The standard deviation; 0 where the feature is constant."""
    rounding = ROUNDING * mean
    return math.sqrt(variance) if variance > rounding * rounding else 0.0


@kernel
def standard(x: float, mean: float, spread: float, bound: float) -> float:
    """``x`` in units of ``spread`` from ``mean``, within ``bound``; 0 if it is missing or ``spread`` is 0.

    >>> standard(5.0, 3.0, 2.0, 8.0), standard(5.0, 3.0, 0.0, 8.0)
    (1.0, 0.0)
    """
    if not spread > 0.0 or is_missing(x):
        return 0.0
    return min(max((x - mean) / spread, -bound), bound)


@kernel
def standardise(
    x: NDArray[np.float64], means: NDArray[np.float64], variances: NDArray[np.float64], bound: float, out: NDArray[np.float64]
) -> None:
    """`standard` of each feature, by its mean and variance; all arrays (d,)."""
    for j in range(x.shape[0]):
        out[j] = standard(x[j], means[j], deviation(means[j], variances[j]), bound)
