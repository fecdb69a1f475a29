"""Hour of day and day of week as points on circles, in UTC."""

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
def calendar_step(ts: int, out: NDArray[np.float64], at: int) -> None:
    """Write hour of day (sine and cosine, first and second harmonic) and day of week (sine and cosine) to ``out[at:at + 6]``.

    Both are those of ``ts`` (ns since the epoch, UTC), the bar's end: the instant of the decision, known in advance.

    >>> row = np.empty(6)
    >>> calendar_step(21_600_000_000_000, row, 0)
    >>> np.abs(row[:4]).round(12).tolist()
    [1.0, 0.0, 0.0, 1.0]
    """
    day = ts // DAY_NS
    hour = _TWO_PI * ((ts - day * DAY_NS) / DAY_NS)
    sine, cosine = math.sin(hour), math.cos(hour)
    week = _TWO_PI * ((day + _MONDAY) % 7) / 7.0
    out[at] = sine
    out[at + 1] = cosine
    out[at + 2] = 2.0 * sine * cosine
    out[at + 3] = 1.0 - 2.0 * sine * sine
    out[at + 4] = math.sin(week)
    out[at + 5] = math.cos(week)
