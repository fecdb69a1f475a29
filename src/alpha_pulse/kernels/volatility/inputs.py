"""The inputs of each kind of member, from a wide row; see `alpha_pulse.kernels.volatility.wide` for its columns.

A member predicts the log of realised volatility over the next h bars. Those *without season* predict it divided by the seasonal
factor of these bars. `LEVEL_REGRESSION` and `RANDOM_FEATURES` predict its log ratio to the trailing median, from logs of the
same ratio, so that their inputs have no scale.

Sources: RiskMetrics, "Technical document" (1996), for `EWMA`; Corsi (2009) for `HAR`; Rahimi & Recht, "Random features for
large-scale kernel machines", NIPS (2007), for `RANDOM_FEATURES`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.volatility import wide

Floats = NDArray[np.float64]

EWMA, EWMA_S, HAR, HAR_S, HAR_GK_S, LEVEL_REGRESSION, RANDOM_FEATURES = range(7)
KINDS = 7
N_EWMA, N_HAR = 2, 5
TRENDS = len(wide.TRENDS)
N_REGRESSION = 4 + wide.EWMA + (wide.TREND - wide.VOLUME) + 3 * TRENDS
"""A constant, the seasonal factor ahead, its ratio to the last, and the slot's mean; the columns of logs except those of EWMA;
trends, their sizes, and their squares."""
MOST_SQUARE = 10.0
MOST = 5.0
"""Inputs of the regressions are within this bound."""


@kernel
def count(kind: int, random_features: int) -> int:
    """Number of inputs of a kind of member.

    >>> [count(kind, 120) for kind in (EWMA, HAR_GK_S, LEVEL_REGRESSION, RANDOM_FEATURES)]
    [2, 5, 52, 172]
    """
    if kind <= EWMA_S:
        return N_EWMA
    if kind <= HAR_GK_S:
        return N_HAR
    return N_REGRESSION + (random_features if kind == RANDOM_FEATURES else 0)


@kernel
def seasonal(kind: int) -> bool:
    """Whether the member predicts volatility without season."""
    return kind in (EWMA_S, HAR_S, HAR_GK_S)


@kernel
def _fill_har(row: Floats, x: Floats, first: int, day: int) -> None:
    x[1], x[2], x[3], x[4] = row[first], row[day], row[day + 1], row[day + 2]


@kernel
def bounded(value: float) -> float:
    """Limited to +-`MOST`."""
    return min(max(value, -MOST), MOST)


@kernel
def _fill_regression(row: Floats, shift: float, log_ahead: float, log_ratio: float, slot_mean: float, x: Floats) -> None:
    x[1], x[2], x[3] = log_ahead, bounded(log_ratio), bounded(slot_mean)
    for k in range(wide.EWMA):
        x[4 + k] = bounded(row[k] + shift)
    at = 4 + wide.EWMA
    for k in range(wide.TREND - wide.VOLUME):
        x[at + k] = row[wide.VOLUME + k]
    at += wide.TREND - wide.VOLUME
    for k in range(TRENDS):
        trend = row[wide.TREND + k]
        x[at + k], x[at + TRENDS + k], x[at + 2 * TRENDS + k] = trend, abs(trend), min(trend * trend, MOST_SQUARE)


@kernel
def _fill_random(projection: Floats, x: Floats) -> None:
    """The positive parts of random projections of the inputs that are in ``x`` already."""
    for k in range(projection.shape[0]):
        total = 0.0
        for i in range(N_REGRESSION):
            total += projection[k, i] * x[i]
        x[N_REGRESSION + k] = max(total, 0.0)


@kernel
def fill(
    kind: int, row: Floats, shift: float, log_ahead: float, log_ratio: float, slot_mean: float, projection: Floats, x: Floats
) -> None:
    """Fill the inputs ``x`` of a member.

    Parameters
    ----------
    row
        The wide row of the bar.
    shift
        Half the log of the horizon minus the log of the trailing median: turns a log volatility per bar into a log ratio.
    log_ahead
        Half the log of the seasonal factor of the next h bars.
    log_ratio
        Half the log of the ratio of this factor to that of the last h bars.
    slot_mean
        The mean target at this slot so far.
    projection
        Random weights, (number of random features, `N_REGRESSION`).
    """
    x[0] = 1.0
    if kind == EWMA:
        x[1] = row[wide.EWMA]
    elif kind == EWMA_S:
        x[1] = row[wide.SEASONAL_EWMA]
    elif kind == HAR:
        _fill_har(row, x, wide.SQUARES + 2, wide.SQUARES + 5)
    elif kind == HAR_S:
        _fill_har(row, x, wide.SEASONAL_SQUARES + 2, wide.SEASONAL_SQUARES + 5)
    elif kind == HAR_GK_S:
        _fill_har(row, x, wide.SEASONAL_RANGES, wide.SEASONAL_RANGES + 2)
    else:
        _fill_regression(row, shift, log_ahead, log_ratio, slot_mean, x)
        if kind == RANDOM_FEATURES:
            _fill_random(projection, x)


@kernel
def log_ahead_of(row: Floats, column: int) -> float:
    """Half the log of the mean seasonal factor ahead, in ``column`` of a wide row."""
    return 0.5 * math.log(row[column])
