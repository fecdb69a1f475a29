"""The data of the trade-quality model of one symbol: its record of closed lots, its input, and the size factor from its output.

The record is float64 of length ``RECORD``: lots with net P&L above 0, all lots, and the newest label (0.5 before any).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.scores import BASE, LABEL, LAST_KNOWN, NO_CHANGE, ONLINE, SERVED
from alpha_pulse.kernels.mixing.ensemble import RAW_ONLINE

WINS, LOTS, NEWEST = range(3)
RECORD = 3
EXTRA_FEATURES = 3
"""Signal direction, confidence and ML part follow the served features."""
LOTS_BEFORE_SCALING = 200
"""Closed lots before the model may scale a size."""


@kernel
def start_record(record: NDArray[np.float64]) -> None:
    """Set a record to that of a symbol without closed lots."""
    record[WINS], record[LOTS], record[NEWEST] = 0.0, 0.0, 0.5


@kernel
def count_lot(record: NDArray[np.float64], label: int) -> None:
    """Count one closed lot; ``label`` is 1 for a net P&L above 0, else 0."""
    record[LOTS] += 1.0
    record[WINS] += label
    record[NEWEST] = label


@kernel
def win_rate(record: NDArray[np.float64]) -> float:
    """The fraction of lots that won, by Laplace's rule of succession.

    >>> win_rate(np.array([3.0, 4.0, 1.0]))
    0.6666666666666666
    """
    return float((record[WINS] + 1.0) / (record[LOTS] + 2.0))


@kernel
def scales(record: NDArray[np.float64]) -> bool:
    """Whether there are enough closed lots for the model to scale sizes."""
    return bool(record[LOTS] >= LOTS_BEFORE_SCALING)


@kernel
def size_scale(record: NDArray[np.float64], probability: float) -> float:
    """The factor on a size: 1 plus twice the probability of a profit above `win_rate`, from 0.5 to 1.5; 1 before 200 lots.

    >>> size_scale(np.array([99.0, 198.0, 1.0]), 0.6), size_scale(np.array([149.0, 298.0, 1.0]), 0.6)
    (1.0, 1.2)
    """
    if not scales(record):
        return 1.0
    scale = 1.0 + 2.0 * (probability - win_rate(record))
    return 0.5 if scale < 0.5 else 1.5 if scale > 1.5 else scale


@kernel
def write_input(
    features: NDArray[np.float64], first: int, direction: float, confidence: float, ml_part: float, into: NDArray[np.float64]
) -> None:
    """Write the model's input for a signal.

    Parameters
    ----------
    features
        Rows of served features, one after the other.
    first
        Where the row of the signal begins.
    direction, confidence, ml_part
        Of the combined signal. NaN for a missing confidence or part, which count as 0.5 and 0.
    into
        (n_features + EXTRA_FEATURES,).
    """
    n = into.shape[0] - EXTRA_FEATURES
    for j in range(n):
        into[j] = features[first + j]
    into[n] = direction
    into[n + 1] = 0.5 if math.isnan(confidence) else confidence
    into[n + 2] = 0.0 if math.isnan(ml_part) else ml_part


@kernel
def write_served(record: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Complete the row of a prediction (see `kernels.mixing.ensemble`) that has the online model's probability.

    The model's probability is served, or `win_rate` if it is NaN.
    """
    base = win_rate(record)
    row[ONLINE] = row[RAW_ONLINE]
    row[BASE] = base
    row[NO_CHANGE] = base
    row[SERVED] = base if math.isnan(row[RAW_ONLINE]) else row[RAW_ONLINE]
    row[LABEL] = math.nan
    row[LAST_KNOWN] = record[NEWEST]
