"""The Page-Hinkley test of changes of a mean."""

from __future__ import annotations

import math

from alpha_pulse.core.ranges import check_minimum, check_range
from alpha_pulse.detectors.packed import PackedDetector
from alpha_pulse.kernels.detection.page_hinkley import page_hinkley_state, page_hinkley_step, page_hinkley_steps


class PageHinkley(PackedDetector):
    """The Page-Hinkley test: cumulative sums of deviations from the running mean. Detects rises and falls of any finite values.

    Parameters
    ----------
    threshold
        Lambda: the distance of a sum from its extreme that gives an alarm, in the units of the values.
    delta
        The tolerance that is subtracted from each deviation, in the same units.
    min_instances
        Values before the first test.
    alpha
        Forgetting factor of the sums; 1 forgets nothing.
    standardised
        Measure ``threshold`` and ``delta`` in running standard deviations, and clip deviations at 3 of them.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    Examples
    --------
    >>> detector = PageHinkley(threshold=10.0)
    >>> alarms = [i for i in range(400) if detector.update(0.1 if i < 200 else 0.9)]
    >>> alarms[0] - 200 < 20, detector.last.drift
    (True, False)

    References
    ----------
    Page (1954), "Continuous inspection schemes", Biometrika 41, https://doi.org/10.1093/biomet/41.1-2.100
    """

    domain = "real"
    title = "Page-Hinkley"

    def __init__(
        self,
        threshold: float = 50.0,
        delta: float = 0.005,
        min_instances: int = 30,
        alpha: float = 1.0 - 1e-4,
        standardised: bool = False,
    ) -> None:
        check_range("Page-Hinkley's threshold", threshold, 0.0, usual="50")
        check_range("Page-Hinkley's delta", delta, -math.inf, usual="0.005")
        check_minimum("Page-Hinkley's min_instances", min_instances, 1, usual="30")
        check_range("Page-Hinkley's alpha", alpha, 0.0, 1.0 + 1e-12, usual="0.9999")
        super().__init__(
            page_hinkley_state(threshold, delta, min_instances, alpha, standardised), page_hinkley_step, page_hinkley_steps
        )
