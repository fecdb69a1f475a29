"""Returns per step of an equity curve, and ratios of them. What is undefined is None."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import DAY_NS, YEAR_NS
from alpha_pulse.metrics.intervals import Interval, mean_interval

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

LEAST_NS_TO_ANNUALISE = 90 * DAY_NS
"""A growth per year of a shorter run would be an extrapolation of more than four times its length."""


def step_returns(equity: Floats, initial: float) -> Floats:
    """The return of each step, (n,): the change divided by the equity before, or 0 while that is not positive.

    Parameters
    ----------
    equity
        float64 of shape (n,): after each step, in cash.
    initial
        The cash before the first step.

    >>> step_returns(np.array([110.0, 99.0, -1.0, 5.0]), 100.0).round(4).tolist()
    [0.1, -0.1, -1.0101, 0.0]
    """
    before = np.concatenate([[initial], equity[:-1]]) if len(equity) else equity
    returns: Floats = np.divide(equity - before, before, out=np.zeros(len(equity)), where=before > 0.0)
    return returns


def steps_per_year(known_at: Times) -> float:
    """The observed number of steps per year, so that closed markets do not count; 0 for fewer than two steps.

    Parameters
    ----------
    known_at
        int64 of shape (n,): the end of each step, ns.
    """
    return rate_per_year(len(known_at), int(known_at[-1] - known_at[0]) if len(known_at) else 0)


def rate_per_year(steps: int, elapsed_ns: int) -> float:
    """The number of steps per year of market time, from the steps of a span and its length; 0 while it has no length.

    >>> rate_per_year(25, DAY_NS)
    8766.0
    """
    return (steps - 1) * YEAR_NS / elapsed_ns if elapsed_ns > 0 else 0.0


def sharpe(returns: Floats, per_year: float) -> float | None:
    """Mean over standard deviation of the returns per step, times the root of the steps per year; None while they do not vary.

    No riskless rate is subtracted.

    References
    ----------
    Sharpe (1994), "The Sharpe ratio", Journal of Portfolio Management 21.
    """
    # Rounded, the deviation of equal returns is not always 0.
    spread = float(returns.std(ddof=1)) if len(returns) > 1 and np.ptp(returns) > 0.0 else 0.0
    return float(returns.mean()) / spread * math.sqrt(per_year) if spread > 0.0 else None


def sortino(returns: Floats, per_year: float) -> float | None:
    """As `sharpe`, with the root of the mean squared loss per step in place of the standard deviation; None without a loss.

    References
    ----------
    Sortino and van der Meer (1991), "Downside risk", Journal of Portfolio Management 17.

    >>> round(sortino(np.array([0.02, -0.01, 0.02, -0.01]), 4.0), 4)
    1.4142
    """
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2))) if len(returns) else 0.0
    return float(returns.mean()) / downside * math.sqrt(per_year) if downside > 0.0 else None


def growth_per_year(equity: Floats, known_at: Times, initial: float) -> float | None:
    """The compound return per year, as a fraction; None for less than 90 days, and without equity left.

    Parameters are those of `step_returns` and `steps_per_year`.
    """
    elapsed = int(known_at[-1] - known_at[0]) if len(known_at) else 0
    if elapsed < LEAST_NS_TO_ANNUALISE or equity[-1] <= 0.0:
        return None
    return float((equity[-1] / initial) ** (YEAR_NS / elapsed) - 1.0)


def total_interval(changes: Floats, seed: int) -> Interval | None:
    """A 95 % interval of the sum of changes per step, in their unit; None for too few of them, see `mean_interval`."""
    interval = mean_interval(changes, seed)
    return None if interval is None else Interval(len(changes) * interval.low, len(changes) * interval.high)


def rolling_sharpe(returns: Floats, per_year: float, window: int) -> Floats:
    """`sharpe` of the newest ``window`` returns after each step, (n,); NaN where there are fewer, or where they do not vary.

    >>> rolling_sharpe(np.array([0.0, 0.02, 0.0, 0.02]), 2.0, 2).round(6).tolist()
    [nan, 1.0, 1.0, 1.0]
    """
    found = np.full(len(returns), np.nan)
    if window < 2 or len(returns) < window:
        return found
    moving = _window_sums((np.diff(returns) != 0.0).astype(np.float64), window - 1) > 0.0
    means = _window_sums(returns, window) / window
    # About the mean of all returns, so that the difference of the two sums keeps its digits.
    centred = returns - returns.mean()
    squares = _window_sums(centred**2, window) - _window_sums(centred, window) ** 2 / window
    with np.errstate(divide="ignore", invalid="ignore"):
        found[window - 1 :] = np.where(moving & (squares > 0.0), means / np.sqrt(squares / (window - 1)), np.nan)
    return found * math.sqrt(per_year)


def _window_sums(values: Floats, window: int) -> Floats:
    sums = np.cumsum(np.concatenate([[0.0], values]))
    found: Floats = sums[window:] - sums[:-window]
    return found
