"""The state of a stored run, built from nothing: equal to what is stored, or the first step that differs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

import cli_runs
from alpha_pulse.agents import AGENTS
from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import ConfigError, StateError
from alpha_pulse.core.stateful import State
from alpha_pulse.core.version import __version__
from alpha_pulse.engine.checkpoint import read_checkpoint, write_checkpoint
from alpha_pulse.engine.system import System
from alpha_pulse.reporting.report import encode_report, make_report
from alpha_pulse.runtime.rebuild import Rebuild, rebuild
from alpha_pulse.stores.base import RunIdentity
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from data.stores.make import SLICES, STOPPED_AT, advance, config, feed

COMMANDS = 5


def traded(path: Path, slices: int = SLICES, *, finish: bool = True, every: int = 100) -> None:
    """The run of the fixtures, with a checkpoint every so many steps."""
    with closing(SqliteStore(path, StoreConfig(keep_checkpoints=2))) as store:
        settings = msgspec.structs.replace(config(), store=StoreConfig(checkpoint_steps=every, keep_checkpoints=2))
        system = System(settings, feed(), store)
        system.begin("traded", resume=False)
        advance(system, slices)
        if finish:
            store.finish(encode_report(make_report(system)))


def rebuilt(path: Path, to: int | None = None) -> Rebuild:
    with StoreReader(path) as reader:
        return rebuild(reader, to)


def outcomes(found: Rebuild) -> dict[str, bool]:
    return {check.name: check.ok for check in found.checks}


def test_a_run_with_commands_is_rebuilt_from_its_journal_alone(tmp_path: Path) -> None:
    traded(tmp_path / "run.db")
    found = rebuilt(tmp_path / "run.db")
    assert found.ok
    assert found.steps == found.stored_steps == SLICES + COMMANDS
    assert [check.detail.partition(",")[0] for check in found.checks] == [
        f"{SLICES + COMMANDS} steps",
        "the state after step 299 is equal",
        "the state at the end is equal",
    ]


@pytest.mark.parametrize(("to", "compared"), [(0, None), (121, 99), (198, 99), (199, 199), (200, 199)])
def test_a_rebuild_ends_after_any_step(tmp_path: Path, to: int, compared: int | None) -> None:
    traded(tmp_path / "run.db", 240, finish=False)
    found = rebuilt(tmp_path / "run.db", to)
    assert (found.ok, found.steps) == (True, to + 1)
    expected = f"none up to step {to}" if compared is None else f"the state after step {compared} is equal"
    assert found.checks[1].detail.startswith(expected)


def test_the_first_step_that_differs_is_named_with_its_time_and_the_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traded(tmp_path / "run.db", STOPPED_AT, finish=False)
    monkeypatch.setitem(AGENTS, "trend", "flow.runs:Hesitant")
    found = rebuilt(tmp_path / "run.db")
    assert outcomes(found) == {"steps": False}
    assert found.first_difference is not None
    assert found.first_difference == found.steps < STOPPED_AT
    whole, end = feed(), 0
    for _ in range(found.first_difference + 1):
        end = whole.next_slice()[0].ts_event  # type: ignore[index]
    assert found.differs_at == end
    detail = found.checks[0].detail
    assert detail.startswith(f"step {found.first_difference} (2020-01-")
    assert detail.endswith(f"version {__version__} of this program started the run, and this is {__version__}")


def test_a_checkpoint_of_another_state_is_found(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    traded(path, 150, finish=False)
    with closing(SqliteStore(path)) as store:
        _, blob = next(store.checkpoints())
        states, _ = read_checkpoint(blob)
        states["venue"] = State({**states["venue"].scalars, "odd": 1}, states["venue"].arrays)
        write_checkpoint(store, store.head[0], {name: Kept(state) for name, state in states.items()})
    found = rebuilt(path)
    assert outcomes(found) == {"steps": True, "checkpoint": False, "result": True}
    # Written after the last step, 50 steps after the state in it, so more than the changed component differs.
    assert "and" in found.checks[1].detail


class Kept:
    """A component whose state is given."""

    def __init__(self, state: State) -> None:
        self._state = state

    def snapshot(self) -> State:
        return self._state

    def restore(self, state: State) -> None:
        self._state = state


def test_a_result_of_another_state_is_found(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    traded(path, 60, finish=False)
    with closing(SqliteStore(path)) as store:
        store.begin(store.identity, resume=True)  # type: ignore[arg-type]
        store.finish(b'{"state_sha256":"c0ffee"}')
    found = rebuilt(path)
    assert outcomes(found) == {"steps": True, "checkpoint": True, "result": False}
    assert "state_sha256 is c0ffee in the result" in found.checks[2].detail


def test_what_cannot_be_rebuilt_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with closing(SqliteStore(path)) as store:
        store.begin(RunIdentity("r", "c", "f", "0.0.9", config='{"sed":1}'), resume=False)
    with pytest.raises(StateError, match="contains no step yet"):
        rebuilt(path)
    traded(tmp_path / "other.db", 30, finish=False)
    with pytest.raises(ConfigError, match=r"--to is 30, but .* has the steps 0 to 29"):
        rebuilt(tmp_path / "other.db", 30)
    with closing(sqlite3.connect(tmp_path / "other.db")) as db:
        db.execute("UPDATE run SET run_id = 'another'")
        db.commit()
    with pytest.raises(StateError, match="the row of table run is damaged"):
        rebuilt(tmp_path / "other.db")


def test_a_damaged_step_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    traded(path, 60, finish=False, every=30)
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DROP TRIGGER block_refuses_update; UPDATE block SET first_ts = 1 WHERE seq = 59")
    with pytest.raises(StateError, match=r"journal step 30 .* is damaged: the hash of steps 30 to 59"):
        rebuilt(path)


def test_the_command_shows_the_checks_and_ends_with_0_or_1(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    traded(path, 60, finish=False)
    done = cli_runs.run(tmp_path, "journal", "rebuild", path, "--to", "40", "--json")
    assert (done.returncode, json.loads(done.stdout)["steps"]) == (0, 41)
    with closing(SqliteStore(path)) as store:
        store.begin(store.identity, resume=True)  # type: ignore[arg-type]
        store.finish(b'{"state_sha256":"c0ffee"}')
    done = cli_runs.run(tmp_path, "journal", "rebuild", path)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"run traded in sqlite:///{path}: 60 of 60 steps rebuilt in ")
    assert [line.split()[:2] for line in lines[1:]] == [["ok", "steps"], ["ok", "checkpoint"], ["NOT", "OK"]]
