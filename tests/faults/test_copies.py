"""``journal backup`` and ``journal compact`` that are killed, or whose disk fails, at one call: the store stays as it was."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from alpha_pulse.stores.base import Block
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from faults.server import CLOSES, KILL, KILL_IN_MID_WRITE, NAMES, SYNCS, WRITES, Answer, Fault, Request, Server
from faults.test_disk import ERRORS
from store_runs import IDENTITY, append

EVERYTHING = WRITES | SYNCS | NAMES | CLOSES
Figures = Callable[[str], None]


def make(path: Path) -> None:
    """A store with checkpoints to remove."""
    path.parent.mkdir(parents=True)
    with closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=False)
        append(store, 60, steps=7)
        for seq in (20, 40, 59):
            store.save_checkpoint(seq, bytes(60_000))


def blocks(path: Path) -> list[Block]:
    """All blocks, checked; a writer opens the store first."""
    with closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=True)
    with StoreReader(path) as reader:
        assert reader.defects() == []
        return list(reader.blocks())


def command(server: Server, name: str, path: Path, fault: Fault) -> Answer:
    """Compact the store, or back it up to ``copy.db``."""
    more = ["--to", str(path.with_name("copy.db"))] if name == "backup" else []
    return server.ask(Request("command", {"arguments": ["journal", name, str(path), *more], "folder": str(path.parent)}, fault))


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
@pytest.mark.parametrize("name", ["backup", "compact"])
def test_a_kill_at_each_call_leaves_a_complete_store(
    server: Server, disk: Path, figures: Figures, name: str, stride: int
) -> None:
    kills = copies = 0
    for kill in (KILL, KILL_IN_MID_WRITE):
        for nth in range(1, 1_000, stride):
            path = disk / f"{kill}-{nth}" / "run.db"
            make(path)
            whole = blocks(path)
            fault = Fault(str(path.parent), EVERYTHING if kill == KILL else WRITES, nth, kill=kill)
            answer = command(server, name, path, fault)
            if not answer.injected:
                assert answer.code == 0, answer.error
                break
            assert answer.code == -signal.SIGKILL
            kills += 1
            assert blocks(path) == whole
            if (copy := path.with_name("copy.db")).exists():
                copies += 1
                assert blocks(copy) == whole
            elif name == "backup":
                again = command(server, name, path, Fault(str(path.parent), WRITES, 10_000))
                assert again.code == 0, again.error
                assert blocks(copy) == whole
    figures(f"{kills} kills of journal {name}, one at each call that changes a file: damaged 0, complete copies {copies}")
    assert kills > 20 // stride


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
@pytest.mark.parametrize("name", ["backup", "compact"])
def test_a_failed_call_is_one_sentence_and_changes_nothing(
    server: Server, disk: Path, figures: Figures, name: str, stride: int
) -> None:
    faults = refused = 0
    for kind in (WRITES, SYNCS):
        for nth in range(1, 1_000, stride if kind == WRITES else 1):
            path = disk / f"{kind}-{nth}" / "run.db"
            make(path)
            whole = blocks(path)
            answer = command(
                server, name, path, Fault(str(path.parent), kind, nth, ERRORS[nth % 2], forever=bool(nth // 2 % 2))
            )
            assert answer.code in (0, 2), answer
            assert "Traceback" not in answer.error
            faults += bool(answer.injected)
            refused += answer.code == 2
            if answer.code == 2:
                assert answer.error.count("\n") == 1, answer.error
                assert not list(path.parent.glob("copy*")), answer.error
                assert not list(path.parent.glob("*.new"))
            elif name == "backup":
                assert blocks(path.with_name("copy.db")) == whole
            assert blocks(path) == whole
            if not answer.injected:
                assert answer.code == 0, answer.error
                break
    figures(f"{faults} failed calls of journal {name}, {refused} reported: tracebacks 0, damaged 0, files left 0")
    assert refused > 2
