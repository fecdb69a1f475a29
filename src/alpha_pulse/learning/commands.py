"""What a caller may ask of a session that it feeds itself, and which of its examples were learnt already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from alpha_pulse.core.stateful import State

REMEMBERED = 100_000
"""Ids of a session's newest examples by which one that is sent again is known; an older one would be learnt again."""


class FedExample(msgspec.Struct, frozen=True):
    """A labelled row under an id of its caller's choice. ``features`` are as many as the session takes; ``label`` is 0 or 1."""

    id: str
    features: list[float]
    label: int
    weight: float = 1.0


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change to a session that its caller feeds. It is journaled, so that a restart makes it again.

    ``start`` has ``model_type``, ``horizon`` and ``n_features``; ``update`` has ``examples``, none of them learnt before.
    """

    kind: Literal["start", "update", "stop"]
    session_id: str
    model_type: str | None = None
    horizon: int | None = None
    n_features: int | None = None
    examples: list[FedExample] | None = None


class SeenIds:
    """The ids of the newest examples, at most ``REMEMBERED``.

    >>> seen = SeenIds()
    >>> seen.add("a")
    >>> "a" in seen, "b" in seen
    (True, False)
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._ids = dict.fromkeys(ids)

    def __contains__(self, example_id: str) -> bool:
        return example_id in self._ids

    def add(self, example_id: str) -> None:
        """Remember one more, and forget the oldest when there are too many."""
        self._ids[example_id] = None
        if len(self._ids) > REMEMBERED:
            del self._ids[next(iter(self._ids))]

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(scalars={"ids": list(self._ids)})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._ids = dict.fromkeys(state.scalars["ids"])
