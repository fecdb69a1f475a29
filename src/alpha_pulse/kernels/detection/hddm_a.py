"""HDDM-A: compares the mean since the best cut with the mean before it, by Hoeffding's bound.

The cut moves to the newest value whenever the mean up to it plus its bound is the lowest so far (for falls: the mean minus its
bound the highest). ``two_sided`` detects falls too.
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

TWO_SIDED, COUNT, MEAN, LOW, LOW_MEAN, HIGH, HIGH_MEAN = range(HEADER, HEADER + 7)
DATING = HEADER + 7
SIZE = DATING + change_time.SIZE
WARNING_FACTOR = 5.0
"""A warning is a difference beyond the bound of this many times the confidence."""


def hddm_a_state(drift_confidence: float, two_sided: bool) -> NDArray[np.float64]:
    """The initial state. ``LOW`` and ``HIGH`` are the numbers of values before the cuts for rises and for falls."""
    state = np.zeros(SIZE)
    state[THRESHOLD], state[TWO_SIDED] = drift_confidence, two_sided
    return state


@kernel
def _bound(confidence: float, n: float) -> float:
    return math.sqrt(0.5 / n * math.log(1.0 / confidence))


@kernel
def _moved(state: NDArray[np.float64], cut: float, gap: float, confidence: float) -> bool:
    """Whether a distance of ``gap`` between the mean of all values and that of the first ``cut`` is significant."""
    n = state[COUNT]
    if cut == n:
        return False
    return gap >= math.sqrt((n - cut) / cut / n / 2.0 * math.log(2.0 / min(confidence, 1.0)))


@kernel
def hddm_a_step(state: NDArray[np.float64], value: float) -> int:
    """Process one value from 0 to 1; returns DRIFT, WARNING, NOTHING or REFUSED. After a drift the test starts again."""
    if not 0.0 <= value <= 1.0:
        return REFUSED
    state[SEEN] += 1.0
    state[COUNT] += 1.0
    n, confidence = state[COUNT], state[THRESHOLD]
    state[MEAN] += (value - state[MEAN]) / n
    mean, bound = state[MEAN], _bound(confidence, n)
    change_time.update(state, DATING, n, value, mean, math.sqrt(max(mean * (1.0 - mean), 0.0)))
    if n == 1.0 or state[LOW_MEAN] + _bound(confidence, state[LOW]) >= mean + bound:
        state[LOW], state[LOW_MEAN] = n, mean
    if n == 1.0 or state[HIGH_MEAN] - _bound(confidence, state[HIGH]) <= mean - bound:
        state[HIGH], state[HIGH_MEAN] = n, mean
    rise, fall = mean - state[LOW_MEAN], state[HIGH_MEAN] - mean
    start = state[SEEN] - n
    falls = state[TWO_SIDED] != 0.0
    rose = _moved(state, state[LOW], rise, confidence)
    if rose or (falls and _moved(state, state[HIGH], fall, confidence)):
        change, score = change_time.dated(state, DATING, n, rose)
        state[COUNT:] = 0.0
        return answer(state, DRIFT, score, start + change)
    near = WARNING_FACTOR * confidence
    warned = _moved(state, state[LOW], rise, near) or (falls and _moved(state, state[HIGH], fall, near))
    return answer(state, WARNING if warned else NOTHING, 0.0, start)


@kernel
def hddm_a_steps(state: NDArray[np.float64], values: NDArray[np.float64], flags: NDArray[np.int64]) -> None:
    """`hddm_a_step` on each of ``values``, writing the flags into ``flags`` (int64, same shape), bit for bit."""
    for i in range(values.size):
        flags[i] = hddm_a_step(state, values[i])
