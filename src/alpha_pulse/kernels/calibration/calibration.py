"""Online Platt scaling and online beta calibration, both by Newton steps from a prior at the identity.

Platt: p = sigmoid(slope * logit(q) + offset). State (float64): slope, offset, the three entries of the precision matrix,
count, exponent. Beta: p = sigmoid(rise * log(q) - fall * log(1 - q) + offset), which is Platt's where rise = fall. State
(float64): those three, the six entries of the precision matrix, count, exponent.

The precision starts at the prior and adds the information of each example, times ``exponent`` (1/h for labels that overlap over
h bars). Slopes are never negative: calibration can flatten a member that is wrong, but not invert it.

Sources: Platt, "Probabilistic outputs for support vector machines" (1999); Gupta & Ramdas, "Online Platt scaling with
calibeating", ICML (2023); Kull, Silva Filho & Flach, "Beta calibration", AISTATS (2017).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.mixing.hedge import PROBABILITY_FLOOR, sigmoid

SLOPE, OFFSET, P_SLOPE, P_CROSS, P_OFFSET, COUNT, EXPONENT = range(7)
SIZE = 8
PRIOR_SLOPE = 4.0
PRIOR_OFFSET = 25.0
MAX_SLOPE = 10.0
MAX_OFFSET = 5.0

RISE, FALL, BETA_OFFSET, RISE_RISE, RISE_FALL, RISE_OFFSET, FALL_FALL, FALL_OFFSET, OFFSET_OFFSET = range(9)
BETA_COUNT, BETA_EXPONENT = 9, 10
BETA_SIZE = 12


@kernel
def inside(probability: float) -> float:
    """A probability, clipped to a small distance from 0 and 1.

    >>> inside(0.0)
    1e-06
    """
    return min(max(probability, PROBABILITY_FLOOR), 1.0 - PROBABILITY_FLOOR)


@kernel
def logit(probability: float) -> float:
    """Log odds of a probability, clipped to a small distance from 0 and 1.

    >>> logit(0.5)
    0.0
    """
    p = inside(probability)
    return math.log(p / (1.0 - p))


@kernel
def start(state: NDArray[np.float64], exponent: float) -> None:
    """The initial state: the identity, with the prior's precision."""
    state[:] = 0.0
    state[SLOPE] = 1.0
    state[P_SLOPE] = PRIOR_SLOPE
    state[P_OFFSET] = PRIOR_OFFSET
    state[EXPONENT] = exponent


@kernel
def calibrate(state: NDArray[np.float64], score: float) -> float:
    """The calibrated probability for a score in log odds."""
    return sigmoid(state[SLOPE] * score + state[OFFSET])


@kernel
def learn(state: NDArray[np.float64], score: float, label: int, share: float) -> None:
    """Learn one stored out-of-sample score and its label, counted as a fraction ``share`` of one example."""
    p = calibrate(state, score)
    information = state[EXPONENT] * share * max(p * (1.0 - p), 1e-4)
    error = state[EXPONENT] * share * (p - label)
    state[P_SLOPE] += information * score * score
    state[P_CROSS] += information * score
    state[P_OFFSET] += information
    determinant = state[P_SLOPE] * state[P_OFFSET] - state[P_CROSS] * state[P_CROSS]
    down = (state[P_OFFSET] * error * score - state[P_CROSS] * error) / determinant
    across = (state[P_SLOPE] * error - state[P_CROSS] * error * score) / determinant
    state[SLOPE] = min(max(state[SLOPE] - down, 0.0), MAX_SLOPE)
    state[OFFSET] = min(max(state[OFFSET] - across, -MAX_OFFSET), MAX_OFFSET)
    state[COUNT] += share


@kernel
def calibrate_probability(state: NDArray[np.float64], probability: float) -> float:
    """The calibrated probability for a probability, which is clipped to a small distance from 0 and 1."""
    return inside(calibrate(state, logit(probability)))


