"""A forecast distribution of the log ratio of realised volatility to its median: a mixture over the members' densities.

Each member has two densities around its point forecast, both with the scale of its residuals so far: normal (realised
volatility is then log-normal), and Student's with 5 degrees of freedom and the same variance, whose tails are heavier. Fixed
share weighs these 2J experts by their likelihoods, with the exponent 1/h, because labels overlap over h bars.

``weights`` (float64, 2J): of each member's normal, then its Student density.

Sources: Herbster & Warmuth, "Tracking the best expert" (1998), doi 10.1023/A:1007424614876; Gneiting & Raftery, "Strictly
proper scoring rules, prediction, and estimation", JASA 102 (2007), for the scores of a density.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

Floats = NDArray[np.float64]

DEGREES = 5.0
STUDENT_SCALE = math.sqrt((DEGREES - 2.0) / DEGREES)
"""The scale of a Student density with 5 degrees of freedom and variance 1."""
LOG_ROOT_TWO_PI = 0.5 * math.log(2.0 * math.pi)
LOG_STUDENT = math.lgamma(3.0) - math.lgamma(2.5) - 0.5 * math.log(DEGREES * math.pi) - math.log(STUDENT_SCALE)
ROOT_HALF = math.sqrt(0.5)
ROOT_DEGREES = math.sqrt(DEGREES)
LEAST_LOG = -20.0
"""An expert loses at most this log likelihood per label, before the exponent."""
TRACE = 1e-4
"""Experts of a smaller weight are left out of a mixture's distribution, which changes it by less."""
HALVINGS = 60


@kernel
def log_normal(z: float) -> float:
    """Log density of a standard normal variable."""
    return -0.5 * z * z - LOG_ROOT_TWO_PI


@kernel
def log_student(z: float) -> float:
    """Log density of a Student variable of variance 1."""
    t = z / STUDENT_SCALE
    return LOG_STUDENT - 3.0 * math.log(1.0 + t * t / DEGREES)


@kernel
def below_normal(z: float) -> float:
    """P(a standard normal variable is below ``z``).

    >>> below_normal(0.0), round(below_normal(1.959964), 4)
    (0.5, 0.975)
    """
    return 0.5 * math.erfc(-ROOT_HALF * z)


@kernel
def below_student(z: float) -> float:
    """P(a Student variable of variance 1 is below ``z``); Abramowitz & Stegun (1964), 26.7.3.

    >>> below_student(0.0), round(below_student(2.570582 * STUDENT_SCALE), 4)
    (0.5, 0.975)
    """
    t = z / STUDENT_SCALE
    ratio = DEGREES / (DEGREES + t * t)
    sine, cosine = t / math.sqrt(DEGREES + t * t), math.sqrt(ratio)
    return 0.5 + (math.atan(t / ROOT_DEGREES) + sine * cosine * (1.0 + 2.0 / 3.0 * ratio)) / math.pi


@kernel
def start(weights: Floats) -> None:
    """Equal weights."""
    weights[:] = 1.0 / weights.shape[0]


@kernel
def below(weights: Floats, means: Floats, scales: Floats, value: float) -> float:
    """The mixture's probability of a value below ``value``; ``means`` and ``scales`` (J,)."""
    total, used = 0.0, 0.0
    for j in range(means.shape[0]):
        normal, student = weights[2 * j], weights[2 * j + 1]
        z = (value - means[j]) / scales[j]
        if normal > TRACE:
            total += normal * below_normal(z)
            used += normal
        if student > TRACE:
            total += student * below_student(z)
            used += student
    return total / used


@kernel
def log_density(weights: Floats, means: Floats, scales: Floats, value: float) -> float:
    """Log of the mixture's density at ``value``."""
    total = 0.0
    for j in range(means.shape[0]):
        z = (value - means[j]) / scales[j]
        total += (weights[2 * j] * math.exp(log_normal(z)) + weights[2 * j + 1] * math.exp(log_student(z))) / scales[j]
    return math.log(max(total, 1e-300))


@kernel
def mean(weights: Floats, means: Floats) -> float:
    """The mean of the mixture."""
    total = 0.0
    for j in range(means.shape[0]):
        total += (weights[2 * j] + weights[2 * j + 1]) * means[j]
    return total


@kernel
def quantile(weights: Floats, means: Floats, scales: Floats, probability: float) -> float:
    """The value below which the mixture has ``probability`` (above 0, below 1), by bisection.

    >>> one = np.array([1.0, 0.0]), np.zeros(1), np.ones(1)
    >>> round(quantile(*one, 0.975), 4)
    1.96
    """
    low, high = math.inf, -math.inf
    for j in range(means.shape[0]):
        low, high = min(low, means[j] - scales[j]), max(high, means[j] + scales[j])
    while below(weights, means, scales, low) > probability:
        low -= high - low
    while below(weights, means, scales, high) < probability:
        high += high - low
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if below(weights, means, scales, middle) < probability:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@kernel
def quantile_rows(weights: Floats, means: Floats, scales: Floats, probabilities: Floats, out: Floats) -> None:
    """`quantile` of each row (n, 2J), (n, J) and (n, J), for each of the ``probabilities`` (k,); ``out`` (n, k). NaN stays."""
    for i in range(means.shape[0]):
        for k in range(probabilities.shape[0]):
            known = not math.isnan(means[i, 0])
            out[i, k] = quantile(weights[i], means[i], scales[i], probabilities[k]) if known else math.nan


@kernel
def learn(weights: Floats, means: Floats, scales: Floats, value: float, exponent: float, share: float) -> None:
    """One update of the weights by the value that came, with the ``means`` and ``scales`` that were served."""
    total = 0.0
    for j in range(means.shape[0]):
        z, log_scale = (value - means[j]) / scales[j], math.log(scales[j])
        weights[2 * j] *= math.exp(exponent * max(log_normal(z) - log_scale, LEAST_LOG))
        weights[2 * j + 1] *= math.exp(exponent * max(log_student(z) - log_scale, LEAST_LOG))
        total += weights[2 * j] + weights[2 * j + 1]
    even = share / weights.shape[0]
    for k in range(weights.shape[0]):
        weights[k] = (1.0 - share) * weights[k] / total + even
