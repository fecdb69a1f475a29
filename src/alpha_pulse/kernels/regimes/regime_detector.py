"""The regime detector of one symbol: bars are grouped into blocks, and at the end of a block the label may move.

State: ``market`` (`market_state`), ``hidden`` (`hmm`), ``points`` (3, p), a change-point detector for each number (`bocpd`),
``times`` (3, m), a ring of the start times of each number's blocks (ns), and ``counters``, int64, with the layout below.

A change is a row of ``events`` (int64) and of ``numbers`` (float64). The caller provides `MOST_CHANGES` rows of each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.addresses import borrowed
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection.detection import CHANGE, DRIFT, SEEN
from alpha_pulse.kernels.regimes import hmm
from alpha_pulse.kernels.regimes.bocpd import CHANGED, bocpd_changed, bocpd_run
from alpha_pulse.kernels.regimes.market_state import (
    BLOCK_ENDS,
    FEATURES,
    IN_BLOCK,
    KNOWN,
    MOVED,
    REFUSED,
    TAKEN,
    VOLATILITY,
    market_step,
)
from alpha_pulse.kernels.regimes.regime import regime_block

STATES = 3
WARM_UP = 20
"""Blocks before the first label."""
REFUTED, DOUBTFUL = 0.01, 0.1
"""Probabilities of the current regime at which the label moves: without, and with, a recent change of volatility."""
SUPPORT = 0.5
"""The probability from which a change of volatility counts."""
RECENT = 4
"""Blocks within which a change is recent."""
MIN_STAY = 3
"""Smallest number of blocks between two moves of the label."""
MOST_UNUSUAL = 3.0
"""Standard errors at which trend and correlation are clipped before they enter the regime model."""

LABEL, LIKELY, LIKELY_TS, STAYED, BLOCK_TS, CHANGES, CHANGED_NOW, CHANGE_TS, FLAGS = range(9)
"""The label (-1: none), the most probable one at the newest block and its start, blocks since the label moved, the start of the
current block (0: none yet), changes so far, changes at the newest bar, the start of the newest change, the flags of the
change-point detectors at the newest block. Times are in ns.
"""
COUNTERS = FLAGS + FEATURES

EVENT_FEATURE, EVENT_FROM, EVENT_TO, EVENT_SINCE = range(4)
EVENT = 4
NUMBER_PROBABILITY, NUMBER_VOLATILITY, NUMBER_STATES = range(3)
NUMBERS = NUMBER_STATES + STATES
"""The probability of the change, the volatility of the block, the probability of each regime."""
MOST_CHANGES = FEATURES


@kernel
def regime_bar(
    market: NDArray[np.float64], counters: NDArray[np.int64], ts: int, high: float, low: float, close: float, others: float
) -> int:
    """Process one bar, with the result of `market_step`. After BLOCK_ENDS call `regime_end`."""
    status = market_step(market, high, low, close, others)
    counters[CHANGED_NOW] = 0
    if status == TAKEN and counters[BLOCK_TS] == 0 and market[IN_BLOCK] > 0.0:
        counters[BLOCK_TS] = ts
    return status


@kernel
def regime_end(
    market: NDArray[np.float64],
    hidden: NDArray[np.float64],
    points: NDArray[np.float64],
    times: NDArray[np.int64],
    counters: NDArray[np.int64],
    events: NDArray[np.int64],
    numbers: NDArray[np.float64],
) -> None:
    """Process the block that ended. Its changes, ``counters[CHANGED_NOW]`` of them, go into the event rows."""
    for number in range(FEATURES):
        if number == 0 or market[MOVED if number == 1 else KNOWN] != 0.0:
            times[number, int(points[number, SEEN]) % times.shape[1]] = counters[BLOCK_TS]
    regime_block(market, hidden, points, MOST_UNUSUAL, counters[FLAGS : FLAGS + FEATURES])
    _move_label(market, hidden, points, times, counters, events, numbers)
    for number in range(1, FEATURES):
        if counters[LABEL] >= 0 and counters[FLAGS + number] == DRIFT:
            since = _time(points, times, number, int(points[number, CHANGE]))
            _add_event(market, hidden, counters, events, numbers, number, counters[LABEL], points[number, CHANGED], since)
    counters[BLOCK_TS] = 0


@kernel
def _move_label(
    market: NDArray[np.float64],
    hidden: NDArray[np.float64],
    points: NDArray[np.float64],
    times: NDArray[np.int64],
    counters: NDArray[np.int64],
    events: NDArray[np.int64],
    numbers: NDArray[np.float64],
) -> None:
    """Move the label when another regime is probable enough."""
    likely, first = 0, hmm.PROBABILITIES
    for state in range(1, STATES):
        if hidden[first + state] > hidden[first + likely]:
            likely = state
    if likely != counters[LIKELY]:
        counters[LIKELY], counters[LIKELY_TS] = likely, counters[BLOCK_TS]
    counters[STAYED] += 1
    before, stayed = counters[LABEL], counters[STAYED]
    if hidden[hmm.SEEN] < WARM_UP or likely == before or (before >= 0 and stayed < MIN_STAY):
        return
    volatility = points[0]
    supported = bocpd_changed(volatility, RECENT + 1.0) >= SUPPORT
    if before >= 0 and hidden[first + before] > (DOUBTFUL if supported else REFUTED):
        return
    counters[LABEL], counters[STAYED] = likely, 0
    run, since = int(bocpd_run(volatility)), counters[LIKELY_TS]
    if supported and before >= 0 and 0 < run <= stayed:
        since = _time(points, times, 0, int(volatility[SEEN]) - run)
    _add_event(market, hidden, counters, events, numbers, 0, before, hidden[first + likely], since)


@kernel
def _time(points: NDArray[np.float64], times: NDArray[np.int64], number: int, block: int) -> int:
    """The start of a block, ns; for a block that is no longer stored, that of the oldest one."""
    room = times.shape[1]
    return int(times[number, max(block, int(points[number, SEEN]) - room, 0) % room])


@kernel
def _add_event(
    market: NDArray[np.float64],
    hidden: NDArray[np.float64],
    counters: NDArray[np.int64],
    events: NDArray[np.int64],
    numbers: NDArray[np.float64],
    feature: int,
    before: int,
    probability: float,
    since: int,
) -> None:
    """Write a change into the next event row."""
    row = counters[CHANGED_NOW]
    counters[CHANGES] += 1
    counters[CHANGED_NOW] += 1
    counters[CHANGE_TS] = since
    events[row, EVENT_FEATURE], events[row, EVENT_FROM] = feature, before
    events[row, EVENT_TO], events[row, EVENT_SINCE] = counters[LABEL], since
    numbers[row, NUMBER_PROBABILITY], numbers[row, NUMBER_VOLATILITY] = probability, market[VOLATILITY]
    for state in range(STATES):
        numbers[row, NUMBER_STATES + state] = hidden[hmm.PROBABILITIES + state]


@kernel
def regime_rows(
    market: NDArray[np.float64],
    hidden: NDArray[np.float64],
    points: NDArray[np.float64],
    times: NDArray[np.int64],
    counters: NDArray[np.int64],
    ts: NDArray[np.int64],
    bars: NDArray[np.float64],
    first: int,
    events: NDArray[np.int64],
    numbers: NDArray[np.float64],
) -> int:
    """Process the rows (high, low, close, others) of ``bars`` (n, 4), known at ``ts`` (n,), from ``first`` up to a change.

    Returns the number of the row that caused changes, which are then in the event rows; n without a change; ~i where row i is
    not a valid bar, after the rows before it were processed. Bit-equal to `regime_bar` and `regime_end` on each row.
    """
    own, counts = borrowed(market), borrowed(counters)
    for i in range(first, len(bars)):
        status = regime_bar(own, counts, ts[i], bars[i, 0], bars[i, 1], bars[i, 2], bars[i, 3])
        if status == REFUSED:
            return ~i
        if status == BLOCK_ENDS:
            regime_end(market, hidden, points, times, counters, events, numbers)
            if counters[CHANGED_NOW] > 0:
                return i
    return len(bars)
