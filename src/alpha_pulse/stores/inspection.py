"""Inspect an SQLite store, read-only, before a writer opens it.

Read-only, because a writer that closes a damaged database merges its -wal file, and destroys the evidence.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import msgspec

from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.stores.base import HASH_BYTES, RECOVERY_HINT, SCHEMA_VERSION, RunIdentity
from alpha_pulse.stores.block_queries import decode_text
from alpha_pulse.stores.causes import DATABASE_ERRORS, cause
from alpha_pulse.stores.chain import identity_hash
from alpha_pulse.stores.creation import roll_back
from alpha_pulse.stores.head import Mark
from alpha_pulse.stores.schema import APPLICATION_ID
from alpha_pulse.stores.tables import TABLES
from alpha_pulse.stores.versions import STEP_TABLES, other_version

_RUN = "SELECT run_id, config_hash, feed_identity, program_version, schema_version, config, identity_hash, result_hash FROM run"

BEFORE_ALL = -(2**63)
"""A step before all others, also those of a damaged row."""
_STRAY_ROWS = (
    "SELECT count(*), min(seq) FROM {table} WHERE seq > ? AND (SELECT block.seq - block.steps < {table}.seq FROM block "
    "WHERE block.seq >= {table}.seq ORDER BY block.seq LIMIT 1) IS NOT TRUE"
)
_VERSION_AT, _APPLICATION_AT, _HEADER_BYTES = 60, 68, 72
"""Offsets in the header of an SQLite file (https://www.sqlite.org/fileformat.html): user_version and application_id."""


class StoreContent(msgspec.Struct, frozen=True):
    """The content of a database. ``seq`` is -1 and ``hash`` empty while the journal has no step; ``blank``: no tables yet.

    ``result_hash`` is None while there is no result.
    """

    blank: bool
    identity: RunIdentity | None = None
    seq: int = -1
    hash: bytes = b""
    result_hash: bytes | None = None


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises `DATABASE_ERRORS`.

    A reader, too, creates files beside the database to coordinate with writers. Where it cannot, as on a read-only medium,
    there can be no writer either, and the database is opened as immutable.
    """
    alone = not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
    mode = "mode=ro&immutable=1" if alone else "mode=ro"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.text_factory = decode_text
    return connection


def inspect(path: Path, mark: Mark | None) -> StoreContent:
    """Read the content of ``path`` and compare it with the mark in the .head file.

    Parameters
    ----------
    path
        An SQLite file, which may be empty (0 bytes) or missing.
    mark
        (seq, hash) of the newest committed block; None when no mark is intact.

    Raises
    ------
    StoreError
        The file cannot be read, is not an SQLite database, belongs to another program, or has another schema version.
    StateError
        Steps are missing or differ from ``mark``, there are steps but no mark, or rows of plain tables belong to no step.
    """
    if not path.exists():
        content = StoreContent(blank=True)
        if mark is not None and mark[0] >= 0:
            raise _lost(path, mark[0], content)
        return content
    try:
        connection = connect_for_reading(path)
        try:
            content = look(connection, path, mark, advice="use another store")
            if not content.blank and (strays := stray_rows(connection, content.seq)):
                raise StateError(f"store {path} cannot be used: {strays[0]}; {RECOVERY_HINT}")
            return content
        finally:
            connection.close()
    except DATABASE_ERRORS as error:
        raise unreadable(path, error) from error


def inspect_for_writing(path: Path, file: Path, mark: Mark | None) -> StoreContent:
    """As `inspect`, after rolling back an interrupted creation of ``file``, the real path, by an earlier version."""
    try:
        roll_back(file)
    except DATABASE_ERRORS as error:
        raise unreadable(path, error) from error
    return inspect(path, mark)


def look(
    connection: sqlite3.Connection, path: Path, mark: Mark | None, *, advice: str = "", version: int = SCHEMA_VERSION
) -> StoreContent:
    """As `inspect`, on an open connection to a store of schema ``version``. Raises `DATABASE_ERRORS` too.

    ``advice`` ends the sentence about a store that this program cannot use; a reader has no other store to suggest.
    """
    content = _read(connection, path, advice, version)
    _compare(connection, path, content, mark, STEP_TABLES[version])
    return content


def stray_rows(connection: sqlite3.Connection, after: int = BEFORE_ALL) -> list[str]:
    """Rows of plain tables that belong to no block, in steps after ``after``, as sentences. Raises `DATABASE_ERRORS`."""
    found = []
    for table in sorted(TABLES):
        count, first = connection.execute(_STRAY_ROWS.format(table=table), (after,)).fetchone()
        if count:
            found.append(f"{count} rows of table {table} belong to no step of the journal, the first to step {first}")
    return found


def unused_layouts(connection: sqlite3.Connection) -> list[str]:
    """Layouts that no block has, which the hash chain does not cover: a sentence for each. Raises sqlite3.Error."""
    found = connection.execute("SELECT id FROM layout WHERE id NOT IN (SELECT layout FROM block) ORDER BY id")
    return [f"layout {number} belongs to no block of the journal" for (number,) in found.fetchall()]


def _fits(identity: RunIdentity, stated: object) -> bool:
    """Whether the hash of a stored identity matches. A damaged one may contain what is no text."""
    try:
        return identity_hash(identity) == stated
    except UnicodeEncodeError:
        return False


def unreadable(path: Path, error: Exception) -> StoreError:
    """The error for a file that SQLite cannot read."""
    reason, advice = cause(error, path)
    return StoreError(f"store {path} cannot be read as an SQLite database: {reason}; {advice}")


def written_schema_version(path: Path) -> int | None:
    """The schema version of a store, from the header of its file; None when the file is not a store. Raises OSError.

    Nothing is opened as a database, so a program that writes the store is not disturbed.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or int.from_bytes(header[_APPLICATION_AT:]) != APPLICATION_ID:
        return None
    return int.from_bytes(header[_VERSION_AT : _VERSION_AT + 4])


def _read(connection: sqlite3.Connection, path: Path, advice: str, expected: int) -> StoreContent:
    ((application,),) = connection.execute("PRAGMA application_id")
    ((version,),) = connection.execute("PRAGMA user_version")
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
    if tables == 0 and application == 0:
        return StoreContent(blank=True)
    if application != APPLICATION_ID:
        raise StoreError(f"store {path} is an SQLite database of another program{advice and f'; {advice}'}")
    if version != expected:
        raise StoreError(other_version(path, version, advice))
    run = connection.execute(_RUN).fetchone()
    last = connection.execute(f"SELECT seq, hash FROM {STEP_TABLES[expected]} ORDER BY seq DESC LIMIT 1").fetchone()
    seq, digest = (-1, b"") if last is None else last
    if seq >= 0 and not (isinstance(digest, bytes) and len(digest) == HASH_BYTES):
        raise StateError(f"journal step {seq} of store {path} is damaged: it has no hash; {RECOVERY_HINT}")
    if run is None:
        if seq >= 0:
            raise StateError(f"store {path} contains {seq + 1} journal steps but no run; {RECOVERY_HINT}")
        return StoreContent(blank=False)
    *fields, stated, result_hash = run
    try:
        identity = msgspec.convert(dict(zip(RunIdentity.__struct_fields__, fields, strict=True)), RunIdentity)
    except msgspec.ValidationError:
        identity = None
    if identity is None or not _fits(identity, stated):
        raise StateError(f"store {path} cannot be used: the row of table run is damaged; {RECOVERY_HINT}")
    return StoreContent(blank=False, identity=identity, seq=seq, hash=digest, result_hash=result_hash)


def _compare(connection: sqlite3.Connection, path: Path, content: StoreContent, mark: Mark | None, table: str) -> None:
    if mark is None:
        if content.seq >= 0:
            raise StateError(
                f"store {path} contains {content.seq + 1} steps, but {path.name}.head, which proves that no step is lost, "
                f"is missing or damaged; {RECOVERY_HINT}"
            )
        return
    seq, digest = mark
    if seq == content.seq + 1 and content.result_hash is not None:
        if content.result_hash != digest:
            raise StateError(f"store {path} has a different result from the committed one; {RECOVERY_HINT}")
        return
    if seq > content.seq:
        raise _lost(path, seq, content)
    if seq >= 0:
        row = connection.execute(f"SELECT hash FROM {table} WHERE seq = ?", (seq,)).fetchone()
        if row is None or row[0] != digest:
            raise StateError(
                f"store {path} differs from the committed steps: step {seq} does not match {path.name}.head; {RECOVERY_HINT}"
            )


def _lost(path: Path, seq: int, content: StoreContent) -> StateError:
    return StateError(
        f"store {path} has lost committed steps: {path.name}.head counts {seq + 1} steps (a stored result counts as one), "
        f"the database contains {content.seq + 1}; {RECOVERY_HINT}"
    )
