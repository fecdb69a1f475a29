"""Monitors the distribution of one symbol's features."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, scalar, take
from alpha_pulse.core.types import DriftAlarm, FeatureVector
from alpha_pulse.detectors.covariate import FEATURE_DETECTORS, FeatureDetector, Known, Rows
from alpha_pulse.kernels.detection.covariate import covariate_step, covariate_until
from alpha_pulse.kernels.detection.covariate_layout import FILLED
from alpha_pulse.kernels.detection.detection import DRIFT, REFUSED, SEEN

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
        self._always = self._watched[None]
        self._names, self._samples_per_false_alarm = names, settings.samples_per_false_alarm
        self._made: FeatureDetector | None = None
        self._times = np.zeros(WINDOW, dtype=np.int64)
        self._found: list[DriftAlarm] = []
        self._waiting: list[tuple[Rows, NDArray[np.uint8], NDArray[np.int64]]] = []
        """Rows of a reference that is not full, which the detector has not taken yet: they need no memory twice. With which of
        their values are known, as bits, and their times."""
        self._n_waiting = 0

    @property
    def _detector(self) -> FeatureDetector:
        """Made when it is first needed, for its state is large."""
        if self._made is None:
            make = FEATURE_DETECTORS[self._name]
            self._made = make(self._names, self._samples_per_false_alarm, reference=REFERENCE, window=WINDOW)
        return self._made

    def observe(self, vector: FeatureVector) -> None:
        """Process a vector. Raises NonFiniteError, without a change of state, for a value that is not finite."""
        self._take_waiting()
        # Features that are not monitored are passed as missing: a whole vector costs less than a selection of it.
        known = self._watched if vector.mask is None else np.greater(self._watched, vector.mask, self._known)
        state = self._detector.packed
        flag = covariate_step(state, vector.values, known)
        if flag == REFUSED:
            self._detector.update(vector.values, known)  # which says why
        self._times[(int(state[SEEN]) - 1) % WINDOW] = vector.ts
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

    def observe_block(
        self, values: Rows, masks: Known | None, ts: NDArray[np.int64], first: int = 0
    ) -> list[tuple[int, DriftAlarm]]:
        """For each row from ``first`` on call `detect` at its time and then `observe`.

        Parameters
        ----------
        values, masks
            Features, (n, d), which the caller may not change later; a mask is True where the value is missing, None where
            none is.
        ts
            When the rows were made, ns, (n,).
        first
            The row to begin with.

        Returns
        -------
        list
            The alarms, each with the row of its `detect`.

        Raises
        ------
        NonFiniteError
            A known value is not finite; the rows before it are processed.
        """
        known, alarms, row = self._always if masks is None else self._watched & ~masks, list[tuple[int, DriftAlarm]](), first
        if row == len(values):
            return alarms
        if self._can_wait(values[first:], known):
            bits = np.packbits(np.broadcast_to(known, values.shape)[first:], axis=1)
            self._waiting.append((values[first:], bits, ts[first:].copy()))
            self._n_waiting += len(bits)
            return alarms
        self._take_waiting()
        state = self._detector.packed
        while row < len(values):
            if self._found:
                alarms += [(row, alarm) for alarm in self.detect(int(ts[row]))]
            last = covariate_until(state, self._times, values, known, ts, row)
            if last < 0:
                self._detector.update(values[~last], known[~last % len(known)])  # which says why
            if last < len(values):
                self._found.append(self._change())
            row = last + 1
        return alarms

    def _can_wait(self, values: Rows, known: Known) -> bool:
        """Whether rows, more than one, only fill the reference, so that none of them can give an alarm or an error."""
        filled = self._n_waiting + (0 if self._made is None else int(self._made.packed[FILLED]))
        if len(values) == 1 or self._found or filled + len(values) > REFERENCE:
            return False
        return bool((np.isfinite(values) | ~known[-len(values) :]).all())

    def _take_waiting(self) -> None:
        waiting, self._waiting, self._n_waiting = self._waiting, [], 0
        if waiting:
            values, bits, ts = (np.concatenate(parts) for parts in zip(*waiting, strict=True))
            known = np.unpackbits(bits, axis=1, count=values.shape[1]).astype(np.bool_)
            covariate_until(self._detector.packed, self._times, values, known, ts, 0)

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
        self._take_waiting()
        inner = self._detector.snapshot()
        return State(
            scalars={"alarms": self.alarms, "detector": inner.scalars, "found": msgspec.to_builtins(self._found)},
            arrays={**inner.arrays, "times": self._times.copy()},
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
        self.alarms, self._found, self._waiting = alarms, found, []
        self._n_waiting = 0
        self._times[...] = times
