"""Finds the threshold of each number that the regime detector watches, for each rate of false alarms, by simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import RegimeFeature
from alpha_pulse.detectors.calibrated import ThresholdCurve
from alpha_pulse.detectors.regime import WATCHED
from alpha_pulse.detectors.regime_settings import CAPACITY, HAZARD, PRIORS, REFERENCE
from alpha_pulse.kernels.detection.detection import DRIFT
from alpha_pulse.kernels.regimes.bocpd import bocpd_state, bocpd_steps
from alpha_pulse.kernels.regimes.market_state import FEATURES, market_state, market_steps
from alpha_pulse.simulation.regime_trials import Make, Rows, bars_of, gaussian, heavy_tailed

DOUBTS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0003)
"""One minus the thresholds that are tried."""
MARGIN = 0.8
"""The simulated rate that is aimed at, as a part of the stated one."""
FEWEST = 4
"""Alarms that a rate must be made of."""
STREAMS: tuple[tuple[int, Make], ...] = ((5, gaussian), (5, heavy_tailed), (24, gaussian), (24, heavy_tailed))
"""Bars of a block, and their returns, in which nothing changes."""
FULL, QUICK = 200_000, 5_000
"""Values (blocks) of each stream."""
STEP = 0.01
"""Returns are scaled down by this, so that the price stays within what a float can hold; scale is no matter here."""


def calibrate_regimes(
    values: int = FULL, seed: int = 1, report: Callable[[int], None] | None = None
) -> dict[RegimeFeature, ThresholdCurve]:
    """The probability of a change that is believed, of each number, by values per false alarm: the worst over `STREAMS`.

    Parameters
    ----------
    values
        Blocks simulated of each stream.
    seed
        Of the streams.
    report
        Called with the number of finished `regime_steps`.
    """
    worst = {name: np.zeros(len(DOUBTS)) for name in WATCHED}
    for done, stream in enumerate(_streams(values, seed), start=1):
        for name in WATCHED:
            numbers = np.ascontiguousarray(stream[:, WATCHED.index(name)])
            worst[name] = np.maximum(worst[name], [_alarms(name, 1.0 - doubt, numbers) for doubt in DOUBTS])
        if report is not None:
            report(done)
    return {name: _curve(counts, values) for name, counts in worst.items()}


def regime_steps() -> int:
    """How many pieces of work `calibrate_regimes` reports."""
    return len(STREAMS)


def _curve(counts: Rows, values: int) -> ThresholdCurve:
    kept = counts >= FEWEST
    # Fewer alarms at less doubt: chance must not turn that round.
    per = np.maximum.accumulate(MARGIN * values / counts[kept])
    rising = np.concatenate([[True], np.diff(per) > 0.0])
    doubts = np.array(DOUBTS)[kept][rising].tolist()
    return ThresholdCurve(tuple(float(round(value)) for value in per[rising]), tuple(round(1.0 - doubt, 6) for doubt in doubts))


def _alarms(name: RegimeFeature, threshold: float, values: Rows) -> int:
    flags: NDArray[np.int64] = np.empty(len(values), dtype=np.int64)
    bocpd_steps(bocpd_state(threshold, HAZARD, PRIORS[name], CAPACITY), values, flags)
    return int((flags == DRIFT).sum())


def _streams(values: int, seed: int) -> Iterator[Rows]:
    """What the detector makes of the bars of each of `STREAMS`, a row a block."""
    for block, draw in STREAMS:
        rng = np.random.default_rng([seed, block, int(draw is heavy_tailed)])
        returns = draw(values * block + 1, rng) * STEP
        found = np.empty((values, FEATURES + 1))
        market_steps(market_state(block, REFERENCE, False), bars_of(returns - returns.mean()), found)
        yield found
