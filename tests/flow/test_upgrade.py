"""Stores of earlier versions: converted step by step, or refused with a sentence that says what reads them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

import cli_runs
from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.engine.system import System
from alpha_pulse.engine.verification import verify
from alpha_pulse.reporting.report import decode_report, encode_report, make_report
from alpha_pulse.runtime.rebuild import rebuild
from alpha_pulse.runtime.upgrade import Upgrade, upgrade
from alpha_pulse.stores.head import InUseError, head_path
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from alpha_pulse.stores.version4 import Version4Reader
from data.stores.make import SLICES, STOPPED_AT, advance, commands, config, feed
from journal_rows import StepRow, rows
from stored_runs import rewritten, unpacked

STEPS = {"finished": SLICES + len(commands()), "stopped": STOPPED_AT + 2}


def converted(old: Path, new: Path) -> Upgrade:
    with Version4Reader(old) as reader:
        done = upgrade(reader, new)
    assert done is not None
    return done


def stored(path: Path) -> list[StepRow]:
    with closing(SqliteStore(path)) as store:
        return list(rows(store))


def old_rows(path: Path) -> list[StepRow]:
    with Version4Reader(path) as reader:
        return [StepRow(row.seq, row.ts_event, row.payload, row.decision) for row in reader.rows()]


def files(folder: Path) -> dict[str, bytes]:
    """The content of all files but those in which readers of SQLite arrange who reads."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith(("-shm", "-wal"))}


@cache
def made_now() -> tuple[list[StepRow], dict[str, object]]:
    """The steps and the result of the finished run as this program makes it from the bars."""
    store = MemoryStore()
    system = System(config(), feed(), store)
    system.begin("fixture", resume=False)
    advance(system, SLICES)
    return list(rows(store)), json.loads(encode_report(make_report(system)))


@pytest.mark.parametrize("name", ["finished", "stopped"])
def test_every_step_of_the_new_store_is_equal_and_the_old_one_is_unchanged(tmp_path: Path, name: str) -> None:
    old, new = unpacked(f"version4_{name}", tmp_path), tmp_path / "new.db"
    before = files(tmp_path)
    done = converted(old, new)
    assert (done.run_id, done.steps, done.finished) == ("fixture", STEPS[name], name == "finished")
    after = files(tmp_path)
    assert {file: after[file] for file in before} == before
    assert after.keys() - before.keys() == {"new.db", "new.db.head"}
    assert stored(new) == old_rows(old)
    with StoreReader(new) as reader:
        assert verify(reader).ok
        assert rebuild(reader).ok


def test_a_store_whose_writer_was_killed_is_converted_with_what_is_in_its_wal_file(tmp_path: Path) -> None:
    old = unpacked("version4_stopped", tmp_path)
    expected, killed = old_rows(old), tmp_path / "killed"
    killed.mkdir()
    with closing(sqlite3.connect(old, isolation_level=None)) as db:
        db.executescript("PRAGMA wal_autocheckpoint = 0; DROP TRIGGER journal_refuses_update")
        db.executescript("UPDATE journal SET payload = '{}' WHERE seq > 100; PRAGMA wal_checkpoint(TRUNCATE)")
        # The records are in the -wal file only.
        db.executemany("UPDATE journal SET payload = ? WHERE seq = ?", [(row.payload.decode(), row.seq) for row in expected])
        for ending in ("", "-wal", ".head"):
            shutil.copy(f"{old}{ending}", killed / f"run.db{ending}")
    before = {path.name: path.read_bytes() for path in killed.iterdir()}
    assert len(before["run.db-wal"]) > 10_000
    converted(killed / "run.db", tmp_path / "new.db")
    assert stored(tmp_path / "new.db") == expected
    assert {name: (killed / name).read_bytes() for name in before} == before


def test_a_finished_run_keeps_its_result_but_for_two_hashes_of_another_definition(tmp_path: Path) -> None:
    old, new = unpacked("version4_finished", tmp_path), tmp_path / "new.db"
    converted(old, new)
    with Version4Reader(old) as before, StoreReader(new) as after:
        was, now = json.loads(before.result() or b""), json.loads(after.result() or b"")
        decode_report(after.result() or b"")
    _, made = made_now()
    for name in ("decisions_sha256", "state_sha256"):
        assert now[name] == made[name]
        del was[name], now[name]
    assert now == was


def test_a_stopped_run_goes_on_to_the_same_end(tmp_path: Path) -> None:
    old, new = unpacked("version4_stopped", tmp_path), tmp_path / "new.db"
    converted(old, new)
    steps, result = made_now()
    with closing(SqliteStore(new)) as store:
        system = System(config(), feed(), store)
        system.begin("another name", resume=True)
        advance(system, SLICES)
        assert list(rows(store)) == steps
        assert system.state_sha256() == result["state_sha256"]
        assert store.identity is not None
        assert store.identity.run_id == "fixture"


