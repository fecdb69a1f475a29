"""The part of the gateway that concerns who serves: the members of each session, the champion and its challengers."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from alpha_pulse.serving.promotion import Evidence, ShadowReturn


class MemberStanding(msgspec.Struct, frozen=True):
    """Where a member of a session stands.

    ``stage`` is ``candidate``, ``shadow``, ``canary``, ``champion`` or ``retired``; None with a strategy without a champion.
    ``evidence`` is its comparison with the champion; None for who is not compared. ``shadow_return`` is what it would have
    earned by trading its own predictions; None for a target that is no return, and without labels. ``probability``,
    ``weight`` and ``age_s`` are those of the newest prediction, and ``missing`` is why it took no part in it. ``labels`` are
    those that it has learned from, ``failures`` how often a challenger failed. ``skill_millinats`` is that of the sliding
    window.
    """

    member: str
    source: Literal["online", "batch", "base", "challenger"]
    model: str
    version: str | None
    stage: str | None
    stopped: bool
    probability: float | None
    weight: float | None
    age_s: float | None
    missing: str | None
    labels: int | None
    failures: int | None
    skill_millinats: float | None
    evidence: Evidence | None
    shadow_return: ShadowReturn | None


class SessionServing(msgspec.Struct, frozen=True):
    """Who serves a session of the engine.

    ``champion``, ``canary`` and ``former`` (the champion before) are members; None with a strategy without a champion.
    ``frozen``: nothing is promoted or rolled back.
    """

    session_id: str
    symbol: str
    target: str
    strategy: str
    champion: str | None
    canary: str | None
    former: str | None
    frozen: bool
    members: list[MemberStanding]


class Serving(Protocol):
    """Queries and commands about who serves.

    A ``session_id`` is ``SYMBOL/target``; in commands also ``*`` for all that they can change. A command returns the sessions
    that it is about when it is durable in the journal. Each raises NotFoundError for an unknown session or member, and
    ConflictError where it does not fit the state of the session: a strategy without a champion, a frozen session.
    """

    def sessions(self) -> list[SessionServing]:
        """All sessions of the engine."""
        ...

    def session(self, session_id: str) -> SessionServing:
        """One session. Raises NotFoundError."""
        ...

    async def promote(self, session_id: str, member: str) -> list[SessionServing]:
        """Make a member the champion. Raises ConflictError if it is, is stopped, or has no model yet."""
        ...

    async def roll_back(self, session_id: str) -> list[SessionServing]:
        """Make the former champion the champion again. Raises ConflictError if there is none."""
        ...

    async def freeze(self, session_id: str) -> list[SessionServing]:
        """Forbid promotions and rollbacks. Raises ConflictError if they are forbidden."""
        ...

    async def unfreeze(self, session_id: str) -> list[SessionServing]:
        """Allow promotions and rollbacks again. Raises ConflictError if they are allowed."""
        ...

    async def start(self, session_id: str, member: str) -> list[SessionServing]:
        """Let a challenger that is stopped or retired challenge again. Raises ConflictError if it does."""
        ...

    async def stop(self, session_id: str, member: str) -> list[SessionServing]:
        """Let a challenger neither predict nor learn. Raises ConflictError for a stopped one, and for the champion."""
        ...
