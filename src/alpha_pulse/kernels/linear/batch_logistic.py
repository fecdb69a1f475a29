"""Gradient and curvature of the log loss over a block of examples, summed in order, so that they are the same everywhere."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

Floats = NDArray[np.float64]


@kernel
def log_loss_terms(
    rows: Floats, labels: NDArray[np.int64], weights: Floats, coefficients: Floats, gradient: Floats, curvature: Floats
) -> float:
    """The weighted log loss of ``sigmoid(c[0] + c[1:] . row)``; its gradient and the upper half of its curvature are filled.

    Parameters
    ----------
    rows, labels, weights
        Of the examples: (n, d), (n,) and (n,).
    coefficients
        (d + 1,), the intercept first.
    gradient, curvature
        (d + 1,) and (d + 1, d + 1).
    """
    n, d = rows.shape
    gradient[:] = 0.0
    curvature[:, :] = 0.0
    loss = 0.0
    for i in range(n):
        score = coefficients[0]
        for j in range(d):
            score += coefficients[1 + j] * rows[i, j]
        margin = score if labels[i] == 1 else -score
        # log(1 + exp(-margin)) without overflow
        loss += weights[i] * (max(-margin, 0.0) + math.log1p(math.exp(-abs(margin))))
        p = 1.0 / (1.0 + math.exp(-score)) if score >= 0.0 else math.exp(score) / (1.0 + math.exp(score))
        first, second = weights[i] * (p - labels[i]), weights[i] * p * (1.0 - p)
        gradient[0] += first
        curvature[0, 0] += second
        for j in range(d):
            gradient[1 + j] += first * rows[i, j]
            scaled = second * rows[i, j]
            curvature[0, 1 + j] += scaled
            for k in range(j, d):
                curvature[1 + j, 1 + k] += scaled * rows[i, k]
    return loss
