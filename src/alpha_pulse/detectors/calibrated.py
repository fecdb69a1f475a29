"""A detector by name, with the threshold for a rate of false alarms and for the dependence of the values."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import ConfigError, StateError
from alpha_pulse.core.plugins import load
from alpha_pulse.core.stateful import State, scalar
from alpha_pulse.core.user_code.calls import raised
from alpha_pulse.detectors import DETECTORS
from alpha_pulse.detectors.base import Detection, Detector, Domain
from alpha_pulse.kernels.detection.detection import LARGEST

Dependence = Literal["independent", "autoregressive", "horizon"]
DEPENDENCES: tuple[Dependence, ...] = ("independent", "autoregressive", "horizon")
AUTOREGRESSIVE_BLOCK = 20
"""Events per block of an autoregressive stream: at an autocorrelation of .9, blocks of 20 correlate by .31, and then by .04."""
TABLE = "thresholds.json"


class Tuned(msgspec.Struct, frozen=True):
    """How a detector is calibrated: the parameter that is its ``threshold``, and the values of the others."""

    threshold: str
    fixed: dict[str, Any] = {}


TUNED = {
    "adwin": Tuned("delta"),
    "ddm": Tuned("threshold"),
    "eddm": Tuned("threshold"),
    "fhddm": Tuned("delta"),
    "hddm_a": Tuned("drift_confidence"),
    "hddm_w": Tuned("drift_confidence"),
    "kswin": Tuned("alpha"),
    "page_hinkley": Tuned("threshold", {"delta": 0.1, "alpha": 1.0, "standardised": True}),
}


class ThresholdCurve(msgspec.Struct, frozen=True):
    """Simulated thresholds: ``threshold[i]`` gives at most one false alarm in ``per[i]`` values; ``per`` is increasing."""

    per: tuple[float, ...]
    threshold: tuple[float, ...]

    def at(self, per: float) -> float | None:
        """The threshold for ``per`` values, interpolated log-linearly; None outside the simulated range.

        >>> ThresholdCurve((100.0, 10_000.0), (0.1, 0.001)).at(1_000.0)
        0.01
        """
        if not self.per or not self.per[0] <= per <= self.per[-1]:
            return None
        between = np.interp(math.log(per), np.log(self.per), np.log(self.threshold))
        return float(round(math.exp(between), 12))


ThresholdCurves = dict[str, dict[str, ThresholdCurve]]


@cache
def shipped_curves() -> ThresholdCurves:
    """The thresholds by detector and dependence; ``alpha-pulse simulate-detectors`` recreates them."""
    text = files("alpha_pulse.detectors").joinpath(TABLE).read_bytes()
    return msgspec.json.decode(text, type=ThresholdCurves)


class CalibratedDetector:
    """Detects a lasting change of events, with at most one false alarm in ``samples_per_false_alarm`` of them.

    Dependent events are grouped into blocks: of h for the losses of forecasts over h overlapping steps, of 20 for other
    autocorrelated values. The detector processes the mean of each block, or its last value where it accepts 0 and 1 only. The
    thresholds account for the remaining dependence between blocks. `Detection` counts events, not blocks.

    Parameters
    ----------
    name
        A built-in detector, or one of a plug-in. A detector without calibrated thresholds keeps its defaults.
    samples_per_false_alarm
        Events per false alarm.
    dependence
        ``independent``, ``autoregressive`` (an autocorrelation of up to .9), or ``horizon``.
    horizon
        Steps over which labels overlap, h; 1 is ``independent``.
    threshold
        Replaces the calibrated threshold.

    Raises
    ------
    ConfigError
        ``samples_per_false_alarm`` is outside the simulated range of this detector.
    UnknownNameError
        There is no such detector.

    Examples
    --------
    >>> detector = CalibratedDetector("adwin", samples_per_false_alarm=10_000)
    >>> alarms = [i for i in range(400) if detector.update(0.1 if i < 200 else 0.9)]
    >>> len(alarms), alarms[0] - 200 < 20
    (1, True)
    """

    def __init__(
        self,
        name: str,
        samples_per_false_alarm: float = 10_000.0,
        *,
        dependence: Dependence = "independent",
        horizon: int = 1,
        threshold: float | None = None,
    ) -> None:
        self.name = name
        self.block = block_of(dependence, horizon)
        self._detector = tuned(name, samples_per_false_alarm, dependence=dependence, horizon=horizon, threshold=threshold)
        self.domain: Domain = self._detector.domain
        self._mean = self._detector.domain != "binary"
        self._sum = 0.0
        self._count = 0

    @property
    def last(self) -> Detection:
        """The result for the newest event; within a block, no drift."""
        last = self._detector.last
        at_end = self._count == 0 and last.sample > 0
        return Detection(
            score=last.score if at_end else 0.0,
            warning=at_end and last.warning,
            drift=at_end and last.drift,
            sample=last.sample * self.block + self._count,
            change_sample=last.change_sample * self.block,
        )

    @property
    def mean(self) -> float:
        """The mean since the newest change, where the detector has one; else NaN."""
        return float(getattr(self._detector, "mean", math.nan))

    def update(self, value: float) -> bool:
        """Process one event; True when it ends a block that gives a drift. Raises NonFiniteError as the detector does."""
        if self.block == 1 or not _fits(value, self._detector.domain):
            return self._detector.update(value)  # which raises the error
        total = self._sum + value if self._mean else value
        if self._count + 1 < self.block:
            self._sum, self._count = total, self._count + 1
            return False
        drift = self._detector.update(total / self.block if self._mean else value)
        self._sum, self._count = 0.0, 0
        return drift

    def update_many(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Process ``values`` (n,) one by one; whether each ended a block with a drift, (n,). Bit-equal to calls of `update`.

        Raises NonFiniteError, and processes none, as the detector does.
        """
        check_array(f"the values for {self.name}", values, (None,))
        if self.block == 1 or not _all_fit(values, self.domain):
            return self._detector.update_many(values)  # which raises the error
        drifts = np.zeros(len(values), dtype=np.bool_)
        first = min(-self._count % self.block, len(values))
        last = first + (len(values) - first) // self.block * self.block
        for index in range(first):
            drifts[index] = self.update(float(values[index]))
        gathered = blocks(values[first:last], self.block, mean=self._mean)
        drifts[first + self.block - 1 : last : self.block] = self._detector.update_many(gathered)
        for index in range(last, len(values)):
            self.update(float(values[index]))
        return drifts

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        inner = self._detector.snapshot()
        made = [self.name, self.block]
        return State({"inner": inner.scalars, "sum": self._sum, "count": self._count, "made": made}, inner.arrays)

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        total, count, inner = scalar(state, "sum", float), scalar(state, "count", int), scalar(state, "inner", dict)
        if scalar(state, "made", list) != [self.name, self.block]:
            raise StateError(f"a state of {state.scalars['made']} does not fit {self.name} with blocks of {self.block}")
        self._detector.restore(State(inner, state.arrays))
        self._sum, self._count = total, count


