"""Hour of day and day of week in UTC, encoded as sine and cosine."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.kernels.base.jit import kernel

_TWO_PI = 2.0 * math.pi
_MONDAY = 3
"""Days to add so that Monday is 0: the epoch was a Thursday."""


@kernel
def calendar_step(ts: int, out: NDArray[np.float64], column: int) -> None:
    """Write the hour of day (sine and cosine, two harmonics) and the day of week (sine and cosine) to six columns of ``out``.

    ``ts`` is the end of the bar, in ns since the epoch, UTC; ``column`` is the first of the six columns.

    >>> row = np.empty(6)
    >>> calendar_step(21_600_000_000_000, row, 0)
    >>> np.abs(row[:4]).round(12).tolist()
    [1.0, 0.0, 0.0, 1.0]
    """
    day = ts // DAY_NS
    hour = _TWO_PI * ((ts - day * DAY_NS) / DAY_NS)
    sine, cosine = math.sin(hour), math.cos(hour)
    week = _TWO_PI * ((day + _MONDAY) % 7) / 7.0
    out[column] = sine
    out[column + 1] = cosine
    out[column + 2] = 2.0 * sine * cosine
    out[column + 3] = 1.0 - 2.0 * sine * sine
    out[column + 4] = math.sin(week)
    out[column + 5] = math.cos(week)
