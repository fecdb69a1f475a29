"""Who runs the trainings of a round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from alpha_pulse.journal.examples import read_examples
from alpha_pulse.learning.training import MIN_EXAMPLES, BatchMember, Trained, train
from alpha_pulse.stores.base import Block

StoredBlocks = Callable[[], Iterable[Block]]


class Trainer(Protocol):
    """Runs the trainings of a round."""

    def begin(self, end: int) -> None:
        """Start the round whose training sets end before step ``end``, without waiting for it."""
        ...

    def take(self, end: int) -> Mapping[str, Trained]:
        """Wait for the results of a round, by session id; sessions with too few examples have none."""
        ...


class InlineTrainer:
    """Trains when the results are needed.

    Parameters
    ----------
    members
        All batch members.
    stored
        The blocks of the run from the first on.
    most
        Examples of a session, at most.
    """

    def __init__(self, members: Iterable[BatchMember], stored: StoredBlocks, most: int) -> None:
        self._members = {member.session_id: member for member in members}
        self._stored = stored
        self._most = most

    def begin(self, end: int) -> None:
        """Do nothing yet."""

    def take(self, end: int) -> dict[str, Trained]:
        """Read the training sets, and train."""
        found = read_examples(self._stored(), end, self._most)
        return {
            session_id: train(self._members[session_id].make_model(), examples)
            for session_id, examples in found.items()
            if len(examples) >= MIN_EXAMPLES and session_id in self._members
        }
