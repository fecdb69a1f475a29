"""An ensemble of logistic regressions with different learning rates: SGD, AdaGrad and Newton members over one scaler, mixed by
fixed share.

All members use the same standardised row, and differ in their learning rules. Two more experts are the running base rate and
the no-change table (how often the label equals the last one known). State (float64), with d features, K members that follow
gradients, N Newton members (`alpha_pulse.kernels.linear.newton`) and E = K + N + 2 experts:

    head | rates[K] | mean[d] | variance[d] | inverse sd[d] | W[d + 1, K] | squared gradients[d + 1, K] | Newton members
    | seen[d] | mixture weights[E]

The scaler is that of `alpha_pulse.kernels.base.scaler`. An example of weight 0 changes nothing; one of a weight
below 1 counts as that fraction in the scaler, the mixture, the base rate and the no-change table.

``outputs`` is the row that a prediction writes, float64 of shape (E + 1,): each expert's probability (members, base rate,
no-change), then the last label known at prediction time. The caller passes it back with the label.

Sources: Duchi, Hazan & Singer, "Adaptive subgradient methods", JMLR 12 (2011); Herbster & Warmuth (1998) for the mixture;
Cesa-Bianchi & Lugosi, "Prediction, learning, and games" (2006) for tuning a rate by experts.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base import scaler
from alpha_pulse.kernels.base.baselines import base_rate, last_known, no_change
from alpha_pulse.kernels.base.baselines import learn as baselines_learn
from alpha_pulse.kernels.base.example_weight import share_of
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.missing import is_missing
from alpha_pulse.kernels.linear import newton
from alpha_pulse.kernels.linear.linear import MAX_GRADIENT, MAX_WEIGHT, clip
from alpha_pulse.kernels.mixing.hedge import fixed_share, mixture, sigmoid

(SEEN, D, K, SGD_MEMBERS, SCALE_STEP, EXPONENT, SHARE, BOOST, NEWTONS, BASELINES) = range(10)
HEAD = 16
MAX_Z = 8.0
EPSILON = 1e-8
"""Start of the sum of squared gradients, which have no unit because inputs are standardised."""


@kernel
def newton_at(d: int, k: int) -> int:
    """Offset of the first Newton member."""
    return HEAD + k + 3 * d + 2 * (d + 1) * k


@kernel
def seen_at(d: int, k: int, newtons: int) -> int:
    """Offset of the weights of the values seen, per feature."""
    return newton_at(d, k) + newtons * newton.size(d + 1)


@kernel
def size(d: int, k: int, newtons: int) -> int:
    """Size in floats of the state of ``k`` + ``newtons`` members over ``d`` features."""
    return seen_at(d, k, newtons) + d + k + newtons + 2


@kernel
def scratch_size(d: int, k: int, newtons: int) -> int:
    """Size of the scratch array of `learn`: the score of each member and two rows."""
    return k + newtons + 2 * (d + 1)


@kernel
def _standard(state: NDArray[np.float64], x: NDArray[np.float64], mean: int, inverse: int, j: int) -> float:
    return 0.0 if is_missing(x[j]) else clip((x[j] - state[mean + j]) * state[inverse + j], MAX_Z)


@kernel
def _scores(state: NDArray[np.float64], x: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    d = int(state[D])
    k = int(state[K])
    newtons = int(state[NEWTONS])
    mean = HEAD + k
    inverse = mean + 2 * d
    w = mean + 3 * d
    block = newton.size(d + 1)
    v = newton_at(d, k) + newton.WEIGHT
    for m in range(k):
        out[m] = state[w + d * k + m]
    for r in range(newtons):
        out[k + r] = state[v + r * block + d]
    for j in range(d):
        z = _standard(state, x, mean, inverse, j)
        row = w + j * k
        for m in range(k):
            out[m] += state[row + m] * z
        for r in range(newtons):
            out[k + r] += state[v + r * block + j] * z


@kernel
def predict(state: NDArray[np.float64], x: NDArray[np.float64], outputs: NDArray[np.float64]) -> float:
    """P(label = 1) for one row; fills ``outputs``; the state does not change.

    Members are never absent: a NaN means that a member has diverged, and makes the result NaN.
    """
    members = int(state[K]) + int(state[NEWTONS])
    _scores(state, x, outputs)
    for m in range(members):
        outputs[m] = sigmoid(outputs[m])
    outputs[members] = base_rate(state, BASELINES)
    outputs[members + 1] = no_change(state, BASELINES)
    outputs[members + 2] = last_known(state, BASELINES)
    for m in range(members + 2):
        if math.isnan(outputs[m]):
            return math.nan
    return mixture(state, state.shape[0] - members - 2, outputs, members + 2)


@kernel
def _scale(state: NDArray[np.float64], x: NDArray[np.float64], d: int, k: int, share: float) -> None:
    mean = HEAD + k
    scaler.learn_scales(state, x, mean, mean + d, seen_at(d, k, int(state[NEWTONS])), share, state[SCALE_STEP])
    for j in range(d):
        spread = scaler.deviation(state[mean + j], state[mean + d + j])
        state[mean + 2 * d + j] = 1.0 / spread if spread > 0.0 else 0.0


@kernel
def _descend(
    state: NDArray[np.float64], x: NDArray[np.float64], label: int, weight: float, scratch: NDArray[np.float64]
) -> None:
    """Step of the gradient members. ``scratch`` then contains the scores of all members and the standardised row."""
    d = int(state[D])
    k = int(state[K])
    sgd = int(state[SGD_MEMBERS])
    mean = HEAD + k
    inverse = mean + 2 * d
    w = mean + 3 * d
    g2 = w + (d + 1) * k
    _scores(state, x, scratch)
    for m in range(k):
        scratch[m] = clip((sigmoid(scratch[m]) - label) * weight, MAX_GRADIENT)
    boost = state[BOOST]
    first = k + int(state[NEWTONS])
    for j in range(d + 1):
        z = _standard(state, x, mean, inverse, j) if j < d else 1.0
        scratch[first + j] = z
        row = w + j * k
        square = g2 + j * k
        for m in range(sgd):
            state[row + m] = clip(state[row + m] - boost * state[HEAD + m] * scratch[m] * z, MAX_WEIGHT)
        for m in range(sgd, k):
            gradient = scratch[m] * z
            state[square + m] += gradient * gradient
            step = boost * state[HEAD + m] * gradient / math.sqrt(state[square + m] + EPSILON)
            state[row + m] = clip(state[row + m] - step, MAX_WEIGHT)


@kernel
def _newton(state: NDArray[np.float64], label: int, weight: float, scratch: NDArray[np.float64]) -> None:
    d = int(state[D])
    k = int(state[K])
    newtons = int(state[NEWTONS])
    z = scratch[k + newtons : k + newtons + d + 1]
    u = scratch[k + newtons + d + 1 : k + newtons + 2 * (d + 1)]
    for r in range(newtons):
        offset = newton_at(d, k) + r * newton.size(d + 1)
        newton.learn(state, offset, z, u, scratch[k + r], label, weight, state[BOOST])


@kernel
def learn(
    state: NDArray[np.float64],
    x: NDArray[np.float64],
    label: int,
    weight: float,
    outputs: NDArray[np.float64],
    scratch: NDArray[np.float64],
) -> None:
    """Learn one example: the mixture scores the served ``outputs``, then the scaler and the members learn the stored row.

    ``scratch`` is float64 of shape (`scratch_size`,); its content does not matter.
    """
    if not weight > 0.0:
        return
    d = int(state[D])
    k = int(state[K])
    members = k + int(state[NEWTONS])
    share = share_of(weight)
    moves = min(state[SHARE] * state[BOOST], 0.5) * share
    fixed_share(state, state.shape[0] - members - 2, outputs, members + 2, label, state[EXPONENT] * share, moves)
    state[SEEN] += share
    _scale(state, x, d, k, share)
    _descend(state, x, label, weight, scratch)
    _newton(state, label, weight, scratch)
    baselines_learn(state, BASELINES, label, outputs[members + 2], share)


@kernel
def predict_rows(
    state: NDArray[np.float64], x: NDArray[np.float64], outputs: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """P(label = 1) for each row; ``outputs`` contains those of the last row."""
    for i in range(x.shape[0]):
        out[i] = predict(state, x[i], outputs)


@kernel
def learn_rows(
    state: NDArray[np.float64],
    x: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    outputs: NDArray[np.float64],
    scratch: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """For each row predict into ``out``, then learn. Bit-equal to the single calls."""
    for i in range(x.shape[0]):
        out[i] = predict(state, x[i], outputs)
        learn(state, x[i], labels[i], weights[i], outputs, scratch)
