"""FHDDM: compares the error rate of a sliding window with its smallest value so far, by Hoeffding's bound.

The paper tests for a fall of the accuracy. This is the same test for a rise of the error rate. Hoeffding's bound holds for all
values from 0 to 1, so bounded losses can be used too. The estimated time of the change is the best split of the window into
the two levels.

Source: Pesaranghader & Viktor, "Fast Hoeffding drift detection method for evolving data streams", ECML PKDD 2016,
https://doi.org/10.1007/978-3-319-46227-1_7
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection.detection import DRIFT, HEADER, NOTHING, REFUSED, SEEN, THRESHOLD, WARNING, answer

WINDOW, COUNT, NEXT, TOTAL, SMALLEST = range(HEADER, HEADER + 5)
RING = HEADER + 5
WARNING_FACTOR = 10.0
"""A warning is a rise beyond the bound of this many times the confidence."""


def fhddm_state(delta: float, window_size: int) -> NDArray[np.float64]:
    """An empty window."""
    state = np.zeros(RING + window_size)
    state[THRESHOLD], state[WINDOW], state[SMALLEST] = delta, window_size, math.inf
    return state


@kernel
def _bound(delta: float, n: float) -> float:
    return math.sqrt(max(-math.log(delta), 0.0) / (2.0 * n))


@kernel
def _split(state: NDArray[np.float64], middle: float) -> tuple[int, float]:
    """Of the window, oldest first: how many values come before the lowest point of the sums of value less ``middle``, and
    the total from there on.
    """
    window, start = int(state[WINDOW]), int(state[NEXT])
    lowest, split, walked, after = 0.0, 0, 0.0, state[TOTAL]
    seen = 0.0
    for k in range(window - 1):
        value = state[RING + (start + k) % window]
        walked += value - middle
        seen += value
        if walked < lowest:
            lowest, split, after = walked, k + 1, state[TOTAL] - seen
    return split, after


@kernel
def fhddm_step(state: NDArray[np.float64], value: float) -> int:
    """Process one value from 0 to 1; returns DRIFT, WARNING, NOTHING or REFUSED. After a drift the window is empty."""
    if not 0.0 <= value <= 1.0:
        return REFUSED
    window = int(state[WINDOW])
    place = int(state[NEXT])
    state[SEEN] += 1.0
    if state[COUNT] < window:
        state[COUNT] += 1.0
        state[TOTAL] += value
    else:
        state[TOTAL] += value - state[RING + place]
    state[RING + place] = value
    state[NEXT] = (place + 1) % window
    if state[NEXT] == 0.0:
        # A sum that is added to and taken from drifts by rounding: once per window it is recomputed.
        state[TOTAL] = state[RING : RING + window].sum()
    before = state[SEEN] - state[COUNT]
    if state[COUNT] < window:
        return answer(state, NOTHING, 0.0, before)
    mean = state[TOTAL] / window
    state[SMALLEST] = min(state[SMALLEST], mean)
    rise = mean - state[SMALLEST]
    if rise <= _bound(state[THRESHOLD], window):
        near = rise > _bound(min(WARNING_FACTOR * state[THRESHOLD], 1.0), window) and rise > 0.0
        return answer(state, WARNING if near else NOTHING, 0.0, before)
    split, total = _split(state, 0.5 * (mean + state[SMALLEST]))
    score = total / (window - split) - state[SMALLEST]
    state[COUNT:] = 0.0
    state[SMALLEST] = math.inf
    return answer(state, DRIFT, score, before + split)


@kernel
def fhddm_steps(state: NDArray[np.float64], values: NDArray[np.float64], flags: NDArray[np.int64]) -> None:
    """`fhddm_step` on each of ``values``, writing the flags into ``flags`` (int64, same shape), bit for bit."""
    for i in range(values.size):
        flags[i] = fhddm_step(state, values[i])
