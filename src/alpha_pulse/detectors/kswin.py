"""KSWIN, a detector of changes of a distribution of any shape."""

from __future__ import annotations

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.ranges import check_minimum, check_range
from alpha_pulse.detectors.packed import PackedDetector
from alpha_pulse.kernels.detection.kswin import kswin_state, kswin_step, kswin_steps


class KSWIN(PackedDetector):
    """Compares the distribution of the newest values of a window with that of the older ones.

    Parameters
    ----------
    alpha
        About the false-alarm probability of one test on independent values. The critical value is the asymptotic one, which is
        approximate for small windows. A warning is given at 10 times ``alpha``.
    window_size
        Values in the window; each new value costs one pass over it.
    stat_size
        The number of newest values.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    Examples
    --------
    >>> detector = KSWIN()
    >>> alarms = [i for i in range(400) if detector.update(i % 7 if i < 200 else i % 7 + 5)]
    >>> alarms[0] - 200 < 30
    True

    References
    ----------
    Raab, Heusinger & Schleif (2020), "Reactive soft prototype computing for concept drift streams", Neurocomputing 416,
    https://doi.org/10.1016/j.neucom.2019.11.111
    """

    domain = "real"
    title = "KSWIN"

    def __init__(self, alpha: float = 0.005, window_size: int = 100, stat_size: int = 30) -> None:
        check_range("KSWIN's alpha", alpha, 0.0, 1.0, usual="0.005")
        check_minimum("KSWIN's stat_size", stat_size, 2, usual="30")
        check_minimum("KSWIN's window_size", window_size, 4, usual="100")
        if window_size < 2 * stat_size:
            raise ConfigError(
                f"KSWIN's window_size is {window_size}; expected at least twice the stat_size of {stat_size} (usual: 100)"
            )
        super().__init__(kswin_state(alpha, window_size, stat_size), kswin_step, kswin_steps)
