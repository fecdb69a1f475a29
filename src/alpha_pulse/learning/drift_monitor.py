"""Monitors one session: its errors, its calibration and its labels, one value each per block of labels that do not overlap."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.errors import AlphaPulseError, DataError, NonFiniteError, StateError
from alpha_pulse.core.stateful import State, scalar, take_all
from alpha_pulse.core.types import DriftAlarm, Monitored
from alpha_pulse.core.user_code.calls import raised
from alpha_pulse.detectors.base import Detector
from alpha_pulse.detectors.calibrated import TUNED, Dependence, block_of, nearest_rate, tuned
from alpha_pulse.detectors.drift import Adwin
from alpha_pulse.detectors.packed import check_same_threshold
from alpha_pulse.feeds.notes import show_time
from alpha_pulse.kernels.base.scores import LABEL, SERVED
from alpha_pulse.kernels.detection import adwin
from alpha_pulse.kernels.detection import drift_monitor as layout
from alpha_pulse.kernels.detection.drift_monitor import BLOCK_DUE, REFUSED, drift_add, drift_block, drift_detect
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
    * ``labels`` are the labels themselves: their rate. Their dependence extends far beyond h, because calm and turbulent
    periods last, so twenty blocks make one value.

    Parameters
    ----------
    symbol, target
        The session's.
    horizon
        Labels per block, h.
    settings
        Uses ``detector``, ``samples_per_false_alarm`` and ``drift_threshold``. A rate for which a detector was not calibrated
        with such blocks is replaced by the nearest calibrated rate.
    ordered
        Whether each label comes h steps after its prediction.
    """

    def __init__(self, symbol: str, target: str, horizon: int, settings: AdaptationConfig, *, ordered: bool = True) -> None:
        self.symbol = symbol
        self.target = target
        self.last_alarm: DriftAlarm | None = None
        """The newest alarm of any kind."""
        self.last_rise: DriftAlarm | None = None
        """The newest alarm about errors."""
        dependence: Dependence = "horizon" if ordered else "autoregressive"
        self._length = block_of(dependence, horizon)
        self._names = {name: settings.detector if name == ERRORS else STEADY_DETECTOR for name in MONITORED}
        errors = self._error_detector(settings, dependence, horizon)
        self._external = None if type(errors) is Adwin else errors
        """The detector of errors, unless it is one of the windows."""
        others = self._steady_detector(settings, dependence, horizon), self._label_detector(settings)
        self._sums = np.zeros(layout.SIZE)
        self._counters = np.zeros(layout.COUNTERS, dtype=np.int64)
        self._counters[[layout.LENGTH, layout.LABELS_LENGTH]] = self._length, block_of("autoregressive")
        self._counters[[layout.BINARY, layout.EXTERNAL]] = errors.domain == "binary", self._external is not None
        self._times = np.zeros((MAX_TIMES, 2), dtype=np.int64)
        self._totals = np.zeros((MAX_TIMES, len(MONITORED)))
        self._windows = np.stack([np.zeros_like(others[0].packed), *(detector.packed for detector in others)])
        if isinstance(errors, Adwin) and self._external is None:
            self._windows[layout.ERRORS] = errors.packed
        self.arrays = {
            "sums": self._sums, "counters": self._counters, "times": self._times, "totals": self._totals,
            "windows": self._windows,
        }  # fmt: skip

    @property
    def plugged(self) -> bool:
        """Whether its detector of errors is a plug-in's."""
        return self._names[ERRORS] not in TUNED

    @staticmethod
    def _error_detector(settings: AdaptationConfig, dependence: Dependence, horizon: int) -> Detector:
        per = nearest_rate(settings.detector, settings.samples_per_false_alarm, dependence=dependence, horizon=horizon)
        return tuned(settings.detector, per, dependence=dependence, horizon=horizon, threshold=settings.drift_threshold)

    @staticmethod
    def _steady_detector(settings: AdaptationConfig, dependence: Dependence, horizon: int) -> Adwin:
        per = nearest_rate(STEADY_DETECTOR, settings.samples_per_false_alarm, dependence=dependence, horizon=horizon)
        detector = tuned(STEADY_DETECTOR, per, dependence=dependence, horizon=horizon)
        assert isinstance(detector, Adwin)
        return detector

    def _label_detector(self, settings: AdaptationConfig) -> Adwin:
        """Its events are blocks of labels."""
        per = settings.samples_per_false_alarm / self._length
        return self._steady_detector(msgspec.structs.replace(settings, samples_per_false_alarm=per), "autoregressive", 1)

    @property
    def alarms(self) -> int:
        """Alarms so far."""
        return int(self._counters[layout.ALARMS])

    @property
    def width(self) -> int:
        """Blocks of errors in the window with which the detector compares the newest one."""
        if self._external is None:
            return int(self._windows[layout.ERRORS, adwin.WIDTH])
        last = self._external.last
        return last.sample - last.change_sample

    def summary(self) -> dict[str, Any]:
        """Alarms so far, the newest one, and the number of blocks of errors in the detector's window, as plain values."""
        last = None if self.last_alarm is None else msgspec.to_builtins(self.last_alarm)
        return {"alarms": self.alarms, "last_alarm": last, "window_blocks": self.width}

    def observe(self, scored: ScoredPrediction) -> list[DriftAlarm]:
        """Process one scored label; returns the alarms that it causes."""
        values = scored.values
        if not drift_add(self._sums, self._counters, values[RAW_ONLINE], values[SERVED], values[LABEL]):
            return []
        ts = scored.example.label_ts
        result = drift_block(self._sums, self._counters, self._times, self._totals, self._windows, ts)
        return self.alarms_of(result, ts) if result else []

    def alarms_of(self, result: int, ts: int) -> list[DriftAlarm]:
        """The alarms of the newest block, of which a kernel gave this ``result``."""
        if result == BLOCK_DUE:
            result = self._update_errors(ts) | drift_detect(self._sums, self._counters, self._windows)
        if result == REFUSED:
            raise NonFiniteError(
                f"a block of labels of {self.symbol}/{self.target} has the means {self._means()}; expected values within [0, 1]"
            )
        return [self._alarm(index, ts) for index in range(len(MONITORED)) if result >> index & 1]

    def _update_errors(self, ts: int) -> int:
        """Update the external detector of errors; returns its part of the bit mask. Raises DataError with its error."""
        assert self._external is not None
        try:
            drift = self._external.update(self._means()[layout.ERRORS])
            return int(drift and self._external.last.score > 0.0) << layout.ERRORS
        except Exception as error:  # what a user's code raises is not known
            what = str(error) if isinstance(error, AlphaPulseError) else f"it {raised(error)}"
            raise DataError(
                f"detector {self._names[ERRORS]!r} failed at the label of {self.symbol}/{self.target} that came at "
                f"{show_time(ts)}: {what}"
            ) from error

    def _means(self) -> list[float]:
        means: list[float] = self._sums[layout.MEANS : layout.MEANS + len(MONITORED)].tolist()
        return means

    def _alarm(self, index: int, ts: int) -> DriftAlarm:
        score, change = self._score_and_change(index)
        blocks, total = int(self._counters[layout.BLOCKS]), float(self._sums[layout.TOTALS + index])
        self._counters[layout.ALARMS] += 1
        row = self._row_before(change)
        before, change_ts = self._times[row].tolist()
        alarm = DriftAlarm(
            alarm_id=f"{self.symbol}/{self.target}/alarm/{self.alarms}",
            detector=self._names[MONITORED[index]],
            symbol=self.symbol,
            target=self.target,
            ts=ts,
            sample=blocks * self._length,
            score=score,
            change_sample=before * self._length,
            change_ts=change_ts,
            mean=(total - float(self._totals[row, index])) / (blocks - before),
            monitored=MONITORED[index],
        )
        self.last_alarm = alarm
        if alarm.monitored == ERRORS:
            self.last_rise = alarm
        return alarm

    def _score_and_change(self, index: int) -> tuple[float, int]:
        """The size of the change at the newest block, and the number of blocks before it."""
        if index == layout.ERRORS and self._external is not None:
            return self._external.last.score, self._external.last.change_sample
        window = self._windows[index]
        before = int(window[adwin.SEEN]) - int(window[adwin.WIDTH])
        blocks = int(self._counters[layout.LABELS_LENGTH]) if index == layout.LABELS else 1
        return float(window[adwin.SCORE]), before * blocks

    def _row_before(self, block: int) -> int:
        """The row of the last block before a change: that of ``block``, or the nearest one that is stored."""
        held = int(self._counters[layout.HELD])
        return int(np.argmin(np.abs(self._times[: max(held - 1, 1), 0] - block)))

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        errors = State() if self._external is None else self._external.snapshot()
        memory = _Memory(
            [self._names[name] for name in MONITORED], self._length, self.last_alarm, self.last_rise, errors.scalars
        )
        arrays = {name: array.copy() for name, array in self.arrays.items()}
        return State(
            scalars={"memory": msgspec.to_builtins(memory)},
            arrays={**arrays, **{f"{ERRORS}/{name}": array for name, array in errors.arrays.items()}},
        )

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
        arrays = {name: array.copy() for name, array in self.arrays.items()}
        take_all(arrays, state)
        for saved, own in zip(arrays["windows"], self._windows, strict=True):
            check_same_threshold("ADWIN", float(saved[adwin.DELTA]), float(own[adwin.DELTA]))
        if self._external is not None:
            errors = {name.removeprefix(_PREFIX): array for name, array in state.arrays.items() if name.startswith(_PREFIX)}
            self._external.restore(State(memory.errors, errors))
        for name, array in self.arrays.items():
            array[...] = arrays[name]
        self.last_alarm, self.last_rise = memory.last_alarm, memory.last_rise


_PREFIX = f"{ERRORS}/"


class _Memory(msgspec.Struct, frozen=True):
    """The state of a monitor besides its arrays: configuration, newest alarms, scalars of the external detector of errors."""

    names: list[str]
    length: int
    last_alarm: DriftAlarm | None
    last_rise: DriftAlarm | None
    errors: dict[str, Any]
