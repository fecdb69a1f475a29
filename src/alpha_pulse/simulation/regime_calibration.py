"""Computes the threshold of each number that the regime detector monitors, for each rate of false alarms, by simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import RegimeFeature
from alpha_pulse.detectors.calibrated import ThresholdCurve
from alpha_pulse.detectors.regime import MONITORED
from alpha_pulse.detectors.regime_settings import CAPACITY, HAZARD, PRIORS, REFERENCE
from alpha_pulse.kernels.detection.detection import DRIFT
from alpha_pulse.kernels.regimes.bocpd import bocpd_state, bocpd_steps
from alpha_pulse.kernels.regimes.market_state import FEATURES, market_state, market_steps
from alpha_pulse.simulation.regime_trials import Make, Rows, bars_of, gaussian, heavy_tailed

DOUBTS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0003)
"""One minus the thresholds to test."""
MARGIN = 0.8
"""The target of the simulated rate, as a fraction of the stated rate."""
FEWEST = 4
"""The least number of alarms of an estimated rate."""
STREAMS: tuple[tuple[int, Make], ...] = ((5, gaussian), (5, heavy_tailed), (24, gaussian), (24, heavy_tailed))
"""Bars in a block, and the stationary returns of the bars."""
FULL, QUICK = 200_000, 5_000
"""Values (blocks) of each stream."""
STEP = 0.01
"""The factor of the returns, which keeps the price within the range of a float; results do not depend on the scale."""


def calibrate_regimes(
    values: int = FULL, seed: int = 1, report: Callable[[int], None] | None = None
) -> dict[RegimeFeature, ThresholdCurve]:
    """The threshold of the probability of a change, for each number, by values per false alarm: the worst over `STREAMS`.

    Parameters
    ----------
    values
        Blocks simulated of each stream.
    seed
        Of the streams.
    report
        Called with the number of finished `regime_steps`.
    """
    worst = {name: np.zeros(len(DOUBTS)) for name in MONITORED}
    for done, stream in enumerate(_streams(values, seed), start=1):
        for name in MONITORED:
            numbers = np.ascontiguousarray(stream[:, MONITORED.index(name)])
            worst[name] = np.maximum(worst[name], [_alarms(name, 1.0 - doubt, numbers) for doubt in DOUBTS])
        if report is not None:
            report(done)
    return {name: _curve(counts, values) for name, counts in worst.items()}


def regime_steps() -> int:
    """The number of steps that `calibrate_regimes` reports."""
    return len(STREAMS)


def _curve(counts: Rows, values: int) -> ThresholdCurve:
    enough = counts >= FEWEST
    # A higher threshold never gives more alarms; simulation error must not break this order.
    per = np.maximum.accumulate(MARGIN * values / counts[enough])
    rising = np.concatenate([[True], np.diff(per) > 0.0])
    doubts = np.array(DOUBTS)[enough][rising].tolist()
    return ThresholdCurve(tuple(float(round(value)) for value in per[rising]), tuple(round(1.0 - doubt, 6) for doubt in doubts))


def _alarms(name: RegimeFeature, threshold: float, values: Rows) -> int:
    flags: NDArray[np.int64] = np.empty(len(values), dtype=np.int64)
    bocpd_steps(bocpd_state(threshold, HAZARD, PRIORS[name], CAPACITY), values, flags)
    return int((flags == DRIFT).sum())


def _streams(values: int, seed: int) -> Iterator[Rows]:
    """The numbers of the detector for the bars of each of `STREAMS`, one row per block."""
    for block, draw in STREAMS:
        rng = np.random.default_rng([seed, block, int(draw is heavy_tailed)])
        returns = draw(values * block + 1, rng) * STEP
        numbers = np.empty((values, FEATURES + 1))
        market_steps(market_state(block, REFERENCE, False), bars_of(returns - returns.mean()), numbers)
        yield numbers
