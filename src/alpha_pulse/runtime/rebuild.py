"""Builds the state of a stored run from nothing, from the inputs in its journal, and compares it with what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import ConfigError, StateError
from alpha_pulse.core.stateful import State, digest
from alpha_pulse.core.version import __version__
from alpha_pulse.engine.checkpoint import read_checkpoint
from alpha_pulse.engine.stored_run import stored_config, stored_feed
from alpha_pulse.engine.system import System
from alpha_pulse.engine.verification import Check
from alpha_pulse.feeds.notes import show_time
from alpha_pulse.journal.block import JournalBlock, decode_blocks
from alpha_pulse.journal.verifier import DifferenceError
from alpha_pulse.stores.base import RunIdentity
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.reading import StoreReader

COMPONENTS_SHOWN = 3


class Rebuild(msgspec.Struct, frozen=True):
    """The result of rebuilding one stored run.

    ``program_version`` is that of the program that started the run; ``steps`` of the ``stored_steps`` were replayed and equal,
    in ``seconds``. ``first_difference`` is the number of the first step that differs, and ``differs_at`` its market time, ns.
    """

    store: str
    run_id: str
    program_version: str
    stored_steps: int
    steps: int
    seconds: float
    ok: bool
    checks: list[Check]
    first_difference: int | None = None
    differs_at: int | None = None


def rebuild(reader: StoreReader, to: int | None = None, on_progress: Callable[[int], object] = lambda _: None) -> Rebuild:
    """Replay a stored run from its first step: each step, the checkpoints and the result must come out as stored.

    Nothing but the store is read: the bars, the commands and the configuration are in it.

    Parameters
    ----------
    reader
        The store.
    to
        The last step to replay; None: the last one.
    on_progress
        Called with the number of steps replayed.

    Raises
    ------
    ConfigError
        ``to`` is no step of the journal.
    StateError
        The journal is damaged, contains no step, or its configuration cannot be read.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from alpha_pulse.core.config import Config
    >>> from alpha_pulse.feeds.synthetic import random_walk
    >>> from alpha_pulse.runtime.replay import replay
    >>> from alpha_pulse.stores.sql import SqliteStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SqliteStore(Path(folder, "run.db"))
    ...     result = replay(Config(), random_walk(80, seed=1), store, "example")
    ...     store.close()
    ...     with StoreReader(Path(folder, "run.db")) as reader:
    ...         found = rebuild(reader)
    >>> found.steps, found.ok, [check.name for check in found.checks]
    (80, True, ['steps', 'checkpoint', 'result'])
    """
    began, (identity, end) = elapsed_ns(), _checked(reader, to)
    config, feed = stored_config(identity), stored_feed(_blocks(reader, end), identity)
    if feed is None:
        raise StateError(f"the journal of {reader.path} contains no bar up to step {end}; rebuild a later step")
    system = System(config, feed, MemoryStore())
    checkpoints = [seq for seq in reader.checkpoint_steps() if 0 <= seq <= end]
    found, steps, difference = list[Check](), 0, None
    try:
        for steps in system.replay(_blocks(reader, end), str(reader.path), (end, *checkpoints), reader.blocks):
            on_progress(steps)
            if steps - 1 in checkpoints:
                found.append(_compare_checkpoint(reader, steps - 1, system))
            if steps > end:
                break
    except DifferenceError as error:
        difference = error
        checks = [_differs(error, identity)]
    else:
        checks = [Check("steps", ok=True, detail=f"{steps:,} steps, each decided as it is stored")]
        checks += [check for check in found if not check.ok] or found[-1:]
        checks += [] if found else [Check("checkpoint", ok=True, detail=f"none up to step {end}")]
        checks.append(_compare_result(reader, end, system))
    return Rebuild(
        f"sqlite:///{reader.path}",
        identity.run_id,
        identity.program_version,
        reader.step_count,
        steps if difference is None else difference.step,
        (elapsed_ns() - began) / SECOND_NS,
        all(check.ok for check in checks),
        checks,
        None if difference is None else difference.step,
        None if difference is None else difference.ts_event,
    )


def _checked(reader: StoreReader, to: int | None) -> tuple[RunIdentity, int]:
    """The run, and the last step to replay."""
    last = reader.step_count - 1
    if reader.identity is None or last < 0:
        raise StateError(f"the journal of {reader.path} contains no step yet; rebuild a run that has begun")
    if to is not None and not 0 <= to <= last:
        raise ConfigError(f"--to is {to}, but the journal of {reader.path} has the steps 0 to {last}; give one of these")
    return reader.identity, last if to is None else to


def _blocks(reader: StoreReader, end: int) -> Iterator[JournalBlock]:
    """The blocks up to the one that contains step ``end``."""
    for block in decode_blocks(reader.blocks()):
        yield block
        if block.first_seq + block.steps > end:
            return


def _differs(error: DifferenceError, identity: RunIdentity) -> Check:
    return Check(
        "steps",
        ok=False,
        detail=f"step {error.step} ({show_time(error.ts_event)}) is decided differently from the stored one: version "
        f"{identity.program_version} of this program started the run, and this is {__version__}",
        errors=1,
    )


def _compare_checkpoint(reader: StoreReader, seq: int, system: System) -> Check:
    """Whether the state after step ``seq`` is that of its checkpoint."""
    try:
        stored = read_checkpoint(reader.checkpoint(seq))[0]
    except StateError as error:
        return Check("checkpoint", ok=False, detail=f"the checkpoint at step {seq}: {error}", errors=1)
    made = {name: component.snapshot() for name, component in system.components().items()}
    rebuilt = digest(made)
    if rebuilt == digest(stored):
        return Check("checkpoint", ok=True, detail=f"the state after step {seq} is equal, state_sha256 {rebuilt}")
    names = _different(made, stored)
    more = f" and {len(names) - COMPONENTS_SHOWN} more" if len(names) > COMPONENTS_SHOWN else ""
    shown = f"{', '.join(names[:COMPONENTS_SHOWN])}{more}"
    return Check("checkpoint", ok=False, detail=f"the state after step {seq} differs in {shown}", errors=len(names))


def _different(made: dict[str, State], stored: dict[str, State]) -> list[str]:
    """The components whose states differ."""
    common = {name for name in made.keys() & stored.keys() if digest({name: made[name]}) == digest({name: stored[name]})}
    return sorted((made.keys() | stored.keys()) - common)


def _compare_result(reader: StoreReader, end: int, system: System) -> Check:
    """Whether the state at the end is that of the result."""
    content = reader.result()
    if content is None or end < reader.step_count - 1:
        why = "the run is not finished" if content is None else f"step {end} is not the last one"
        return Check("result", ok=True, detail=f"not compared, since {why}")
    stated, rebuilt = msgspec.json.decode(content).get("state_sha256"), system.state_sha256()
    if stated == rebuilt:
        return Check("result", ok=True, detail=f"the state at the end is equal, state_sha256 {rebuilt}")
    return Check(
        "result", ok=False, detail=f"state_sha256 is {stated} in the result, but {rebuilt} when it is rebuilt", errors=1
    )
