"""Monitors the distribution of one symbol's features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, scalar, take
from alpha_pulse.core.types import DriftAlarm, FeatureVector
from alpha_pulse.detectors.covariate import FEATURE_DETECTORS, Known, Rows
from alpha_pulse.kernels.detection.covariate import covariate_observe, covariate_until
from alpha_pulse.kernels.detection.detection import DRIFT, REFUSED

TARGET = "features"
CALENDAR = ("hour_", "week_")
"""Prefixes of calendar features. They are not monitored, because their distribution differs between windows."""
REFERENCE, WINDOW = 2_000, 500


class FeatureMonitor:
    """Compares a symbol's newest feature vectors with a reference window: each vector once, in the step that made it.

    A drift becomes an alarm at the next call of `detect`, which is in the next step.

    A change of the market affects features before errors, and often no errors at all. So an alarm is recorded and shown with
    the features that changed, and causes no adaptation.

    Parameters
    ----------
    symbol
        The symbol of the features.
    names
        One per value of a vector; those of the calendar are left out.
    settings
        Uses ``feature_detector`` and ``samples_per_false_alarm``, which here counts vectors.

    Attributes
    ----------
    alarms
        The number of alarms so far.
    arrays
        ``state``, of the detector, and ``times``, a ring of the times of the newest vectors, ns.

    Examples
    --------
    >>> monitor = FeatureMonitor("X", ("spread", "hour_sin_1"), AdaptationConfig())
    >>> rng, found = np.random.default_rng(1), []
    >>> for ts in range(4_000):
    ...     monitor.observe(FeatureVector("X", ts, "s", rng.normal(size=2) + 2.0 * (ts >= 3_000)))
    ...     found += monitor.detect(ts)
    >>> [(alarm.alarm_id, alarm.detector, alarm.features, abs(alarm.change_ts - 3_000) < 10) for alarm in found]
    [('X/features/alarm/1', 'psi', ('spread',), True)]
    """

    def __init__(self, symbol: str, names: Sequence[str], settings: AdaptationConfig) -> None:
        self.symbol = symbol
        self.alarms = 0
        self._name = settings.feature_detector
        self._watched = np.array([not name.startswith(CALENDAR) for name in names])
        self._known = self._watched.copy()
        self._detector = FEATURE_DETECTORS[self._name](
            names, settings.samples_per_false_alarm, reference=REFERENCE, window=WINDOW
        )
        self._state = self._detector.packed
        self._times = np.zeros(WINDOW, dtype=np.int64)
        self.arrays: dict[str, NDArray[Any]] = {"state": self._state, "times": self._times}
        self._found: list[DriftAlarm] = []

    def observe(self, vector: FeatureVector) -> None:
        """Process a vector. Raises NonFiniteError, without a change of state, for a value that is not finite."""
        # Features that are not monitored are passed as missing: a whole vector costs less than a selection of it.
        known = self._watched if vector.mask is None else np.greater(self._watched, vector.mask, self._known)
        flag = covariate_observe(self._state, self._times, vector.values, known, vector.ts)
        if flag == REFUSED:
            self._detector.update(vector.values, known)  # which says why
        if flag == DRIFT:
            self._found.append(self._change())

    def detect(self, ts: int) -> list[DriftAlarm]:
        """The alarms of the vectors observed before this call, which is at market time ``ts`` (ns)."""
        if not self._found:
            return []
        alarms = []
        for change in self._found:
            self.alarms += 1
            alarm_id = f"{self.symbol}/{TARGET}/alarm/{self.alarms}"
            alarms.append(msgspec.structs.replace(change, alarm_id=alarm_id, ts=ts))
        self._found = []
        return alarms

    def observe_block(self, values: Rows, masks: Known, ts: NDArray[np.int64]) -> list[tuple[int, DriftAlarm]]:
        """For each row call `detect` at its time and then `observe`; returns the alarms, each with the row of its `detect`.

        Parameters
        ----------
        values, masks
            Features, (n, d); a mask is True where the value is missing.
        ts
            When the rows were made, ns, (n,).

        Raises
        ------
        NonFiniteError
            A known value is not finite; the rows before it are processed.
        """
        known, alarms, row = self._watched & ~masks, list[tuple[int, DriftAlarm]](), 0
        while row < len(values):
            alarms += [(row, alarm) for alarm in self.detect(int(ts[row]))]
            last = covariate_until(self._state, self._times, values, known, ts, row)
            if last < 0:
                self._detector.update(values[~last], known[~last])  # which says why
            if last < len(values):
                self._found.append(self._change())
            row = last + 1
        return alarms

    def _change(self) -> DriftAlarm:
        """The drift at the newest row, as an alarm without a number and a time."""
        detection = self._detector.last
        first = max(detection.change_sample - 1, detection.sample - WINDOW, 0)
        return DriftAlarm(
            alarm_id="",
            detector=self._name,
            symbol=self.symbol,
            target=TARGET,
            ts=0,
            sample=detection.sample,
            score=detection.score,
            change_sample=detection.change_sample,
            change_ts=int(self._times[first % WINDOW]),
            monitored="features",
            features=self._detector.changed,
        )

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        detector = self._detector.snapshot().scalars
        return State(
            scalars={"alarms": self.alarms, "detector": detector, "found": msgspec.to_builtins(self._found)},
            arrays={name: array.copy() for name, array in self.arrays.items()},
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        alarms, times = scalar(state, "alarms", int), np.empty_like(self._times)
        try:
            found = msgspec.convert(scalar(state, "found", list), list[DriftAlarm])
        except msgspec.ValidationError as error:
            raise StateError(f"the changes that the feature monitor of {self.symbol} has found do not fit ({error})") from None
        take(times, state, "times")
        self._detector.restore(State(scalar(state, "detector", dict), state.arrays))
        self.alarms, self._found = alarms, found
        self._times[...] = times
