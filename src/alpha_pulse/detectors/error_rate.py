"""Detectors of a rise of a classifier's error rate. They process errors, 0 or 1."""

from __future__ import annotations

from alpha_pulse.core.ranges import check_minimum, check_range
from alpha_pulse.detectors.packed import PackedDetector
from alpha_pulse.kernels.detection.ddm import ddm_state, ddm_step, ddm_steps, eddm_step, eddm_steps


class DDM(PackedDetector):
    """Compares the error rate with its lowest value so far, in standard deviations. Detects rises only; abrupt ones best.

    Parameters
    ----------
    threshold
        Standard deviations above the lowest error rate; a warning is given at 2/3 of it.
    warm_start
        Values before the first test.

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
        check_range("DDM's threshold", threshold, 0.0, usual="3")
        check_minimum("DDM's warm_start", warm_start, 1, usual="30")
        super().__init__(ddm_state(threshold, warm_start), ddm_step, ddm_steps)


class EDDM(PackedDetector):
    """Compares the distance between errors with its largest value so far. Detects rises of the error rate; gradual ones best.

    Parameters
    ----------
    threshold
        Fraction of the largest distance below which it gives an alarm; a warning is given halfway between it and 1.
    warm_start
        Errors before the first test.

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
        check_range("EDDM's threshold", threshold, 0.0, 1.0, usual="0.9")
        check_minimum("EDDM's warm_start", warm_start, 1, usual="30")
        super().__init__(ddm_state(threshold, warm_start), eddm_step, eddm_steps)
