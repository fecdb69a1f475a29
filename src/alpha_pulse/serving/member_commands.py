"""Commands about who serves: promote, roll back, freeze, and start or stop a challenger; checked, and applied."""

from __future__ import annotations

from collections.abc import Mapping

from alpha_pulse.core.errors import AlphaPulseError, ConflictError, NotFoundError, did_you_mean
from alpha_pulse.core.types import AdaptationAction
from alpha_pulse.learning.commands import EVERY, Command
from alpha_pulse.serving.ladder import Moment
from alpha_pulse.serving.served_target import ServedTarget

LADDER = "champion_challenger"
"""The strategy with a champion."""


def check(command: Command, targets: Mapping[str, ServedTarget]) -> None:
    """Check that a command changes a session.

    Parameters
    ----------
    command
        Of one session, or of all (``*``), where one that it can change is sufficient.
    targets
        Those of the engine, by session.

    Raises
    ------
    NotFoundError
        There is no such session or member.
    ConflictError
        The command does not fit the state of the session, or of any.
    """
    if command.session_id != EVERY and command.session_id not in targets:
        raise NotFoundError(f"the loop has no session {command.session_id[:200]!r}{did_you_mean(command.session_id, targets)}")
    problems = [problem(command, each) for each in _meant(command, targets)]
    if problems and None not in problems:
        raise next(found for found in problems if found is not None)


def apply(command: Command, targets: Mapping[str, ServedTarget], ts: int) -> list[AdaptationAction]:
    """Apply a command at market time ``ts`` (ns) to the sessions that it can change; returns what moved on their ladders."""
    moved: list[AdaptationAction] = []
    for served in _meant(command, targets):
        if problem(command, served) is None:
            spec = served.session.spec
            moved += _change(command, served, Moment(spec.symbol, spec.target, ts))
    return moved


def retire_stopped(served: ServedTarget) -> None:
    """After the ladder has started anew: do not compare challengers that are stopped."""
    spec = served.session.spec
    for name in served.further.stopped if served.mix.strategy == LADDER else ():
        served.mix.ladder.retire(name, Moment(spec.symbol, spec.target, 0))


def _meant(command: Command, targets: Mapping[str, ServedTarget]) -> list[ServedTarget]:
    return [each for session_id, each in targets.items() if command.session_id in (EVERY, session_id)]


def problem(command: Command, served: ServedTarget) -> AlphaPulseError | None:
    """Why a command cannot be applied to a session; None where it can."""
    if command.kind in ("start_member", "stop_member"):
        return _challenger_problem(command, served)
    mix, session_id = served.mix, served.session.session_id
    if mix.strategy != LADDER:
        return ConflictError(
            f"session {session_id} is served by the strategy {mix.strategy!r}, in which no member is promoted; set "
            f"serving.strategy to {LADDER!r}"
        )
    if command.kind in ("freeze", "unfreeze"):
        if mix.ladder.frozen != (command.kind == "freeze"):
            return None
        return ConflictError(f"session {session_id} is {'frozen already' if mix.ladder.frozen else 'not frozen'}")
    if mix.ladder.frozen:
        return ConflictError(f"session {session_id} is frozen, so that {mix.ladder.champion!r} serves; unfreeze it first")
    if command.kind == "rollback":
        reason = "has no former champion to which it could be rolled back; promote a member"
        return None if mix.ladder.former is not None else ConflictError(f"session {session_id} {reason}")
    return _promotion_problem(str(command.value), served)


def _promotion_problem(name: str, served: ServedTarget) -> AlphaPulseError | None:
    mix, session_id = served.mix, served.session.session_id
    if name not in mix.names:
        return NotFoundError(f"session {session_id} has no member {name[:200]!r}{did_you_mean(name, mix.names)}")
    if name == mix.ladder.champion:
        return ConflictError(f"{name!r} is the champion of session {session_id} already")
    if name in served.further.stopped:
        return ConflictError(f"{name!r} is stopped in session {session_id}; start it before it is promoted")
    if name == "batch" and (served.batch is None or served.batch.ready is None):
        return ConflictError(f"session {session_id} has no batch model yet that could be promoted")
    return None


def _challenger_problem(command: Command, served: ServedTarget) -> AlphaPulseError | None:
    name, mix, session_id = str(command.value), served.mix, served.session.session_id
    if name not in served.further.names:
        if not served.further.names:
            return NotFoundError(f"session {session_id} has no challengers; name some in serving.challengers")
        return NotFoundError(f"session {session_id} has no challenger {name[:200]!r}{did_you_mean(name, served.further.names)}")
    stopped = name in served.further.stopped
    if command.kind == "start_member":
        idle = stopped or (mix.strategy == LADDER and mix.ladder.stage(name) in ("candidate", "retired"))
        return None if idle else ConflictError(f"{name!r} runs already in session {session_id}")
    if stopped:
        return ConflictError(f"{name!r} is stopped already in session {session_id}")
    if name == mix.champion:
        return ConflictError(f"{name!r} is the champion of session {session_id}; promote another member before it is stopped")
    return None


def _change(command: Command, served: ServedTarget, at: Moment) -> list[AdaptationAction]:
    ladder, name = served.mix.ladder, str(command.value)
    if command.kind == "promote":
        return ladder.promote(name, at)
    if command.kind == "rollback":
        return ladder.roll_back(at)
    if command.kind in ("freeze", "unfreeze"):
        ladder.frozen = command.kind == "freeze"
    elif command.kind == "start_member":
        served.further.start(name)
        if ladder.stage(name) in ("candidate", "retired"):
            ladder.challenge(name)
    elif command.kind == "stop_member":
        served.further.stop(name)
        if name != ladder.champion:
            return ladder.retire(name, at)
    return []
