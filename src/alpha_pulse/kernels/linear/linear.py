"""Online standardisation fused with logistic regression: one predict and one learn over one packed array.

State of the single model (float64): the head below, then mean[d], variance[d], weight[d], bias, seen[d]; the scaler is that of
`alpha_pulse.kernels.base.scaler`. An example of weight 0 changes nothing.
Every update is bounded: the error times the example's weight by ``MAX_GRADIENT``, a standardised feature by ``MAX_Z``, each
weight by ``MAX_WEIGHT``.

Source: Bottou, "Large-scale machine learning with stochastic gradient descent" (2010).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base import addresses, scaler
from alpha_pulse.kernels.base.example_weight import share_of
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.mixing.hedge import sigmoid

N, STEP, RATE, L2, BOOST = 0, 1, 2, 3, 4
HEAD = 8
"""N is the weight of the examples learned, each at most 1."""
MAX_GRADIENT = 10.0
MAX_WEIGHT = 50.0
MAX_Z = 50.0


@kernel
def clip(x: float, bound: float) -> float:
    """``x`` clipped to ``-bound`` .. ``bound``."""
    return min(max(x, -bound), bound)


@kernel
def size(d: int) -> int:
    """Size of the state, in floats."""
    return HEAD + 4 * d + 1


@kernel
def score(state: NDArray[np.float64], x: NDArray[np.float64]) -> float:
    """The log odds of label 1 for one row."""
    d = x.shape[0]
    total = float(state[HEAD + 3 * d])
    z = addresses.floats_from(addresses.buffer_address(), addresses.BUFFER)
    for first in range(0, d, addresses.BUFFER):
        n = min(addresses.BUFFER, d - first)
        mean, variance, weight = HEAD + first, HEAD + d + first, HEAD + 2 * d + first
        part = x[first : first + n]
        scaler.standardise(part, state[mean : mean + n], state[variance : variance + n], MAX_Z, z)
        weights = state[weight : weight + n]
        for j in range(n):
            total += weights[j] * z[j]
    return total


@kernel
def predict(state: NDArray[np.float64], x: NDArray[np.float64]) -> float:
    """P(label = 1) for one row; the state does not change."""
    return sigmoid(score(state, x))


@kernel
def learn(state: NDArray[np.float64], x: NDArray[np.float64], label: int, weight: float, scratch: NDArray[np.float64]) -> None:
    """Learn one example: the scaler first, then the weights follow the gradient of the log loss.

    ``scratch`` is float64 of shape (d,); its content does not matter.
    """
    if not weight > 0.0:
        return
    d = x.shape[0]
    share = share_of(weight)
    state[N] += share
    scaler.learn_scales(state, x, HEAD, HEAD + d, HEAD + 3 * d + 1, share, state[STEP])
    variances, weights = state[HEAD + d : HEAD + 2 * d], state[HEAD + 2 * d : HEAD + 3 * d]
    z = scratch[:d]
    scaler.standardise(x, state[HEAD : HEAD + d], variances, MAX_Z, z)
    total = float(state[HEAD + 3 * d])
    for j in range(d):
        total += weights[j] * z[j]
    gradient = clip((sigmoid(total) - label) * weight, MAX_GRADIENT)
    rate = state[RATE] * state[BOOST]
    shrink = rate * state[L2] * share
    for j in range(d):
        moved = clip(weights[j] - rate * gradient * z[j] - shrink * weights[j], MAX_WEIGHT)
        weights[j] = moved if variances[j] > 0.0 else weights[j]
    state[HEAD + 3 * d] = clip(state[HEAD + 3 * d] - rate * gradient, MAX_WEIGHT)


@kernel
def predict_outputs(state: NDArray[np.float64], x: NDArray[np.float64], outputs: NDArray[np.float64]) -> float:
    """`predict`; the probability is also the one output."""
    probability = sigmoid(score(state, x))
    outputs[0] = probability
    return probability


@kernel
def learn_outputs(
    state: NDArray[np.float64],
    x: NDArray[np.float64],
    label: int,
    weight: float,
    outputs: NDArray[np.float64],
    scratch: NDArray[np.float64],
) -> None:
    """`learn`, with the arguments that all models share; ``outputs`` is not used."""
    learn(state, x, label, weight, scratch)


@kernel
def learn_rows(
    state: NDArray[np.float64],
    x: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    scratch: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """For each row predict into ``out``, then learn. Bit-equal to the single calls."""
    own, rows, z = addresses.borrowed(state), addresses.borrowed(x), addresses.borrowed(scratch)
    for i in range(x.shape[0]):
        out[i] = predict(own, rows[i])
        learn(own, rows[i], labels[i], weights[i], z)


@kernel
def predict_rows(state: NDArray[np.float64], x: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """P(label = 1) for each row."""
    own, rows = addresses.borrowed(state), addresses.borrowed(x)
    for i in range(x.shape[0]):
        out[i] = predict(own, rows[i])
