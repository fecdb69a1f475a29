"""Gaussian naive Bayes with forgetting, over one packed array.

State (float64), with d features and C classes:

    head | weight[C] | weight[C, d] | mean[C, d] | squares[C, d]

``squares`` are sums of squared deviations. Missing values are skipped, so each feature has its own weight. Before an
example is learned, every weight and square fades by the fraction in the head, times boost, times the weight of the example
if that is below 1. An example of weight 0 changes nothing. A density counts at least `FLOOR` in
units of the feature's widest class, so that no feature decides alone, whatever its unit.

Sources: West, "Updating mean and variance estimates", Communications of the ACM 22 (1979), doi 10.1145/359146.359153; Hand &
Yu, "Idiot's Bayes: not so stupid after all?", International Statistical Review 69 (2001).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.example_weight import share_of
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.missing import is_missing
from alpha_pulse.kernels.base.softmax import softmax
from alpha_pulse.kernels.linear.linear import clip

D, CLASSES, FADE, BOOST = range(4)
HEAD = 8
FLOOR = 1e-9
MAX_DELTA = 1e140
"""Deviations beyond this would overflow when they are squared and summed."""
MAX_SQUARES = 1e300
MIN_VARIANCE = 1e-200
"""A spread below this counts as unknown: its density would overflow."""
TRACE = 1e-250
"""A faded weight or square below this is 0."""
MAX_WEIGHT = 1e6
"""The largest weight of one example."""


@kernel
def size(d: int, classes: int) -> int:
    """Size of the state, in floats."""
    return HEAD + classes + 3 * classes * d


@kernel
def _variance(state: NDArray[np.float64], j: int, c: int) -> float:
    """The spread of feature ``j`` in class ``c``; 0 where it is not known."""
    d, classes = int(state[D]), int(state[CLASSES])
    index = HEAD + classes + c * d + j
    n = state[index]
    variance = float(state[index + 2 * classes * d] / n) if n > 0.0 else 0.0
    return variance if variance > MIN_VARIANCE else 0.0


@kernel
def _widest(state: NDArray[np.float64], j: int) -> float:
    """The largest standard deviation of feature ``j`` in any class."""
    most = 0.0
    for c in range(int(state[CLASSES])):
        most = max(most, _variance(state, j, c))
    return math.sqrt(most)


@kernel
def predict_proba(state: NDArray[np.float64], x: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Class probabilities of one row; equal before the first example."""
    d, classes = int(state[D]), int(state[CLASSES])
    mean = HEAD + classes + classes * d
    total = 0.0
    for c in range(classes):
        total += state[HEAD + c]
    if total <= 0.0:
        out[:classes] = 1.0 / classes
        return
    for c in range(classes):
        out[c] = math.log(state[HEAD + c] / total) if state[HEAD + c] > 0.0 else -math.inf
    for j in range(d):
        if is_missing(x[j]):
            continue
        widest = _widest(state, j)
        for c in range(classes):
            variance, density = _variance(state, j, c), 0.0
            if variance > 0.0:
                delta = clip(x[j] - state[mean + c * d + j], MAX_DELTA)
                density = math.exp(-0.5 * delta * delta / variance) / math.sqrt(2.0 * math.pi * variance) * widest
            out[c] += math.log(FLOOR + density)
    softmax(out[:classes], out[:classes])


@kernel
def _fade(sums: NDArray[np.float64], keep: float) -> None:
    for i in range(sums.shape[0]):
        faded = sums[i] * keep
        sums[i] = faded if faded > TRACE else 0.0


@kernel
def learn(state: NDArray[np.float64], x: NDArray[np.float64], label: int, weight: float) -> None:
    """Learn one example: fade all statistics, then add the row to the class of the label."""
    d, classes = int(state[D]), int(state[CLASSES])
    taken = min(weight * state[BOOST], MAX_WEIGHT)
    if not taken > 0.0:
        return
    keep = 1.0 - min(state[FADE] * state[BOOST] * share_of(weight), 0.5)
    n, mean, squares = HEAD + classes, HEAD + classes + classes * d, HEAD + classes + 2 * classes * d
    if keep < 1.0:
        _fade(state[HEAD:mean], keep)
        _fade(state[squares : squares + classes * d], keep)
    state[HEAD + label] += taken
    for j in range(d):
        if is_missing(x[j]):
            continue
        cell = label * d + j
        state[n + cell] += taken
        delta = clip(x[j] - state[mean + cell], MAX_DELTA)
        step = delta * (taken / state[n + cell])
        state[mean + cell] += step
        state[squares + cell] = min(state[squares + cell] + taken * delta * (delta - step), MAX_SQUARES)


@kernel
def predict_proba_rows(state: NDArray[np.float64], x: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Class probabilities of each row."""
    for i in range(x.shape[0]):
        predict_proba(state, x[i], out[i])


@kernel
def learn_rows(
    state: NDArray[np.float64],
    x: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Predict and then learn each row in turn."""
    for i in range(x.shape[0]):
        predict_proba(state, x[i], out[i])
        learn(state, x[i], labels[i], weights[i])
