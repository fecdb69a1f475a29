"""``journal backup`` and ``journal compact`` on real runs: what they leave passes all checks, and the run goes on with it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

import cli_runs
from alpha_pulse.engine.system import MIN_VERIFIED_STEPS
from alpha_pulse.engine.verification import verify
from alpha_pulse.runtime.kept_checkpoints import checkpoints_to_keep
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.copies.backup import backup
from alpha_pulse.stores.copies.compaction import compact
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from flow.runs import begun, configured, restless

SETTINGS = {"batch.enabled": False, "store.checkpoint_steps": 100}
BARS = 700


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


def finished(path: Path, *, resume: bool = False) -> object:
    config = configured(SETTINGS)
    with contextlib.closing(SqliteStore(path, config.store)) as store:
        result = replay(config, restless(BARS), store, "flow", resume=resume)
    return json.loads(result or b"{}")["state_sha256"]


def test_a_copy_of_a_run_under_way_and_a_compacted_one_end_as_the_run_does(path: Path) -> None:
    copy = path.with_name("copy.db")
    with contextlib.closing(SqliteStore(path, configured(SETTINGS).store)) as store:
        system = begun(restless(BARS), SETTINGS, store)
        system.advance(450)
        store.flush()
        backup(path, copy)
        system.advance(30)
    done = compact(copy, lambda reader: checkpoints_to_keep(reader, 1))
    assert done.kept == [199, 299, 399]
    assert done.removed == [99]
    with StoreReader(copy) as reader:
        found = verify(reader)
    assert found.ok, found.checks
    assert found.steps == 450
    assert finished(copy, resume=True) == finished(path, resume=True) == finished(path.with_name("whole.db"))
    compact(copy, lambda reader: checkpoints_to_keep(reader, 1))
    assert finished(copy, resume=True) == finished(path, resume=True)


def test_a_damaged_checkpoint_is_not_counted(path: Path) -> None:
    finished(path)
    with StoreReader(path) as reader:
        usable = [seq for seq in reader.checkpoint_steps() if seq <= BARS - 1 - MIN_VERIFIED_STEPS]
        assert checkpoints_to_keep(reader, 1) == [699, 599, 499]
        assert checkpoints_to_keep(reader, 2) == [699, 599, 499, 399]
    with contextlib.closing(SqliteStore(path, configured(SETTINGS).store)) as store:
        store.save_checkpoint(usable[-1], b"damaged")
    with StoreReader(path) as reader:
        assert checkpoints_to_keep(reader, 1) == [699, 599, 399]


def test_the_commands_tell_what_they_did(tmp_path: Path) -> None:
    cli_runs.write_bars(tmp_path / "bars.parquet", 160)
    given = ["--data", "bars.parquet", "--config", "small.toml"]
    assert cli_runs.run(tmp_path, "replay", *given, "--store", "run.db").returncode == 0
    copied = cli_runs.run(tmp_path, "journal", "backup", "run.db", "--to", "copy.db", "--json")
    told = json.loads(copied.stdout)
    assert (told["to"], told["steps"], told["finished"]) == ("sqlite:///copy.db", 160, True)
    again, lost, compacted, verified, shown = cli_runs.run_each(
        tmp_path,
        [
            ["journal", "backup", "run.db", "--to", "sqlite:///copy.db"],
            ["journal", "backup", "run.db", "--to", "no/copy.db"],
            ["journal", "compact", "copy.db", "--json"],
            ["journal", "verify", "copy.db"],
            ["replay", *given, "--store", "copy.db", "--resume", "--json", "-"],
        ],
    )
    assert (again.returncode, lost.returncode) == (2, 2)
    assert "store copy.db exists already; give the name of a file that does not" in again.stderr
    assert "--to no/copy.db: the folder no does not exist" in lost.stderr
    assert json.loads(compacted.stdout)["bytes_after"] == (tmp_path / "copy.db").stat().st_size
    assert verified.returncode == 0
    assert json.loads(shown.stdout)["bars"] == 160


def test_a_store_to_which_no_run_has_been_written_is_named(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "run.db").close()
    done = cli_runs.run_each(
        tmp_path,
        [
            ["journal", "verify", "run.db"],
            ["journal", "export", "run.db", "--to", "tables"],
            ["journal", "backup", "run.db", "--to", "copy.db"],
        ],
    )
    assert [one.returncode for one in done] == [2, 2, 2]
    said = "alpha-pulse: no run has been written yet to store run.db; start one, as with alpha-pulse replay --store"
    assert [one.stderr.splitlines()[-1] for one in done] == [said] * 3
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(("copy", "tables", ".tables"))]
