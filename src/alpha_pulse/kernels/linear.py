"""Online standardisation fused with logistic regression: one predict and one learn over one packed array.

State of the single model (float64): the head below, then mean[d], variance[d], weight[d], bias.
The scaler is Welford's until ``1/n`` falls below the head's least step, exponential from there on.
Every update is bounded: the error times the example's weight by ``MAX_GRADIENT``, a standardised feature by ``MAX_Z``, each
weight by ``MAX_WEIGHT``.

Sources: Welford (1962); Bottou, "Large-scale machine learning with stochastic gradient descent" (2010).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.hedge import sigmoid
from alpha_pulse.kernels.jit import kernel

N, STEP, RATE, L2, BOOST = 0, 1, 2, 3, 4
HEAD = 8
MAX_GRADIENT = 10.0
MAX_WEIGHT = 50.0
MAX_Z = 50.0


@kernel
def clip(x: float, bound: float) -> float:
    """``x`` kept between ``-bound`` and ``bound``."""
    return min(max(x, -bound), bound)


@kernel
def score(state: NDArray[np.float64], x: NDArray[np.float64]) -> float:
    """The log odds of label 1 for one row."""
    d = x.shape[0]
    total = float(state[HEAD + 3 * d])
    for j in range(d):
        variance = state[HEAD + d + j]
        if variance > 0.0:
            total += state[HEAD + 2 * d + j] * clip((x[j] - state[HEAD + j]) / math.sqrt(variance), MAX_Z)
    return total


@kernel
def predict(state: NDArray[np.float64], x: NDArray[np.float64]) -> float:
    """P(label = 1) for one row; the state is not touched."""
    return sigmoid(score(state, x))


@kernel
def learn(state: NDArray[np.float64], x: NDArray[np.float64], label: int, weight: float) -> None:
    """One step: the scaler sees the row, then the weights follow the gradient of the log loss."""
    d = x.shape[0]
    state[N] += 1.0
    step = max(1.0 / state[N], state[STEP])
    total = state[HEAD + 3 * d]
    for j in range(d):
        delta = x[j] - state[HEAD + j]
        state[HEAD + j] += step * delta
        variance = (1.0 - step) * (state[HEAD + d + j] + step * delta * delta)
        state[HEAD + d + j] = variance
        if variance > 0.0:
            total += state[HEAD + 2 * d + j] * clip((x[j] - state[HEAD + j]) / math.sqrt(variance), MAX_Z)
    gradient = clip((sigmoid(total) - label) * weight, MAX_GRADIENT)
    rate = state[RATE] * state[BOOST]
    shrink = rate * state[L2]
    for j in range(d):
        variance = state[HEAD + d + j]
        if variance > 0.0:
            z = clip((x[j] - state[HEAD + j]) / math.sqrt(variance), MAX_Z)
            w = state[HEAD + 2 * d + j]
            state[HEAD + 2 * d + j] = clip(w - rate * gradient * z - shrink * w, MAX_WEIGHT)
    state[HEAD + 3 * d] = clip(state[HEAD + 3 * d] - rate * gradient, MAX_WEIGHT)


@kernel
def learn_rows(
    state: NDArray[np.float64],
    x: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """For each row predict into ``out``, then learn: the compiled loop over the same steps."""
    for i in range(x.shape[0]):
        out[i] = predict(state, x[i])
        learn(state, x[i], labels[i], weights[i])


@kernel
def predict_rows(state: NDArray[np.float64], x: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """P(label = 1) for each row."""
    for i in range(x.shape[0]):
        out[i] = predict(state, x[i])
