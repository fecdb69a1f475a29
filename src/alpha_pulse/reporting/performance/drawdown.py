"""How far and for how long a book is below its highest equity so far."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import SECOND_NS

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class UnderWater(NamedTuple):
    """Time below the highest equity so far: as a fraction of the run, and the longest stretch (s), ``at_end``: which lasts."""

    fraction: float
    longest_s: float
    at_end: bool


def drawdowns(equity: Floats, initial: float) -> Floats:
    """The loss since the highest equity so far, as a fraction of it, (n,).

    >>> drawdowns(np.array([90.0, 120.0, 60.0]), 100.0).tolist()
    [0.1, 0.0, 0.5]
    """
    peaks = np.maximum(np.maximum.accumulate(equity), initial) if len(equity) else equity
    losses: Floats = (peaks - equity) / peaks
    return losses


def under_water(equity: Floats, known_at: Times, initial: float) -> UnderWater | None:
    """The time under water of an equity curve; None for fewer than two steps.

    A stretch begins with the last step at the highest equity, and ends with the step that reaches it again, or at the end.

    Parameters
    ----------
    equity
        float64 of shape (n,), in cash.
    known_at
        int64 of shape (n,), ns.
    initial
        The cash before the first step.

    >>> under_water(np.array([100.0, 90.0, 100.0, 80.0]), np.array([0, 1, 2, 3]) * SECOND_NS, 100.0)
    UnderWater(fraction=1.0, longest_s=2.0, at_end=False)
    """
    if len(equity) < 2:
        return None
    below = drawdowns(equity, initial) > 0.0
    marks = ~below
    marks[[0, -1]] = True
    points = np.flatnonzero(marks)
    starts, ends = points[:-1], points[1:]
    # Between two highs in a row nothing is below; the first and the last step may be below themselves.
    lengths = np.where((ends - starts > 1) | below[starts] | below[ends], known_at[ends] - known_at[starts], 0)
    longest = int(lengths.argmax())
    lasts = bool(below[-1]) and longest == len(lengths) - 1
    return UnderWater(float(lengths.sum()) / float(known_at[-1] - known_at[0]), float(lengths[longest]) / SECOND_NS, lasts)
