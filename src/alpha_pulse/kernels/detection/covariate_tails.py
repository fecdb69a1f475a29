"""Tail probabilities of the comparisons of features, and their combination over several features.

Sources: Abramowitz & Stegun, "Handbook of mathematical functions" (1964), 26.5.8 (the continued fraction of the incomplete
beta function), 26.6.2 (F as a beta); Lentz, "Generating Bessel functions in Mie scattering calculations using continued
fractions", Applied Optics 15 (1976), https://doi.org/10.1364/AO.15.000668; Smirnov, "Table for estimating the goodness of fit
of empirical distributions", Annals of Mathematical Statistics 19 (1948), https://doi.org/10.1214/aoms/1177730256; Simes, "An
improved Bonferroni procedure for multiple tests of significance", Biometrika 73 (1986),
https://doi.org/10.1093/biomet/73.3.751; Sarkar, "Some probability inequalities for ordered MTP2 random variables", Annals of
Statistics 26 (1998), https://doi.org/10.1214/aos/1028144846
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

TINY = 1e-300
CLOSE = 1e-13
STEPS = 1_000


@kernel
def _not_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY


@kernel
def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, two of its terms at a time."""
    c, d = 1.0, 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1.0 / _not_zero(1.0 + even * d), _not_zero(1.0 + even / c)
        value *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1.0 / _not_zero(1.0 + odd * d), _not_zero(1.0 + odd / c)
        value *= c * d
        if abs(c * d - 1.0) < CLOSE:
            break
    return value


@kernel
def beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for a and b above 0.

    >>> round(beta_share(0.25, 1.0, 2.0), 12)
    0.4375
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1.0 - x, b, a) / b


@kernel
def f_tail(value: float, freedom: float, noise: float) -> float:
    """Probability that F with ``freedom`` and ``noise`` degrees of freedom (not necessarily whole) is at least ``value``."""
    if value <= 0.0:
        return 1.0
    return beta_share(noise / (noise + freedom * value), 0.5 * noise, 0.5 * freedom)


@kernel
def smirnov_tail(distance: float, noise: float) -> float:
    """Probability that a scaled distance is at least this, where the scale was estimated with ``noise`` degrees of freedom.

    Each term exp(-2 j^2 z^2) of Smirnov's law is averaged over a variance that is estimated, a chi-square: the mean of
    exp(-2 j^2 z^2 chi2(v) / v) is (1 + 4 j^2 z^2 / v)^(-v/2).
    """
    total, sign = 0.0, 1.0
    for j in range(1, 101):
        term = math.exp(-0.5 * noise * math.log1p(4.0 * (j * distance) ** 2 / noise))
        total += sign * term
        sign = -sign
        if term < 1e-16:
            break
    return min(max(2.0 * total, 0.0), 1.0) if distance > 0.2 else 1.0


@kernel
def simes(p_values: NDArray[np.float64]) -> float:
    """One p-value from several, (n,) with n at least 1, by Simes: the smallest n p(k) / k over the sorted p-values.

    It is exact for independent tests, conservative for positively dependent ones, and never above Bonferroni's.

    >>> round(simes(np.array([0.5, 0.01, 0.012])), 9)
    0.018
    """
    ordered, least = np.sort(p_values), 1.0
    for k in range(ordered.size):
        least = min(least, ordered.size * ordered[k] / (k + 1.0))
    return least
