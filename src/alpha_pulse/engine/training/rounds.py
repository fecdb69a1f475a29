"""Training rounds: when batch models are trained, on what, and when the new ones begin to predict.

A round takes place between two slices. Its training sets are read from the journal up to the step before it, so that they do
not depend on where or when the training runs, and a resumed run trains the same models again. They begin to predict some bars
later (``batch.ready_delay_bars`` and ``batch.ready_delay_s``); until then the former ones go on. Blocks are cut at both places.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from alpha_pulse.core.config import BatchConfig
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.stateful import State, scalars_as
from alpha_pulse.engine.events import TRAINED, Events
from alpha_pulse.engine.training.trainers import Trainer
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.training import BatchMember, Trained

BEGIN, POSTPONE, REFUSE = "training.begin", "training.postpone", "training.refuse"
"""Settings of commands: train before the next slice, or once the round in progress is over; let the models of the round in
progress predict from a later slice on, which is the value; end it without models, for a reason, which is the value."""
Place = tuple[int, int]
"""Of a batch member: the number of its symbol, and that of its target."""


class Round(msgspec.Struct, frozen=True):
    """A round in progress: the step before which its training sets end, the market time of the step before, and from which
    slice and time on its models may predict."""

    end: int
    ts: int
    due_slice: int
    due_ts: int


class _Saved(msgspec.Struct, frozen=True):
    next_slice: int | None
    round: Round | None
    requested: bool


class TrainingRounds:
    """The schedule of all batch members of a run, and the round in progress.

    Parameters
    ----------
    config
        Schedule and delay.
    members
        By place, in order.
    trainer
        Runs the trainings. Results do not depend on it.
    """

    def __init__(self, config: BatchConfig, members: Mapping[Place, BatchMember], trainer: Trainer) -> None:
        self._config = config
        self._members = dict(members)
        self.trainer = trainer
        self.next_slice = config.train_bars if self._members else None
        """The slice before which the next round takes place; None: there is none."""
        self.requested = False
        """Whether a round is requested, which takes place as soon as none is in progress."""
        self.round: Round | None = None
        """The round in progress."""
        self.completed = 0
        """Rounds that this process has completed."""

    def use(self, trainer: Trainer) -> None:
        """Train by another trainer from now on, also in the round in progress."""
        self.trainer = trainer
        if self.round is not None:
            trainer.begin(self.round.end)

    def apply_command(self, command: Command, ts: int) -> None:
        """Apply a validated command about training: `BEGIN`, `POSTPONE` or `REFUSE`."""
        if command.setting == BEGIN and self._members:
            self.requested = True
        elif command.setting == POSTPONE and self.round is not None and isinstance(command.value, float):
            self.round = msgspec.structs.replace(self.round, due_slice=int(command.value))
        elif command.setting == REFUSE:
            self.round = None
            for member in self._members.values():
                member.replace(Trained(0, refused=str(command.value)), ts, ts)

    def before(self, block: BarBlock, end: int, ts: int, events: Events) -> BarBlock:
        """Do what is due before the first slice of a block; returns its slices up to the next one before which something is.

        Parameters
        ----------
        block
            The next slices.
        end
            The number of the step of its first slice.
        ts
            Market time of the step before.
        events
            Receives the models that begin to predict.
        """
        self._complete_if_due(block, events)
        scheduled = self.next_slice is not None and block.seq >= self.next_slice
        if self.round is None and (scheduled or self.requested):
            self._begin(block.seq, end, ts)
            self.next_slice = _following(block.seq, self._config.retrain_bars) if scheduled else self.next_slice
            self._complete_if_due(block, events)
        return block.part(0, self._room(block))

    def _room(self, block: BarBlock) -> int:
        if self.round is not None:
            return min(len(block), self._due_index(block, self.round))
        return len(block) if self.next_slice is None else min(len(block), self.next_slice - block.seq)

    def _begin(self, slice_: int, end: int, ts: int) -> None:
        config = self._config
        self.round = Round(end, ts, slice_ + config.ready_delay_bars, ts + round(config.ready_delay_s * SECOND_NS))
        self.requested = False
        self.trainer.begin(end)

    def _complete_if_due(self, block: BarBlock, events: Events) -> None:
        due = self.round
        if due is None or self._due_index(block, due) > 0:
            return
        trained = self.trainer.take(due.end)
        for place, member in self._members.items():
            if member.session_id in trained:
                ready = member.replace(trained[member.session_id], due.ts, int(block.times[0]))
                events.add(0, "models", (TRAINED, *place), ready)
        self.round = None
        self.completed += 1

    @staticmethod
    def _due_index(block: BarBlock, due: Round) -> int:
        """The first slice of a block, or its length, from which on the models of a round predict."""
        return max(0, due.due_slice - block.seq, int(block.times.searchsorted(due.due_ts)))

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(msgspec.to_builtins(_Saved(self.next_slice, self.round, self.requested)))

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        saved = scalars_as(_Saved, state, "training")
        self.next_slice, self.round, self.requested = saved.next_slice, saved.round, saved.requested
        if self.round is not None:
            self.trainer.begin(self.round.end)


def _following(slice_: int, retrain_bars: int | None) -> int | None:
    """The slice of the round after one at ``slice_``.

    >>> _following(2_000, None), _following(2_000, 500), _following(2_000, 0)
    (4000, 2500, None)
    """
    if retrain_bars is None:
        return 2 * slice_
    return slice_ + retrain_bars if retrain_bars else None
