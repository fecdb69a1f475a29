"""What is written over a connection comes back, and any change of a plain row is noticed in its block."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpha_pulse.core.errors import StateError
from alpha_pulse.stores import schema
from alpha_pulse.stores.base import Block
from alpha_pulse.stores.block_queries import LayoutNumbers, decode_text, insert_blocks, select_blocks
from alpha_pulse.stores.chain import link, verified
from alpha_pulse.stores.tables import TABLES
from store_runs import block

START = bytes(32)
LAST = 59
OTHER = {"INTEGER": "{0} + 1", "REAL": "{0} + 0.5", "TEXT": "{0} || ' '"}


def chain() -> Iterator[Block]:
    prev_hash = START
    for first in range(0, LAST + 1, 4):
        found = block(first, 4)
        prev_hash = link(prev_hash, found)
        yield Block(found.seq, 4, found.first_ts, found.last_ts, found.layout, found.columns, found.rows, prev_hash)


@pytest.fixture(scope="module")
def db() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.text_factory = decode_text
    for statement in schema.statements().values():
        if "TRIGGER" not in statement:
            connection.execute(statement)
    insert_blocks(connection, LayoutNumbers(connection), chain())
    yield connection
    connection.close()


def read(db: sqlite3.Connection, after: int = -1, end: int = LAST) -> list[Block]:
    return list(select_blocks(db, after, end, Path("run.db")))


def test_blocks_come_back_from_any_to_any(db: sqlite3.Connection) -> None:
    whole = list(chain())
    assert read(db) == whole
    for number in range(len(whole)):
        assert read(db, after=4 * number - 1) == whole[number:]
        assert read(db, end=4 * number - 1) == whole[:number]


@pytest.mark.parametrize("table", sorted(TABLES))
def test_any_change_of_a_row_is_named(db: sqlite3.Connection, table: str) -> None:
    names = ", ".join(column.name for column in TABLES[table])
    changes = [
        f"DELETE FROM {table} WHERE seq = 49",
        f"UPDATE {table} SET position = 7 WHERE seq = 49",
        f"UPDATE {table} SET seq = 50 WHERE seq = 49",
        f"INSERT INTO {table} SELECT seq, 7, {names} FROM {table} WHERE seq = 49",
        *(
            f"UPDATE {table} SET {column.name} = {OTHER[column.type].format(column.name)} WHERE seq = 49"
            for column in TABLES[table]
        ),
        *(f"UPDATE {table} SET {column.name} = NULL WHERE seq = 49" for column in TABLES[table] if column.nullable),
    ]
    for change in changes:
        db.execute("BEGIN")
        db.execute(change)
        found = verified(read(db), 0, LAST, START, "here")
        assert [next(found).first for _ in range(12)] == list(range(0, 48, 4))
        with pytest.raises(StateError, match="journal step 48 of here is damaged"):
            next(found)
        db.execute("ROLLBACK")


def test_a_text_that_is_no_text_is_noticed(db: sqlite3.Connection) -> None:
    for change in (
        "UPDATE fills SET symbol = CAST(x'ff6d6c' AS TEXT) WHERE seq = 48",
        "UPDATE layout SET content = CAST(x'7bff7d' AS TEXT) WHERE id = 2",
    ):
        db.execute("BEGIN")
        db.execute(change)
        with pytest.raises(StateError, match=r"journal step 4[08] of here is damaged"):
            list(verified(read(db), 0, LAST, START, "here"))
        db.execute("ROLLBACK")


def test_each_table_is_read_once_for_many_blocks_and_an_empty_one_never(db: sqlite3.Connection) -> None:
    asked: list[str] = []
    db.execute("BEGIN")
    db.execute("DELETE FROM units")
    db.set_trace_callback(asked.append)
    read(db)
    db.set_trace_callback(None)
    db.execute("ROLLBACK")
    tables = [query.split(" FROM ")[1].split()[0] for query in asked if query.startswith("SELECT seq, position")]
    # The first block is read alone, since a caller may want no other.
    assert tables == sorted(set(TABLES) - {"units"}) * 2
