"""The two-sided Page-Hinkley test: cumulative sums of deviations from the running mean, compared with their extremes.

``delta`` is subtracted from each deviation. A sum that moves from its extreme by more than the threshold is an alarm. The
running mean includes the current value, and with ``alpha`` < 1 the sums forget, as in MOA and River. The paper has alpha = 1.
`alpha_pulse.kernels.detection.change_time` estimates the time of the change. With ``standardised``, deviations are divided by
the running standard deviation and clipped at 3, so that one threshold suits any error rate and heavy tails.

Sources: Page, "Continuous inspection schemes", Biometrika 41 (1954), https://doi.org/10.1093/biomet/41.1-2.100; Hinkley,
"Inference about the change-point from cumulative sum tests", Biometrika 58 (1971), https://doi.org/10.1093/biomet/58.3.509;
in this form Mouss et al., "Test of Page-Hinckley, an approach for fault detection in an agro-alimentary production system"
(2004).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection import change_time
from alpha_pulse.kernels.detection.detection import DRIFT, HEADER, NOTHING, REFUSED, SEEN, THRESHOLD, WARNING, answer, is_number

DELTA, ALPHA, MIN_INSTANCES, STANDARDISED = range(HEADER, HEADER + 4)
COUNT, MEAN, SQUARES, UP, DOWN, LOWEST, HIGHEST = range(HEADER + 4, HEADER + 11)
DATING = HEADER + 11
SIZE = DATING + change_time.SIZE
CUT_OFF = 3.0
"""Bound of a standardised deviation, in standard deviations."""
WARNING_PART = 0.5
"""A warning is a sum beyond this fraction of the threshold."""


def page_hinkley_state(
    threshold: float, delta: float, min_instances: int, alpha: float, standardised: bool
) -> NDArray[np.float64]:
    """A test before its first value."""
    state = np.zeros(SIZE)
    state[THRESHOLD], state[DELTA], state[ALPHA] = threshold, delta, alpha
    state[MIN_INSTANCES], state[STANDARDISED] = min_instances, standardised
    _begin(state)
    return state


@kernel
def _begin(state: NDArray[np.float64]) -> None:
    state[COUNT:] = 0.0
    state[LOWEST] = math.inf
    state[HIGHEST] = -math.inf


@kernel
def _deviation(state: NDArray[np.float64], value: float) -> float:
    deviation = value - state[MEAN]
    if state[STANDARDISED] == 0.0:
        return float(deviation)
    if state[COUNT] < state[MIN_INSTANCES] or state[SQUARES] <= 0.0:
        return 0.0
    return float(min(max(deviation / math.sqrt(state[SQUARES] / state[COUNT]), -CUT_OFF), CUT_OFF))


@kernel
def page_hinkley_step(state: NDArray[np.float64], value: float) -> int:
    """Process one finite value; returns DRIFT, WARNING, NOTHING or REFUSED. After a drift the test starts again."""
    if not is_number(value):
        return REFUSED
    state[SEEN] += 1.0
    state[COUNT] += 1.0
    before = value - state[MEAN]
    state[MEAN] += before / state[COUNT]
    state[SQUARES] += before * (value - state[MEAN])
    change_time.update(state, DATING, state[COUNT], value, state[MEAN], math.sqrt(state[SQUARES] / state[COUNT]))
    deviation = _deviation(state, value)
    state[UP] = state[ALPHA] * state[UP] + deviation - state[DELTA]
    state[DOWN] = state[ALPHA] * state[DOWN] + deviation + state[DELTA]
    state[LOWEST] = min(state[LOWEST], state[UP])
    state[HIGHEST] = max(state[HIGHEST], state[DOWN])
    start = state[SEEN] - state[COUNT]
    if state[COUNT] < state[MIN_INSTANCES]:
        return answer(state, NOTHING, 0.0, start)
    rise, fall = state[UP] - state[LOWEST], state[HIGHEST] - state[DOWN]
    if max(rise, fall) <= state[THRESHOLD]:
        return answer(state, WARNING if max(rise, fall) > WARNING_PART * state[THRESHOLD] else NOTHING, 0.0, start)
    change, score = change_time.dated(state, DATING, state[COUNT], rise >= fall)
    _begin(state)
    return answer(state, DRIFT, score, start + change)


@kernel
def page_hinkley_steps(state: NDArray[np.float64], values: NDArray[np.float64], flags: NDArray[np.int64]) -> None:
    """`page_hinkley_step` on each of ``values``, writing the flags into ``flags`` (int64, same shape), bit for bit."""
    for i in range(values.size):
        flags[i] = page_hinkley_step(state, values[i])
