"""From a probability of high volatility to a volatility forecast: by what such probabilities have meant so far."""

from __future__ import annotations

import math

import numpy as np

from alpha_pulse.core.errors import NonFiniteError, StateError
from alpha_pulse.core.stateful import State

DECILES = 10
PRIOR = 50.0
"""Weight of the prior ratio of 1, in labels."""


class VolatilityCalibrator:
    """The volatility forecast: the trailing median times the mean ratio of the probability's decile so far.

    ``ratio(p) = (50 * 1 + sum of ratios) / (50 + their number)`` over the labels whose served probability fell into the
    same decile: a histogram regression, shrunk to 1 while it knows little (histogram binning: Zadrozny & Elkan, 2001).

    >>> calibrator = VolatilityCalibrator()
    >>> for _ in range(50):
    ...     calibrator.update(0.95, 2.0)
    >>> calibrator.forecast(0.91, 0.004), calibrator.forecast(0.15, 0.004)
    (0.006, 0.004)
    """

    def __init__(self) -> None:
        self._sums = [0.0] * DECILES
        self._counts = [0] * DECILES

    def update(self, probability: float, ratio: float) -> None:
        """Learn one label.

        Parameters
        ----------
        probability
            Of high volatility, as it was served, 0 to 1.
        ratio
            Realised volatility over the trailing median it was compared with, at least 0.

        Raises
        ------
        NonFiniteError
            Either is outside its range or not finite.
        """
        if not (0.0 <= ratio < math.inf):
            raise NonFiniteError(
                f"a realised volatility is {ratio!r} times its median; a finite ratio of at least 0 was expected"
            )
        decile = _decile(probability)
        self._sums[decile] += ratio
        self._counts[decile] += 1

    def ratio(self, probability: float) -> float:
        """The mean ratio in this probability's decile, shrunk to 1; 1 before any label."""
        decile = _decile(probability)
        return (PRIOR + self._sums[decile]) / (PRIOR + self._counts[decile])

    def forecast(self, probability: float, trailing_median: float) -> float:
        """The forecast, in the unit of ``trailing_median`` (volatility over the label's horizon)."""
        return self.ratio(probability) * trailing_median

    def snapshot(self) -> State:
        """Sums and counts per decile."""
        return State(arrays={"sums": np.array(self._sums), "counts": np.array(self._counts, dtype=np.int64)})

    def restore(self, state: State) -> None:
        """Take over ``state``."""
        sums, counts = state.arrays.get("sums"), state.arrays.get("counts")
        if sums is None or counts is None or sums.shape != (DECILES,) or counts.shape != (DECILES,):
            raise StateError(f"a saved volatility calibrator needs {DECILES} sums and counts; use an older checkpoint")
        self._sums = [float(value) for value in sums]
        self._counts = [int(value) for value in counts]


def _decile(probability: float) -> int:
    if not 0.0 <= probability <= 1.0:
        raise NonFiniteError(f"the volatility calibrator received probability {probability!r}; expected a number from 0 to 1")
    return min(int(probability * DECILES), DECILES - 1)
