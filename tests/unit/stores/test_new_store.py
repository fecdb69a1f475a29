"""A store under a temporary name: named once it is complete, else gone; what a killed process left is deleted."""

from __future__ import annotations

import os
import resource
from contextlib import closing
from pathlib import Path

import pytest

from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import StoreError
from alpha_pulse.stores.copies.new_files import UNFINISHED
from alpha_pulse.stores.head import InUseError
from alpha_pulse.stores.new_store import NewStore
from alpha_pulse.stores.sql import SqliteStore
from store_runs import IDENTITY, append, check_is_prefix


def written(path: Path, steps: int = 5) -> None:
    with NewStore(path, StoreConfig()) as new:
        new.store.begin(IDENTITY, resume=False)
        append(new.store, steps)
        new.complete()


def append_too_early(path: Path) -> None:
    with NewStore(path, StoreConfig()) as new:
        append(new.store, 5)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_complete_store_gets_its_name(tmp_path: Path) -> None:
    written(tmp_path / "deep" / "run.db")
    assert names(tmp_path / "deep") == {"run.db", "run.db.head"}
    with closing(SqliteStore(tmp_path / "deep" / "run.db")) as store:
        store.begin(IDENTITY, resume=True)
        assert check_is_prefix(store) == 5


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="contains no run yet"):
        append_too_early(tmp_path / "run.db")
    assert names(tmp_path) == set()


def test_a_full_disk_at_the_creation_leaves_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Room for the .head file, and none for the first page of the database.
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StoreError, match=r"run\.db\.unfinished cannot be written: .*, or name another file"):
            NewStore(tmp_path / "run.db", StoreConfig())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == set()


def test_what_a_killed_process_left_is_deleted(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    part = path.with_name(path.name + UNFINISHED)
    with closing(SqliteStore(part)) as store:
        store.begin(IDENTITY, resume=False)
        append(store, 9)
    written(path)
    assert names(tmp_path) == {"run.db", "run.db.head"}


def test_a_process_that_ended_between_the_two_renames_left_nothing_that_counts(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    part = path.with_name(path.name + UNFINISHED)
    with closing(SqliteStore(part)) as store:
        store.begin(IDENTITY, resume=False)
        append(store, 9)
    part.with_name(part.name + ".head").rename(tmp_path / "run.db.head")
    written(path)
    assert names(tmp_path) == {"run.db", "run.db.head"}
    with closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=True)
        assert check_is_prefix(store) == 5


def test_the_mark_of_a_lost_store_is_not_deleted(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    written(path)
    path.unlink()
    with pytest.raises(StoreError, match=r"run\.db does not exist, but its file run\.db\.head does"):
        NewStore(path, StoreConfig())
    assert names(tmp_path) == {"run.db.head"}


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with NewStore(tmp_path / "run.db", StoreConfig()), pytest.raises(InUseError):
        NewStore(tmp_path / "run.db", StoreConfig())


def test_a_file_of_that_name_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    path.write_bytes(b"mine")
    with pytest.raises(StoreError, match="exists already"):
        NewStore(path, StoreConfig())
    path.unlink()
    with NewStore(path, StoreConfig()) as new:
        path.write_bytes(b"mine")
        with pytest.raises(StoreError, match="exists already"):
            new.complete()
    assert path.read_bytes() == b"mine"
    assert names(tmp_path) == {"run.db"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be"):
        NewStore(tmp_path / "run.db", StoreConfig())
    tmp_path.chmod(0o700)
