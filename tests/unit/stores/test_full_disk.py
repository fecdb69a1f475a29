"""A store whose disk is full keeps what it was given, and writes it once there is space."""

import contextlib
import errno
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import NoSpaceError, StoreError
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from store_runs import BY_HAND, IDENTITY, append, check_is_prefix, failing, small_files, steps_in

STEP = StoreConfig(durability="step")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


@contextlib.contextmanager
def stored(path: Path, settings: StoreConfig, steps: int = 20) -> Iterator[SqliteStore]:
    """A store with some steps on the disk."""
    store = SqliteStore(path, settings)
    store.begin(IDENTITY, resume=False)
    append(store, steps)
    store.flush()
    yield store
    store.close()


def full(path: Path) -> contextlib.AbstractContextManager[None]:
    """A disk on which the -wal file of a store cannot grow."""
    return small_files(path.with_name("run.db-wal").stat().st_size)


def append_durably(store: SqliteStore) -> None:
    append(store, 1)
    store.flush()


def steps_after_closing(path: Path) -> int:
    with StoreReader(path) as reader:
        assert reader.defects() == []
        return check_is_prefix(reader)


class TestGroup:
    def test_the_blocks_are_kept_and_written_once_there_is_space(self, path: Path) -> None:
        with stored(path, BY_HAND) as store:
            append(store, 2_000)
            with full(path):
                for _ in range(3):
                    with pytest.raises(
                        NoSpaceError,
                        match=r"could not be written: the limit .*; steps after 19 are not stored yet; raise that limit$",
                    ):
                        store.flush()
                    assert steps_in(path) == 20
            store.flush()
            assert steps_in(path) == 2_020
            append(store, 30)
        assert steps_after_closing(path) == 2_050

    def test_they_can_be_read_meanwhile(self, path: Path) -> None:
        with stored(path, BY_HAND) as store:
            append(store, 2_000, steps=3)
            with full(path):
                assert check_is_prefix(store) == 2_020
                assert [block.seq for block in store.blocks(2_015)] == [2_017, 2_019]
                assert list(store.blocks(2_020)) == []
                assert store.result() is None
            assert check_is_prefix(store) == 2_020

    def test_a_block_that_is_appended_meanwhile_is_kept_too(self, path: Path) -> None:
        with stored(path, BY_HAND) as store:
            append(store, 2_000)
            with full(path):
                with pytest.raises(NoSpaceError):
                    store.flush()
                with pytest.raises(NoSpaceError):
                    append(store, 1)
                assert store.head[0] == 2_020
        assert steps_after_closing(path) == 2_021

    def test_a_step_is_durable_only_once_it_is_stored(self, path: Path) -> None:
        with stored(path, BY_HAND) as store:
            append(store, 2_000)
            with full(path):
                commit = store.ensure_durable(2_019)
                if commit is not None:
                    assert commit.exception(10) is not None
                with pytest.raises(NoSpaceError):
                    store.ensure_durable(2_019)
            while (commit := store.ensure_durable(2_019)) is not None:
                commit.result(10)
            assert steps_in(path) == 2_020

    def test_space_that_is_freed_before_the_failure_is_handled_changes_nothing(self, path: Path) -> None:
        with stored(path, BY_HAND) as store:
            append(store, 200)
            with full(path):
                commit = store.ensure_durable(219)
                assert commit is not None
                assert commit.exception(10) is not None
            with pytest.raises(NoSpaceError, match="the limit on the size of a file is reached"):
                store.flush()
            store.flush()
        assert steps_after_closing(path) == 220

    def test_an_end_without_space_leaves_what_was_stored(self, path: Path) -> None:
        with stored(path, BY_HAND) as store:
            append(store, 2_000)
            with full(path):
                with pytest.raises(NoSpaceError):
                    store.flush()
                # It has been reported.
                store.close()
        assert steps_after_closing(path) == 20

    def test_an_end_that_finds_no_space_reports_it(self, path: Path) -> None:
        with stored(path, BY_HAND) as store:
            append(store, 2_000)
            with full(path), pytest.raises(NoSpaceError, match="steps after 19 are not stored yet"):
                store.close()
        assert steps_after_closing(path) == 20


def test_each_step_waits_until_it_is_stored(path: Path) -> None:
    with stored(path, STEP) as store:
        with full(path):
            with pytest.raises(NoSpaceError, match="steps after 19 are not stored yet"):
                append(store, 1)
            assert store.head[0] == 20
            assert steps_in(path) == 20
        store.flush()
        assert steps_in(path) == 21
        append(store, 40)
        assert steps_in(path) == 61


def test_a_checkpoint_without_space_is_skipped_and_no_block_waits_for_it(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with stored(path, BY_HAND) as store:
        store.save_checkpoint(19, b"older")
        store.flush()
        append(store, 5)
        with small_files(path.with_name("run.db-wal").stat().st_size + 800_000), caplog.at_level(logging.WARNING):
            for last in (24, 29):
                store.save_checkpoint(last, os.urandom(2_000_000))
                store.flush()
                assert steps_in(path) == last + 1
                assert store.checkpointed == 19
                append(store, 5)
        reason = "the limit on the size of a file is reached (ulimit -f); raise that limit"
        assert [record.message for record in caplog.records] == [
            f"the checkpoint after step {last} was skipped: {reason}" for last in (24, 29)
        ]
        assert list(store.checkpoints()) == [(19, b"older")]


def test_a_result_is_stored_once_there_is_space(path: Path) -> None:
    with stored(path, BY_HAND) as store:
        result = b'{"notes":"%s"}' % (b"x" * 100_000)
        with full(path), pytest.raises(NoSpaceError):
            store.finish(result)
        assert store.result() is None
        store.finish(result)
        assert store.result() == result


@pytest.mark.parametrize("settings", [BY_HAND, STEP], ids=["group", "step"])
def test_a_mark_without_space_is_written_later(path: Path, monkeypatch: pytest.MonkeyPatch, settings: StoreConfig) -> None:
    with stored(path, settings) as store:
        with monkeypatch.context() as disk:
            disk.setattr(os, "pwrite", failing(errno.ENOSPC))
            with pytest.raises(
                NoSpaceError, match="no space is left on the disk; steps after 19 are not stored yet; free space"
            ):
                append_durably(store)
            assert check_is_prefix(store) == 21
        store.flush()
        append(store, 1)
    assert steps_after_closing(path) == 22


def test_a_quota_is_a_full_disk_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stored(path, STEP) as store:
        with monkeypatch.context() as disk:
            disk.setattr(os, "pwrite", failing(errno.EDQUOT))
            with pytest.raises(NoSpaceError, match="the disk quota of this user is used up"):
                append(store, 1)
        store.flush()


def test_a_failed_sync_is_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its number: what was written before it may be lost, and the next sync would report success."""
    with stored(path, STEP) as store:
        append(store, 1)
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", failing(errno.ENOSPC))
            with pytest.raises(StoreError, match=r"sync failed.*start the run again") as failed:
                append(store, 1)
        assert not isinstance(failed.value, NoSpaceError)
        with pytest.raises(StoreError, match="sync failed"):
            store.flush()
