"""DDM and EDDM: the error rate compared with its lowest value, and the distance between errors with its largest.

DDM: errors are Bernoulli of rate p with standard deviation s = sqrt(p (1 - p) / n); an alarm is given when p + s exceeds the
smallest p by more than ``threshold`` times the s at that time, and a warning at 2/3 of it. EDDM: an alarm is given when the
mean plus two standard deviations of the distances falls below ``threshold`` times its largest value, and a warning halfway
between that threshold and 1. `alpha_pulse.kernels.detection.change_time` estimates the time of the change.

Both test from the 31st event on (EDDM: the 31st error), as MOA and River do, and with their comparisons; EDDM's variance is
River's, which divides by n - 1, where MOA divides by n.

Sources: Gama, Medas, Castillo & Rodrigues, "Learning with drift detection", SBIA 2004,
https://doi.org/10.1007/978-3-540-28645-5_29; Baena-García et al., "Early drift detection method", IWKDDS 2006.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection import change_time
from alpha_pulse.kernels.detection.detection import DRIFT, HEADER, NOTHING, REFUSED, SEEN, THRESHOLD, WARNING, answer, is_error

WARM_START = HEADER
COUNT, ERRORS, RATE = range(HEADER + 1, HEADER + 4)
P_MIN, S_MIN = HEADER + 4, HEADER + 5
LAST, DISTANCE, SQUARES, LONGEST = range(HEADER + 4, HEADER + 8)
DATING = HEADER + 8
SIZE = DATING + change_time.SIZE
WARNING_PART = 2.0 / 3.0
"""DDM warns at this fraction of its threshold: at 2 standard deviations of 3."""


def ddm_state(threshold: float, warm_start: int) -> NDArray[np.float64]:
    """The initial state of DDM or EDDM."""
    state = np.zeros(SIZE)
    state[THRESHOLD], state[WARM_START] = threshold, warm_start
    return state


@kernel
def _count(state: NDArray[np.float64], value: float) -> None:
    state[SEEN] += 1.0
    state[COUNT] += 1.0
    state[ERRORS] += value
    # A running mean, not a quotient: as in MOA and River, to the last bit.
    state[RATE] += (value - state[RATE]) / state[COUNT]
    rate = state[RATE]
    change_time.update(state, DATING, state[COUNT], value, rate, math.sqrt(max(rate * (1.0 - rate), 0.0)))


@kernel
def _verdict(state: NDArray[np.float64], drift: bool, warning: bool) -> int:
    start = state[SEEN] - state[COUNT]
    if not drift:
        return answer(state, WARNING if warning else NOTHING, 0.0, start)
    change, score = change_time.dated(state, DATING, state[COUNT], True)
    state[COUNT:] = 0.0
    return answer(state, DRIFT, score, start + change)


@kernel
def ddm_step(state: NDArray[np.float64], value: float) -> int:
    """Process one error, 0 or 1; returns DRIFT, WARNING, NOTHING or REFUSED. After a drift the test starts again."""
    if not is_error(value):
        return REFUSED
    _count(state, value)
    n, p = state[COUNT], state[RATE]
    if n <= state[WARM_START]:
        return _verdict(state, False, False)
    s = math.sqrt(max(p * (1.0 - p), 0.0) / n)
    if n == state[WARM_START] + 1.0 or p + s <= state[P_MIN] + state[S_MIN]:
        state[P_MIN], state[S_MIN] = p, s
    drift = p + s > state[P_MIN] + state[THRESHOLD] * state[S_MIN]
    return _verdict(state, drift, p + s > state[P_MIN] + WARNING_PART * state[THRESHOLD] * state[S_MIN])


@kernel
def ddm_steps(state: NDArray[np.float64], values: NDArray[np.float64], flags: NDArray[np.int64]) -> None:
    """`ddm_step` on each of ``values``, writing the flags into ``flags`` (int64, same shape), bit for bit."""
    for i in range(values.size):
        flags[i] = ddm_step(state, values[i])


@kernel
def eddm_step(state: NDArray[np.float64], value: float) -> int:
    """Process one error, 0 or 1; returns DRIFT, WARNING, NOTHING or REFUSED. It tests at errors only."""
    if not is_error(value):
        return REFUSED
    _count(state, value)
    if value == 0.0:
        return _verdict(state, False, False)
    distance = state[COUNT] - state[LAST]
    before = distance - state[DISTANCE]
    state[LAST] = state[COUNT]
    state[DISTANCE] += before / state[ERRORS]
    state[SQUARES] += before * (distance - state[DISTANCE])
    if state[COUNT] <= state[WARM_START]:
        return _verdict(state, False, False)
    variance = state[SQUARES] / (state[ERRORS] - 1.0) if state[ERRORS] > 1.0 else 0.0
    length = state[DISTANCE] + 2.0 * math.sqrt(max(variance, 0.0))
    if length > state[LONGEST]:
        state[LONGEST] = length
        return _verdict(state, False, False)
    if state[ERRORS] <= state[WARM_START]:
        return _verdict(state, False, False)
    level = length / state[LONGEST]
    return _verdict(state, level < state[THRESHOLD], level < 0.5 * (1.0 + state[THRESHOLD]))


@kernel
def eddm_steps(state: NDArray[np.float64], values: NDArray[np.float64], flags: NDArray[np.int64]) -> None:
    """`eddm_step` on each of ``values``, writing the flags into ``flags`` (int64, same shape), bit for bit."""
    for i in range(values.size):
        flags[i] = eddm_step(state, values[i])
