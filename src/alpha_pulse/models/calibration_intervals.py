"""Intervals around a regression model's forecasts, whose coverage holds while the world drifts."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import ConfigError, NonFiniteError
from alpha_pulse.kernels.calibration import conformal
from alpha_pulse.models.base import Row
from alpha_pulse.models.packed import PackedModel


class AdaptiveInterval(PackedModel):
    """Forecast plus and minus a radius that holds the truth in a stated share of cases, however the errors change.

    It needs no distribution and no step size: eight learners of the working miscoverage compete (dynamically tuned adaptive
    conformal inference). It learns from stored forecasts, made before their targets were known. O(log window) compares and
    one move of at most ``window`` numbers per target; 16 bytes of state per score held. Targets that arrive h events late
    are followed h events late; the long-run coverage is the same.

    Parameters
    ----------
    coverage
        Share of targets that the intervals shall hold, from 0.5 to 0.999.
    window
        Newest errors that the radius is taken from, at least 10. The interval is infinite until there are enough to promise
        the coverage (9 for 90 %), and after so many misses in a row that the largest error held would not do.

    Examples
    --------
    >>> interval = AdaptiveInterval(coverage=0.9)
    >>> for k in range(1_000):
    ...     interval.learn(5.0, 5.0 + k * 37 % 101 / 100)
    >>> low, high = interval.interval(7.0)
    >>> round(low, 1), round(high, 1)
    (6.1, 7.9)

    References
    ----------
    Gibbs & Candès (2021), "Adaptive conformal inference under distribution shift", NeurIPS; Gibbs & Candès (2024),
    "Conformal inference for online prediction with arbitrary distribution shifts", JMLR 25.
    """

    def __init__(self, coverage: float = 0.9, *, window: int = 500) -> None:
        if not 0.5 <= coverage <= 0.999:
            raise ConfigError(f"coverage of an adaptive interval is {coverage}; expected a share from 0.5 to 0.999")
        if window < 10:
            raise ConfigError(f"window of an adaptive interval is {window}; expected at least 10 errors")
        self._state: Row = np.zeros(conformal.size(window))
        layout = {"kind": "adaptive_interval", "version": 1, "coverage": coverage, "window": window}
        super().__init__(1, layout, {"state": self._state})
        conformal.start(self._state, 1.0 - coverage, window)

    @property
    def level(self) -> float:
        """The working miscoverage: 1 - coverage while errors are exchangeable, less after misses, more after hits."""
        return conformal.level(self._state)

    def interval(self, forecast: float) -> tuple[float, float]:
        """(low, high) around ``forecast``, in its units; pure."""
        radius = conformal.radius(self._state)
        return forecast - radius, forecast + radius

    def learn(self, forecast: float, target: float) -> None:
        """Learn one settled target and the stored forecast of it. Raises NonFiniteError when the error is not a number."""
        error = abs(target - forecast)
        if error != error:
            raise NonFiniteError(f"forecast {forecast} and target {target} have no distance; expected finite numbers")
        conformal.learn(self._state, error)

    def learn_many(self, forecasts: Row, targets: Row) -> Row:
        """For each stored forecast the radius that it had, then learn its target. Bit-equal to the same calls one by one."""
        check_array("the forecasts", forecasts, (None,))
        check_array("the targets", targets, (len(forecasts),))
        errors = np.abs(targets - forecasts)
        if np.isnan(errors).any():
            place = int(np.isnan(errors).argmax())
            raise NonFiniteError(f"forecast or target {place} is not a number; expected finite numbers")
        out = np.empty(len(errors))
        conformal.radius_learn_rows(self._state, errors, out)
        return out
