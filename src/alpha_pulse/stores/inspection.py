"""A read-only look at an SQLite store before anyone writes to it.

Read-only, because the first writer that closes a damaged database folds its -wal away, and with it the evidence.
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


class Held(msgspec.Struct, frozen=True):
    """What a database holds. ``seq`` is -1 and ``hash`` empty while the journal has no row; ``blank``: no tables yet.

    ``result_hash`` is None while there is no result.
    """

    blank: bool
    identity: RunIdentity | None = None
    seq: int = -1
    hash: bytes = b""
    result_hash: bytes | None = None


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises sqlite3.Error.

    Even a reader needs files beside the database, in which readers and writers see each other. Where none can be made, as on a
    read-only medium, nobody can be writing either.
    """
    alone = not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
    mode = "mode=ro&immutable=1" if alone else "mode=ro"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def inspect(path: Path, mark: Mark | None) -> Held:
    """Read what ``path`` holds and compare it with the high-water mark.

    Parameters
    ----------
    path
        An SQLite file, which may be empty (0 bytes) or missing.
    mark
        (seq, hash) of the newest row known to be committed; None when no mark is intact.

    Raises
    ------
    StoreError
        The file cannot be read, or is no SQLite database, another program's, or of another schema version.
    StateError
        Fewer rows than ``mark`` says, others than it says, or rows without any mark.
    """
    if not path.exists():
        held = Held(blank=True)
        if mark is not None and mark[0] >= 0:
            raise _lost(path, mark[0], held)
        return held
    try:
        connection = connect_for_reading(path)
        try:
            return look(connection, path, mark)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise unreadable(path, error) from error


def look(connection: sqlite3.Connection, path: Path, mark: Mark | None) -> Held:
    """What `inspect` does, on a connection that is open. Raises sqlite3.Error too."""
    held = _read(connection, path)
    _compare(connection, path, held, mark)
    return held


def unreadable(path: Path, error: sqlite3.Error) -> StoreError:
    """What to say when SQLite cannot read the file at all."""
    found = cause(error, path)
    return StoreError(f"store {path} cannot be read as an SQLite database: {found.reason}; {found.advice}")


def _read(connection: sqlite3.Connection, path: Path) -> Held:
    ((application,),) = connection.execute("PRAGMA application_id")
    ((version,),) = connection.execute("PRAGMA user_version")
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
    if tables == 0 and application == 0:
        return Held(blank=True)
    if application != APPLICATION_ID:
        raise StoreError(f"store {path} is an SQLite database of another program; give --store another file")
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"store {path} has schema version {version}, but this program reads {SCHEMA_VERSION}; "
            "open it with the version that wrote it, or give --store another file"
        )
    run = connection.execute(_RUN).fetchone()
    last = connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    seq, digest = (-1, b"") if last is None else last
    if seq >= 0 and not (isinstance(digest, bytes) and len(digest) == HASH_BYTES):
        raise StateError(f"journal row {seq} of store {path} is damaged: it has no hash; {RECOVERY_HINT}")
    if run is None:
        if seq >= 0:
            raise StateError(f"store {path} holds {seq + 1} journal rows but no run; {RECOVERY_HINT}")
        return Held(blank=False)
    *fields, stated, result_hash = run
    try:
        identity = msgspec.convert(dict(zip(RunIdentity.__struct_fields__, fields, strict=True)), RunIdentity)
    except msgspec.ValidationError:
        identity = None
    if identity is None or identity_hash(identity) != stated:
        raise StateError(f"store {path} cannot be used: its row in table run, which names the run, is damaged; {RECOVERY_HINT}")
    return Held(blank=False, identity=identity, seq=seq, hash=digest, result_hash=result_hash)


def _compare(connection: sqlite3.Connection, path: Path, held: Held, mark: Mark | None) -> None:
    if mark is None:
        if held.seq >= 0:
            raise StateError(
                f"store {path} holds {held.seq + 1} rows, but {path.name}.head, which proves that none is missing, is gone or "
                f"damaged; {RECOVERY_HINT}"
            )
        return
    seq, digest = mark
    if seq == held.seq + 1 and held.result_hash is not None:
        if held.result_hash != digest:
            raise StateError(f"store {path} has another result than the one committed; {RECOVERY_HINT}")
        return
    if seq > held.seq:
        raise _lost(path, seq, held)
    if seq >= 0:
        found = connection.execute("SELECT hash FROM journal WHERE seq = ?", (seq,)).fetchone()
        if found is None or found[0] != digest:
            raise StateError(
                f"store {path} has other steps than the ones committed: row {seq} is not what "
                f"{path.name}.head says; {RECOVERY_HINT}"
            )


def _lost(path: Path, seq: int, held: Held) -> StateError:
    return StateError(
        f"store {path} has lost committed steps: {path.name}.head counts {seq + 1} rows (a stored result counts as one), "
        f"the database holds {held.seq + 1}; {RECOVERY_HINT}"
    )
