"""All linear learners over one packed array: standardise, score, then a step of the method in the head.

State (float64), with d features, m = d + 1 inputs, C outputs (1 for two classes and for a number, else one per class) and A
rows that the method stores in addition to the weights:

    head | mean[d] | variance[d] | seen[d] | class weights[classes] | calibrators[C] | W[C, m] | kept[A, C, m]

The scaler is that of `alpha_pulse.kernels.base.scaler`; a standardised feature is bounded by `MAX_Z`. An example of weight 0
changes nothing; one of a weight below 1 counts as that fraction in scalers, calibrators, penalties and forgetting. Gradient
methods minimise the log loss (two classes), softmax loss (more) or squared error of the standardised target (a number), with
gradients bounded by `MAX_GRADIENT`. Margin methods learn each class against the rest. Their scores are not log odds, so each
output has an online Platt scaling that learns from the score before the step.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base import scaler
from alpha_pulse.kernels.base.example_weight import share_of, slowed
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.softmax import softmax
from alpha_pulse.kernels.calibration import calibration
from alpha_pulse.kernels.linear import gradient_steps, margin_steps
from alpha_pulse.kernels.linear.linear import MAX_GRADIENT, MAX_WEIGHT, clip
from alpha_pulse.kernels.mixing.hedge import sigmoid

SGD, ADAGRAD, FTRL, COIN, PA_I, PA_II, AROW = range(7)
KEPT = (0, 1, 2, 4, 0, 0, 1)
"""Rows of numbers that each method stores besides the weights."""
(N, D, CLASSES, OUTPUTS, METHOD, STEP, RATE, DECAY, L1, L2, BETA, FORGETTING, BOOST, TARGET_MEAN, TARGET_VARIANCE) = range(15)
STEPS = 15
"""Weight of the examples since the last reset, for the decay of the rate; N is that of the target's scaler."""
HEAD = 16
MAX_Z = 50.0
PRIOR = 1.0
"""Variance of a weight before any example."""
BOOSTED_FORGETTING = 1e-3
"""Fraction that coin betting forgets per example for each unit of boost above 1."""

Row = NDArray[np.float64]


@kernel
def _calibrators(state: Row) -> int:
    return HEAD + 3 * int(state[D]) + int(state[CLASSES])


@kernel
def _weights(state: Row) -> int:
    return _calibrators(state) + int(state[OUTPUTS]) * calibration.SIZE


@kernel
def size(d: int, classes: int, outputs: int, kept: int) -> int:
    """Size of the state, in floats."""
    return HEAD + 3 * d + classes + outputs * (calibration.SIZE + (1 + kept) * (d + 1))


@kernel
def scratch_size(d: int, outputs: int) -> int:
    """Size of the scratch array: the standardised row and the scores of the outputs."""
    return d + 1 + outputs


@kernel
def reset(state: Row) -> None:
    """Reset the weights, the state of the method and the calibrators, but not the scaler and the class weights."""
    m, outputs = int(state[D]) + 1, int(state[OUTPUTS])
    state[STEPS] = 0.0
    for c in range(outputs):
        calibrator = _calibrators(state) + c * calibration.SIZE
        calibration.start(state[calibrator : calibrator + calibration.SIZE], 1.0)
    first = _weights(state)
    state[first:] = 0.0
    if state[METHOD] == AROW:
        state[first + outputs * m :] = PRIOR


@kernel
def rebase(state: Row, boost: float) -> None:
    """Set the boost. FTRL's weights depend on its rate, so its state is changed to keep them equal."""
    state[BOOST] = boost
    if state[METHOD] != FTRL or boost <= 0.0:
        return
    m, outputs = int(state[D]) + 1, int(state[OUTPUTS])
    first = _weights(state)
    for c in range(outputs):
        w = state[first + c * m : first + (c + 1) * m]
        a = state[first + (outputs + c) * m : first + (outputs + c + 1) * m]
        b = state[first + (2 * outputs + c) * m : first + (2 * outputs + c + 1) * m]
        gradient_steps.ftrl_rebase(w, a, b, state[RATE] * boost, state[BETA], state[L1], state[L2])


@kernel
def _standard(state: Row, x: Row, z: Row) -> None:
    d = int(state[D])
    for j in range(d):
        mean = state[HEAD + j]
        z[j] = scaler.standard(x[j], mean, scaler.deviation(mean, state[HEAD + d + j]), MAX_Z)
    z[d] = 1.0


