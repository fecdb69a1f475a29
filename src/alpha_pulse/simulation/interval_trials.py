"""The coverage of the intervals for the mean of dependent losses."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import msgspec
import numpy as np

from alpha_pulse.kernels.calibration.reliability import wilson
from alpha_pulse.metrics.intervals import Interval, block_length, mean_interval
from alpha_pulse.simulation.stationary_streams import autoregressive

PERSISTENCES = (0.0, 0.5, 0.9)
VALUES = 5_000
NORMAL_95 = 1.96


class Coverage(msgspec.Struct, frozen=True):
    """Fraction of ``runs`` paths of AR(1) losses whose interval contains the true mean; ``low`` and ``high`` bound it (95 %).

    The bounds are Wilson's (1927, doi 10.1080/01621459.1927.10502953), which also have a width at 0 and 1.

    ``independent`` is the coverage of an interval that treats the losses as independent. ``width`` is the mean width of the
    intervals, ``block`` their mean block length.
    """

    persistence: float
    values: int
    runs: int
    covered: float
    low: float
    high: float
    independent: float
    width: float
    block: float


def coverage(persistence: float, runs: int, seed: int, values: int = VALUES) -> Coverage:
    """``runs`` Gaussian AR(1) paths of ``values`` losses with mean 0.

    >>> trial = coverage(0.0, runs=50, seed=1, values=500)
    >>> trial.covered > 0.8, trial.runs
    (True, 50)
    """
    rng = np.random.default_rng([seed, round(1_000 * persistence)])
    covered = independent = 0
    width = block = 0.0
    for run in range(runs):
        losses = autoregressive(values, persistence, rng)
        interval = mean_interval(losses, seed=run)
        covered += _holds(interval)
        width += (interval.high - interval.low) / runs if interval is not None else math.nan
        block += block_length(losses) / runs
        independent += abs(float(losses.mean())) <= NORMAL_95 * float(losses.std()) / math.sqrt(values)
    share = covered / runs
    low, high = wilson(share, float(runs))
    return Coverage(persistence, values, runs, share, low, high, independent / runs, width, block)


def coverage_jobs(runs: int, seed: int) -> list[Callable[[], Coverage]]:
    """Calls of `coverage` for every persistence."""
    return [partial(coverage, persistence, runs, seed) for persistence in PERSISTENCES]


def _holds(interval: Interval | None) -> bool:
    return interval is not None and interval.low <= 0.0 <= interval.high
