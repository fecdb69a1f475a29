"""How steady the risk of a held position is that is sized by a forecast: how its log volatility varies by week."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import DAY_NS, WEEK_NS

Floats = NDArray[np.float64]

MONDAY_NS = 3 * DAY_NS
DAILY_WEEKS = 4
"""Daily bars are summed over so many weeks: five returns say little about a volatility."""
LEAST_BARS = 0.5
"""Weeks with fewer bars than this share of the usual number are left out."""


def weekly_logs(ts: NDArray[np.int64], closes: Floats, level: Floats, first: int, *, daily: bool) -> Floats:
    """Log volatility per bar of each week of a position 1 / level, set at each close and held until the next, minus its mean.

    Parameters
    ----------
    ts, closes, level
        Of each bar, (n,): its end in ns since the epoch, its close, and the forecast after it.
    first
        The first bar that counts.
    daily
        Whether the bars are daily.
    """
    moves = np.diff(np.log(closes))[first:] / level[first:-1]
    weeks = (ts[first + 1 :] + MONDAY_NS) // (WEEK_NS * (DAILY_WEEKS if daily else 1))
    _, place = np.unique(weeks, return_inverse=True)
    bars = np.bincount(place)
    squares = np.bincount(place, moves**2) / bars
    used = (bars >= LEAST_BARS * np.median(bars)) & (squares > 0.0)
    logs = 0.5 * np.log(squares[used])
    around_mean: Floats = logs - logs.mean()
    return around_mean