@kernel
def _scale(state: Row, x: Row, share: float) -> None:
    d = int(state[D])
    state[N] += share
    state[STEPS] += share
    scaler.learn_scales(state, x, HEAD, HEAD + d, HEAD + 2 * d, share, state[STEP])


@kernel
def _scores(state: Row, z: Row, out: Row) -> None:
    m = z.shape[0]
    first = _weights(state)
    for c in range(int(state[OUTPUTS])):
        total = 0.0
        for j in range(m):
            total += state[first + c * m + j] * z[j]
        out[c] = total


@kernel
def _probabilities(state: Row, scores: Row, out: Row) -> None:
    """Class probabilities from the scores of the outputs."""
    classes = int(state[CLASSES])
    outputs = int(state[OUTPUTS])
    if state[METHOD] >= PA_I:
        for c in range(outputs):
            calibrator = _calibrators(state) + c * calibration.SIZE
            out[c] = calibration.calibrate(state[calibrator : calibrator + calibration.SIZE], scores[c])
        if outputs == 1:
            out[1], out[0] = out[0], 1.0 - out[0]
            return
        total = 0.0
        for c in range(outputs):
            total += out[c]
        for c in range(outputs):
            out[c] = out[c] / total if total > 0.0 else 1.0 / classes
        return
    if outputs == 1:
        out[1] = sigmoid(scores[0])
        out[0] = 1.0 - out[1]
        return
    softmax(scores, out)


@kernel
def predict_proba(state: Row, x: Row, scratch: Row, out: Row) -> None:
    """Class probabilities of one row; nothing but ``scratch`` and ``out`` is written."""
    m = int(state[D]) + 1
    _standard(state, x, scratch[:m])
    _scores(state, scratch[:m], scratch[m:])
    _probabilities(state, scratch[m:], out)


@kernel
def estimate(state: Row, x: Row, scratch: Row) -> float:
    """The expected target of one row."""
    m = int(state[D]) + 1
    _standard(state, x, scratch[:m])
    _scores(state, scratch[:m], scratch[m:])
    return float(state[TARGET_MEAN] + math.sqrt(state[TARGET_VARIANCE]) * scratch[m])


@kernel
def uncertainty(state: Row, x: Row, scratch: Row) -> float:
    """AROW's variance of the first output's score for one row."""
    m = int(state[D]) + 1
    first = _weights(state) + int(state[OUTPUTS]) * m
    _standard(state, x, scratch[:m])
    return margin_steps.unsure(state[first : first + m], scratch[:m])


@kernel
def _rate(state: Row) -> float:
    return float(state[RATE] * state[BOOST] * max(state[STEPS], 1.0) ** -state[DECAY])


@kernel
def _gradient_step(state: Row, c: int, z: Row, g: float, share: float) -> None:
    """One output's step along its gradient."""
    m, outputs = z.shape[0], int(state[OUTPUTS])
    first = _weights(state)
    w = state[first + c * m : first + (c + 1) * m]
    kept = first + (outputs + c) * m
    stride = outputs * m
    method = int(state[METHOD])
    l1, l2 = state[L1], state[L2]
    if method == SGD:
        gradient_steps.sgd(w, z, g, _rate(state), l1 * share, l2 * share)
    elif method == ADAGRAD:
        gradient_steps.adagrad(w, state[kept : kept + m], z, g, state[RATE], state[BOOST], l1 * share, l2 * share)
    elif method == FTRL:
        a, b = state[kept : kept + m], state[kept + stride : kept + stride + m]
        gradient_steps.ftrl(w, a, b, z, g, state[RATE], state[BOOST], state[BETA], l1, l2)
    else:
        a, b = state[kept : kept + m], state[kept + stride : kept + stride + m]
        most = state[kept + 2 * stride : kept + 2 * stride + m]
        won = state[kept + 3 * stride : kept + 3 * stride + m]
        keep = slowed(1.0 - min(BOOSTED_FORGETTING * max(state[BOOST] - 1.0, 0.0), 0.5), share)
        gradient_steps.coin(w, a, b, most, won, z, g * min(state[BOOST], 1.0), keep)


