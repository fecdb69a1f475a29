"""The decision whether and how to adapt a session, as pure functions of an alarm, a change, its scores or a request."""

from __future__ import annotations

from typing import Literal

import msgspec

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.types import DriftAlarm, RegimeChange
from alpha_pulse.learning.session_adaptation import requested_kind, requested_reason

Kind = Literal["keep", "boost", "reset"]

RESET_SCORE = 0.08
"""A rise of the error rate by this much means that the signal has reversed: a reset is better than a boost (docs/log.md)."""


class AdaptationDecision(msgspec.Struct, frozen=True):
    """``kind`` of action, its ``cause`` (drift, regime, decay, request, timer) and the reason as a sentence."""

    kind: Kind
    cause: str
    reason: str


REGIME = "regime"
"""The type of a request that states a new regime."""
KEEP = AdaptationDecision("keep", "timer", "within bounds")


def on_alarm(alarm: DriftAlarm) -> AdaptationDecision:
    """A drift alarm: learn faster for a while, or reset the model after a large change."""
    reason = f"{alarm.detector}: error rate rose by {alarm.score:.3f} since sample {alarm.change_sample}"
    return AdaptationDecision("reset" if alarm.score >= RESET_SCORE else "boost", f"drift:{alarm.alarm_id}", reason)


def on_regime(change: RegimeChange, kind: Kind) -> AdaptationDecision:
    """A change of regime: the action that ``adaptation.on_regime`` sets. The first regime of a run is not a change."""
    cause = f"regime:{change.change_id}"
    if change.from_label is None:
        return AdaptationDecision("keep", cause, f"the first regime is {change.to_label}")
    if change.feature == "volatility":
        return AdaptationDecision(kind, cause, f"the market went from {change.from_label} to {change.to_label}")
    return AdaptationDecision(kind, cause, f"the {change.feature} of the market changed")


def on_health(excess_loss: float, lost_accuracy: float, config: AdaptationConfig) -> AdaptationDecision:
    """A check by the timer. Decay is a windowed loss that exceeds the base rate's, or an accuracy below the whole run's, by a
    threshold.

    Parameters
    ----------
    excess_loss
        Windowed mean log loss of the served prediction minus that of the base rate, in nats.
    lost_accuracy
        Accuracy of the whole run minus the window's, 0 to 1.
    config
        The thresholds.
    """
    if excess_loss > config.loss_threshold:
        return AdaptationDecision("reset", "decay", f"windowed log loss is {excess_loss:.3f} nats above the base rate's")
    if lost_accuracy > config.accuracy_threshold:
        return AdaptationDecision("boost", "decay", f"windowed accuracy is {lost_accuracy:.3f} below the whole run's")
    return KEEP


def on_request(drift_type: str) -> AdaptationDecision:
    """A request of a user or an agent: reset the model for a new regime; otherwise learn faster for a while."""
    return AdaptationDecision(requested_kind(drift_type), "request", requested_reason(drift_type))
