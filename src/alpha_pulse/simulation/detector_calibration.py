"""Computes the threshold of a detector for each rate of false alarms, by simulation on stationary streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.detectors.calibrated import (
    DEPENDENCES,
    TUNED,
    Dependence,
    ThresholdCurve,
    ThresholdCurves,
    block_of,
    blocks,
    make_detector,
)
from alpha_pulse.simulation.stationary_streams import Row, Stationary, accepted

PER = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
"""Values per false alarm for which a threshold is computed."""
MARGIN = 0.8
"""The target of the simulated rate, as a fraction of the stated rate; the rest allows for the error of the simulation."""
GRIDS: dict[str, tuple[float, float]] = {
    "adwin": (0.95, 1e-4),
    "ddm": (1.2, 8.0),
    "eddm": (0.97, 0.1),
    "fhddm": (0.7, 1e-12),
    "hddm_a": (0.5, 1e-7),
    "hddm_w": (0.7, 1e-8),
    "kswin": (0.2, 1e-8),
    "page_hinkley": (4.0, 150.0),
}
"""The range of thresholds for the search, the most sensitive first; the logarithms are evenly spaced."""
GRID_POINTS = 13


class Size(msgspec.Struct, frozen=True):
    """The size of the simulation: (runs, values) of each length, for each stream and threshold."""

    runs: tuple[tuple[int, int], ...]


FULL = Size(((200, 3_000), (40, 30_000), (12, 100_000)))
QUICK = Size(((40, 3_000), (4, 10_000)))


def grid(name: str) -> NDArray[np.float64]:
    """The thresholds to test, (GRID_POINTS,), the most sensitive first."""
    return np.geomspace(*GRIDS[name], GRID_POINTS)


def alarms(name: str, threshold: float, values: Row) -> NDArray[np.int64]:
    """The indices in ``values`` (n,) at which a new detector reports drift."""
    return np.flatnonzero(make_detector(name, threshold).update_many(values))


def calibrate(
    names: Sequence[str] = tuple(TUNED), size: Size = FULL, seed: int = 1, report: Callable[[int], None] | None = None
) -> ThresholdCurves:
    """The table of thresholds, by detector and dependence.

    Parameters
    ----------
    names
        Detectors of `TUNED`.
    size
        The size of the simulation. seed Of the streams.
    report
        Called with the number of finished `steps`.
    """
    jobs = [(name, dependence, stream) for name in names for dependence, stream in _streams(name)]
    worst: dict[tuple[str, Dependence], NDArray[np.float64]] = {}
    with ThreadPoolExecutor(2) as pool:
        curves_found = pool.map(lambda job: false_alarm_rates(job[0], job[2], size, seed), jobs)
        for done, ((name, dependence, _), rates) in enumerate(zip(jobs, curves_found, strict=True), start=1):
            worst[name, dependence] = np.maximum(worst.get((name, dependence), 0.0), rates)
            if report is not None:
                report(done)
    curves: ThresholdCurves = {name: {} for name in names}
    for (name, dependence), rates in worst.items():
        curves[name][dependence] = curve(grid(name), rates)
    return curves


def steps(names: Sequence[str] = tuple(TUNED)) -> int:
    """The number of steps that `calibrate` reports."""
    return sum(len(_streams(name)) for name in names)


def _streams(name: str) -> list[tuple[Dependence, Stationary]]:
    domain = make_detector(name, float(grid(name)[0])).domain
    return [(dependence, stream) for dependence in DEPENDENCES for stream in accepted(domain, dependence)]


def false_alarm_rates(name: str, stream: Stationary, size: Size, seed: int) -> NDArray[np.float64]:
    """Alarms per value, shape (GRID_POINTS, len(PER)): the highest rate up to any simulated length of at least ``PER`` values.

    A detector may give more alarms soon after its start than later, so the rate up to each length counts.
    """
    thresholds = grid(name)
    block = block_of(stream.dependence, stream.horizon)
    lengths = np.array(sorted({*PER, *(n for _, n in size.runs)}))
    counts, values = np.zeros((GRID_POINTS, len(lengths))), np.zeros(len(lengths))
    rng = np.random.default_rng([seed, *stream.name.encode()])
    mean = make_detector(name, float(thresholds[0])).domain != "binary"
    for runs, n in size.runs:
        reached = lengths <= n
        for _ in range(runs):
            shown = blocks(stream.make(n * block, rng), block, mean=mean)
            values[reached] += lengths[reached]
            for index, threshold in enumerate(thresholds):
                alarm_indices = alarms(name, float(threshold), shown)
                counts[index, reached] += np.searchsorted(alarm_indices, lengths[reached])
    known = values > 0
    rates = counts[:, known] / values[known]
    return np.stack([rates[:, lengths[known] >= min(per, lengths[known][-1])].max(axis=1) for per in PER], axis=1)


def curve(thresholds: NDArray[np.float64], rates: NDArray[np.float64]) -> ThresholdCurve:
    """The threshold for each of `PER` at which the rate equals its target; rates that no threshold reaches are left out.

    Between two thresholds the logarithm of the rate is interpolated linearly in the logarithm of the threshold.
    """
    per_found, thresholds_found = [], []
    for index, per in enumerate(PER):
        target_rate = MARGIN / per
        falling = np.minimum.accumulate(rates[:, index])
        below = np.flatnonzero(falling <= target_rate)
        if not below.size:
            continue
        first = int(below[0])
        threshold = thresholds[first]
        if first > 0 and falling[first] > 0.0:
            steep = np.log(falling[first - 1]) - np.log(falling[first])
            fraction = (np.log(falling[first - 1]) - np.log(target_rate)) / steep
            threshold = np.exp((1.0 - fraction) * np.log(thresholds[first - 1]) + fraction * np.log(thresholds[first]))
        per_found.append(float(per))
        thresholds_found.append(float(threshold))
    # A lower rate of false alarms never needs a more sensitive threshold; simulation error must not break this order.
    quieter = np.maximum.accumulate if thresholds[-1] > thresholds[0] else np.minimum.accumulate
    return ThresholdCurve(tuple(per_found), tuple(float(f"{threshold:.4g}") for threshold in quieter(thresholds_found)))