def _fits(value: float, domain: Domain) -> bool:
    if domain == "binary":
        return value in (0.0, 1.0)
    return 0.0 <= value <= 1.0 if domain == "bounded" else abs(value) <= LARGEST


def _all_fit(values: NDArray[np.float64], domain: Domain) -> bool:
    if domain == "binary":
        return bool(((values == 0.0) | (values == 1.0)).all())
    return bool(((values >= 0.0) & (values <= 1.0)).all() if domain == "bounded" else (np.abs(values) <= LARGEST).all())


def block_of(dependence: Dependence, horizon: int = 1) -> int:
    """Events per block."""
    if horizon < 1:
        raise ConfigError(f"a horizon of {horizon!r} steps is set; expected 1 or more")
    return {"independent": 1, "autoregressive": AUTOREGRESSIVE_BLOCK, "horizon": horizon}[dependence]


def blocks(values: NDArray[np.float64], block: int, *, mean: bool) -> NDArray[np.float64]:
    """The block values that `CalibratedDetector` passes to its detector, shape (n // block,), from ``values`` (n,).

    >>> blocks(np.array([0.0, 1.0, 1.0, 1.0, 0.0]), 2, mean=True).tolist()
    [0.5, 1.0]
    """
    whole = values[: len(values) // block * block].reshape(-1, block)
    if not mean:
        return np.ascontiguousarray(whole[:, -1])
    total = np.zeros(len(whole))
    for column in whole.T:  # in order, as `CalibratedDetector.update` adds them up, to the last bit
        total += column
    return total / block


def make_detector(name: str, threshold: float) -> Detector:
    """A detector of `TUNED` with this threshold, and its other parameters as calibrated."""
    tuned = TUNED[name]
    made: Detector = load("detectors", DETECTORS, name)(**{tuned.threshold: threshold}, **tuned.fixed)
    return made


def nearest_rate(
    name: str, samples_per_false_alarm: float, *, dependence: Dependence = "independent", horizon: int = 1
) -> float:
    """Events per false alarm: the requested number, or the nearest in the range of the calibration.

    >>> nearest_rate("adwin", 50_000, dependence="horizon", horizon=3)
    50000.0
    >>> nearest_rate("adwin", 50_000, dependence="horizon", horizon=600)
    60000.0
    """
    if name not in TUNED:
        return float(samples_per_false_alarm)
    block = block_of(dependence, horizon)
    per = shipped_curves()[name]["independent" if block == 1 else dependence].per
    return min(max(float(samples_per_false_alarm), per[0] * block), per[-1] * block)


def tuned(
    name: str,
    samples_per_false_alarm: float,
    *,
    dependence: Dependence = "independent",
    horizon: int = 1,
    threshold: float | None = None,
) -> Detector:
    """The detector inside `CalibratedDetector`, for callers that form the blocks. Parameters and errors are the same."""
    kind = load("detectors", DETECTORS, name)
    if name not in TUNED:
        if threshold is not None:
            raise ConfigError(
                f"the threshold {threshold!r} is set for the detector {name!r}, but only built-in detectors have a threshold "
                f"({', '.join(TUNED)}); leave it out"
            )
        try:
            plugged: Detector = kind()
        except Exception as error:  # what a user's code raises is not known
            raise ConfigError(f"detector {name!r}: its __init__ {raised(error)}; expected one without parameters") from error
        return plugged
    if threshold is None:
        block = block_of(dependence, horizon)
        curve = shipped_curves()[name]["independent" if block == 1 else dependence]
        threshold = curve.at(samples_per_false_alarm / block)
        if threshold is None:
            low, high = (per * block for per in (curve.per[0], curve.per[-1]))
            raise ConfigError(
                f"samples_per_false_alarm is {samples_per_false_alarm:,.0f} events, but {name} is calibrated with "
                f"blocks of {block} for one in {low:,.0f} to one in {high:,.0f}; choose a number between them"
            )
    return make_detector(name, threshold)