@kernel
def _margin_step(state: Row, c: int, z: Row, loss: float, error: float, weight: float, share: float) -> None:
    """One output's step: passive-aggressive uses ``loss`` in the direction of ``error``, AROW uses ``error`` itself."""
    m, outputs = z.shape[0], int(state[OUTPUTS])
    first = _weights(state)
    w = state[first + c * m : first + (c + 1) * m]
    kept = first + (outputs + c) * m
    method = int(state[METHOD])
    if method == AROW:
        variances = state[kept : kept + m]
        forgetting = slowed(state[FORGETTING], share)
        margin_steps.arow(w, variances, z, error, weight, state[RATE], state[BOOST], forgetting, PRIOR)
    else:
        aggressiveness = state[RATE] * state[BOOST] * weight
        margin_steps.passive_aggressive(w, z, loss, 1.0 if error > 0.0 else -1.0, aggressiveness, method == PA_II)


@kernel
def learn(state: Row, x: Row, label: int, weight: float, scratch: Row) -> None:
    """Learn one example of a class: update the scaler, then each output."""
    if not weight > 0.0:
        return
    d, outputs, share = int(state[D]), int(state[OUTPUTS]), share_of(weight)
    taken = min(weight * state[HEAD + 3 * d + label], MAX_GRADIENT)
    _scale(state, x, share)
    z, scores = scratch[: d + 1], scratch[d + 1 :]
    _standard(state, x, z)
    _scores(state, z, scores)
    if state[METHOD] >= PA_I:
        for c in range(outputs):
            right = (label == 1) if outputs == 1 else (label == c)
            y = 1.0 if right else -1.0
            calibrator = _calibrators(state) + c * calibration.SIZE
            calibration.learn(
                state[calibrator : calibrator + calibration.SIZE], clip(scores[c], MAX_WEIGHT), 1 if right else 0, share
            )
            loss = max(1.0 - y * scores[c], 0.0)
            if loss > 0.0:
                _margin_step(state, c, z, loss, y * loss, taken, share)
        return
    if outputs == 1:
        _gradient_step(state, 0, z, clip((sigmoid(scores[0]) - label) * taken, MAX_GRADIENT), share)
        return
    softmax(scores, scores)
    for c in range(outputs):
        gradient = scores[c] - (1.0 if c == label else 0.0)
        _gradient_step(state, c, z, clip(gradient * taken, MAX_GRADIENT), share)


@kernel
def fit_step(state: Row, x: Row, target: float, weight: float, scratch: Row) -> None:
    """Learn one example of a number. The target is standardised like a feature."""
    if not weight > 0.0:
        return
    d, share = int(state[D]), share_of(weight)
    _scale(state, x, share)
    step = max(share / state[N], state[STEP] * share)
    delta = target - state[TARGET_MEAN]
    state[TARGET_MEAN] += step * delta
    state[TARGET_VARIANCE] = (1.0 - step) * (state[TARGET_VARIANCE] + step * delta * delta)
    if state[TARGET_VARIANCE] <= 0.0:
        return
    standard_target = clip((target - state[TARGET_MEAN]) / math.sqrt(state[TARGET_VARIANCE]), MAX_Z)
    taken = min(weight, MAX_GRADIENT)
    z, scores = scratch[: d + 1], scratch[d + 1 :]
    _standard(state, x, z)
    _scores(state, z, scores)
    error = standard_target - scores[0]
    if state[METHOD] >= PA_I:
        _margin_step(state, 0, z, max(abs(error) - margin_steps.EPSILON, 0.0), error, taken, share)
    else:
        _gradient_step(state, 0, z, clip(-error * taken, MAX_GRADIENT), share)


@kernel
def predict_proba_rows(state: Row, x: Row, scratch: Row, out: Row) -> None:
    """Class probabilities of each row."""
    for i in range(x.shape[0]):
        predict_proba(state, x[i], scratch, out[i])


@kernel
def learn_rows(state: Row, x: Row, labels: NDArray[np.int64], weights: Row, scratch: Row, out: Row) -> None:
    """For each row its probabilities, then its step. Bit-equal to the single calls."""
    for i in range(x.shape[0]):
        predict_proba(state, x[i], scratch, out[i])
        learn(state, x[i], labels[i], weights[i], scratch)


@kernel
def estimate_rows(state: Row, x: Row, scratch: Row, out: Row) -> None:
    """The expected target of each row."""
    for i in range(x.shape[0]):
        out[i] = estimate(state, x[i], scratch)


@kernel
def fit_rows(state: Row, x: Row, targets: Row, weights: Row, scratch: Row, out: Row) -> None:
    """For each row its expected target, then its step."""
    for i in range(x.shape[0]):
        out[i] = estimate(state, x[i], scratch)
        fit_step(state, x[i], targets[i], weights[i], scratch)
