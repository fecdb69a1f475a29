"""A database that is deleted, replaced or cut while it is in use is noticed before anything more is acknowledged."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import StoreError
from alpha_pulse.stores.sql import SqliteStore
from store_runs import IDENTITY, append


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    other.replace(file)


def acknowledged(store: SqliteStore) -> None:
    append(store, 1)
    store.flush()


@pytest.mark.parametrize("durability", ["group", "step"])
@pytest.mark.parametrize("name", ["run.db", "run.db-wal", "run.db.head"])
@pytest.mark.parametrize(
    ("harm", "word"), [(Path.unlink, "deleted"), (replace, "replaced"), (cut, "cut")], ids=["deleted", "replaced", "cut"]
)
def test_it_is_noticed_before_the_next_acknowledgement(
    tmp_path: Path, durability: str, name: str, harm: Callable[[Path], object], word: str
) -> None:
    path = tmp_path / "run.db"
    store = SqliteStore(path, StoreConfig(durability="step" if durability == "step" else "group"))
    with contextlib.closing(store):
        store.begin(IDENTITY, resume=False)
        append(store, 20)
        store.flush()
        harm(path.with_name(name))
        with pytest.raises(StoreError, match=rf"{name} was {word} .*; its steps may be lost; restore the store"):
            acknowledged(store)
        with pytest.raises(StoreError, match=word):
            store.flush()


def test_a_store_that_nobody_touches_is_left_alone_through_checkpoints_and_big_states(tmp_path: Path) -> None:
    with contextlib.closing(SqliteStore(tmp_path / "run.db", StoreConfig(group_steps=10))) as store:
        store.begin(IDENTITY, resume=False)
        for _ in range(20):
            append(store, 40)
            store.save_checkpoint(store.head[0], bytes(1_000_000))
        store.flush()
        assert sum(1 for _ in store.blocks()) == 800
        # The store's own checkpoints keep the -wal file short.
        assert (tmp_path / "run.db-wal").stat().st_size < 10_000_000
