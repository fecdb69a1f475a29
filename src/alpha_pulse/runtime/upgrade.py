"""Converts a store of schema version 4: its run is replayed into a new store, and each step must come out as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import StateError
from alpha_pulse.core.version import __version__
from alpha_pulse.engine.stored_run import stored_config
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.notes import show_time
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.journal.digest import DecisionDigest
from alpha_pulse.journal.reader import BlockReader, Step
from alpha_pulse.journal.records import encode
from alpha_pulse.runtime.replay import never
from alpha_pulse.runtime.version4 import Inputs, read_inputs
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.new_store import NewStore
from alpha_pulse.stores.version4 import JournalRow, Version4Reader

CHUNK_SLICES = 1_024
"""Slices that are replayed before they are compared."""


class Upgrade(msgspec.Struct, frozen=True):
    """The result of converting one store.

    ``program_version`` is that of the program that started the run; ``finished``: it has a result.
    """

    old: str
    new: str
    run_id: str
    program_version: str
    steps: int
    finished: bool
    seconds: float


def upgrade(
    reader: Version4Reader,
    new: Path,
    on_progress: Callable[[str, int], object] = lambda _, __: None,
    stopped: Callable[[], bool] = never,
) -> Upgrade | None:
    """Write the run of a store of version 4 into a new store.

    The run is replayed from its bars and commands, in blocks. Records and decisions of all steps are compared, as JSON, with
    those in the old store, which is only read. The result is carried over; its ``decisions_sha256`` and ``state_sha256`` are
    computed again, since both have another definition. The new store gets its name when it is complete.

    Parameters
    ----------
    reader
        The old store.
    new
        The file of the new store, which must not exist.
    on_progress
        Called with what is done and the number of steps for which it is done.
    stopped
        Called between chunks of slices. When it returns True, nothing is left of the new store.

    Returns
    -------
    Upgrade or None
        None when it was stopped.

    Raises
    ------
    StateError
        The old store is damaged, contains no bar, or a step comes out differently; nothing is left of the new store.
    StoreError
        The new store exists already or cannot be written.
    """
    began, identity = elapsed_ns(), reader.identity
    if identity is None:
        raise StateError(f"store {reader.path} contains no run, so there is nothing to convert; start a new store")
    config = stored_config(identity)
    with NewStore(new, config.store) as made:
        inputs = read_inputs(reader, lambda done: on_progress("reading the old store", done))
        system = System(config, inputs.feed, made.store)
        system.begin(identity.run_id, resume=False)
        comparison = _Comparison(reader, made.store)
        for steps in _replay(system, inputs, reader.step_count):
            comparison.compare()
            on_progress("replaying and comparing", steps)
            if stopped():
                return None
        system.checkpoint_if_useful()
        _carry_over_result(reader, system, comparison.decisions)
        made.complete()
    seconds = (elapsed_ns() - began) / SECOND_NS
    return Upgrade(
        str(reader.path), str(new), identity.run_id, identity.program_version, reader.step_count, reader.finished, seconds
    )


def _replay(system: System, inputs: Inputs, count: int) -> Iterator[int]:
    """Give a system its slices and commands in their order; yields the number of steps done after each chunk."""
    done = 0
    for seq in [*inputs.commands, count]:
        while done < seq:
            done += system.advance(min(CHUNK_SLICES, seq - done))
            yield done
        if seq < count:
            system.command(inputs.commands[seq])
            done += 1
    yield done


class _Comparison:
    """Compares the steps of the new store with those of the old one, in order."""

    def __init__(self, reader: Version4Reader, store: Store) -> None:
        self._reader, self._store = reader, store
        self._rows = reader.rows()
        self._next = 0
        self.decisions = DecisionDigest()
        """Of the steps so far."""

    def compare(self) -> None:
        """Compare the steps that are new since the last call. Raises StateError that names the first one that differs."""
        for block in decoded_blocks(self._store, self._next):
            for step, row in zip(BlockReader(block), self._rows, strict=False):
                self._compare(step, row)
            self.decisions.add(block)
            self._next = block.first_seq + block.steps

    def _compare(self, step: Step, row: JournalRow) -> None:
        payload, decision = encode(step.record), None if step.decision is None else encode(step.decision)
        if (step.ts_event, payload, decision) == (row.ts_event, row.payload, row.decision):
            return
        identity = self._reader.identity
        wrote = "another version" if identity is None else f"version {identity.program_version}"
        names = _differing(payload, row.payload) or ["the decision"]
        raise StateError(
            f"step {row.seq} ({show_time(row.ts_event)}) of store {self._reader.path} comes out differently when it is "
            f"replayed ({', '.join(names)}): {wrote} of this program wrote it, and this is {__version__}; "
            "it was not converted"
        )


def _differing(made: bytes, stored: bytes) -> list[str]:
    """The fields in which two records differ."""
    one, other = msgspec.json.decode(made), msgspec.json.decode(stored)
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def _carry_over_result(reader: Version4Reader, system: System, decisions: DecisionDigest) -> None:
    content = reader.result()
    if content is not None:
        hashes = {"decisions_sha256": decisions.hexdigest(), "state_sha256": system.state_sha256()}
        system.store.finish(msgspec.json.encode({**msgspec.json.decode(content), **hashes}))
