"""95 % intervals for the mean of dependent values, by the circular block bootstrap."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
MIN_BLOCKS = 10
"""Smallest number of blocks. With fewer, intervals are much too narrow: with five, 88 % contain the true mean."""
MOST_BLOCKS = 200
"""Maximum number of blocks; beyond it blocks are longer. More blocks hardly change an interval, and a server computes intervals
while it runs."""
TAIL = 0.025
NORMAL = 1.959963984540054

Floats = NDArray[np.float64]


class Interval(msgspec.Struct, frozen=True):
    """The middle 95 % of the bootstrap distribution."""

    low: float
    high: float


def mean_interval(
    values: Floats,
    seed: int = 1,
    within: tuple[float, float] = (-math.inf, math.inf),
    symbols: int = 1,
    least_block: int = 1,
) -> Interval | None:
    """A 95 % interval for the mean of dependent values, from circular blocks of the length that `block_length` measures.

    Means drawn by a block bootstrap vary too little, because blocks depend on each other, and the spread of few blocks is
    uncertain. The distances of the drawn means from the mean are therefore widened twice: to the variance 2 V(2b) - V(b), where
    V(b) is that of blocks of length b (Politis & Romano, 1995; never below V(b)), and by the ratio of Student's quantile at
    n / 2b - 1 degrees of freedom to the normal one. `alpha_pulse.simulation.interval_trials` simulates the coverage.

    Parameters
    ----------
    values
        float64 of shape (n,), in order of time.
    seed
        Seed of the bootstrap.
    within
        The bounds of the mean, such as 0 and 1 for a proportion. The interval is clipped to them.
    symbols
        The number of symbols whose values alternate in ``values``. Each group of this many values is averaged first, so that
        dependence between symbols at one time does not count as independent evidence.
    least_block
        The smallest length of a block, in values of one symbol: the horizon of labels that overlap.

    Returns
    -------
    Interval or None
        None for fewer than ten blocks, and hence for fewer than ten values of one symbol.

    Examples
    --------
    >>> interval = mean_interval(np.random.default_rng(1).normal(1.0, 1.0, 10_000))
    >>> interval.low < 1.0 < interval.high, round(interval.high - interval.low, 2)
    (True, 0.04)

    References
    ----------
    Politis and Romano (1992), "A circular block-resampling procedure for stationary data"; Politis and Romano (1995),
    "Bias-corrected nonparametric spectral estimation", https://doi.org/10.1111/j.1467-9892.1995.tb00223.x; Politis and White
    (2004) with Patton's correction, see `block_length`.
    """
    mean = float(values.mean()) if len(values) else math.nan
    values = _averaged(values, symbols)
    n = len(values)
    length = max(block_length(values), least_block, -(-n // MOST_BLOCKS))
    if n < MIN_BLOCKS * length:
        return None
    single, double = _variance(values, length), _variance(values, 2 * length)
    if single == 0.0:
        return Interval(mean, mean)
    factor = math.sqrt(max(2.0 * double - single, single) / single) * student_quantile(0.5 * n / length - 1.0) / NORMAL
    centre = float(values.mean())
    low, high = np.quantile(_resampled_means(values, length, seed), [TAIL, 1.0 - TAIL]).tolist()
    return Interval(max(mean + factor * (low - centre), within[0]), min(mean + factor * (high - centre), within[1]))


def block_length(values: Floats) -> int:
    """The length of circular blocks with the smallest error of the mean's variance, from the autocovariances of ``values``.

    These are summed under a flat-top window, up to twice the lag from which on five or more of them are negligible; the result
    is at most three times the root of n, and at most n / 3.

    >>> noise = np.random.default_rng(1).normal(size=5_003)
    >>> block_length(noise) < 6 < block_length(noise[:-3] + noise[1:-2] + noise[2:-1] + noise[3:])
    True

    References
    ----------
    Politis and White (2004), "Automatic block-length selection for the dependent bootstrap",
    https://doi.org/10.1081/ETC-120028836; corrected by Patton, Politis and White (2009),
    https://doi.org/10.1080/07474930802459016.
    """
    n = len(values)
    if n < 4 or values.min() == values.max():
        return 1
    quiet = max(5, math.ceil(math.sqrt(math.log10(n))))
    highest = min(math.ceil(math.sqrt(n)) + quiet, n - quiet - 2)
    if highest < 1:
        return 1
    covariances = _autocovariances(values, highest + quiet)
    negligible = np.abs(covariances[1:]) < 2.0 * math.sqrt(math.log10(n) / n) * covariances[0]
    lag = next((k for k in range(highest) if negligible[k : k + quiet].all()), highest)
    lags = np.arange(1, min(2 * max(lag, 1), highest) + 1)
    weights = np.clip(2.0 * (1.0 - lags / lags[-1]), 0.0, 1.0)
    summed = float(covariances[0] + 2.0 * (weights * covariances[lags]).sum())
    slope = 2.0 * float((weights * lags * covariances[lags]).sum())
    longest = math.ceil(min(3.0 * math.sqrt(n), n / 3.0))
    if summed == 0.0:
        return longest
    best = math.ceil(math.cbrt(1.5 * (slope / summed) ** 2 * n))
    return min(max(best, 1), longest)


def student_quantile(degrees: float) -> float:
    """The 97.5 % quantile of Student's distribution, by Cornish and Fisher's expansion; accurate to 0.4 % from 4 degrees of
    freedom on.

    >>> round(student_quantile(10.0), 3)
    2.228

    References
    ----------
    Abramowitz and Stegun (1964), "Handbook of mathematical functions", 26.7.5.
    """
    z = NORMAL
    first = (z**3 + z) / 4.0
    second = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    third = (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0
    fourth = (79.0 * z**9 + 776.0 * z**7 + 1_482.0 * z**5 - 1_920.0 * z**3 - 945.0 * z) / 92_160.0
    return z + first / degrees + second / degrees**2 + third / degrees**3 + fourth / degrees**4


def _averaged(values: Floats, count: int) -> Floats:
    """The means of consecutive runs of ``count`` values; the last run may be shorter."""
    if count == 1 or not len(values):
        return values
    starts = np.arange(0, len(values), count)
    means: Floats = np.add.reduceat(values, starts) / np.diff(starts, append=len(values))
    return means


def _autocovariances(values: Floats, most: int) -> Floats:
    """Of lags 0 to ``most``, each divided by n."""
    n = len(values)
    spectrum = np.fft.rfft(values - values.mean(), 2 * n)
    covariances: Floats = np.fft.irfft(spectrum * np.conj(spectrum), 2 * n)[: most + 1] / n
    return covariances


def _block_sums(values: Floats, length: int) -> Floats:
    """Of each of the n circular blocks."""
    sums = np.cumsum(np.concatenate([[0.0], values, values[: length - 1]]))
    blocks: Floats = sums[length:] - sums[:-length]
    return blocks


def _variance(values: Floats, length: int) -> float:
    """n times the variance of the mean, as blocks of ``length`` show it."""
    return float(np.mean(_block_sums(values - values.mean(), length) ** 2)) / length


def _resampled_means(values: Floats, length: int, seed: int) -> Floats:
    n = len(values)
    blocks = _block_sums(values, length)
    count = -(-n // length)
    starts = np.random.default_rng(seed).integers(0, n, size=(RESAMPLES, count))
    means: Floats = blocks[starts].sum(axis=1) / (count * length)
    return means
