"""Adaptations of one session: a trial with a control, then a cool-down; and those that a caller of a session requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.types import AdaptationAction, DriftAlarm
from alpha_pulse.kernels.session import layout
from alpha_pulse.learning.session import ScoredPrediction, Session
from alpha_pulse.learning.trial import MIN_BLOCKS

DISABLED = "adaptation.enabled is false"
DRIFT_TYPES = ("performance", "regime")
"""The reasons for which a user can request an adaptation."""
RECORD = 100
"""Newest actions of a session that are stored in memory."""
Kind = Literal["boost", "reset"]


def requested_kind(drift_type: str) -> Kind:
    """The action on a request: a reset for a new regime, else learning faster for a while.

    >>> [requested_kind(drift_type) for drift_type in DRIFT_TYPES]
    ['boost', 'reset']
    """
    return "reset" if drift_type == DRIFT_TYPES[1] else "boost"


def requested_reason(drift_type: str) -> str:
    """The reason of an action on a request."""
    return f"adaptation was requested ({drift_type})"


class SessionAdaptation:
    """Begins and ends the trials of one session, at most one at a time, each followed by a cool-down.

    Parameters
    ----------
    session
        The session.
    settings
        Uses ``enabled``, ``boost_factor``, ``boost_labels`` and ``cooldown_labels``.
    """

    def __init__(self, session: Session, settings: AdaptationConfig) -> None:
        self.session = session
        self.trial_labels = max(settings.boost_labels, MIN_BLOCKS * session.spec.horizon)
        self.open: AdaptationAction | None = None
        self.actions = 0
        self.record: deque[AdaptationAction] = deque(maxlen=RECORD)
        """The newest actions of this process, oldest first."""
        self.head = session.head
        """The session's counters, which the loop's kernels check: labels of a trial, of the cool-down and of the next check."""
        self.head[layout.TRIAL_LABELS] = self.trial_labels
        self._settings = settings

    def prevented(self) -> str:
        """Why no action can begin now, and for how long; empty when one can."""
        session = self.session
        if not self._settings.enabled:
            return DISABLED
        if session.in_trial:
            wanted, seen, rest = self.trial_labels, session.trial_samples, self._settings.cooldown_labels
            trial = "an adaptation" if self.open is None else self.open.action_id
            return f"the trial of {trial} runs: {seen} of {wanted} labels, then {rest} labels of cool-down"
        left = int(self.head[layout.REST_UNTIL]) - session.labels_used
        return f"session {session.session_id} is in the cool-down after a trial; {left} labels remain" if left > 0 else ""

    def begin(self, kind: Kind, cause: str, reason: str, ts: int) -> AdaptationAction | None:
        """Begin an action at market time ``ts`` (ns); None when it is prevented."""
        if self.prevented():
            return None
        session = self.session
        self.actions += 1
        action = AdaptationAction(
            action_id=f"{session.session_id}/action/{self.actions}",
            kind=kind,
            symbol=session.spec.symbol,
            target=session.spec.target,
            ts=ts,
            cause=cause,
            reason=reason,
        )
        session.begin_trial(boost=self._settings.boost_factor if kind == "boost" else None)
        self.open = action
        self.record.append(action)
        return action

    def end_if_due(self, ts: int) -> AdaptationAction | None:
        """The closed action when the session's trial has enough labels and ends."""
        session = self.session
        if not session.in_trial or session.trial_samples < self.trial_labels or self.open is None:
            return None
        result = session.end_trial()
        closed = msgspec.structs.replace(
            self.open,
            status="accepted" if result.accepted else "rolled_back",
            closed_ts=ts,
            effect=result.effect,
            effect_samples=result.samples,
        )
        if self.record:
            self.record[-1] = closed
        self.open = None
        self.head[layout.REST_UNTIL] = session.labels_used + self._settings.cooldown_labels
        return closed


class Adapter(Protocol):
    """Adapts the sessions whose examples come from their callers."""

    def adopt(self, session: Session) -> None:
        """Adapt a session from now on."""
        ...

    def release(self, session: Session) -> None:
        """The session has ended."""
        ...

    def on_scored(self, scored: ScoredPrediction, alarms: Sequence[DriftAlarm]) -> None:
        """One label of an adopted session was scored and learned, and caused these alarms."""
        ...

    def begin_requested(self, session: Session, drift_type: str) -> str:
        """Begin an adaptation that was requested. Returns why it cannot begin; empty when it has begun."""
        ...

    def adaptations(self, session: Session) -> tuple[AdaptationAction, ...]:
        """The newest actions on an adopted session, oldest first."""
        ...


class RequestedAdaptations:
    """An adapter that begins only what is requested; alarms are counted and change nothing.

    `alpha_pulse.adaptation.AdaptiveModelManager` also acts on alarms and decay.
    """

    def __init__(self, settings: AdaptationConfig) -> None:
        self._settings = settings
        self._states: dict[Session, SessionAdaptation] = {}

    def adopt(self, session: Session) -> None:
        """See `Adapter`."""
        self._states[session] = SessionAdaptation(session, self._settings)

    def release(self, session: Session) -> None:
        """See `Adapter`."""
        del self._states[session]

    def on_scored(self, scored: ScoredPrediction, alarms: Sequence[DriftAlarm]) -> None:
        """See `Adapter`."""
        self._states[scored.session].end_if_due(scored.example.label_ts)

    def begin_requested(self, session: Session, drift_type: str) -> str:
        """See `Adapter`."""
        state = self._states[session]
        reason = state.prevented()
        state.begin(requested_kind(drift_type), "request", requested_reason(drift_type), session.last_label_ts)
        return reason

    def adaptations(self, session: Session) -> tuple[AdaptationAction, ...]:
        """See `Adapter`."""
        return tuple(self._states[session].record)
