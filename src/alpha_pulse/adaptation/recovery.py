"""How long it took: from the change, as dated by the detector, to the alarm, to the action, to the loss being back."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import DriftAlarm

SPAN = 100
"""Labels over which the followed error rate fades."""
STEP = 2.0 / (SPAN + 1)
RECOVERED = 0.75
"""A model has recovered when this part of the rise of its score is gone."""


class Episode(msgspec.Struct):
    """One drift: samples (labels) and market times of change, alarm, action and recovery; None while it has not come."""

    alarm_id: str
    change_sample: int
    alarm_sample: int
    change_ts: int
    alarm_ts: int
    level: float
    action_ts: int | None = None
    recovery_sample: int | None = None
    recovery_ts: int | None = None


class RecoveryTracker:
    """Follows one session's error rate and the episodes of drift it went through."""

    def __init__(self) -> None:
        self.episodes: list[Episode] = []
        self._score = 0.0
        self._samples = 0
        self._open: list[Episode] = []

    def observe(self, error: float, ts: int) -> None:
        """One scored label."""
        self._samples = samples = self._samples + 1
        self._score += (error - self._score) * (STEP if samples > SPAN else 1.0 / samples)
        if self._open:
            recovered = [episode for episode in self._open if self._score <= episode.level]
            for episode in recovered:
                episode.recovery_sample, episode.recovery_ts = self._samples, ts
                self._open.remove(episode)

    def alarmed(self, alarm: DriftAlarm) -> None:
        """A change was found: an episode begins."""
        level = self._score - RECOVERED * alarm.score
        change = self._samples - (alarm.sample - alarm.change_sample)
        episode = Episode(alarm.alarm_id, max(change, 0), self._samples, alarm.change_ts, alarm.ts, level)
        self.episodes.append(episode)
        self._open.append(episode)

    def acted(self, ts: int) -> None:
        """The newest episode led to an action."""
        if self.episodes and self.episodes[-1].action_ts is None:
            self.episodes[-1].action_ts = ts

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={
                "score": self._score,
                "samples": self._samples,
                "episodes": msgspec.to_builtins(self.episodes),
                "open": [self.episodes.index(episode) for episode in self._open],
            }
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._score, self._samples = state.scalars["score"], state.scalars["samples"]
        self.episodes = msgspec.convert(state.scalars["episodes"], list[Episode])
        self._open = [self.episodes[i] for i in state.scalars["open"]]