@kernel
def calibrate_learn_rows(
    state: NDArray[np.float64], probabilities: NDArray[np.float64], labels: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    """For each stored probability calibrate, then learn its label."""
    for i in range(probabilities.shape[0]):
        out[i] = calibrate_probability(state, probabilities[i])
        learn(state, logit(probabilities[i]), labels[i], 1.0)


@kernel
def start_beta(state: NDArray[np.float64], exponent: float) -> None:
    """The initial state: the identity, with the prior's precision."""
    state[:] = 0.0
    state[RISE] = state[FALL] = 1.0
    state[RISE_RISE] = state[FALL_FALL] = PRIOR_SLOPE
    state[OFFSET_OFFSET] = PRIOR_OFFSET
    state[BETA_EXPONENT] = exponent


@kernel
def _beta_features(probability: float) -> tuple[float, float]:
    p = inside(probability)
    return math.log(p), -math.log(1.0 - p)


@kernel
def _beta(state: NDArray[np.float64], up: float, down: float) -> float:
    return sigmoid(state[RISE] * up + state[FALL] * down + state[BETA_OFFSET])


@kernel
def calibrate_beta(state: NDArray[np.float64], probability: float) -> float:
    """The calibrated probability for a probability, which is clipped to a small distance from 0 and 1."""
    up, down = _beta_features(probability)
    return inside(_beta(state, up, down))


@kernel
def _conditional(a: float, b: float, c: float, first: float, second: float) -> tuple[float, float]:
    """Solve ((a, b), (b, c)) x = (first, second)."""
    determinant = a * c - b * b
    return (c * first - b * second) / determinant, (a * second - b * first) / determinant


@kernel
def _keep_slopes(state: NDArray[np.float64]) -> None:
    """Set a negative slope to 0, and the others to their best values given that (projection in the norm of the precision)."""
    if state[RISE] < 0.0 and state[RISE] <= state[FALL]:
        fall, offset = _conditional(
            state[FALL_FALL], state[FALL_OFFSET], state[OFFSET_OFFSET], state[RISE_FALL], state[RISE_OFFSET]
        )
        state[FALL] += fall * state[RISE]
        state[BETA_OFFSET] += offset * state[RISE]
        state[RISE] = 0.0
    elif state[FALL] < 0.0:
        rise, offset = _conditional(
            state[RISE_RISE], state[RISE_OFFSET], state[OFFSET_OFFSET], state[RISE_FALL], state[FALL_OFFSET]
        )
        state[RISE] += rise * state[FALL]
        state[BETA_OFFSET] += offset * state[FALL]
        state[FALL] = 0.0
    for slope, cross in ((RISE, RISE_OFFSET), (FALL, FALL_OFFSET)):
        if state[slope] < 0.0:
            state[BETA_OFFSET] += state[cross] / state[OFFSET_OFFSET] * state[slope]
            state[slope] = 0.0
        state[slope] = min(state[slope], MAX_SLOPE)
    state[BETA_OFFSET] = min(max(state[BETA_OFFSET], -MAX_OFFSET), MAX_OFFSET)


@kernel
def learn_beta(state: NDArray[np.float64], probability: float, label: int) -> None:
    """Learn one stored out-of-sample probability and its label."""
    up, down = _beta_features(probability)
    p = _beta(state, up, down)
    information = state[BETA_EXPONENT] * max(p * (1.0 - p), 1e-4)
    error = state[BETA_EXPONENT] * (p - label)
    state[RISE_RISE] += information * up * up
    state[RISE_FALL] += information * up * down
    state[RISE_OFFSET] += information * up
    state[FALL_FALL] += information * down * down
    state[FALL_OFFSET] += information * down
    state[OFFSET_OFFSET] += information
    # LDL' of the precision. Exact pivots are at least the prior's smallest eigenvalue; rounding may make them smaller.
    ratio_fall = state[RISE_FALL] / state[RISE_RISE]
    ratio_offset = state[RISE_OFFSET] / state[RISE_RISE]
    pivot_fall = max(state[FALL_FALL] - ratio_fall * state[RISE_FALL], PRIOR_SLOPE)
    cross = state[FALL_OFFSET] - ratio_fall * state[RISE_OFFSET]
    ratio = cross / pivot_fall
    pivot_offset = max(state[OFFSET_OFFSET] - ratio_offset * state[RISE_OFFSET] - ratio * cross, PRIOR_SLOPE)
    second = error * down - ratio_fall * error * up
    third = error - ratio_offset * error * up - ratio * second
    by_offset = third / pivot_offset
    by_fall = second / pivot_fall - ratio * by_offset
    by_rise = error * up / state[RISE_RISE] - ratio_fall * by_fall - ratio_offset * by_offset
    state[RISE] -= by_rise
    state[FALL] -= by_fall
    state[BETA_OFFSET] -= by_offset
    _keep_slopes(state)
    state[BETA_COUNT] += 1.0


@kernel
def calibrate_learn_beta_rows(
    state: NDArray[np.float64], probabilities: NDArray[np.float64], labels: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    """For each stored probability calibrate, then learn its label."""
    for i in range(probabilities.shape[0]):
        out[i] = calibrate_beta(state, probabilities[i])
        learn_beta(state, probabilities[i], labels[i])
