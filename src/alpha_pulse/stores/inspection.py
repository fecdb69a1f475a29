"""Inspect an SQLite store, read-only, before a writer opens it.

Read-only, because a writer that closes a damaged database merges its -wal file, and destroys the evidence.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import msgspec

from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.stores.base import HASH_BYTES, RECOVERY_HINT, SCHEMA_VERSION, RunIdentity, identity_hash
from alpha_pulse.stores.causes import cause
from alpha_pulse.stores.head import Mark
from alpha_pulse.stores.schema import APPLICATION_ID

_RUN = "SELECT run_id, config_hash, feed_identity, program_version, schema_version, config, identity_hash, result_hash FROM run"

_VERSION_AT, _APPLICATION_AT, _HEADER_BYTES = 60, 68, 72
"""Offsets in the header of an SQLite file (https://www.sqlite.org/fileformat.html): user_version and application_id."""


class StoreContent(msgspec.Struct, frozen=True):
    """The content of a database. ``seq`` is -1 and ``hash`` empty while the journal has no row; ``blank``: no tables yet.

    ``result_hash`` is None while there is no result.
    """

    blank: bool
    identity: RunIdentity | None = None
    seq: int = -1
    hash: bytes = b""
    result_hash: bytes | None = None


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises sqlite3.Error.

    A reader, too, creates files beside the database to coordinate with writers. Where it cannot, as on a read-only medium,
    there can be no writer either, and the database is opened as immutable.
    """
    alone = not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
    mode = "mode=ro&immutable=1" if alone else "mode=ro"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def inspect(path: Path, mark: Mark | None) -> StoreContent:
    """Read the content of ``path`` and compare it with the mark in the .head file.

    Parameters
    ----------
    path
        An SQLite file, which may be empty (0 bytes) or missing.
    mark
        (seq, hash) of the newest committed row; None when no mark is intact.

    Raises
    ------
    StoreError
        The file cannot be read, is not an SQLite database, belongs to another program, or has another schema version.
    StateError
        Rows are missing or differ from ``mark``, or there are rows but no mark.
    """
    if not path.exists():
        content = StoreContent(blank=True)
        if mark is not None and mark[0] >= 0:
            raise _lost(path, mark[0], content)
        return content
    try:
        connection = connect_for_reading(path)
        try:
            return look(connection, path, mark, advice="; use another store")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise unreadable(path, error) from error


def look(connection: sqlite3.Connection, path: Path, mark: Mark | None, *, advice: str = "") -> StoreContent:
    """As `inspect`, on an open connection. Raises sqlite3.Error too.

    ``advice`` ends the sentence about a store that this program cannot use; a reader has no other store to suggest.
    """
    content = _read(connection, path, advice)
    _compare(connection, path, content, mark)
    return content


def unreadable(path: Path, error: sqlite3.Error) -> StoreError:
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


def _read(connection: sqlite3.Connection, path: Path, advice: str) -> StoreContent:
    ((application,),) = connection.execute("PRAGMA application_id")
    ((version,),) = connection.execute("PRAGMA user_version")
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
    if tables == 0 and application == 0:
        return StoreContent(blank=True)
    if application != APPLICATION_ID:
        raise StoreError(f"store {path} is an SQLite database of another program{advice}")
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"store {path} was written by another version of AlphaPulse (schema version {version}; this version reads "
            f"{SCHEMA_VERSION}) and cannot be converted (docs/upgrading.md){advice}"
        )
    run = connection.execute(_RUN).fetchone()
    last = connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    seq, digest = (-1, b"") if last is None else last
    if seq >= 0 and not (isinstance(digest, bytes) and len(digest) == HASH_BYTES):
        raise StateError(f"journal row {seq} of store {path} is damaged: it has no hash; {RECOVERY_HINT}")
    if run is None:
        if seq >= 0:
            raise StateError(f"store {path} contains {seq + 1} journal rows but no run; {RECOVERY_HINT}")
        return StoreContent(blank=False)
    *fields, stated, result_hash = run
    try:
        identity = msgspec.convert(dict(zip(RunIdentity.__struct_fields__, fields, strict=True)), RunIdentity)
    except msgspec.ValidationError:
        identity = None
    if identity is None or identity_hash(identity) != stated:
        raise StateError(f"store {path} cannot be used: the row of table run is damaged; {RECOVERY_HINT}")
    return StoreContent(blank=False, identity=identity, seq=seq, hash=digest, result_hash=result_hash)


def _compare(connection: sqlite3.Connection, path: Path, content: StoreContent, mark: Mark | None) -> None:
    if mark is None:
        if content.seq >= 0:
            raise StateError(
                f"store {path} contains {content.seq + 1} rows, but {path.name}.head, which proves that no row is lost, "
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
        row = connection.execute("SELECT hash FROM journal WHERE seq = ?", (seq,)).fetchone()
        if row is None or row[0] != digest:
            raise StateError(
                f"store {path} differs from the committed steps: row {seq} does not match {path.name}.head; {RECOVERY_HINT}"
            )


def _lost(path: Path, seq: int, content: StoreContent) -> StateError:
    return StateError(
        f"store {path} has lost committed steps: {path.name}.head counts {seq + 1} rows (a stored result counts as one), "
        f"the database contains {content.seq + 1}; {RECOVERY_HINT}"
    )
