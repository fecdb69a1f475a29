"""kill -9 while a store is converted: the old one stays as it was, the new one is absent or complete."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from alpha_pulse.engine.verification import verify
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from faults.server import CLOSES, KILL, KILL_IN_MID_WRITE, NAMES, SYNCS, WRITES, Answer, Fault, Request, Server
from journal_rows import StepRow, rows
from stored_runs import unpacked

EVERYTHING = WRITES | SYNCS | NAMES | CLOSES
Figures = Callable[[str], None]


def convert(server: Server, old: Path, new: Path, fault: Fault | None = None) -> Answer:
    arguments = ["journal", "upgrade", str(old), "--to", str(new)]
    return server.ask(Request("command", {"arguments": arguments, "folder": str(old.parent)}, fault))


def stored(path: Path) -> list[StepRow]:
    with closing(SqliteStore(path)) as store:
        return list(rows(store))


@pytest.mark.parametrize("stride", [31, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(1_200)])])
def test_a_kill_at_each_call_leaves_the_old_store_whole_and_no_half_one(
    server: Server, disk: Path, tmp_path: Path, figures: Figures, stride: int
) -> None:
    old = unpacked("version4_stopped", tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert convert(server, old, disk / "whole.db").code == 0
    whole = stored(disk / "whole.db")
    left: list[tuple[bool, bool]] = []
    for kill in (KILL, KILL_IN_MID_WRITE):
        for nth in range(1, 1_000, stride):
            new = disk / f"{kill}-{nth}" / "new.db"
            kinds = EVERYTHING if kill == KILL else WRITES
            answer = convert(server, old, new, Fault(str(disk), kinds, nth, kill=kill))
            if not answer.injected:
                assert answer.code == 0, answer.error
                break
            assert answer.code == -signal.SIGKILL
            assert {name: tmp_path.joinpath(name).read_bytes() for name in before} == before
            left.append((new.exists(), new.with_name("new.db.head").exists()))
            if not new.exists():
                again = convert(server, old, new)
                assert again.code == 0, again.error
            with StoreReader(new) as reader:
                assert verify(reader).ok
            assert stored(new) == whole
            assert {path.name for path in new.parent.iterdir()} == {"new.db", "new.db.head"}
    figures(f"{len(left)} kills, one at each call that changes a file: old stores changed 0, half stores 0")
    assert len(left) > 60 // stride
    if stride == 1:
        # Before the first rename, between the two, and after both.
        assert set(left) == {(False, False), (False, True), (True, True)}
