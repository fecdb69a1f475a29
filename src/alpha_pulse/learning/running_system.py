"""The interface of the running system for services: journaled commands, and requests for adaptations."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Literal, Protocol

import msgspec

from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.session import Session

NOT_RUNNING = "session {session_id} is not part of a run, so nothing can adapt it"


class RunningSystem(Protocol):
    """A system between `begin` and the end of its run."""

    def carry_out(self, *commands: Command) -> None:
        """Journal commands as one step and apply them; they are durable when this returns.

        Raises ConflictError before the run has begun, after the last slice, and inside of a step.
        """
        ...

    def now_ns(self) -> int:
        """Market time."""
        ...

    def why_not_adapt(self, session_id: str) -> str:
        """Why an adaptation that is requested now would not begin with the next slice; empty when it will."""
        ...


class AdaptationResponse(msgspec.Struct, frozen=True):
    """The response to a request.

    ``requested`` begins with the next slice of the run; ``begun`` has begun, for a session whose examples come from its caller;
    ``refused`` does not begin, and ``reason`` states why.
    """

    session_id: str
    status: Literal["requested", "begun", "refused"]
    reason: str = ""


def request_adaptation(
    running: RunningSystem | None,
    sessions: Iterable[Session],
    drift_type: str,
    begin: Callable[[Session, str], str],
    callers: Container[Session],
) -> tuple[AdaptationResponse, ...]:
    """Request an adaptation of some sessions. Accepted requests to a run are journaled, and durable when this returns.

    Parameters
    ----------
    running
        The run; None without one.
    sessions, drift_type
        What is requested.
    begin
        Begins an adaptation of a caller's session at once; returns why it cannot, or an empty text.
    callers
        The sessions whose examples come from their callers.
    """
    responses = []
    for session in sessions:
        if session in callers:
            reason = begin(session, drift_type)
            responses.append(AdaptationResponse(session.session_id, "refused" if reason else "begun", reason))
        else:
            responses.append(_response(running, session.session_id))
    commands = [
        Command("adapt", response.session_id, drift_type=drift_type) for response in responses if response.status == "requested"
    ]
    if running is not None and commands:
        running.carry_out(*commands)
    return tuple(responses)


def _response(running: RunningSystem | None, session_id: str) -> AdaptationResponse:
    reason = NOT_RUNNING.format(session_id=session_id) if running is None else running.why_not_adapt(session_id)
    return AdaptationResponse(session_id, "refused" if reason else "requested", reason)
