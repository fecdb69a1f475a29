"""HDDM-W: compares exponentially weighted means before and after the best cut, by McDiarmid's bound.

Like HDDM-A, but with exponentially weighted means: a new value has the weight ``lambda_``. Old values fade, so slow changes are
detected sooner. The mean before the cut is fixed at the cut; the mean after it starts with the first value after the cut.
`alpha_pulse.kernels.detection.change_time` estimates the time of the change. Definitions and comparisons follow MOA and River.

Source: Frías-Blanco et al., "Online and non-parametric drift detection methods based on Hoeffding's bounds", IEEE TKDE 27
(2015), https://doi.org/10.1109/TKDE.2014.2345382
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection import change_time
from alpha_pulse.kernels.detection.detection import DRIFT, HEADER, NOTHING, REFUSED, SEEN, THRESHOLD, WARNING, answer

TWO_SIDED, LAMBDA, COUNT, MEAN, CONDITION = range(HEADER, HEADER + 5)
RISE, FALL = HEADER + 5, HEADER + 12
"""Of each: the cut, its bounded mean, mean and condition before it, mean, condition and number of values after it."""
CUT, LIMIT, BEFORE, BEFORE_CONDITION, AFTER, AFTER_CONDITION, AFTER_COUNT = range(7)
OVERALL, DATING = HEADER + 19, HEADER + 20
SIZE = DATING + change_time.SIZE
WARNING_FACTOR = 5.0
"""A warning is a difference beyond the bound of this many times the confidence."""


def hddm_w_state(drift_confidence: float, two_sided: bool, lambda_: float) -> NDArray[np.float64]:
    """The initial state. The condition of a mean is the sum of its squared weights, from which its bound follows."""
    state = np.zeros(SIZE)
    state[THRESHOLD], state[TWO_SIDED], state[LAMBDA] = drift_confidence, two_sided, lambda_
    return state


@kernel
def _bound(condition: float, confidence: float) -> float:
    return math.sqrt(0.5 * condition * math.log(1.0 / min(confidence, 1.0)))


@kernel
def _average(state: NDArray[np.float64], offset: int, value: float, first: bool) -> None:
    """Add ``value`` to the mean at ``offset`` and to its condition, the next number."""
    weight = state[LAMBDA]
    if first:
        state[offset], state[offset + 1] = value, 1.0
    else:
        state[offset] += weight * (value - state[offset])
    state[offset + 1] = weight * weight + (1.0 - weight) * (1.0 - weight) * state[offset + 1]


@kernel
def _watch(state: NDArray[np.float64], offset: int, sign: float, value: float) -> None:
    """Move the cut at ``offset`` to the newest value, or add the value to the mean after the cut."""
    limit = sign * state[MEAN] + _bound(state[CONDITION], state[THRESHOLD])
    if state[offset + CUT] == 0.0 or limit < state[offset + LIMIT]:
        state[offset + CUT], state[offset + LIMIT] = state[COUNT], limit
        state[offset + BEFORE], state[offset + BEFORE_CONDITION] = state[MEAN], state[CONDITION]
        state[offset + AFTER_COUNT] = 0.0
    else:
        _average(state, offset + AFTER, value, state[offset + AFTER_COUNT] == 0.0)
        state[offset + AFTER_COUNT] += 1.0


@kernel
def _moved(state: NDArray[np.float64], offset: int, sign: float, confidence: float) -> bool:
    if state[offset + AFTER_COUNT] == 0.0:
        return False
    condition = state[offset + BEFORE_CONDITION] + state[offset + AFTER_CONDITION]
    return bool(sign * (state[offset + AFTER] - state[offset + BEFORE]) > _bound(condition, confidence))


@kernel
def hddm_w_step(state: NDArray[np.float64], value: float) -> int:
    """Process one value from 0 to 1; returns DRIFT, WARNING, NOTHING or REFUSED. After a drift the test starts again."""
    if not 0.0 <= value <= 1.0:
        return REFUSED
    state[SEEN] += 1.0
    state[COUNT] += 1.0
    state[OVERALL] += (value - state[OVERALL]) / state[COUNT]
    overall = state[OVERALL]
    change_time.update(state, DATING, state[COUNT], value, overall, math.sqrt(max(overall * (1.0 - overall), 0.0)))
    _average(state, MEAN, value, state[COUNT] == 1.0)
    _watch(state, RISE, 1.0, value)
    _watch(state, FALL, -1.0, value)
    confidence, falls = state[THRESHOLD], state[TWO_SIDED] != 0.0
    start = state[SEEN] - state[COUNT]
    rose = _moved(state, RISE, 1.0, confidence)
    if rose or (falls and _moved(state, FALL, -1.0, confidence)):
        change, score = change_time.dated(state, DATING, state[COUNT], rose)
        state[COUNT:] = 0.0
        return answer(state, DRIFT, score, start + change)
    near = WARNING_FACTOR * confidence
    warned = _moved(state, RISE, 1.0, near) or (falls and _moved(state, FALL, -1.0, near))
    return answer(state, WARNING if warned else NOTHING, 0.0, start)


@kernel
def hddm_w_steps(state: NDArray[np.float64], values: NDArray[np.float64], flags: NDArray[np.int64]) -> None:
    """`hddm_w_step` on each of ``values``, writing the flags into ``flags`` (int64, same shape), bit for bit."""
    for i in range(values.size):
        flags[i] = hddm_w_step(state, values[i])
