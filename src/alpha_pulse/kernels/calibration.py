"""Online Platt scaling: p = sigmoid(slope * logit(q) + offset), by Newton steps from a prior at the identity.

State (float64): slope, offset, the three entries of the precision matrix, count, exponent. The precision starts as the prior's
and gathers each example's information, times ``exponent`` (1/h for labels that overlap over h bars). The slope is never
negative: calibration may silence a member that has it backwards, but not turn it round.

Sources: Platt, "Probabilistic outputs for support vector machines" (1999); Gupta & Ramdas, "Online Platt scaling with
calibeating", ICML (2023).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.hedge import PROBABILITY_FLOOR, sigmoid
from alpha_pulse.kernels.jit import kernel

SLOPE, OFFSET, P_SLOPE, P_CROSS, P_OFFSET, COUNT, EXPONENT = range(7)
SIZE = 8
PRIOR_SLOPE = 4.0
PRIOR_OFFSET = 25.0
MAX_SLOPE = 10.0
MAX_OFFSET = 5.0


@kernel
def logit(probability: float) -> float:
    """Log odds, of a probability kept a little away from 0 and 1.

    >>> logit(0.5)
    0.0
    """
    p = min(max(probability, PROBABILITY_FLOOR), 1.0 - PROBABILITY_FLOOR)
    return math.log(p / (1.0 - p))


@kernel
def start(state: NDArray[np.float64], exponent: float) -> None:
    """The identity, held by the prior."""
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
def learn(state: NDArray[np.float64], score: float, label: int) -> None:
    """One settled, stored, out-of-sample score and its label."""
    p = calibrate(state, score)
    information = state[EXPONENT] * max(p * (1.0 - p), 1e-4)
    error = state[EXPONENT] * (p - label)
    state[P_SLOPE] += information * score * score
    state[P_CROSS] += information * score
    state[P_OFFSET] += information
    determinant = state[P_SLOPE] * state[P_OFFSET] - state[P_CROSS] * state[P_CROSS]
    down = (state[P_OFFSET] * error * score - state[P_CROSS] * error) / determinant
    across = (state[P_SLOPE] * error - state[P_CROSS] * error * score) / determinant
    state[SLOPE] = min(max(state[SLOPE] - down, 0.0), MAX_SLOPE)
    state[OFFSET] = min(max(state[OFFSET] - across, -MAX_OFFSET), MAX_OFFSET)
    state[COUNT] += 1.0
