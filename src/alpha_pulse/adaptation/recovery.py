"""Episodes of drift: the times of the change, as its detector dates it, of the alarm, the action and the recovery."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import DriftAlarm

SPAN = 200
"""Labels of each span after the alarm over which the error rate is averaged, until the model has recovered."""
RECOVERED = 0.75
"""A model has recovered when this fraction of the rise of its error rate is gone."""


class Episode(msgspec.Struct):
    """One drift: samples (labels) and market times of change, alarm, action and recovery. A time is None until its event
    occurs.

    Sample numbers count the session's labels from its first, as in the alarm. ``accepted``: whether the action passed its
    trial; None without an action, and while it is on trial. The episode is over when the error rate over a whole span of labels
    is at or below ``level``. ``errors`` and ``seen`` count the current span.
    """

    alarm_id: str
    change_sample: int
    alarm_sample: int
    change_ts: int
    alarm_ts: int
    level: float
    errors: float = 0.0
    seen: int = 0
    action_sample: int | None = None
    action_ts: int | None = None
    accepted: bool | None = None
    recovery_sample: int | None = None
    recovery_ts: int | None = None

    def update(self, errors: Sequence[float], times: Sequence[int], before: int) -> bool:
        """Process labels after the alarm, of which the session had seen ``before``; whether the episode is over."""
        first = 0
        while self.seen + len(errors) - first >= SPAN:
            last = first + SPAN - self.seen
            rate, self.errors, self.seen = (self.errors + sum(errors[first:last])) / SPAN, 0.0, 0
            if rate <= self.level:
                self.recovery_sample, self.recovery_ts = before + last, times[last - 1]
                return True
            first = last
        self.errors += sum(errors[first:])
        self.seen += len(errors) - first
        return False

    @property
    def on_trial(self) -> bool:
        """Whether the trial of its action is still running."""
        return self.action_ts is not None and self.accepted is None


class RecoveryTracker:
    """Counts the labels of one session and records its episodes of drift."""

    def __init__(self) -> None:
        self.episodes: list[Episode] = []
        self._samples = 0
        self._open: list[Episode] = []

    def update(self, errors: Sequence[float], times: Sequence[int]) -> None:
        """Process scored labels in order: whether each was wrong (0 or 1), and its time (ns)."""
        before = self._samples
        self._samples += len(errors)
        if self._open:
            self._open = [episode for episode in self._open if not episode.update(errors, times, before)]

    def on_alarm(self, alarm: DriftAlarm) -> None:
        """Begin an episode at the time of the change that the alarm estimates."""
        level = alarm.mean - RECOVERED * alarm.score
        episode = Episode(alarm.alarm_id, alarm.change_sample, alarm.sample, alarm.change_ts, alarm.ts, level)
        self.episodes.append(episode)
        self._open.append(episode)

    def on_action(self, alarm_id: str, ts: int) -> None:
        """Record that an alarm led to an action at the newest label."""
        for episode in self._open:
            if episode.alarm_id == alarm_id:
                episode.action_sample, episode.action_ts = max(self._samples, episode.alarm_sample), ts

    def on_result(self, *, accepted: bool) -> None:
        """Record the end of the running trial: the action of every episode on trial is accepted or rolled back."""
        for episode in self.episodes:
            if episode.on_trial:
                episode.accepted = accepted

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={
                "samples": self._samples,
                "episodes": msgspec.to_builtins(self.episodes),
                "open": [self.episodes.index(episode) for episode in self._open],
            }
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._samples = state.scalars["samples"]
        self.episodes = msgspec.convert(state.scalars["episodes"], list[Episode])
        self._open = [self.episodes[i] for i in state.scalars["open"]]
