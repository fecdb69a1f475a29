"""Small runs for the tests of stores: an identity, blocks by the numbers of their steps, and a child that can be killed."""

import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

import cli_runs
from alpha_pulse.core.config import StoreConfig
from alpha_pulse.stores.base import Block, Rows, RunIdentity, Store, Value
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from alpha_pulse.stores.tables import TABLES

IDENTITY = RunIdentity(run_id="run-1", config_hash="c0ffee", feed_identity="feed", program_version="0.1.0")
LAYOUTS = tuple(msgspec.json.encode({"columns": ["close", "probability"], "number": number}).decode() for number in range(2))
BY_HAND = StoreConfig(group_steps=10_000, group_ms=1e9)
"""Groups that close only when asked to."""


def columns(number: int) -> bytes:
    """What step ``number`` adds to the columns of its block; never the same twice."""
    return b"<step %d %s>" % (number, b"x" * 300)


def rows(number: int) -> Rows:
    """The rare rows of step ``number``: two fills at every third, and a row of every table at step 49 and every 500 steps."""
    found = {"fills": [_row("fills", number, 0), _row("fills", number, 1)]} if number % 3 == 0 else {}
    return found if number % 500 != 49 else {table: [_row(table, number, 0)] for table in sorted(TABLES)}


def _row(table: str, number: int, position: int) -> tuple[Value, ...]:
    values: dict[str, Value] = {"INTEGER": number, "REAL": number / 8, "TEXT": f"\u00e9-{number}-{position}"}
    return number, position, *(values[column.type] for column in TABLES[table])


def block(first: int, steps: int = 1) -> Block:
    """The block of ``steps`` steps from ``first`` on."""
    numbers = range(first, first + steps)
    found: Rows = {}
    for number in numbers:
        for table, added in rows(number).items():
            found.setdefault(table, []).extend(added)
    content = b"".join(map(columns, numbers))
    layout = LAYOUTS[first // 40 % 2]
    return Block(numbers[-1], steps, 1_000 * first, 1_000 * numbers[-1], layout, content, dict(sorted(found.items())))


def append(store: Store, count: int, steps: int = 1) -> None:
    """The next ``count`` steps, in blocks of ``steps``."""
    start = store.head[0] + 1
    for first in range(start, start + count, steps):
        store.append(block(first, min(steps, start + count - first)))


def make(path: Path, count: int, settings: StoreConfig | None = None, steps: int = 1) -> None:
    """A closed store of ``count`` steps."""
    store = SqliteStore(path, settings)
    store.begin(IDENTITY, resume=False)
    append(store, count, steps)
    store.close()


def steps_in(path: Path) -> int:
    """How many steps another program sees in the file."""
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
        ((count,),) = reader.execute("SELECT total(steps) FROM block")
    return int(count)


@contextlib.contextmanager
def small_files(size: int) -> Iterator[None]:
    """A disk on which no file grows beyond ``size`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def failing(number: int) -> Callable[..., int]:
    """Stands for a call of the system that fails with this error."""

    def call(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return call


def check_is_prefix(store: Store | StoreReader) -> int:
    """Every block verifies and holds the steps of its numbers; returns how many steps there are."""
    count = 0
    for found in store.blocks():
        assert found.first == count
        assert msgspec.structs.replace(found, hash=b"") == block(count, found.steps)
        count += found.steps
    return count


def run_until_killed(path: Path, durability: str, kill_after_lines: int) -> int:
    """Let a child append until it has told of ``kill_after_lines`` flushes, kill it; returns how many steps it told of."""
    child = subprocess.Popen(cli_runs.forked(path, durability, module="store_runs"), stdout=subprocess.PIPE)
    assert child.stdout is not None
    lines = []
    for line in child.stdout:
        lines.append(line)
        if len(lines) >= kill_after_lines:
            break
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    # The kill can cut the last line short; a number that was not told whole was not told.
    return max(int(line) for line in lines if line.endswith(b"\n"))


def _append_for_ever(path: Path, durability: str) -> None:
    settings = StoreConfig(durability="step") if durability == "step" else StoreConfig(group_steps=40)
    store = SqliteStore(path, settings)
    store.begin(IDENTITY, resume=True)
    while True:
        append(store, 7)
        store.flush()
        os.write(1, b"%d\n" % (store.head[0] + 1))
        append(store, 50, steps=3)
        store.save_checkpoint(store.head[0], b"state")


if __name__ == "__main__":
    _append_for_ever(Path(sys.argv[1]), sys.argv[2])
