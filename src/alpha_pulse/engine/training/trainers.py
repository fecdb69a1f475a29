"""Who runs the trainings of a round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from alpha_pulse.core.config import Config
from alpha_pulse.engine.training.members import batch_model
from alpha_pulse.journal.examples import read_examples
from alpha_pulse.learning.training import MIN_EXAMPLES, Trained, train
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
    config
        Of the run: of it, ``batch`` and the seed.
    stored
        Gives the blocks of the run from the first on.
    """

    def __init__(self, config: Config, stored: StoredBlocks) -> None:
        self._config = config
        self._stored = stored

    def begin(self, end: int) -> None:
        """Do nothing yet."""

    def take(self, end: int) -> dict[str, Trained]:
        """Read the training sets, and train."""
        return train_all(self._config, self._stored(), end)


def train_all(config: Config, stored: Iterable[Block], end: int) -> dict[str, Trained]:
    """The results of a round, by session id: a function of the configuration and of the journal before step ``end``.

    Parameters
    ----------
    config
        Of the run.
    stored
        The blocks of the run from the first on.
    end
        The first step that is not used.

    Raises
    ------
    StateError
        A block is damaged.
    UnsupportedSystemError
        The library of the model cannot be loaded.
    """
    return {
        session_id: train(batch_model(config, session_id.rpartition("/")[2], examples.features.shape[1]), examples)
        for session_id, examples in read_examples(stored, end, config.batch.max_examples, config.batch.window).items()
        if len(examples) >= MIN_EXAMPLES
    }
