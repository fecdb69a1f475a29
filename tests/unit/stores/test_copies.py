"""Backups of stores that are in use, and compaction of those that are not: the copy is complete, and nothing is half done."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.stores.copies.backup import backup
from alpha_pulse.stores.copies.compaction import compact
from alpha_pulse.stores.creation import LEFT_BY_SQLITE
from alpha_pulse.stores.head import head_path, read_mark
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from store_runs import IDENTITY, append, check_is_prefix, make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


def names(path: Path) -> list[str]:
    """The files of a store."""
    return sorted(file.name for file in path.parent.glob(f"{path.name}*"))


def damage(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DROP TRIGGER fills_refuses_update")
        other.execute("UPDATE fills SET cost = cost + 1 WHERE seq = 3")


class TestBackup:
    def test_a_store_in_use_is_copied_as_it_is_at_that_moment_and_the_copy_goes_on(self, path: Path) -> None:
        copy = path.with_name("copy.db")
        with contextlib.closing(SqliteStore(path)) as store:
            store.begin(IDENTITY, resume=False)
            append(store, 60, steps=7)
            store.save_checkpoint(59, b"state")
            store.flush()
            assert backup(path, copy).seq == 59
            append(store, 5)
            assert check_is_prefix(store) == 65
        with contextlib.closing(SqliteStore(copy)) as copied:
            copied.begin(IDENTITY, resume=True)
            assert list(copied.checkpoints()) == [(59, b"state")]
            append(copied, 40)
            assert check_is_prefix(copied) == 100

    def test_a_finished_run_is_copied_with_its_result(self, path: Path) -> None:
        copy = path.with_name("copy.db")
        with contextlib.closing(SqliteStore(path)) as store:
            store.begin(IDENTITY, resume=False)
            append(store, 3)
            store.finish(b'{"bars":3}')
        backup(path, copy)
        assert read_mark(copy) == read_mark(path)
        with StoreReader(copy) as reader:
            assert reader.result() == b'{"bars":3}'
            assert reader.defects() == []

    def test_a_file_that_exists_is_refused_and_stays(self, path: Path) -> None:
        make(path, 3)
        copy = path.with_name("copy.db")
        copy.write_text("mine")
        with pytest.raises(StoreError, match="exists already"):
            backup(path, copy)
        assert copy.read_text() == "mine"
        assert names(copy) == ["copy.db"]

    def test_of_a_damaged_store_no_copy_is_left(self, path: Path) -> None:
        make(path, 9)
        damage(path)
        with pytest.raises(StateError, match=r"was not copied: journal step 3 of .* is damaged"):
            backup(path, path.with_name("copy.db"))
        assert names(path.with_name("copy.db")) == []

    def test_nothing_is_left_where_the_folder_cannot_be_synced(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make(path, 3)
        sync = os.fsync

        def fail_on_folders(descriptor: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(errno.EIO, "Input/output error")
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", fail_on_folders)
        with pytest.raises(StoreError, match="cannot be written: the disk reports an input/output error"):
            backup(path, path.with_name("copy.db"))
        assert names(path.with_name("copy.db")) == []

    def test_a_store_that_lost_its_end_is_not_copied(self, path: Path) -> None:
        make(path, 9)
        head = head_path(path).read_bytes()
        path.unlink()
        head_path(path).unlink()
        make(path, 5)
        head_path(path).write_bytes(head)
        with pytest.raises(StateError, match="has lost committed steps"):
            backup(path, path.with_name("copy.db"))
        assert names(path.with_name("copy.db")) == []


class TestCompaction:
    def test_blocks_results_and_kept_checkpoints_stay_and_the_file_is_smaller(self, path: Path) -> None:
        with contextlib.closing(SqliteStore(path)) as store:
            store.begin(IDENTITY, resume=False)
            append(store, 60, steps=7)
            for seq in (20, 40, 59):
                store.save_checkpoint(seq, bytes(300_000))
        mark = read_mark(path)
        done = compact(path, lambda reader: [40, 1_000])
        assert (done.kept, done.removed) == ([40], [20, 59])
        assert done.bytes_after < done.bytes_before - 500_000
        assert done.bytes_after == path.stat().st_size
        assert read_mark(path) == mark
        assert path.stat().st_mode & 0o777 == 0o600
        with StoreReader(path) as reader:
            assert reader.defects() == []
        with contextlib.closing(SqliteStore(path)) as store:
            store.begin(IDENTITY, resume=True)
            assert [seq for seq, _ in store.checkpoints()] == [40]
            append(store, 40)
            assert check_is_prefix(store) == 100

    def test_what_a_crash_left_in_the_wal_file_is_kept(self, path: Path) -> None:
        left = path.with_name("left.db")
        with contextlib.closing(SqliteStore(path)) as store:
            store.begin(IDENTITY, resume=False)
            append(store, 9)
            store.flush()
            for ending in ("", "-wal", ".head"):
                shutil.copy(path.with_name(path.name + ending), left.with_name(left.name + ending))
        assert left.with_name("left.db-wal").stat().st_size > 0
        compact(left, lambda reader: [])
        assert left.with_name("left.db-wal").stat().st_size == 0
        with contextlib.closing(SqliteStore(left)) as store:
            store.begin(IDENTITY, resume=True)
            assert check_is_prefix(store) == 9

    def test_a_store_in_use_is_refused(self, path: Path) -> None:
        with contextlib.closing(SqliteStore(path)) as store:
            store.begin(IDENTITY, resume=False)
            append(store, 3)
            store.flush()
            with pytest.raises(StoreError, match="is in use by process"):
                compact(path, lambda reader: [])
        with StoreReader(path), pytest.raises(StoreError, match="could not be compacted: another program holds a lock on it"):
            compact(path, lambda reader: [])
        assert names(path)[:2] == ["run.db", "run.db-shm"]
        with contextlib.closing(SqliteStore(path)) as store:
            assert check_is_prefix(store) == 3

    def test_a_damaged_store_is_left_as_it_is(self, path: Path) -> None:
        make(path, 9)
        damage(path)
        with pytest.raises(StateError, match=r"was not compacted: journal step 3 of .* is damaged"):
            compact(path, lambda reader: [])
        assert not any(name.startswith("run.db.new") for name in names(path))
        with StoreReader(path) as reader, pytest.raises(StateError, match="journal step 3"):
            list(reader.blocks())

    def test_a_store_that_is_missing_gets_no_head_file(self, path: Path) -> None:
        with pytest.raises(StoreError, match="does not exist"):
            compact(path, lambda reader: [])
        assert names(path) == []

    def test_a_link_stays_a_link(self, path: Path) -> None:
        real = path.with_name("real.db")
        make(real, 9)
        path.symlink_to(real)
        head_path(real).rename(head_path(path))
        compact(path, lambda reader: [])
        assert path.is_symlink()
        assert not any(path.with_name(path.name + ending).exists() for ending in LEFT_BY_SQLITE)
        with contextlib.closing(SqliteStore(path)) as store:
            assert check_is_prefix(store) == 9
