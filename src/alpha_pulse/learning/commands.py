"""What a caller may ask of a session, and which of the examples that it fed were learnt already."""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal

import msgspec
import numpy as np

from alpha_pulse.core.stateful import State

REMEMBERED = 20_000
"""Ids of a session's newest examples by which one that is sent again is known; an older one would be learnt again."""
DIGEST_BYTES = 16


class FedExample(msgspec.Struct, frozen=True):
    """A labelled row under an id of its caller's choice. ``features`` are as many as the session takes; ``label`` is 0 or 1."""

    id: str
    features: list[float]
    label: int
    weight: float = 1.0


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change to a session. It is journaled, so that a restart makes it again.

    ``start``, ``update`` and ``stop`` are for sessions that their caller feeds: ``start`` has ``model_type``, ``horizon`` and
    ``n_features``, ``update`` has ``examples``, none of them learnt before. ``adapt`` is for the
    loop's and has a ``drift_type``.
    """

    kind: Literal["start", "update", "stop", "adapt"]
    session_id: str
    model_type: str | None = None
    horizon: int | None = None
    n_features: int | None = None
    examples: list[FedExample] | None = None
    drift_type: str | None = None


class SeenIds:
    """The ids of the newest examples, at most ``REMEMBERED``: 16 bytes of each, however long it is.

    >>> seen = SeenIds()
    >>> seen.add("a")
    >>> "a" in seen, "b" in seen
    (True, False)
    """

    def __init__(self) -> None:
        self._digests: dict[bytes, None] = {}

    def __contains__(self, example_id: str) -> bool:
        return _digest(example_id) in self._digests

    def add(self, example_id: str) -> None:
        """Remember one more, and forget the oldest when there are too many."""
        self._digests[_digest(example_id)] = None
        if len(self._digests) > REMEMBERED:
            del self._digests[next(iter(self._digests))]

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(arrays={"digests": np.frombuffer(b"".join(self._digests), dtype=np.uint8)})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        held = state.arrays["digests"].tobytes()
        self._digests = dict.fromkeys(held[at : at + DIGEST_BYTES] for at in range(0, len(held), DIGEST_BYTES))


def _digest(example_id: str) -> bytes:
    return blake2b(example_id.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
