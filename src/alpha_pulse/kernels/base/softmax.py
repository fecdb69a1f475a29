"""Probabilities from scores."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel


@kernel
def softmax(scores: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """exp(score) of each class over the sum of all, into ``out``, which may be ``scores`` itself; at least one is finite.

    >>> out = np.zeros(3)
    >>> softmax(np.array([0.0, math.log(2.0), -math.inf]), out)
    >>> out.round(3).tolist()
    [0.333, 0.667, 0.0]
    """
    largest = scores[0]
    for c in range(1, scores.shape[0]):
        largest = max(largest, scores[c])
    total = 0.0
    for c in range(scores.shape[0]):
        out[c] = math.exp(scores[c] - largest)
        total += out[c]
    for c in range(scores.shape[0]):
        out[c] /= total
