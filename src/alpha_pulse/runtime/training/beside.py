"""Trainings beside a live run.

A training that is late is waited for, for some seconds in which the event loop is free: the bars of a file can wait, and the
run then decides as a replay does. After that it is postponed by a command. One that failed is given up, by a command too.
"""

from __future__ import annotations

from pathlib import Path

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.engine.system import System
from alpha_pulse.engine.training.rounds import POSTPONE, REFUSE, Round
from alpha_pulse.learning.commands import EVERY, Command
from alpha_pulse.runtime.training.process import ProcessTrainer
from alpha_pulse.stores.sql import SqliteStore

WAIT_NS = 10 * SECOND_NS
"""Longest wait for a training."""
POSTPONED_SLICES = 50
"""Slices by which one is postponed at once."""


class TrainingBeside:
    """Trains the models of a system in another process, and keeps the loop from waiting for it.

    A system whose store is not in a file trains in its loop, since the other process could not read its journal.

    Parameters
    ----------
    system
        After `System.begin`.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._late_since = 0
        self.trainer: ProcessTrainer | None = None
        """None where the loop trains."""
        if isinstance(system.store, SqliteStore) and system.config.batch.enabled:
            path = Path(system.store.location.removeprefix("sqlite:///"))
            self.trainer = ProcessTrainer(path, system.training.trainer)
            system.training.use(self.trainer)

    def late(self, slices: int) -> bool:
        """Whether the next ``slices`` slices should wait for a training."""
        due, trainer = self._due(slices), self.trainer
        if due is None or trainer is None or trainer.done(due.end):
            self._late_since = 0
            return False
        self._late_since = self._late_since or elapsed_ns()
        return elapsed_ns() - self._late_since < WAIT_NS

    @property
    def waiting(self) -> bool:
        """Whether the newest slices that were asked for were late."""
        return self._late_since > 0

    def before(self, slices: int) -> None:
        """Call before the next ``slices`` slices, after waiting while they are `late`. Raises as `System.command` does."""
        due, trainer = self._due(slices), self.trainer
        if due is None or trainer is None:
            return
        if not trainer.done(due.end):
            last = self._system.feed.position + slices
            self._system.command([Command("set", EVERY, setting=POSTPONE, value=float(last + POSTPONED_SLICES))])
        elif problem := trainer.problem(due.end):
            self._system.command([Command("set", EVERY, setting=REFUSE, value=f"training failed: {problem}")])

    def _due(self, slices: int) -> Round | None:
        """The round in progress, if one of the next slices needs it."""
        due = self._system.training.round
        return None if due is None or self._system.feed.position + slices <= due.due_slice else due

    def close(self) -> None:
        """End the other process."""
        if self.trainer is not None:
            self.trainer.close()
