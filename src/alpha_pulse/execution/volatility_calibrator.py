"""Converts a probability of high volatility to a volatility forecast, by the volatilities that followed such probabilities so
far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import NonFiniteError
from alpha_pulse.core.stateful import State, take
from alpha_pulse.kernels.session import deciles as kernels
from alpha_pulse.kernels.session.deciles import DECILES


class VolatilityCalibrator:
    """The volatility forecast: the trailing median times the mean ratio of the probability's decile so far.

    ``ratio(p) = (50 * 1 + sum of ratios) / (50 + their number)`` over the labels whose served probability fell into the
    same decile: a histogram regression, shrunk to 1 while there are few labels (histogram binning: Zadrozny & Elkan, 2001).

    >>> calibrator = VolatilityCalibrator()
    >>> for _ in range(50):
    ...     calibrator.update(0.95, 2.0)
    >>> calibrator.forecast(0.91, 0.004), calibrator.forecast(0.15, 0.004)
    (0.006, 0.004)
    """

    def __init__(self) -> None:
        self.deciles: NDArray[np.float64] = np.zeros(2 * DECILES)
        """Sums of ratios by decile, then their numbers; the loop updates them (`alpha_pulse.kernels.session.target`)."""

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
        _check(probability)
        if not kernels.update(self.deciles, probability, ratio):
            raise bad_ratio(ratio)

    def ratio(self, probability: float) -> float:
        """The mean ratio in this probability's decile, shrunk to 1; 1 before any label."""
        _check(probability)
        return kernels.ratio(self.deciles, probability)

    def forecast(self, probability: float, trailing_median: float) -> float:
        """The forecast, in the unit of ``trailing_median`` (volatility over the label's horizon)."""
        return self.ratio(probability) * trailing_median

    def snapshot(self) -> State:
        """Sums and counts per decile."""
        return State(arrays={"deciles": self.deciles.copy()})

    def restore(self, state: State) -> None:
        """Take over ``state``."""
        take(self.deciles, state, "deciles")


def bad_ratio(ratio: float) -> NonFiniteError:
    """The error for a ratio that cannot be learned."""
    return NonFiniteError(f"a realised volatility is {ratio!r} times its median; a finite ratio of at least 0 was expected")


def _check(probability: float) -> None:
    if not 0.0 <= probability <= 1.0:
        raise NonFiniteError(f"the volatility calibrator received probability {probability!r}; expected a number from 0 to 1")
