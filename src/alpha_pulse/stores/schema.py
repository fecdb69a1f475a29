"""The tables of an SQL store.

The tables of blocks, checkpoints and the run are SQLAlchemy Core, with CHECKs; the plain tables are generated from
`alpha_pulse.stores.tables`, with the meaning of each column as a comment that SQLite keeps. All are STRICT.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from alpha_pulse.stores.tables import TABLES

APPLICATION_ID = 0x41507531
"""Written into the database's header, to recognise files of this program."""

METADATA = MetaData()

RUN = Table(
    "run",
    METADATA,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("run_id", Text, nullable=False),
    Column("config_hash", Text, nullable=False),
    Column("feed_identity", Text, nullable=False),
    Column("program_version", Text, nullable=False),
    Column("schema_version", Integer, CheckConstraint("schema_version >= 1"), nullable=False),
    Column("config", Text, nullable=False),
    Column("identity_hash", LargeBinary, CheckConstraint("length(identity_hash) = 32"), nullable=False),
    Column("result", Text, CheckConstraint("result <> ''")),
    Column("result_hash", LargeBinary, CheckConstraint("length(result_hash) = 32")),
    sqlite_strict=True,
)

LAYOUT = Table(
    "layout",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    sqlite_strict=True,
)

# The hash is before the columns, which may fill many pages: SQLite reads a row from its start.
BLOCK = Table(
    "block",
    METADATA,
    Column("seq", Integer, CheckConstraint("seq >= 0"), primary_key=True, autoincrement=False),
    Column("steps", Integer, CheckConstraint("steps >= 1"), nullable=False),
    Column("first_ts", Integer, nullable=False),
    Column("last_ts", Integer, nullable=False),
    Column("layout", Integer, ForeignKey("layout.id"), nullable=False),
    Column("hash", LargeBinary, CheckConstraint("length(hash) = 32"), nullable=False),
    Column("columns", LargeBinary, nullable=False),
    sqlite_strict=True,
)

CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("seq", Integer, CheckConstraint("seq >= -1"), primary_key=True, autoincrement=False),
    Column("blob", LargeBinary, nullable=False),
    sqlite_strict=True,
)

_APPEND_ONLY = (BLOCK.name, LAYOUT.name, *TABLES)


def _plain_table(name: str) -> str:
    """The statement that creates a plain table."""
    columns = "".join(
        f"    {column.name} {column.type}{'' if column.nullable else ' NOT NULL'}, -- {column.meaning}\n"
        for column in TABLES[name]
    )
    return (
        f"CREATE TABLE {name} (\n"
        "    seq INTEGER NOT NULL CHECK (seq >= 0), -- step\n"
        "    position INTEGER NOT NULL, -- order within the step\n"
        f"{columns}"
        "    PRIMARY KEY (seq, position)\n"
        ") STRICT, WITHOUT ROWID"
    )


def _trigger(table: str, verb: str) -> str:
    return (
        f"CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    )


def statements() -> dict[str, str]:
    """The statements that create tables and triggers, by name, exactly as SQLite stores them.

    >>> print(statements()["requests"])
    CREATE TABLE requests (
        seq INTEGER NOT NULL CHECK (seq >= 0), -- step
        position INTEGER NOT NULL, -- order within the step
        session_id TEXT NOT NULL, -- session, * for the timer
        drift_type TEXT NOT NULL, -- kind of drift that the adaptation was requested for
        PRIMARY KEY (seq, position)
    ) STRICT, WITHOUT ROWID
    """
    dialect = sqlite.dialect()
    tables = {table.name: str(CreateTable(table).compile(dialect=dialect)).strip() for table in METADATA.sorted_tables}
    plain = {name: _plain_table(name) for name in TABLES}
    triggers = {f"{table}_refuses_{verb}": _trigger(table, verb) for table in _APPEND_ONLY for verb in ("update", "delete")}
    return {**tables, **plain, **triggers}


def create(connection: sqlite3.Connection, version: int) -> None:
    """Create tables and triggers in an empty database, inside the caller's transaction."""
    for statement in statements().values():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
