"""The drift monitor of one session: scored labels are averaged over blocks, and each block updates three detectors.

State: ``sums`` and ``counters`` with the layouts below, and ``windows`` (3, w), an ADWIN for each monitored value (`adwin`). To
date a change, ``times`` (m, 2) has the number and the time (ns) of stored blocks, and ``totals`` (m, 3) the sums of all block
means up to each of them.

The detector of errors may be external, in Python. Then `drift_block` returns `BLOCK_DUE`: the caller updates that detector with
``sums[MEANS + ERRORS]`` and calls `drift_detect` for the other two.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection.adwin import DRIFT, SCORE, adwin_step

ERRORS, CALIBRATION, LABELS = range(3)
MONITORED = 3

SUMS, MEANS, TOTALS, LABELS_SUM = 0, MONITORED, 2 * MONITORED, 3 * MONITORED
"""Sums over the current block; means of the newest block; sums of all block means; sum of the label means for one value."""
SIZE = LABELS_SUM + 1
LENGTH, COUNT, BLOCKS, HELD, ALARMS, LABELS_LENGTH, LABELS_COUNT, BINARY, EXTERNAL = range(9)
"""Labels per block, labels of the current one, blocks so far, stored times, alarms so far; blocks per value for the detector of
labels, those of the current value; whether the detector of errors accepts 0 and 1 only, and whether it is external.
"""
COUNTERS = 9

REFUSED, NOTHING, BLOCK_DUE = -1, 0, 1 << MONITORED
"""Results other than the bit masks of the monitored values that gave an alarm."""


@kernel
def drift_add(sums: NDArray[np.float64], counters: NDArray[np.int64], raw: float, served: float, label: float) -> bool:
    """Add a label. Returns whether it completes a block, so that `drift_block` must follow.

    ``raw`` is the probability of the online model before calibration, ``served`` the served probability. A label without
    ``raw`` (NaN) is left out.
    """
    if math.isnan(raw):
        return False
    wrong = 1.0 if (raw >= 0.5) != (label == 1.0) else 0.0
    sums[SUMS + ERRORS] += wrong
    sums[SUMS + CALIBRATION] += 0.5 + 0.5 * (label - served)
    sums[SUMS + LABELS] += label
    counters[COUNT] += 1
    if counters[COUNT] < counters[LENGTH]:
        return False
    for k in range(MONITORED):
        mean = sums[SUMS + k] / counters[COUNT]
        sums[MEANS + k] = 1.0 if mean > 1.0 else mean  # NaN stays NaN
        sums[SUMS + k] = 0.0
    if counters[BINARY] != 0:
        sums[MEANS + ERRORS] = wrong
    counters[COUNT] = 0
    return True


@kernel
def _store_time(
    sums: NDArray[np.float64], counters: NDArray[np.int64], times: NDArray[np.int64], totals: NDArray[np.float64], ts: int
) -> None:
    """Store the newest block's time; where there is no room, every second one of the older half is dropped first."""
    room, held = times.shape[0], counters[HELD]
    if held == room:
        held = 0
        for i in range(room):
            if i < room // 2 and i % 2 == 0:
                continue
            times[held, 0], times[held, 1] = times[i, 0], times[i, 1]
            for k in range(MONITORED):
                totals[held, k] = totals[i, k]
            held += 1
    times[held, 0], times[held, 1] = counters[BLOCKS], ts
    for k in range(MONITORED):
        totals[held, k] = sums[TOTALS + k]
    counters[HELD] = held + 1


@kernel
def _labels_value(sums: NDArray[np.float64], counters: NDArray[np.int64]) -> float:
    """The mean label of several blocks, after the last of them; NaN before."""
    sums[LABELS_SUM] += sums[MEANS + LABELS]
    counters[LABELS_COUNT] += 1
    if counters[LABELS_COUNT] < counters[LABELS_LENGTH]:
        return math.nan
    value = sums[LABELS_SUM] / counters[LABELS_LENGTH]
    sums[LABELS_SUM], counters[LABELS_COUNT] = 0.0, 0
    return float(value)


@kernel
def drift_detect(sums: NDArray[np.float64], counters: NDArray[np.int64], windows: NDArray[np.float64]) -> int:
    """Update the ADWINs with the newest block; returns a bit mask of those that gave an alarm, REFUSED for a mean out of range.

    Of errors only a rise is an alarm.
    """
    for k in range(MONITORED):
        if not 0.0 <= sums[MEANS + k] <= 1.0:
            return REFUSED
    mask = NOTHING
    if counters[EXTERNAL] == 0 and adwin_step(windows[ERRORS], sums[MEANS + ERRORS]) == DRIFT and windows[ERRORS, SCORE] > 0.0:
        mask |= 1 << ERRORS
    if adwin_step(windows[CALIBRATION], sums[MEANS + CALIBRATION]) == DRIFT:
        mask |= 1 << CALIBRATION
    value = _labels_value(sums, counters)
    if not math.isnan(value) and adwin_step(windows[LABELS], value) == DRIFT:
        mask |= 1 << LABELS
    return mask


@kernel
def drift_block(
    sums: NDArray[np.float64],
    counters: NDArray[np.int64],
    times: NDArray[np.int64],
    totals: NDArray[np.float64],
    windows: NDArray[np.float64],
    ts: int,
) -> int:
    """Process the block that a label known at ``ts`` (ns) completed: the result of `drift_detect`, or BLOCK_DUE."""
    counters[BLOCKS] += 1
    for k in range(MONITORED):
        sums[TOTALS + k] += sums[MEANS + k]
    _store_time(sums, counters, times, totals, ts)
    return BLOCK_DUE if counters[EXTERNAL] != 0 else drift_detect(sums, counters, windows)
