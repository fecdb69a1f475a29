"""Detectors with bounds that hold for any distribution of values from 0 to 1, and are loose where the variance is small."""

from __future__ import annotations

from alpha_pulse.core.ranges import check_minimum, check_range
from alpha_pulse.detectors.packed import PackedDetector
from alpha_pulse.kernels.detection.fhddm import fhddm_state, fhddm_step, fhddm_steps
from alpha_pulse.kernels.detection.hddm_a import hddm_a_state, hddm_a_step, hddm_a_steps
from alpha_pulse.kernels.detection.hddm_w import hddm_w_state, hddm_w_step, hddm_w_steps


class HDDMA(PackedDetector):
    """Compares the mean since the best cut with the mean before it. Best for abrupt rises.

    Parameters
    ----------
    drift_confidence
        Bound of the false-alarm probability of one comparison at a fixed cut, for independent values. Over all values and cuts
        false alarms are more frequent: `alpha_pulse.detectors.calibrated` states their rate. A warning is given at 5 times it.
    two_sided
        Detect falls too.

    Raises
    ------
    ConfigError
        ``drift_confidence`` is out of range.

    Examples
    --------
    >>> detector = HDDMA()
    >>> alarms = [i for i in range(400) if detector.update(0.1 if i < 200 else 0.9)]
    >>> alarms[0] - 200 < 20
    True

    References
    ----------
    Frías-Blanco et al. (2015), "Online and non-parametric drift detection methods based on Hoeffding's bounds", IEEE TKDE 27,
    https://doi.org/10.1109/TKDE.2014.2345382
    """

    domain = "bounded"
    title = "HDDM-A"

    def __init__(self, drift_confidence: float = 0.001, two_sided: bool = False) -> None:
        check_range("HDDM-A's drift_confidence", drift_confidence, 0.0, 1.0, usual="0.001")
        super().__init__(hddm_a_state(drift_confidence, two_sided), hddm_a_step, hddm_a_steps)


class HDDMW(PackedDetector):
    """Compares weighted means before and after the best cut. Best for gradual rises.

    Parameters
    ----------
    drift_confidence, two_sided
        As for `HDDMA`.
    lambda_
        Weight of a new value in a mean.

    Raises
    ------
    ConfigError
        ``drift_confidence`` or ``lambda_`` is out of range.

    Examples
    --------
    >>> detector = HDDMW()
    >>> alarms = [i for i in range(400) if detector.update(0.1 if i < 200 else 0.9)]
    >>> alarms[0] - 200 < 20
    True

    References
    ----------
    As for `HDDMA`.
    """

    domain = "bounded"
    title = "HDDM-W"

    def __init__(self, drift_confidence: float = 0.001, two_sided: bool = False, lambda_: float = 0.05) -> None:
        check_range("HDDM-W's drift_confidence", drift_confidence, 0.0, 1.0, usual="0.001")
        check_range("HDDM-W's lambda_", lambda_, 0.0, 1.0, usual="0.05")
        super().__init__(hddm_w_state(drift_confidence, two_sided, lambda_), hddm_w_step, hddm_w_steps)


class FHDDM(PackedDetector):
    """Compares the mean of a sliding window with its smallest value so far. Detects rises only.

    Parameters
    ----------
    delta
        Bound of the false-alarm probability of one comparison of two fixed windows, for independent values. The window with the
        smallest mean is not fixed, so false alarms are more frequent: `alpha_pulse.detectors.calibrated` states their rate. A
        warning is given at 10 times it.
    window_size
        Values in the window.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    Examples
    --------
    >>> detector = FHDDM()
    >>> alarms = [i for i in range(400) if detector.update(0.1 if i < 200 else 0.9)]
    >>> alarms[0] - 200 < 40
    True

    References
    ----------
    Pesaranghader & Viktor (2016), "Fast Hoeffding drift detection method for evolving data streams", ECML PKDD,
    https://doi.org/10.1007/978-3-319-46227-1_7
    """

    domain = "bounded"
    title = "FHDDM"

    def __init__(self, delta: float = 1e-6, window_size: int = 100) -> None:
        check_range("FHDDM's delta", delta, 0.0, 1.0, usual="1e-6")
        check_minimum("FHDDM's window_size", window_size, 2, usual="100")
        super().__init__(fhddm_state(delta, window_size), fhddm_step, fhddm_steps)