CHANGES = {
    "fills": ('"fee":', '"fee":1'),
    "labels": ('"value":', '"value":1'),
    "equity": ('"combined":', '"combined":1'),
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_step_that_comes_out_differently_is_named_and_no_store_is_left(tmp_path: Path, field: str) -> None:
    old = unpacked("version4_stopped", tmp_path)
    text, instead = CHANGES[field]
    seq = next(row.seq for row in old_rows(old) if f'"{field}":'.encode() in row.payload and text.encode() in row.payload)
    rewritten(old, seq, lambda payload: payload.replace(text, instead, 1))
    before = files(tmp_path)
    with pytest.raises(StateError, match=rf"^step {seq} \(2020-01-.* UTC\) of store .* \({field}\): version 0\.1\.0 of this"):
        converted(old, tmp_path / "new.db")
    assert files(tmp_path) == before


def test_a_damaged_row_is_named_and_no_store_is_left(tmp_path: Path) -> None:
    old = unpacked("version4_stopped", tmp_path)
    with closing(sqlite3.connect(old)) as db:
        db.executescript("DROP TRIGGER journal_refuses_update; UPDATE journal SET ts_event = ts_event + 1 WHERE seq = 70")
    with pytest.raises(StateError, match=r"journal row 70 of .* is damaged: its hash"):
        converted(old, tmp_path / "new.db")
    assert files(tmp_path).keys() == {old.name, head_path(old).name}


def test_stopping_leaves_nothing(tmp_path: Path) -> None:
    old = unpacked("version4_finished", tmp_path)
    with Version4Reader(old) as reader:
        assert upgrade(reader, tmp_path / "new.db", stopped=lambda: True) is None
    assert files(tmp_path).keys() == {old.name, head_path(old).name}


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    old, taken = unpacked("version4_stopped", tmp_path), tmp_path / "taken.db"
    taken.write_bytes(b"mine")
    with pytest.raises(StoreError, match=r"taken\.db exists already; give the name of a file that does not"):
        converted(old, taken)
    assert taken.read_bytes() == b"mine"
    head_path(tmp_path / "lost.db").write_bytes(bytes(1_032))
    with pytest.raises(StoreError, match="so a store of that name was lost"):
        converted(old, tmp_path / "lost.db")
    with pytest.raises(StoreError, match="exists already"):
        converted(old, old)


def test_an_old_store_in_use_is_refused_and_cannot_be_opened_meanwhile(tmp_path: Path) -> None:
    old = unpacked("version4_stopped", tmp_path)
    with Version4Reader(old), pytest.raises(InUseError), closing(SqliteStore(old)):
        pass
    path = tmp_path / "busy.db"
    with closing(SqliteStore(path)), pytest.raises(InUseError, match="in use by process"):
        Version4Reader(path)


def refused(old: Path) -> Iterator[str]:
    """What the commands that read a store say about it."""
    for arguments in (
        ["journal", "verify", str(old)],
        ["replay", "--store", str(old), "--resume"],
        ["run", "--store", str(old), "--port", "0"],
    ):
        done = cli_runs.run(old.parent, *arguments)
        assert done.returncode == 2
        yield done.stderr.strip().splitlines()[-1]


def test_commands_name_the_conversion_and_it_works_as_they_say(tmp_path: Path) -> None:
    old = unpacked("version4_stopped", tmp_path)
    for said in refused(old):
        assert said == (
            f"alpha-pulse: store {old} was written by an earlier version (schema version 4); "
            f"`alpha-pulse journal upgrade {old} --to NEW` converts it"
        )
    done = cli_runs.run(tmp_path, "journal", "upgrade", old, "--to", "new.db", "--json")
    assert (done.returncode, json.loads(done.stdout)["steps"]) == (0, STEPS["stopped"])
    done = cli_runs.run(tmp_path, "journal", "upgrade", "new.db", "--to", "newer.db")
    assert done.returncode == 2
    assert done.stderr == "alpha-pulse: store new.db has schema version 5 already, so it needs no conversion\n"
    done = cli_runs.run(tmp_path, "journal", "upgrade", old, "--to", "memory://")
    assert done.returncode == 2
    assert done.stderr == "alpha-pulse: --to 'memory://' names no stored run; give sqlite:///FILE or a path\n"


@pytest.mark.parametrize(("version", "commit"), [(1, "251e8c2"), (2, "8ae6a72"), (3, "5c418ec")])
def test_earlier_versions_are_refused_with_the_commit_that_reads_them(tmp_path: Path, version: int, commit: str) -> None:
    old = unpacked("version4_stopped", tmp_path)
    with closing(sqlite3.connect(old)) as db:
        db.execute(f"PRAGMA user_version = {version}")
    sentence = rf"\(schema version {version}\) and cannot be converted; open it with AlphaPulse 0\.1\.0 at commit {commit} "
    for opening in (Version4Reader, StoreReader, SqliteStore):
        with pytest.raises(StoreError, match=sentence):
            opening(old)
