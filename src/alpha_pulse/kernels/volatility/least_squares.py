"""Recursive least squares with bounded forgetting.

State of one regression over n inputs (float64): forgetting | prior | weight[n] | C[n, n], the layout of
`alpha_pulse.kernels.linear.newton`. ``C`` is the inverse of the accumulated outer products of the inputs, and starts as
1 / ``prior`` on the diagonal. It fades by ``forgetting`` per example while its trace is below its start.

Sources: Haykin, "Adaptive filter theory" (2002), ch. 9; Milek & Kraus, "Time-varying stabilized forgetting for recursive least
squares identification" (1995).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.linear import newton
from alpha_pulse.kernels.linear.newton import FORGETTING, PRIOR, WEIGHT

Floats = NDArray[np.float64]


@kernel
def start(state: Floats, n: int, forgetting: float, prior: float) -> None:
    """Set all weights to 0; ``state`` has ``newton.size(n)`` numbers."""
    state[FORGETTING], state[PRIOR] = forgetting, prior
    newton.start(state, 0, n)


@kernel
def predict(state: Floats, x: Floats) -> float:
    """The value for the inputs ``x`` (n,)."""
    total = 0.0
    for i in range(x.shape[0]):
        total += state[WEIGHT + i] * x[i]
    return total


@kernel
def learn(state: Floats, x: Floats, error: float, u: Floats) -> None:
    """Learn one example.

    Parameters
    ----------
    x
        Its inputs, (n,).
    error
        The target minus `predict` of these inputs, which the caller may have limited.
    u
        Scratch of shape (n,).
    """
    n = x.shape[0]
    weights, covariance = state[WEIGHT : WEIGHT + n], state[WEIGHT + n : WEIGHT + n + n * n]
    trace, positive = 0.0, True
    for i in range(n):
        trace += covariance[i * n + i]
        positive = positive and covariance[i * n + i] > 0.0
    if not positive:
        newton.restart(covariance, state[PRIOR], n)
    total = newton.spread(covariance, x, u)
    forgetting = state[FORGETTING] if trace * state[PRIOR] < n else 1.0
    total += forgetting
    step, shrink = error / total, 1.0 / math.sqrt(total)
    for i in range(n):
        weights[i] += step * u[i]
        u[i] *= shrink
    newton.subtract_outer(covariance, u, 1.0 / forgetting)
