"""Which store ``run`` resumes by itself, and that it never stays with one that it cannot open."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from alpha_pulse.cli.default_store import open_default_store
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.library.places import UNOPENED_SUFFIX
from alpha_pulse.stores.base import SCHEMA_VERSION, Store
from alpha_pulse.stores.head import InUseError
from store_runs import IDENTITY, append

FEED = random_walk(60, seed=1)


@pytest.fixture(autouse=True)
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def opened(run_id: str, *, fresh: bool = False) -> Store:
    return open_default_store(FEED, Config(), run_id, fresh=fresh)


def made(run_id: str, rows: int) -> Path:
    """A closed store of ``run``'s own; its file."""
    with contextlib.closing(opened(run_id, fresh=True)) as store:
        store.begin(IDENTITY, resume=False)
        append(store, rows)
    return Path(store.location.removeprefix("sqlite:///"))


def test_the_newest_is_resumed_and_a_fresh_one_becomes_the_newest() -> None:
    made("20260101-000000-aaaa", rows=3)
    newest = made("20260102-000000-aaaa", rows=2)
    began = newest.parent.with_name("20260103-000000-aaaa") / newest.name
    for fresh, expected in ((False, newest), (True, began), (False, began)):
        with contextlib.closing(opened("20260103-000000-aaaa", fresh=fresh)) as store:
            assert store.location == f"sqlite:///{expected}"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (3, "(schema version 3); this version cannot resume it and starts a new run"),
        (
            4,
            "(schema version 4); this version cannot resume it and starts a new run; "
            "`alpha-pulse journal upgrade {} --to NEW` converts it",
        ),
        (SCHEMA_VERSION, "(another configuration); this configuration cannot resume it and starts a new run"),
    ],
)
def test_an_older_run_of_the_same_data_is_named_once(version: int, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    made("20260101-000000-aaaa", rows=1)
    older = made("20260102-000000-aaaa", rows=1)
    folder = older.parents[1]
    older = folder.rename(folder.with_name(f"{FEED.identity[:12]}-0123456789ab")) / older.parent.name / older.name
    with contextlib.closing(sqlite3.connect(older)) as database:
        database.execute(f"PRAGMA user_version = {version}")
    for _ in range(2):
        opened("20260103-000000-aaaa").close()
    assert capsys.readouterr().err == f"warning: an older run of these data is in {older} {expected.format(older)}\n"


def test_one_that_holds_nothing_is_set_aside_and_reported(capsys: pytest.CaptureFixture[str]) -> None:
    broken = made("20260101-000000-aaaa", rows=0)
    broken.write_bytes(b"no database" * 1_000)
    for run_id in ("20260102-000000-aaaa", "20260103-000000-aaaa"):
        with contextlib.closing(opened(run_id)) as store:
            assert store.location.endswith("20260102-000000-aaaa/store.db")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is not an SQLite database" in said
    aside = broken.parent.with_name(broken.parent.name + UNOPENED_SUFFIX)
    assert f"it contains no steps, so it was moved to {aside}, and a new run starts" in said
    assert (aside / "store.db").read_bytes() == b"no database" * 1_000


def test_one_that_holds_steps_is_left_alone_and_the_way_out_is_named() -> None:
    broken = made("20260101-000000-aaaa", rows=5)
    content = b"no database" * 1_000
    broken.write_bytes(content)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"is not an SQLite database.*; or start a new store with --fresh, which leaves"):
            opened("20260102-000000-aaaa")
    broken.write_bytes(b"")
    with pytest.raises(StateError, match=r"lost committed steps.*; or start a new store with --fresh"):
        opened("20260102-000000-aaaa")
    broken.unlink()
    with pytest.raises(StateError, match=r"lost committed steps.*; or start a new store with --fresh"):
        opened("20260102-000000-aaaa")
    opened("20260102-000000-aaaa", fresh=True).close()
    with contextlib.closing(opened("20260103-000000-aaaa")) as store:
        assert store.location.endswith("20260102-000000-aaaa/store.db")


def test_one_that_is_in_use_is_waited_for_by_the_user_alone() -> None:
    with contextlib.closing(opened("20260101-000000-aaaa")), pytest.raises(InUseError, match="in use by process"):
        opened("20260102-000000-aaaa")
