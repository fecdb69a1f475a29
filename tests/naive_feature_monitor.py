"""The obvious twin of the feature monitor: vectors wait in a list until the next comparison, then all are compared at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.types import DriftAlarm, FeatureVector
from alpha_pulse.detectors.covariate import FEATURE_DETECTORS
from alpha_pulse.kernels.detection import covariate_layout as layout
from alpha_pulse.learning.feature_monitor import CALENDAR, REFERENCE, TARGET, WINDOW

MOST_WAITING = 100


class NaiveFeatureMonitor:
    """See `alpha_pulse.learning.feature_monitor.FeatureMonitor`."""

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
            self._due = min(self.due, MOST_WAITING)
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

    @property
    def due(self) -> int:
        """Rows until the next comparison: before, there can be no drift."""
        state = self._detector.packed
        missing, current = int(state[layout.REFERENCE] - state[layout.FILLED]), int(state[layout.CURRENT])
        window, every = int(state[layout.WINDOW]), int(state[layout.EVERY])
        return missing + window if missing else max(window - current, every - current % every)

    def pass_what_waits(self) -> None:
        """Pass on the vectors that wait: none of them can give an alarm."""
        if self._waiting:
            assert not self._take(self._waiting)
            self._waiting = []

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it remembers of the vectors that it has passed on."""
        return {"state": self._detector.packed, "times": self._times}
