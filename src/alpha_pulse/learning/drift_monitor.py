"""Watches one session's online model: ADWIN over its error rate, one value per block of labels that do not overlap."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import DriftAlarm
from alpha_pulse.detectors.drift import Adwin
from alpha_pulse.kernels.ensemble import RAW_ONLINE
from alpha_pulse.kernels.scores import LABEL
from alpha_pulse.learning.session import Settled

MAX_TIMES = 512
"""Blocks whose times are remembered, to date a change; older ones are thinned out."""


class DriftMonitor:
    """Labels over a horizon of h bars overlap, so errors are dependent; the error rate of each block of h is given to ADWIN.

    The error (0 or 1) is that of the online model as it spoke, before calibration. It shows a reversal of direction, which
    moves a Brier score by a few thousandths, as a rise by a tenth. Only a rise is an alarm: a model that became better has not
    drifted.

    Parameters
    ----------
    symbol, target
        The session's.
    horizon
        Labels per block, h.
    delta
        ADWIN's confidence.
    """

    def __init__(self, symbol: str, target: str, horizon: int, delta: float) -> None:
        self.symbol = symbol
        self.target = target
        self.alarms = 0
        self.last_alarm: DriftAlarm | None = None
        self._horizon = horizon
        self._adwin = Adwin(delta)
        self._sum = 0.0
        self._count = 0
        self._blocks = 0
        self._times: list[tuple[int, int]] = []

    @property
    def width(self) -> int:
        """Blocks in ADWIN's window."""
        return self._adwin.width

    def observe(self, settled: Settled) -> DriftAlarm | None:
        """Take one scored label; an alarm when the window had to be cut because the scores rose."""
        values = settled.values
        said = values[RAW_ONLINE]
        if said != said:
            return None
        self._sum += (said >= 0.5) != (values[LABEL] == 1.0)
        self._count += 1
        if self._count < self._horizon:
            return None
        value, self._sum, self._count = self._sum / self._count, 0.0, 0
        return self._block(value, settled.example.label_ts)

    def _block(self, value: float, ts: int) -> DriftAlarm | None:
        drifted = self._adwin.update(value)
        times = self._times
        self._blocks += 1
        times.append((self._blocks, ts))
        if len(times) > MAX_TIMES:
            del times[: MAX_TIMES // 2 : 2]
        if not drifted:
            return None
        detection = self._adwin.last
        if detection.score <= 0.0:
            return None
        self.alarms += 1
        began = detection.change_sample
        self.last_alarm = DriftAlarm(
            alarm_id=f"{self.symbol}/{self.target}/alarm/{self.alarms}",
            detector="adwin",
            symbol=self.symbol,
            target=self.target,
            ts=ts,
            sample=detection.sample * self._horizon,
            score=detection.score,
            change_sample=began * self._horizon,
            change_ts=next(at for block, at in times if block > began),
            mean=self._adwin.mean,
        )
        return self.last_alarm

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={
                "alarms": self.alarms,
                "last_alarm": None if self.last_alarm is None else msgspec.to_builtins(self.last_alarm),
                "block": [self._sum, self._count],
                "blocks": self._blocks,
                "times": [list(pair) for pair in self._times],
            },
            arrays=self._adwin.snapshot().arrays,
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        scalars = state.scalars
        self.alarms = scalars["alarms"]
        self.last_alarm = None if scalars["last_alarm"] is None else msgspec.convert(scalars["last_alarm"], DriftAlarm)
        self._sum, self._count = scalars["block"]
        self._blocks = scalars["blocks"]
        self._times = [(block, ts) for block, ts in scalars["times"]]
        self._adwin.restore(State(arrays=state.arrays))
