"""The obvious twin of the drift monitor: sums in lists, a list of times, a detector object for each monitored value."""

from __future__ import annotations

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.types import DriftAlarm
from alpha_pulse.detectors.base import Detector
from alpha_pulse.detectors.calibrated import CalibratedDetector, Dependence, block_of, nearest_rate, tuned
from alpha_pulse.kernels.base.scores import LABEL, SERVED
from alpha_pulse.kernels.mixing.ensemble import RAW_ONLINE
from alpha_pulse.learning.drift_monitor import ERRORS, MAX_TIMES, MONITORED, STEADY_DETECTOR


class NaiveDriftMonitor:
    """See `alpha_pulse.learning.drift_monitor.DriftMonitor`."""

    def __init__(self, symbol: str, target: str, horizon: int, settings: AdaptationConfig, *, ordered: bool = True) -> None:
        self.symbol = symbol
        self.target = target
        self.alarms = 0
        self.last_alarm: DriftAlarm | None = None
        """The newest of any kind."""
        self.last_rise: DriftAlarm | None = None
        """The newest that is about errors."""
        dependence: Dependence = "horizon" if ordered else "autoregressive"
        self._length = block_of(dependence, horizon)
        self._names = {name: settings.detector if name == ERRORS else STEADY_DETECTOR for name in MONITORED}
        self._detectors = [
            self._error_detector(settings, dependence, horizon),
            self._steady_detector(settings, dependence, horizon),
            self._label_detector(settings),
        ]
        self._binary = self._detectors[0].domain == "binary"
        self._sums = [0.0, 0.0, 0.0]
        self._count = 0
        self._blocks = 0
        self._totals = [0.0, 0.0, 0.0]
        self._times: list[tuple[int, int, float, float, float]] = []

    @staticmethod
    def _error_detector(settings: AdaptationConfig, dependence: Dependence, horizon: int) -> Detector:
        per = nearest_rate(settings.detector, settings.samples_per_false_alarm, dependence=dependence, horizon=horizon)
        return tuned(settings.detector, per, dependence=dependence, horizon=horizon, threshold=settings.drift_threshold)

    @staticmethod
    def _steady_detector(settings: AdaptationConfig, dependence: Dependence, horizon: int) -> Detector:
        per = nearest_rate(STEADY_DETECTOR, settings.samples_per_false_alarm, dependence=dependence, horizon=horizon)
        return tuned(STEADY_DETECTOR, per, dependence=dependence, horizon=horizon)

    def _label_detector(self, settings: AdaptationConfig) -> Detector:
        """Its events are blocks of labels."""
        per = nearest_rate(STEADY_DETECTOR, settings.samples_per_false_alarm / self._length, dependence="autoregressive")
        return CalibratedDetector(STEADY_DETECTOR, per, dependence="autoregressive")

    @property
    def width(self) -> int:
        """Blocks of errors in the window with which the detector compares the newest one."""
        last = self._detectors[0].last
        return last.sample - last.change_sample

    def observe(self, values: list[float], label_ts: int) -> list[DriftAlarm]:
        """Process one scored label; returns the alarms that it causes."""
        probability, label = values[RAW_ONLINE], values[LABEL]
        if probability != probability:
            return []
        wrong = (probability >= 0.5) != (label == 1.0)
        sums = self._sums
        sums[0] += wrong
        sums[1] += 0.5 + 0.5 * (label - values[SERVED])
        sums[2] += label
        self._count += 1
        if self._count < self._length:
            return []
        means = [min(total / self._count, 1.0) for total in sums]
        if self._binary:
            means[0] = float(wrong)
        self._sums, self._count = [0.0, 0.0, 0.0], 0
        return self._block(means, label_ts)

    def _block(self, means: list[float], ts: int) -> list[DriftAlarm]:
        self._blocks += 1
        totals = self._totals = [total + mean for total, mean in zip(self._totals, means, strict=True)]
        times = self._times
        times.append((self._blocks, ts, totals[0], totals[1], totals[2]))
        if len(times) > MAX_TIMES:
            del times[: MAX_TIMES // 2 : 2]
        alarms = []
        for index, detector in enumerate(self._detectors):
            if detector.update(means[index]) and (MONITORED[index] != ERRORS or detector.last.score > 0.0):
                alarms.append(self._alarm(index, ts))
        return alarms

    def _alarm(self, index: int, ts: int) -> DriftAlarm:
        detection = self._detectors[index].last
        self.alarms += 1
        change = self._change(detection.change_sample)
        alarm = DriftAlarm(
            alarm_id=f"{self.symbol}/{self.target}/alarm/{self.alarms}",
            detector=self._names[MONITORED[index]],
            symbol=self.symbol,
            target=self.target,
            ts=ts,
            sample=self._blocks * self._length,
            score=detection.score,
            change_sample=change[0] * self._length,
            change_ts=change[1],
            mean=(self._totals[index] - change[2 + index]) / (self._blocks - change[0]),
            monitored=MONITORED[index],
        )
        self.last_alarm = alarm
        if alarm.monitored == ERRORS:
            self.last_rise = alarm
        return alarm

    def _change(self, block: int) -> tuple[int, int, float, float, float]:
        """The last block before a change: ``block``, or of those that are remembered the one nearest to it."""
        earlier = self._times[:-1] or self._times
        return min(earlier, key=lambda found: abs(found[0] - block))
