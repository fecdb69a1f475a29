"""Logistic regression by online Newton steps: recursive least squares on the log loss, with bounded forgetting.

A member keeps its weights and the inverse of what it has seen of the log loss's curvature, ``C``: a step is as long as the
member is unsure in that direction, so no learning rate is needed. Curvature fades by ``forgetting`` per example, but only
while the trace of ``C`` is below where it started: unbounded, the covariance of a feature that stands still grows without end,
and the first outage bar then destroys the weights. State of one member over n inputs (float64):

    forgetting | prior | weight[n] | C[n, n]

``prior`` is the curvature assumed before any example: C starts as 1 / prior on the diagonal. C is kept symmetric bit for bit.

Sources: Haykin, "Adaptive filter theory" (2002), ch. 9; Hazan, Agarwal & Kale, "Logarithmic regret algorithms for online
convex optimization", Machine Learning 69 (2007), doi 10.1007/s10994-007-5016-8; Milek & Kraus, "Time-varying stabilized
forgetting for recursive least squares identification" (1995) for bounded forgetting.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.hedge import sigmoid
from alpha_pulse.kernels.jit import kernel
from alpha_pulse.kernels.linear import MAX_GRADIENT, MAX_WEIGHT, clip

FORGETTING, PRIOR, WEIGHT = 0, 1, 2
MIN_CURVATURE = 1e-3
"""Least p (1 - p) of an example: a probability of almost 0 or 1 would otherwise say that nothing was seen."""


@kernel
def size(n: int) -> int:
    """How many floats the state of a member over ``n`` inputs takes."""
    return WEIGHT + n + n * n


@kernel
def start(state: NDArray[np.float64], at: int, n: int) -> None:
    """Weights 0 and the prior's covariance; ``forgetting`` and ``prior`` stay."""
    state[at + WEIGHT : at + size(n)] = 0.0
    for i in range(n):
        state[at + WEIGHT + n + i * n + i] = 1.0 / state[at + PRIOR]


@kernel
def _spread(state: NDArray[np.float64], c: int, z: NDArray[np.float64], u: NDArray[np.float64], n: int) -> float:
    """``u`` = C z; returns z C z, how unsure the member is of this row."""
    u[:n] = 0.0
    for j in range(n):
        row = c + j * n
        for i in range(n):
            u[i] += state[row + i] * z[j]
    unsure = 0.0
    for i in range(n):
        unsure += z[i] * u[i]
    return max(unsure, 0.0)


@kernel
def learn(
    state: NDArray[np.float64],
    at: int,
    z: NDArray[np.float64],
    u: NDArray[np.float64],
    score: float,
    label: int,
    weight: float,
    boost: float,
) -> None:
    """One step of the member at ``state[at]``.

    Parameters
    ----------
    z
        The n standardised inputs, a constant 1 among them.
    u
        Scratch of shape (n,).
    score
        What its weights say of ``z``, in log odds.
    weight
        The example's, taken at most as `MAX_GRADIENT`.
    boost
        The covariance is taken this many times larger for the step of the weights.
    """
    n = z.shape[0]
    c = at + WEIGHT + n
    probability = sigmoid(score)
    taken = min(weight, MAX_GRADIENT)
    curvature = max(probability * (1.0 - probability), MIN_CURVATURE) * taken
    unsure = _spread(state, c, z, u, n)
    trace = 0.0
    positive = True
    for i in range(n):
        trace += state[c + i * n + i]
        positive = positive and state[c + i * n + i] > 0.0
    if not positive:
        for i in range(n * n):
            state[c + i] = 0.0
        for i in range(n):
            state[c + i * n + i] = 1.0 / state[at + PRIOR]
        unsure = _spread(state, c, z, u, n)
    forgetting = state[at + FORGETTING] if trace * state[at + PRIOR] < n else 1.0
    step = boost * taken * (label - probability) / (forgetting + boost * curvature * unsure)
    shrink = curvature / (forgetting + curvature * unsure)
    keep = 1.0 / forgetting
    for i in range(n):
        state[at + WEIGHT + i] = clip(state[at + WEIGHT + i] + step * u[i], MAX_WEIGHT)
        row = c + i * n
        ui = u[i]
        for j in range(n):
            state[row + j] = (state[row + j] - (ui * u[j]) * shrink) * keep
