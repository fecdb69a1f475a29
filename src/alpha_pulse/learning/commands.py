"""Commands that users send to sessions. Each is part of a step of the journal, so that a resumed run applies it again."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from alpha_pulse.core.types import TradeOutcome

MemberKind = Literal["promote", "rollback", "freeze", "unfreeze", "start_member", "stop_member"]
MEMBER_KINDS = ("promote", "rollback", "freeze", "unfreeze", "start_member", "stop_member")
EVERY = "*"
"""Stands for every session."""


class LabelledExample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A labelled row with an id chosen by the caller. It is learned once, however often it is sent.

    ``features`` are a list in the order of the session's features, or a dict by their names; the journal contains a list.
    ``label`` is 0 or 1.
    """

    id: str
    features: list[float] | dict[str, float]
    label: int
    weight: float = 1.0

    @property
    def content(self) -> bytes:
        """The content without the id, as bytes; equal whenever the example is sent again."""
        return (np.array([*self.features, self.label, self.weight]) + 0.0).tobytes()  # 0.0 and -0.0 are the same


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change that a user requests. It is journaled, so that a resumed run applies it again.

    ``start``, ``update`` and ``stop`` are for external sessions, whose examples come from their caller: ``start`` has
    ``model_type``, ``horizon`` and ``n_features``, ``update`` has ``examples``, all of them new. ``adapt`` is for the sessions
    of the engine and has a ``drift_type``. ``outcome`` is for a session of trade quality and has a new ``outcome``. ``set`` is
    for all sessions (``*``) and has a ``setting``, by its configuration key, and a ``value``.

    Those of `MEMBER_KINDS` are about who serves a session of the engine, or all (``*``): ``promote``, ``start_member`` and
    ``stop_member`` have the name of the member as their ``value``; the others, ``rollback``, ``freeze`` and ``unfreeze``, none.
    """

    kind: Literal["start", "update", "stop", "adapt", "outcome", "set", MemberKind]
    session_id: str
    model_type: str | None = None
    horizon: int | None = None
    n_features: int | None = None
    examples: list[LabelledExample] | None = None
    drift_type: str | None = None
    outcome: TradeOutcome | None = None
    setting: str | None = None
    value: str | float | None = None
