"""Logistic regression by online Newton steps: recursive least squares on the log loss, with bounded forgetting.

A member stores its weights and ``C``, the inverse of the accumulated curvature of the log loss. ``C`` sets the size of each
step, so no learning rate is needed. Curvature fades by ``forgetting`` per example, but only while the trace of ``C`` is below
its start: otherwise the covariance of a constant feature would grow without bound, and the first bar on which it moves would
destroy the weights. State of one member over n inputs (float64):

    forgetting | prior | weight[n] | C[n, n]

``prior`` is the curvature before any example: C starts as 1 / prior on the diagonal. C stays symmetric bit for bit.

Sources: Haykin, "Adaptive filter theory" (2002), ch. 9; Hazan, Agarwal & Kale, "Logarithmic regret algorithms for online
convex optimization", Machine Learning 69 (2007), doi 10.1007/s10994-007-5016-8; Milek & Kraus, "Time-varying stabilized
forgetting for recursive least squares identification" (1995) for bounded forgetting.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.example_weight import share_of, slowed
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.linear.linear import MAX_GRADIENT, MAX_WEIGHT, clip
from alpha_pulse.kernels.mixing.hedge import sigmoid

FORGETTING, PRIOR, WEIGHT = 0, 1, 2
MIN_CURVATURE = 1e-3
"""Smallest p (1 - p) of an example: a probability of almost 0 or 1 would otherwise add no curvature."""


@kernel
def size(n: int) -> int:
    """Size in floats of the state of a member over ``n`` inputs."""
    return WEIGHT + n + n * n


@kernel
def restart(covariance: NDArray[np.float64], prior: float, n: int) -> None:
    """Set C (n * n,) to 1 / ``prior`` on the diagonal."""
    covariance[:] = 0.0
    for i in range(n):
        covariance[i * n + i] = 1.0 / prior


@kernel
def start(state: NDArray[np.float64], offset: int, n: int) -> None:
    """Set the weights to 0 and the covariance to the prior; ``forgetting`` and ``prior`` do not change."""
    state[offset + WEIGHT : offset + WEIGHT + n] = 0.0
    restart(state[offset + WEIGHT + n : offset + size(n)], state[offset + PRIOR], n)


@kernel
def spread(covariance: NDArray[np.float64], z: NDArray[np.float64], u: NDArray[np.float64]) -> float:
    """Set ``u`` = C z; returns z C z, the variance of the score of this row."""
    n = z.shape[0]
    u[:] = 0.0
    j = 0
    while j + 4 <= n:
        # Four rows at a time, so that u is read and written a quarter as often.
        a, b = covariance[j * n : (j + 1) * n], covariance[(j + 1) * n : (j + 2) * n]
        c, e = covariance[(j + 2) * n : (j + 3) * n], covariance[(j + 3) * n : (j + 4) * n]
        za, zb, zc, ze = z[j], z[j + 1], z[j + 2], z[j + 3]
        for i in range(n):
            u[i] += (a[i] * za + b[i] * zb) + (c[i] * zc + e[i] * ze)
        j += 4
    while j < n:
        a, za = covariance[j * n : (j + 1) * n], z[j]
        for i in range(n):
            u[i] += a[i] * za
        j += 1
    unsure = 0.0
    for i in range(n):
        unsure += z[i] * u[i]
    return max(unsure, 0.0)


@kernel
def subtract_outer(covariance: NDArray[np.float64], u: NDArray[np.float64], keep: float) -> None:
    """Set C = (C - u u') keep, which keeps C symmetric bit for bit."""
    n = u.shape[0]
    for i in range(n):
        row = covariance[i * n : (i + 1) * n]
        ui = u[i]
        if keep == 1.0:
            for j in range(n):
                row[j] -= ui * u[j]
        else:
            for j in range(n):
                row[j] = (row[j] - ui * u[j]) * keep


@kernel
def learn(
    state: NDArray[np.float64],
    offset: int,
    z: NDArray[np.float64],
    u: NDArray[np.float64],
    score: float,
    label: int,
    weight: float,
    boost: float,
) -> None:
    """One step of the member at ``state[offset]``.

    Parameters
    ----------
    z
        The n standardised inputs, a constant 1 among them.
    u
        Scratch of shape (n,).
    score
        The score of ``z`` by its weights, in log odds.
    weight
        The weight of the example, above 0, limited to `MAX_GRADIENT`.
    boost
        Factor of the covariance for the step of the weights.
    """
    n = z.shape[0]
    weights = state[offset + WEIGHT : offset + WEIGHT + n]
    covariance = state[offset + WEIGHT + n : offset + WEIGHT + n + n * n]
    probability = sigmoid(score)
    taken = min(weight, MAX_GRADIENT)
    curvature = max(probability * (1.0 - probability), MIN_CURVATURE) * taken
    trace = 0.0
    positive = True
    for i in range(n):
        trace += covariance[i * n + i]
        positive = positive and covariance[i * n + i] > 0.0
    if not positive:
        restart(covariance, state[offset + PRIOR], n)
    unsure = spread(covariance, z, u)
    forgetting = slowed(state[offset + FORGETTING], share_of(weight)) if trace * state[offset + PRIOR] < n else 1.0
    step = boost * taken * (label - probability) / (forgetting + boost * curvature * unsure)
    shrink = math.sqrt(curvature / (forgetting + curvature * unsure))
    for i in range(n):
        weights[i] = clip(weights[i] + step * u[i], MAX_WEIGHT)
        u[i] *= shrink
    subtract_outer(covariance, u, 1.0 / forgetting)
