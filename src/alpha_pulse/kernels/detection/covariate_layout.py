"""Layout of the state of the feature detectors: one float64 array, with a header and tables.

The header begins as that of every detector (`alpha_pulse.kernels.detection.detection`). After it come, d features wide:

* a table (d, `COLUMNS`) with the reference and the newest comparison of each feature;
* the number of rows of the current window in each cell, (d, cells);
* the number of missing values of each feature in each block of the reference, (d, blocks);
* rows, NaN where a value was missing: those of the reference until it is full and the tables are computed from it. Then their
  place holds the current window as a ring, and the cell of each of its values, (window, d), -1 where it was missing;
* for Kolmogorov-Smirnov each feature's sorted reference, (d, reference).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection.detection import HEADER, THRESHOLD

FEATURES, REFERENCE, WINDOW, BLOCK = range(HEADER, HEADER + 4)
"""Features, rows of the reference and of the current window, rows of a block of the reference."""
CELLS = HEADER + 4
"""Cells of a feature: `BINS` of PSI; for Kolmogorov-Smirnov one at and one before each value of the reference, one after."""
FILLED = HEADER + 5
"""Rows of the reference so far."""
CURRENT = HEADER + 6
"""Rows processed since the reference was full."""
WORST = HEADER + 7
"""The feature with the smallest p-value of the newest comparison; -1 before one."""
TOTAL_P = HEADER + 8
COMPARED = HEADER + 9
"""Comparisons made."""
EVERY = HEADER + 10
"""Rows from one comparison to the next."""
BODY = HEADER + 11

BINS = 10
COUNT, USED, EFFECT, FREEDOM, STATISTIC, P_VALUE = range(6)
"""For each feature: known values of its reference (0: not tested), bins in use, design effect, degrees of freedom."""
EDGES = 6
"""Upper ends of all bins except the last; infinite if there are fewer bins."""
SHARES = EDGES + BINS - 1
"""Values of the reference in each bin."""
COLUMNS = SHARES + BINS


@kernel
def now_at(state: NDArray[np.float64]) -> int:
    """Where the numbers of rows in each cell begin."""
    return BODY + int(state[FEATURES]) * COLUMNS


@kernel
def missing_at(state: NDArray[np.float64]) -> int:
    """Where the numbers of missing values begin."""
    return now_at(state) + int(state[FEATURES]) * int(state[CELLS])


@kernel
def rows_at(state: NDArray[np.float64]) -> int:
    """Where the rows begin: those of the reference, later those of the ring."""
    return missing_at(state) + int(state[FEATURES]) * (int(state[REFERENCE]) // int(state[BLOCK]))


@kernel
def codes_at(state: NDArray[np.float64]) -> int:
    """Where the cells of the ring's values begin."""
    return rows_at(state) + int(state[FEATURES]) * int(state[WINDOW])


@kernel
def table_of(state: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reference and newest comparison of each feature, (d, `COLUMNS`)."""
    d = int(state[FEATURES])
    return state[BODY : BODY + d * COLUMNS].reshape(d, COLUMNS)


@kernel
def now_of(state: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of the current window in each cell, (d, cells)."""
    d, cells, start = int(state[FEATURES]), int(state[CELLS]), now_at(state)
    return state[start : start + d * cells].reshape(d, cells)


@kernel
def missing_of(state: NDArray[np.float64]) -> NDArray[np.float64]:
    """Missing values of each feature in each block of the reference, (d, blocks)."""
    d, blocks, start = int(state[FEATURES]), int(state[REFERENCE]) // int(state[BLOCK]), missing_at(state)
    return state[start : start + d * blocks].reshape(d, blocks)


@kernel
def rows_of(state: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows of the reference until it is full, (reference, d); from then on the first rows are the ring of the newest."""
    d, rows, start = int(state[FEATURES]), int(state[REFERENCE]), rows_at(state)
    return state[start : start + rows * d].reshape(rows, d)


@kernel
def sorted_at(state: NDArray[np.float64]) -> int:
    """Where the sorted references begin."""
    return rows_at(state) + int(state[FEATURES]) * max(int(state[REFERENCE]), 2 * int(state[WINDOW]))


@kernel
def sorted_of(state: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each feature's sorted reference, (d, reference); empty for PSI."""
    d, start = int(state[FEATURES]), sorted_at(state)
    return state[start:].reshape(d, (state.size - start) // d)


def covariate_state(
    features: int, level: float, reference: int, window: int, block: int, every: int, *, exact: bool
) -> NDArray[np.float64]:
    """An empty state. With ``exact`` it has a bin for each value of the reference, as Kolmogorov-Smirnov needs."""
    cells = 2 * reference + 1 if exact else BINS
    per_feature = COLUMNS + cells + reference // block + max(reference, 2 * window) + (reference if exact else 0)
    state = np.zeros(BODY + features * per_feature)
    state[THRESHOLD], state[FEATURES], state[REFERENCE], state[WINDOW] = level, features, reference, window
    state[BLOCK], state[EVERY], state[CELLS], state[WORST], state[TOTAL_P] = block, every, cells, -1.0, 1.0
    table_of(state)[:, P_VALUE] = 1.0
    return state
