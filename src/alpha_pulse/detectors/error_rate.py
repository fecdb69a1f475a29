"""Detectors of a classifier that errs more often than it did: they take errors, 0 or 1."""

from __future__ import annotations

import math

from alpha_pulse.detectors.packed import PackedDetector, check_minimum, check_range
from alpha_pulse.kernels.detection.ddm import ddm_state, ddm_step, ddm_steps, eddm_step, eddm_steps


class DDM(PackedDetector):
    """The error rate against the best it has been, in standard deviations; finds rises only, abrupt ones best.

    Parameters
    ----------
    threshold
        Standard deviations above the best error rate; a warning comes at 2/3 of it.
    warm_start
        Errors, right or wrong, before the first verdict.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    Examples
    --------
    >>> detector = DDM()
    >>> alarms = [i for i in range(400) if detector.update(i % 10 == 0 if i < 200 else i % 10 != 0)]
    >>> alarms[0] - 200 < 30
    True

    References
    ----------
    Gama, Medas, Castillo & Rodrigues (2004), "Learning with drift detection", SBIA,
    https://doi.org/10.1007/978-3-540-28645-5_29
    """

    domain = "binary"
    title = "DDM"

    def __init__(self, threshold: float = 3.0, warm_start: int = 30) -> None:
        check_range("DDM's threshold", threshold, 0.0, math.inf, "3")
        check_minimum("DDM's warm_start", warm_start, 1, "30")
        super().__init__(ddm_state(threshold, warm_start), ddm_step, ddm_steps)


class EDDM(PackedDetector):
    """The distance between errors against the longest it has been; finds rises of the error rate only, gradual ones best.

    Parameters
    ----------
    threshold
        Part of the longest distance below which it alarms; a warning comes half way from there to 1.
    warm_start
        Errors before the first verdict.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    Examples
    --------
    >>> detector = EDDM()
    >>> alarms = [i for i in range(1_200) if detector.update(i % 10 == 0 if i < 600 else i % 10 != 0)]
    >>> alarms[0] - 600 < 60
    True

    References
    ----------
    Baena-García et al. (2006), "Early drift detection method", IWKDDS
    """

    domain = "binary"
    title = "EDDM"

    def __init__(self, threshold: float = 0.9, warm_start: int = 30) -> None:
        check_range("EDDM's threshold", threshold, 0.0, 1.0, "0.9")
        check_minimum("EDDM's warm_start", warm_start, 1, "30")
        super().__init__(ddm_state(threshold, warm_start), eddm_step, eddm_steps)
