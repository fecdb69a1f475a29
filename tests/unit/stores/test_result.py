"""The kept result is the last link of the chain: a changed byte is noticed when it is shown, its loss when the store opens."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from alpha_pulse.core.errors import StateError
from alpha_pulse.stores.sql import SqliteStore
from store_runs import IDENTITY, append

RESULT = b'{"net_pnl":12.5,"trades":3}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "run.db"
    with contextlib.closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=False)
        append(store, 10)
        store.finish(RESULT)
    return path


def change(path: Path, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(sql)


def test_it_comes_back_as_it_was_kept(path: Path) -> None:
    with contextlib.closing(SqliteStore(path)) as store:
        store.begin(IDENTITY, resume=True)
        assert store.result() == RESULT


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE run SET result = replace(result, '12.5', '92.5')",
        "UPDATE run SET result = result || ' '",
        "UPDATE run SET result = '{}'",
    ],
)
def test_another_one_is_never_shown(path: Path, sql: str) -> None:
    change(path, sql)
    with contextlib.closing(SqliteStore(path)) as store, pytest.raises(StateError, match=r"the result in store .* is damaged"):
        store.begin(IDENTITY, resume=True)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE run SET result_hash = zeroblob(32)",
        "UPDATE run SET result = NULL, result_hash = NULL",
        "UPDATE run SET result_hash = NULL",
    ],
)
def test_one_that_is_gone_or_has_another_hash_is_noticed_at_once(path: Path, sql: str) -> None:
    change(path, sql)
    with pytest.raises(StateError, match=r"a different result|lost committed steps"):
        SqliteStore(path)


def test_every_byte_of_it_counts(path: Path) -> None:
    content = path.read_bytes()
    place = content.index(RESULT)
    for offset in range(len(RESULT)):
        damaged = bytearray(content)
        damaged[place + offset] ^= 1
        path.write_bytes(damaged)
        with contextlib.closing(SqliteStore(path)) as store, pytest.raises(StateError, match="damaged"):
            store.result()
