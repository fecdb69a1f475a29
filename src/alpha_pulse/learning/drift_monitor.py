"""Monitors one session: its errors, its calibration and its labels, one value each per block of labels that do not overlap."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, scalar
from alpha_pulse.core.types import DriftAlarm, Monitored
from alpha_pulse.detectors.base import Detector
from alpha_pulse.detectors.calibrated import CalibratedDetector, Dependence, block_of, nearest_rate, tuned
from alpha_pulse.kernels.base.scores import LABEL, SERVED
from alpha_pulse.kernels.mixing.ensemble import RAW_ONLINE
from alpha_pulse.learning.session import ScoredPrediction

MAX_TIMES = 512
"""Blocks whose times are stored to date a change; when there are more, every second one of the older half is dropped."""
ERRORS: Monitored = "errors"
MONITORED: tuple[Monitored, ...] = (ERRORS, "calibration", "labels")
STEADY_DETECTOR = "adwin"
"""The detector of calibration and labels: it accepts values from 0 to 1, and detects falls and rises alike."""


class DriftMonitor:
    """Labels over a horizon of h bars overlap, so monitored values are dependent: detectors process means of blocks of h.

    Labels without a fixed order, such as those of trades, form blocks of 20.

    * ``errors``, 0 or 1, are those of the online model before calibration. A reversal of direction raises them by a tenth, but
      changes a Brier score by a few thousandths only. Only a rise is an alarm: a model that improved has not drifted.
    * ``calibration`` is (1 + label - served probability) / 2: 1/2 as long as the served probabilities are calibrated.
    * ``labels`` are the labels themselves: their rate. They depend on each other far beyond h, since calm and turbulent times
      last, so twenty blocks make one value.

    Parameters
    ----------
    symbol, target
        The session's.
    horizon
        Labels per block, h.
    settings
        Uses ``detector``, ``samples_per_false_alarm`` and ``drift_threshold``. A rate for which a detector was not
        calibrated with such blocks is replaced by the nearest for which it was.
    ordered
        Whether each label comes h steps after its prediction.
    """

    def __init__(self, symbol: str, target: str, horizon: int, settings: AdaptationConfig, *, ordered: bool = True) -> None:
        self.symbol = symbol
        self.target = target
        self.alarms = 0
        self.last_alarm: DriftAlarm | None = None
        """The newest alarm of any kind."""
        self.last_rise: DriftAlarm | None = None
        """The newest alarm about errors."""
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
        """Blocks of errors in the window that the detector compares the newest with."""
        last = self._detectors[0].last
        return last.sample - last.change_sample

    def observe(self, scored: ScoredPrediction) -> list[DriftAlarm]:
        """Process one scored label; returns the alarms that it causes."""
        values = scored.values
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
        return self._block(means, scored.example.label_ts)

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
        return min(earlier, key=lambda entry: abs(entry[0] - block))

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        states = [detector.snapshot() for detector in self._detectors]
        arrays = {
            f"{MONITORED[index]}/{key}": array for index, state in enumerate(states) for key, array in state.arrays.items()
        }
        return State(
            scalars={
                "memory": msgspec.to_builtins(
                    _Memory(
                        [self._names[name] for name in MONITORED], self._length, self.alarms, self.last_alarm,
                        self.last_rise, self._sums, self._count, self._blocks, self._totals, self._times,
                    )
                ),
                "detectors": [state.scalars for state in states],
            },
            arrays=arrays,
        )  # fmt: skip

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        try:
            memory = msgspec.convert(scalar(state, "memory", dict), _Memory)
        except msgspec.ValidationError as error:
            raise StateError(f"the state of the drift monitor of {self.symbol}/{self.target} does not fit ({error})") from None
        if (memory.names, memory.length) != ([self._names[name] for name in MONITORED], self._length):
            raise StateError(
                f"the drift monitor of {self.symbol}/{self.target} was saved with {memory.names} over blocks of {memory.length}"
                f", and is set to {list(self._names.values())} over blocks of {self._length} now"
            )
        self._restore_detectors(state)
        self.alarms, self.last_alarm, self.last_rise = memory.alarms, memory.last_alarm, memory.last_rise
        self._sums, self._count, self._blocks = memory.sums, memory.count, memory.blocks
        self._totals, self._times = memory.totals, memory.times

    def _restore_detectors(self, state: State) -> None:
        """All of them, or, with StateError, none."""
        saved = scalar(state, "detectors", list)
        if len(saved) != len(MONITORED):
            raise StateError(f"{len(saved)} detectors were saved; expected {len(MONITORED)}")
        before = [detector.snapshot() for detector in self._detectors]
        try:
            for index, detector in enumerate(self._detectors):
                prefix = f"{MONITORED[index]}/"
                arrays = {key.removeprefix(prefix): array for key, array in state.arrays.items() if key.startswith(prefix)}
                detector.restore(State(saved[index], arrays))
        except StateError:
            for detector, kept in zip(self._detectors, before, strict=True):
                detector.restore(kept)
            raise


class _Memory(msgspec.Struct, frozen=True):
    """The state of a monitor besides its detectors; ``names`` and ``length`` identify its configuration."""

    names: list[str]
    length: int
    alarms: int
    last_alarm: DriftAlarm | None
    last_rise: DriftAlarm | None
    sums: list[float]
    count: int
    blocks: int
    totals: list[float]
    times: list[tuple[int, int, float, float, float]]
