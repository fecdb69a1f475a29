"""Isotonic regression of labels on the scores of a sliding window: pool adjacent violators, refitted every few labels.

State (float64): head | ring of the last W scores | the same, sorted by probability | knots: three columns of W.
A score and its label are one number: the probability, negative where the label is 0.

A label costs O(log W) comparisons and one move of at most W numbers. The fit costs O(W), every ``EVERY`` labels. A calibration
costs one bisection over the knots. The fit is shrunk towards the identity by ``PRIOR`` labels in all, spread over the window:
each target is (label + s * probability) / (1 + s) with s = PRIOR / (exponent * labels held). That keeps values inside (0, 1)
and the fit monotone, and lets overlapping labels count with weight 1/h (the exponent). Between the blocks' mean probabilities
the value is interpolated; beyond them it is constant.

Sources: Ayer, Brunk, Ewing, Reid & Silverman (1955), doi 10.1214/aoms/1177728423; Zadrozny & Elkan, "Transforming classifier
scores into accurate multiclass probability estimates", KDD (2002), doi 10.1145/775047.775151.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.calibration.calibration import inside

WINDOW, EVERY, EXPONENT, COUNT, KNOTS = range(5)
HEAD = 8
PRIOR = 100.0


@kernel
def size(window: int) -> int:
    """Size in floats of the state over ``window`` labels.

    >>> size(100)
    508
    """
    return HEAD + 5 * window


@kernel
def start(state: NDArray[np.float64], window: int, every: int, exponent: float) -> None:
    """Start as the identity."""
    state[:] = 0.0
    state[WINDOW] = window
    state[EVERY] = every
    state[EXPONENT] = exponent


@kernel
def _rank(values: NDArray[np.float64], count: int, probability: float) -> int:
    """Number of the first ``count`` entries, sorted by magnitude, that are below ``probability``."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if abs(values[middle]) < probability:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def calibrate(state: NDArray[np.float64], probability: float) -> float:
    """The calibrated probability for a probability; the identity before the first fit."""
    p = inside(probability)
    knots = int(state[KNOTS])
    if knots == 0:
        return p
    window = int(state[WINDOW])
    positions = state[HEAD + 2 * window : HEAD + 3 * window]
    values = state[HEAD + 3 * window : HEAD + 4 * window]
    right = _rank(positions, knots, p)
    if right == 0:
        return inside(values[0])
    if right == knots:
        return inside(values[knots - 1])
    share = (p - positions[right - 1]) / (positions[right] - positions[right - 1])
    # This form cannot round beyond the two values.
    between = values[right - 1] + share * (values[right] - values[right - 1])
    return inside(min(max(between, values[right - 1]), values[right]))


@kernel
def _push(state: NDArray[np.float64], entry: float) -> None:
    """Add one score to the ring and the sorted copy; the oldest is removed when the window is full."""
    window, count = int(state[WINDOW]), int(state[COUNT])
    ring = state[HEAD : HEAD + window]
    ranked = state[HEAD + window : HEAD + 2 * window]
    place = count % window
    filled = min(count, window)
    if count >= window:
        gone = ring[place]
        old = _rank(ranked, filled, abs(gone))
        while ranked[old] != gone:
            old += 1
        for i in range(old, filled - 1):
            ranked[i] = ranked[i + 1]
        filled -= 1
    new = _rank(ranked, filled, abs(entry))
    for i in range(filled, new, -1):
        ranked[i] = ranked[i - 1]
    ranked[new] = entry
    ring[place] = entry
    state[COUNT] += 1.0


@kernel
def _fit(state: NDArray[np.float64]) -> None:
    """Pool adjacent violators over the sorted scores; equal probabilities are one block from the start."""
    window = int(state[WINDOW])
    filled = min(int(state[COUNT]), window)
    ranked = state[HEAD + window : HEAD + 2 * window]
    predicted = state[HEAD + 2 * window : HEAD + 3 * window]
    observed = state[HEAD + 3 * window : HEAD + 4 * window]
    counts = state[HEAD + 4 * window : HEAD + 5 * window]
    shrink = PRIOR / (state[EXPONENT] * filled)
    top = -1
    for i in range(filled):
        p = abs(ranked[i])
        tied = i > 0 and p == abs(ranked[i - 1])
        if not tied:
            top += 1
            predicted[top] = observed[top] = counts[top] = 0.0
        predicted[top] += p
        observed[top] += 1.0 if ranked[i] > 0.0 else 0.0
        counts[top] += 1.0
        if i + 1 < filled and abs(ranked[i + 1]) == p:
            continue
        while (
            top > 0
            and (observed[top - 1] + shrink * predicted[top - 1]) * counts[top]
            >= (observed[top] + shrink * predicted[top]) * (counts[top - 1])
        ):
            predicted[top - 1] += predicted[top]
            observed[top - 1] += observed[top]
            counts[top - 1] += counts[top]
            top -= 1
    for k in range(top + 1):
        observed[k] = (observed[k] + shrink * predicted[k]) / (counts[k] * (1.0 + shrink))
        predicted[k] /= counts[k]
    state[KNOTS] = top + 1


@kernel
def learn(state: NDArray[np.float64], probability: float, label: int) -> None:
    """Learn one stored out-of-sample probability and its label; refit after every ``EVERY`` labels."""
    p = inside(probability)
    _push(state, p if label == 1 else -p)
    if int(state[COUNT]) % int(state[EVERY]) == 0:
        _fit(state)


@kernel
def calibrate_learn_rows(
    state: NDArray[np.float64], probabilities: NDArray[np.float64], labels: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    """For each stored probability calibrate, then learn its label."""
    for i in range(probabilities.shape[0]):
        out[i] = calibrate(state, probabilities[i])
        learn(state, probabilities[i], labels[i])
