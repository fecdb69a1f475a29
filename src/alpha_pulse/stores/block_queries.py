"""Read and write blocks, with their rows in plain tables, over a connection to SQLite."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

from alpha_pulse.core.errors import StateError
from alpha_pulse.stores.base import PAGE_BYTES, Block, Rows
from alpha_pulse.stores.causes import DATABASE_ERRORS, cause
from alpha_pulse.stores.tables import TABLES

_INSERT_BLOCK = "INSERT INTO block (seq, steps, first_ts, last_ts, layout, hash, columns) VALUES (?, ?, ?, ?, ?, ?, ?)"
_INSERT_LAYOUT = "INSERT INTO layout (id, content) VALUES (?, ?)"
_INSERT_ROWS = {name: f"INSERT INTO {name} VALUES (?, ?{', ?' * len(columns)})" for name, columns in TABLES.items()}
_SELECT_BLOCKS = (
    "SELECT seq, steps, first_ts, last_ts, layout, columns, hash FROM block WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
)
_SELECT_ROWS = {
    name: f"SELECT seq, position, {', '.join(column.name for column in columns)} FROM {name} "
    "WHERE seq > ? AND seq <= ? ORDER BY seq, position"
    for name, columns in sorted(TABLES.items())
}
_SELECT_FILLED = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in sorted(TABLES))
_BLOCKS_AT_ONCE = 64
_ROW_BYTES = 256
_seq_of = itemgetter(0)


def decode_text(content: bytes) -> str:
    """The ``text_factory`` of connections: any bytes become a text, and different bytes a different one, so that a damaged
    text is found by its hash.
    """
    return content.decode("utf-8", "surrogateescape")


class LayoutNumbers:
    """The numbers under which a store contains its layouts."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        rows = connection.execute("SELECT id, content FROM layout").fetchall()
        self._numbers = {content: number for number, content in rows}
        self._next = max((number for number, _ in rows), default=0) + 1

    def number(self, layout: str) -> int:
        """The number of ``layout``, which is inserted if it is new."""
        number = self._numbers.get(layout)
        if number is None:
            number = self._next
            self._db.execute(_INSERT_LAYOUT, (number, layout))
            self._numbers[layout] = number
            self._next += 1
        return number


def insert_blocks(connection: sqlite3.Connection, layouts: LayoutNumbers, blocks: Iterable[Block]) -> None:
    """Insert blocks and their rows, with one statement per table, inside the caller's transaction."""
    records = []
    rows: Rows = {}
    for block in blocks:
        number = layouts.number(block.layout)
        records.append((block.seq, block.steps, block.first_ts, block.last_ts, number, block.hash, block.columns))
        for table, added in block.rows.items():
            rows.setdefault(table, []).extend(added)
    connection.executemany(_INSERT_BLOCK, records)
    for table, added in rows.items():
        connection.executemany(_INSERT_ROWS[table], added)


def inserted_bytes(blocks: Iterable[Block]) -> int:
    """About as many bytes as `insert_blocks` adds to the -wal file: whole pages of each table, and what is in them."""
    tables = {table for block in blocks for table in block.rows}
    rows = sum(len(rows) for block in blocks for rows in block.rows.values())
    return PAGE_BYTES * (2 + len(tables)) + _ROW_BYTES * rows + sum(len(block.columns) for block in blocks)


def select_blocks(
    connection: sqlite3.Connection, after: int, end: int, path: Path, wait: Callable[[], object] = lambda: None
) -> Iterator[Block]:
    """The blocks after step ``after`` up to step ``end``, not yet verified.

    Parameters
    ----------
    connection
        With `decode_text` as its ``text_factory``.
    after, end
        The last step of the block before the first one, and of the last one.
    path
        The database, for errors.
    wait
        Called before the connection is used.

    Raises
    ------
    StateError
        A block cannot be read; the message names the first step from which on.
    """
    tables: list[str] | None = None
    layouts: dict[object, str] = {}
    count, most = 1, _BLOCKS_AT_ONCE
    while after < end:
        wait()
        try:
            if tables is None:
                tables = [name for (name,) in connection.execute(_SELECT_FILLED).fetchall()]
            found = connection.execute(_SELECT_BLOCKS, (after, end, count)).fetchall()
            if not found:
                return
            last = found[-1][0]
            rows = {name: connection.execute(_SELECT_ROWS[name], (after, last)).fetchall() for name in tables}
            for number in {record[4] for record in found} - layouts.keys():
                layouts[number] = _layout(connection, number)
        except DATABASE_ERRORS as error:
            if count > 1:
                # One block at a time, up to the one that cannot be read.
                count = most = 1
                continue
            reason, advice = cause(error, path)
            raise StateError(f"journal step {after + 1} of {path} cannot be read: {reason}; {advice}") from error
        yield from _assembled(found, {name: found_rows for name, found_rows in rows.items() if found_rows}, layouts)
        after, count = last, most


def _layout(connection: sqlite3.Connection, number: object) -> str:
    """The layout of that number; empty where it is missing or no text, so that no hash matches."""
    row = connection.execute("SELECT content FROM layout WHERE id = ?", (number,)).fetchone()
    return row[0] if row is not None and isinstance(row[0], str) else ""


def _assembled(found: list[Any], rows: Rows, layouts: dict[object, str]) -> Iterator[Block]:
    """Blocks from their records and the rows of their steps."""
    places = dict.fromkeys(rows, 0)
    for seq, steps, first_ts, last_ts, layout, columns, digest in found:
        own: Rows = {}
        for table, candidates in rows.items():
            start = places[table]
            places[table] = end = bisect_right(candidates, seq, lo=start, key=_seq_of)
            if end > start:
                own[table] = candidates[start:end]
        yield Block(seq, steps, first_ts, last_ts, layouts[layout], columns, own, digest)
