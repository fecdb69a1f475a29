"""Where a calibrated detector finds a change in the errors of a model: marks on its curve."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.detectors.calibrated import AUTOREGRESSIVE_BLOCK, CalibratedDetector, Dependence, nearest_rate

DETECTOR = "adwin"
FALSE_ALARMS_PER = 10_000
"""Labels per accepted false alarm while nothing changes, where blocks are short."""


class DriftMark(msgspec.Struct, frozen=True):
    """An alarm after the prediction of ``example``; ``rise``: the error rate rose, else it fell."""

    example: int
    rise: bool


def dependence_of(horizon: int, independent: bool) -> Dependence:
    """The dependence assumed between the errors of a stream."""
    if not independent and horizon <= AUTOREGRESSIVE_BLOCK:
        return "autoregressive"
    return "horizon" if horizon > 1 else "independent"


def samples_per_false_alarm(horizon: int, independent: bool) -> int:
    """Labels per accepted false alarm of `drift_marks`: 10,000, or the nearest for which its detector is calibrated.

    >>> samples_per_false_alarm(25, independent=False), samples_per_false_alarm(150, independent=False)
    (10000, 15000)
    """
    return round(nearest_rate(DETECTOR, FALSE_ALARMS_PER, dependence=dependence_of(horizon, independent), horizon=horizon))


def drift_marks(wrong: NDArray[np.bool_], steps: NDArray[np.int64], horizon: int, independent: bool) -> list[DriftMark]:
    """Alarms of ADWIN over errors, at most one false alarm in `samples_per_false_alarm` labels.

    Parameters
    ----------
    wrong
        bool of shape (n,): whether each prediction was wrong, in the order in which labels first became known.
    steps
        int64 of shape (n,): the example after whose prediction each label became known.
    horizon
        Examples over which labels overlap.
    independent
        Whether examples are independent of each other; otherwise they are assumed to be autocorrelated.

    >>> wrong = np.random.default_rng(2).random(4_000) < np.repeat([0.1, 0.4], 2_000)
    >>> [(1_990 < mark.example < 2_200, mark.rise) for mark in drift_marks(wrong, np.arange(4_000), 1, True)]
    [(True, True)]
    """
    per = samples_per_false_alarm(horizon, independent)
    detector = CalibratedDetector(DETECTOR, per, dependence=dependence_of(horizon, independent), horizon=horizon)
    marks = []
    for error, step in zip(wrong.astype(np.float64).tolist(), steps.tolist(), strict=True):
        if detector.update(error):
            marks.append(DriftMark(step, detector.last.score > 0.0))
    return marks
