"""ADWIN2: a window that shrinks when the means of its two sub-windows differ, kept as an exponential histogram.

Layout of ``state``, one float64 array:

* the header, see the names below;
* then one block of ``ROW`` places per histogram row: the number of its buckets, their totals, their sums of squared
  deviations, oldest first. A bucket of row ``r`` summarises ``2**r`` values; a row that would hold more than ``MAX_BUCKETS``
  merges its two oldest into one of the next row. The number of rows follows from the length of the array.

Source: Bifet and Gavaldà, "Learning from time-changing data with adaptive windowing" (SDM 2007): the test of ADWIN2, 5 buckets
a row as in MOA. When it fires, the paper drops one bucket and tests again. That leaves old and new values in the window and
gives several alarms for one change (8 on a jump from 0.2 to 0.5, with the time of the change 83 values off). Here the window is
cut at the split that exceeds its bound by the largest factor: the test and its delay are the same; 1 alarm, 2 values off.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

MAX_BUCKETS = 5
MIN_WINDOW = 10
MIN_PART = 5
ROWS = 32
WARNING_FACTOR = 10.0
"""A warning is a cut at this many times ``delta``."""
ROUNDING = 1e-12
"""Far above the rounding error of a gap, per value of the window."""

DELTA = 0
CLOCK = 1
SEEN = 2
WIDTH = 3
TOTAL = 4
DEVIATION = 5
FLAG = 6
SCORE = 7
HEADER = 8
_ROOM = MAX_BUCKETS + 1
ROW = 1 + 2 * _ROOM

REFUSED = -1
NOTHING = 0
WARNING = 1
DRIFT = 2


def adwin_state(delta: float, clock: int, rows: int = ROWS) -> NDArray[np.float64]:
    """An empty window. ``delta`` is the confidence of a cut, ``clock`` the number of values between two tests."""
    state = np.zeros(HEADER + rows * ROW)
    state[DELTA] = delta
    state[CLOCK] = clock
    return state


@kernel
def _spread(n0: float, total0: float, n1: float, total1: float) -> float:
    """What joining two sub-windows adds to the sum of squared deviations beyond their own."""
    gap = total0 / n0 - total1 / n1
    return n0 * n1 * gap * gap / (n0 + n1)


@kernel
def _drop_oldest_of(state: NDArray[np.float64], row: int, count: int) -> None:
    """Shift the buckets of ``row`` so that its ``count`` oldest are gone."""
    base = HEADER + row * ROW
    kept = int(state[base]) - count
    for k in range(kept):
        state[base + 1 + k] = state[base + 1 + k + count]
        state[base + 1 + _ROOM + k] = state[base + 1 + _ROOM + k + count]
    for k in range(kept, kept + count):
        state[base + 1 + k] = 0.0
        state[base + 1 + _ROOM + k] = 0.0
    state[base] = kept


@kernel
def _append(state: NDArray[np.float64], row: int, total: float, deviation: float) -> None:
    base = HEADER + row * ROW
    k = int(state[base])
    state[base + 1 + k] = total
    state[base + 1 + _ROOM + k] = deviation
    state[base] = k + 1


@kernel
def _forget_oldest(state: NDArray[np.float64], row: int) -> None:
    """Remove the oldest bucket, which is in ``row``, from the window."""
    base = HEADER + row * ROW
    size = 2.0**row
    total = state[base + 1]
    deviation = state[base + 1 + _ROOM]
    state[WIDTH] -= size
    state[TOTAL] -= total
    if state[WIDTH] > 0.0:
        deviation += _spread(size, total, state[WIDTH], state[TOTAL])
    state[DEVIATION] = max(state[DEVIATION] - deviation, 0.0)
    _drop_oldest_of(state, row, 1)


@kernel
def _insert(state: NDArray[np.float64], value: float) -> None:
    if state[WIDTH] > 0.0:
        state[DEVIATION] += _spread(1.0, value, state[WIDTH], state[TOTAL])
    state[WIDTH] += 1.0
    state[TOTAL] += value
    _append(state, 0, value, 0.0)
    rows = (state.size - HEADER) // ROW
    size = 1.0
    for row in range(rows):
        base = HEADER + row * ROW
        if state[base] <= MAX_BUCKETS:
            return
        if row == rows - 1:
            _forget_oldest(state, row)
            return
        total0 = state[base + 1]
        total1 = state[base + 2]
        deviation = state[base + 1 + _ROOM] + state[base + 2 + _ROOM] + _spread(size, total0, size, total1)
        _drop_oldest_of(state, row, 2)
        _append(state, row + 1, total0 + total1, deviation)
        size *= 2.0


@kernel
def _oldest_row(state: NDArray[np.float64]) -> int:
    row = (state.size - HEADER) // ROW - 1
    while row > 0 and state[HEADER + row * ROW] == 0.0:
        row -= 1
    return row


@kernel
def _find_cut(state: NDArray[np.float64], oldest_row: int) -> int:
    """Number of the oldest buckets before the clearest cut; 0 without a cut, -1 where there is only a warning.

    A split whose gap is below the first term of the lower bound is neither. That comparison, squared and multiplied by the
    sizes, needs neither a division nor a root; the second term is far above all rounding errors.
    """
    width = state[WIDTH]
    if width < MIN_WINDOW:
        return 0
    variance = state[DEVIATION] / width
    spread = math.log(2.0 * math.log(width) / state[DELTA])
    nearly = max(spread - math.log(WARNING_FACTOR), 0.0)
    root, root_nearly = math.sqrt(2.0 * variance * spread), math.sqrt(2.0 * variance * nearly)
    small = 2.0 * variance * nearly * width if nearly > ROUNDING * width else -1.0
    cut, clearest, buckets = 0, 1.0, 0
    n0, total0, size = 0.0, 0.0, 2.0**oldest_row
    for back in range(oldest_row + 1):
        base = HEADER + (oldest_row - back) * ROW
        for k in range(int(state[base])):
            buckets += 1
            n0 += size
            total0 += state[base + 1 + k]
            n1 = width - n0
            if n1 < MIN_PART:
                return cut
            if n0 < MIN_PART:
                continue
            difference = total0 * width - state[TOTAL] * n0
            if difference * difference <= small * n0 * n1:
                continue
            gap = abs(total0 / n0 - (state[TOTAL] - total0) / n1)
            inverse = 1.0 / n0 + 1.0 / n1
            scale = math.sqrt(inverse)
            needed = root * scale + 2.0 / 3.0 * spread * inverse
            if gap > needed * clearest:
                clearest = gap / needed
                cut = buckets
            elif cut == 0 and gap > root_nearly * scale + 2.0 / 3.0 * nearly * inverse:
                cut = -1
        size *= 0.5
    return cut


@kernel
def adwin_step(state: NDArray[np.float64], value: float) -> int:
    """Process one value; return DRIFT, WARNING or NOTHING, or REFUSED (state unchanged) for a value outside of [0, 1].

    On DRIFT the buckets before the most significant cut are dropped, repeatedly, until no split is a cut. ``state[WIDTH]``
    values remain; the estimated change is before the first of them. ``state[SCORE]`` is then the mean of the remaining values
    minus the mean of the dropped values; ``state[FLAG]`` is always the flag of the newest value.

    Parameters
    ----------
    state
        From `adwin_state`; changed in place.
    value
        Within [0, 1]: an error, a loss scaled to it.
    """
    if not 0.0 <= value <= 1.0:
        return REFUSED
    _insert(state, value)
    state[SEEN] += 1.0
    state[SCORE] = 0.0
    flag = NOTHING
    if state[SEEN] % state[CLOCK] == 0.0:
        width, total = state[WIDTH], state[TOTAL]
        cut = _find_cut(state, _oldest_row(state))
        if cut < 0:
            flag = WARNING
        elif cut > 0:
            flag = DRIFT
            while cut > 0:
                for _ in range(cut):
                    _forget_oldest(state, _oldest_row(state))
                cut = _find_cut(state, _oldest_row(state))
            state[SCORE] = state[TOTAL] / state[WIDTH] - (total - state[TOTAL]) / (width - state[WIDTH])
    state[FLAG] = flag
    return flag


@kernel
def adwin_steps(state: NDArray[np.float64], values: NDArray[np.float64], flags: NDArray[np.int64]) -> None:
    """`adwin_step` on each of ``values``, writing the flags into ``flags`` (int64, same shape), bit for bit."""
    for i in range(values.size):
        flags[i] = adwin_step(state, values[i])
