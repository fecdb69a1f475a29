"""What the copies of the warm process do: trade and learn with what a client feeds, or run one command of the command line."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

import alpha_pulse.cli.evaluate
import alpha_pulse.cli.journal.backup
import alpha_pulse.cli.journal.compact
import alpha_pulse.cli.journal.verify
import alpha_pulse.cli.replay
import alpha_pulse.cli.simulate
import alpha_pulse.evaluation.plot  # noqa: F401  (imported for the copies)
import registry_samples
from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.cli.main import main
from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.engine.checkpoint import state_sha256
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.learning.commands import Command, LabelledExample
from alpha_pulse.serving.registry import Registry
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.sql import SqliteStore
from faults import points
from flow.runs import LEAN, configured
from journal_rows import rows
from store_runs import IDENTITY, append

SESSION = "SYN/fed"
SETTINGS = {**LEAN, "store.checkpoint_steps": 150, "store.keep_checkpoints": 2}
BARS = random_walk(20_000, seed=5).columns
EACH = 3
"""Examples between two acknowledgements."""
REFUSED = 2


def _tell(**content: Any) -> None:
    # One write, so that a kill leaves the whole line or none of it.
    os.write(1, json.dumps(content).encode() + b"\n")


def warm_up() -> None:
    """Load every kernel that the jobs use into this process."""
    system = System(configured(SETTINGS), ReplayFeed(BARS), MemoryStore())
    system.begin("warm-up", resume=False)
    _start(system)
    for number in range(1_200):
        system.step()
        if number % 10 == 0:
            _learn(system, number)


def feed(
    store: str, first: int, durability: str = "group", examples: int | None = None, die: tuple[str, int, bool] | None = None
) -> None:
    """Resume the run in ``store`` and feed a session the examples from ``first`` on, as a client does that sends again all that
    was not acknowledged. An example is acknowledged once it is on the disk.

    ``die``: a place of `faults.points`, at which of its calls to be killed, and whether after it.
    """
    if die is not None:
        points.die_at(die[0], die[1], after=die[2])
    _tell(opening=store)
    try:
        held = open_store(store, StoreConfig(durability="step") if durability == "step" else StoreConfig(group_steps=40))
        system = System(configured(SETTINGS), ReplayFeed(BARS), held)
        system.begin("faults", resume=True)
        _tell(held=ids_in(held), rows=held.head[0] + 1)
        _start(system)
        last = first
        while examples is None or last < first + examples:
            for number in range(last, last + EACH):
                _learn(system, number)
                system.step()
                system.step()
            held.flush()
            last += EACH
            _tell(acknowledged=last, rows=held.head[0] + 1)
        held.close()
        _tell(closed=True)
    except AlphaPulseError as error:
        _tell(refused=str(error))
        sys.exit(REFUSED)


def go_on(store: str, steps: int) -> None:
    """Resume the run in ``store`` and go on to a number of steps; tell the hash of its state and the skipped checkpoints."""
    try:
        config = configured({**SETTINGS, "store.checkpoint_steps": 100, "store.keep_checkpoints": 4})
        held = open_store(store, config.store)
        system = System(config, ReplayFeed(BARS), held)
        system.begin("faults", resume=True)
        system.advance(steps - held.head[0] - 1)
        held.flush()
        _tell(state=state_sha256(system.components()), skipped=system.skipped_checkpoints, rows=held.head[0] + 1)
        held.close()
    except AlphaPulseError as error:
        _tell(refused=str(error))
        sys.exit(REFUSED)


def _start(system: System) -> None:
    if system.learning.ingested(SESSION) is None:
        system.command([Command("start", SESSION, model_type="logistic", horizon=1, n_features=2)])


def _learn(system: System, number: int) -> None:
    seen = system.learning.ingested(SESSION)
    assert seen is not None
    if str(number) not in seen:
        example = LabelledExample(str(number), [0.5, number % 7 / 7.0], number % 2)
        system.command([Command("update", SESSION, examples=[example])])


class _Fed(msgspec.Struct):
    commands: list[Command] = msgspec.field(default_factory=list)


def ids_in(store: Store) -> list[int]:
    """The examples that the journal holds, in order. Every row is checked on the way."""
    decode = msgspec.json.Decoder(_Fed).decode
    return [
        int(example.id) for row in rows(store) for command in decode(row.payload).commands for example in command.examples or ()
    ]


def create(store: str, rows: int) -> None:
    """Make a store and give it some rows; tell how many are safe."""
    _tell(opening=store)
    try:
        held = SqliteStore(Path(store))
        held.begin(IDENTITY, resume=True)
        _tell(begun=True)
        append(held, rows)
        held.flush()
        _tell(rows=held.head[0] + 1)
        held.close()
        _tell(closed=True)
    except AlphaPulseError as error:
        _tell(refused=str(error))
        sys.exit(REFUSED)


def half_made(store: str) -> None:
    """Be killed while SQLite makes the first table in place, as earlier versions had it do: a rollback journal stays behind."""
    db = sqlite3.connect(store, isolation_level=None)
    db.execute("PRAGMA cache_size = 1")
    db.execute("BEGIN IMMEDIATE")
    db.execute("CREATE TABLE half (made TEXT)")
    db.executemany("INSERT INTO half VALUES (?)", [("x" * 5_000,)] * 50)
    os.kill(os.getpid(), signal.SIGKILL)


def register(folder: str) -> None:
    """Register versions and move them, going on where an earlier life was ended; tell what is durable after each change."""
    registry = Registry(Path(folder))
    _tell(opening=folder)
    try:
        for done, change in enumerate(changes(registry)):
            if len(registry.log.read()) <= done:
                change()
            _tell(entries=done + 1)
    except AlphaPulseError as error:
        _tell(refused=str(error))
        sys.exit(REFUSED)


def register_at_once(folder: str, writers: int, each: int) -> None:
    """Let several processes register versions at the same time, and promote every one."""
    children, (start, begin) = [], os.pipe()
    for number in range(writers):
        child = os.fork()
        if child == 0:
            os.close(begin)
            os.read(start, 1)  # returns when all have been started
            registry = Registry(Path(folder))
            for version in range(each):
                name = registry_samples.add(registry, number * each + version)
                registry.move(name, "champion", actor=f"writer {number}", reason="test")
            os._exit(0)
        children.append(child)
    os.close(begin)
    _tell(codes=[os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])


def changes(registry: Registry) -> list[Callable[[], object]]:
    """Changes of a registry, one line of its log each."""
    session, move = registry_samples.SESSION, partial(registry.move, actor="test", reason="test")
    ids = [registry_samples.artefact(number).version for number in range(3)]
    return [
        *(partial(registry_samples.add, registry, number) for number in range(2)),
        partial(move, ids[0], "champion"),
        partial(move, ids[1], "shadow"),
        partial(registry_samples.add, registry, 2),
        partial(move, ids[1], "champion"),
        partial(registry.freeze, session, actor="test", reason="test"),
        partial(registry.unfreeze, session, actor="test", reason="test"),
        partial(registry.rollback, session, actor="test", reason="test"),
    ]


def token(path: str) -> None:
    """Make the server's token, as `run` does at its first start; tell it."""
    try:
        _tell(token_in=Auth.open(Path(path), {}).where)
    except AlphaPulseError as error:
        _tell(refused=str(error))
        sys.exit(REFUSED)


def command(*, arguments: list[str], folder: str) -> None:
    """``alpha-pulse`` with ``arguments``, in ``folder``."""
    os.chdir(folder)
    os.environ["XDG_DATA_HOME"] = folder
    sys.argv = ["alpha-pulse", *arguments]
    main()
