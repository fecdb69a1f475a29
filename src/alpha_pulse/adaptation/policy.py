"""What to do about a session, as a pure function of what is known about it."""

from __future__ import annotations

from typing import Literal

import msgspec

from alpha_pulse.core.config import Adaptation
from alpha_pulse.core.types import DriftAlarm, ModelHealth

Kind = Literal["keep", "boost", "reset"]

RESET_SCORE = 0.15
"""A rise of the mean Brier score by this much means that the model has it backwards: forgetting beats hurrying."""


class Verdict(msgspec.Struct, frozen=True):
    """``kind`` of action, the ``cause`` that called for it (drift, decay, request, timer) and the reason in words."""

    kind: Kind
    cause: str
    reason: str


KEEP = Verdict("keep", "timer", "within bounds")


def on_alarm(alarm: DriftAlarm) -> Verdict:
    """A drift alarm: learn faster for a while; after a large change, start anew."""
    reason = f"{alarm.detector}: Brier score rose by {alarm.score:.3f} since sample {alarm.change_sample}"
    return Verdict("reset" if alarm.score >= RESET_SCORE else "boost", f"drift:{alarm.alarm_id}", reason)


def on_health(health: ModelHealth, run_accuracy: float, config: Adaptation) -> Verdict:
    """The timer's look at the window: decay is a loss above the base rate's, or accuracy below the whole run's, by a threshold.

    Parameters
    ----------
    health
        The session's window.
    run_accuracy
        Accuracy of the served predictions over the whole run, 0 to 1.
    config
        The thresholds.
    """
    excess = health.window_log_loss - health.window_base_log_loss
    if excess > config.loss_threshold:
        return Verdict("reset", "decay", f"windowed log loss is {excess:.3f} nats above the base rate's")
    lost = run_accuracy - health.window_accuracy
    if lost > config.accuracy_threshold:
        return Verdict("boost", "decay", f"windowed accuracy is {lost:.3f} below the whole run's")
    return KEEP


def on_request(drift_type: str) -> Verdict:
    """Somebody asked for it."""
    return Verdict("boost", "request", f"adaptation was asked for ({drift_type})")
