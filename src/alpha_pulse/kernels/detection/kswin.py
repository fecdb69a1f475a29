"""KSWIN: a Kolmogorov-Smirnov test of the newest values of a window against the older ones.

The paper compares the newest values with a random sample of the older ones, of the same size. Here they are compared with all
older values, which has more power and needs no random numbers. The distance is compared with Smirnov's asymptotic critical
value, sqrt(-log(alpha / 2) / 2) * sqrt(1/n + 1/m). The window is kept sorted, so a value costs one pass over it.

Sources: Raab, Heusinger & Schleif, "Reactive soft prototype computing for concept drift streams", Neurocomputing 416 (2020),
https://doi.org/10.1016/j.neucom.2019.11.111; Smirnov, "Table for estimating the goodness of fit of empirical distributions",
Annals of Mathematical Statistics 19 (1948), https://doi.org/10.1214/aoms/1177730256
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection.detection import DRIFT, HEADER, NOTHING, REFUSED, SEEN, THRESHOLD, WARNING, answer, is_number

WINDOW, NEWEST, COUNT = range(HEADER, HEADER + 3)
SORTED = HEADER + 3
WARNING_FACTOR = 10.0
"""A warning is a distance beyond the critical value of this many times alpha."""


def kswin_state(alpha: float, window_size: int, stat_size: int) -> NDArray[np.float64]:
    """An empty window: its values, sorted, then the number of each, counted from the first one seen."""
    state = np.zeros(SORTED + 2 * window_size)
    state[THRESHOLD], state[WINDOW], state[NEWEST] = alpha, window_size, stat_size
    return state


@kernel
def _critical(alpha: float, n: float, m: float) -> float:
    return math.sqrt(-0.5 * math.log(0.5 * min(alpha, 1.0)) * (1.0 / n + 1.0 / m))


@kernel
def _forget_up_to(state: NDArray[np.float64], number: float) -> None:
    """Drop the values with a number of at most ``number``; the order of the others stays."""
    window, kept = int(state[WINDOW]), 0
    for k in range(int(state[COUNT])):
        if state[SORTED + window + k] > number:
            state[SORTED + kept] = state[SORTED + k]
            state[SORTED + window + kept] = state[SORTED + window + k]
            kept += 1
    state[COUNT] = kept


@kernel
def _insert(state: NDArray[np.float64], value: float) -> None:
    window, k = int(state[WINDOW]), int(state[COUNT])
    while k > 0 and state[SORTED + k - 1] > value:
        state[SORTED + k] = state[SORTED + k - 1]
        state[SORTED + window + k] = state[SORTED + window + k - 1]
        k -= 1
    state[SORTED + k] = value
    state[SORTED + window + k] = state[SEEN]
    state[COUNT] += 1.0


@kernel
def _distance(state: NDArray[np.float64]) -> tuple[float, float]:
    """(largest distance between the two empirical distributions, mean of the newest minus mean of the older)."""
    window, count = int(state[WINDOW]), int(state[COUNT])
    newest = state[NEWEST]
    older = count - newest
    border = state[SEEN] - newest
    n, m, largest, total_new, total_old = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(count):
        value = state[SORTED + k]
        if state[SORTED + window + k] > border:
            n += 1.0
            total_new += value
        else:
            m += 1.0
            total_old += value
        if k + 1 == count or state[SORTED + k + 1] != value:
            largest = max(largest, abs(n / newest - m / older))
    return largest, total_new / newest - total_old / older


@kernel
def kswin_step(state: NDArray[np.float64], value: float) -> int:
    """Process one finite value; returns DRIFT, WARNING, NOTHING or REFUSED. After a drift only the newest values are kept."""
    if not is_number(value):
        return REFUSED
    state[SEEN] += 1.0
    if state[COUNT] == state[WINDOW]:
        _forget_up_to(state, state[SEEN] - state[WINDOW])
    _insert(state, value)
    start = state[SEEN] - state[COUNT]
    if state[COUNT] < state[WINDOW]:
        return answer(state, NOTHING, 0.0, start)
    distance, moved = _distance(state)
    n, m = state[NEWEST], state[WINDOW] - state[NEWEST]
    if distance > _critical(state[THRESHOLD], n, m):
        _forget_up_to(state, state[SEEN] - n)
        return answer(state, DRIFT, moved, state[SEEN] - n)
    near = distance > _critical(WARNING_FACTOR * state[THRESHOLD], n, m)
    return answer(state, WARNING if near else NOTHING, 0.0, start)


@kernel
def kswin_steps(state: NDArray[np.float64], values: NDArray[np.float64], flags: NDArray[np.int64]) -> None:
    """`kswin_step` on each of ``values``, writing the flags into ``flags`` (int64, same shape), bit for bit."""
    for i in range(values.size):
        flags[i] = kswin_step(state, values[i])
