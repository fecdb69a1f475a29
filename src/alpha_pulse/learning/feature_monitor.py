"""Monitors the distribution of one symbol's features."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, scalar, take
from alpha_pulse.core.types import DriftAlarm, FeatureVector
from alpha_pulse.detectors.covariate import FEATURE_DETECTORS

TARGET = "features"
CALENDAR = ("hour_", "week_")
"""How features begin that follow from the clock alone: they are not monitored, for no window of them is as another."""
REFERENCE, WINDOW = 2_000, 500
MOST_WAITING = 100
"""Vectors that may wait to be processed together: as many as lie between two comparisons."""


class FeatureMonitor:
    """Compares a symbol's newest feature vectors with a reference window: each vector once, after the step that made it.

    Vectors are stored until the next comparison is due, since none of them can give an alarm before, and then processed in one
    call.

    A change of the market shows in the features before it shows in errors, and often without any. So an alarm is recorded and
    shown, with the features that changed, and causes no adaptation.

    Parameters
    ----------
    symbol
        Whose features they are.
    names
        One per value of a vector; those of the calendar are left out.
    settings
        Of them: ``feature_detector`` and ``samples_per_false_alarm``, which here counts vectors.

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
        self._detector = FEATURE_DETECTORS[self._name](
            names, settings.samples_per_false_alarm, reference=REFERENCE, window=WINDOW
        )
        self._times = np.zeros(WINDOW, dtype=np.int64)
        self._rows = 0
        self._waiting: list[FeatureVector] = []
        self._due = MOST_WAITING

    def observe(self, vector: FeatureVector) -> None:
        """Store a vector until a later call of `detect` processes it. The caller must not change it until then."""
        self._waiting.append(vector)

    def detect(self, ts: int) -> list[DriftAlarm]:
        """The alarms of the vectors observed before this call, which is at market time ``ts`` (ns)."""
        alarms = []
        while len(self._waiting) >= self._due:
            vectors = self._waiting[: self._due]
            if self._take(vectors):
                alarms.append(self._alarm(ts))
            del self._waiting[: self._due]
            self._due = min(self._detector.due, MOST_WAITING)
        return alarms

    def _take(self, vectors: list[FeatureVector]) -> bool:
        """Pass vectors to the detector, of which only the last can give a drift: whether it did."""
        # Features that are not monitored are passed as missing: a whole vector costs less than a selection of it.
        known = np.repeat(self._watched[None], len(vectors), axis=0)
        for index, vector in enumerate(vectors):
            if vector.mask is not None:
                known[index] &= ~vector.mask
        drifts = self._detector.update_many(np.array([vector.values for vector in vectors]), known)
        self._times[np.arange(self._rows, self._rows + len(vectors)) % WINDOW] = [vector.ts for vector in vectors]
        self._rows += len(vectors)
        return bool(drifts[-1])

    def _alarm(self, ts: int) -> DriftAlarm:
        detection = self._detector.last
        self.alarms += 1
        return DriftAlarm(
            alarm_id=f"{self.symbol}/{TARGET}/alarm/{self.alarms}",
            detector=self._name,
            symbol=self.symbol,
            target=TARGET,
            ts=ts,
            sample=detection.sample,
            score=detection.score,
            change_sample=detection.change_sample,
            change_ts=int(self._times[max(detection.change_sample - 1, self._rows - WINDOW, 0) % WINDOW]),
            monitored="features",
            features=self._detector.changed,
        )

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        inner, waiting, width = self._detector.snapshot(), self._waiting, len(self._watched)
        masks = [np.zeros_like(self._watched) if vector.mask is None else vector.mask for vector in waiting]
        return State(
            scalars={
                "alarms": self.alarms,
                "rows": self._rows,
                "detector": inner.scalars,
                "waiting": [[vector.ts, vector.schema_id, vector.mask is not None] for vector in waiting],
            },
            arrays={
                **inner.arrays,
                "times": self._times.copy(),
                "values": np.array([vector.values for vector in waiting]).reshape(-1, width),
                "masks": np.array(masks, dtype=np.bool_).reshape(-1, width),
            },
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        alarms, rows, waiting = scalar(state, "alarms", int), scalar(state, "rows", int), scalar(state, "waiting", list)
        try:
            headers = msgspec.convert(waiting, list[tuple[int, str, bool]])
        except msgspec.ValidationError as error:
            raise StateError(f"the stored vectors of the feature monitor do not fit ({error})") from None
        values = np.empty((len(headers), len(self._watched)))
        masks = np.empty(values.shape, dtype=np.bool_)
        times = np.empty_like(self._times)
        for target, key in ((values, "values"), (masks, "masks"), (times, "times")):
            take(target, state, key)
        self._detector.restore(State(scalar(state, "detector", dict), state.arrays))
        self._due = min(self._detector.due, MOST_WAITING)
        self.alarms, self._rows, self._times = alarms, rows, times
        self._waiting = [
            FeatureVector(self.symbol, ts, schema_id, values[index], masks[index] if masked else None)
            for index, (ts, schema_id, masked) in enumerate(headers)
        ]
