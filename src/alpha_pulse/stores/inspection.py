"""A read-only look at an SQLite store before anyone writes to it.

Read-only, because the first writer that closes a damaged database folds its -wal away, and with it the evidence.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.stores.base import MEND, SCHEMA_VERSION, RunIdentity
from alpha_pulse.stores.schema import APPLICATION_ID


class Held(msgspec.Struct, frozen=True):
    """What a database holds. ``seq`` is -1 and ``hash`` empty while the journal has no row; ``blank``: no tables yet."""

    blank: bool
    identity: RunIdentity | None = None
    seq: int = -1
    hash: bytes = b""


def inspect(path: Path, mark: tuple[int, bytes] | None) -> Held:
    """Read what ``path`` holds and compare it with the high-water mark.

    Parameters
    ----------
    path
        An SQLite file, which may be empty (0 bytes).
    mark
        (seq, hash) of the newest row known to be committed; None when no mark is intact.

    Raises
    ------
    StoreError
        The file is no SQLite database, another program's, or of another schema version.
    StateError
        Fewer rows than ``mark`` says, others than it says, or rows without any mark.
    """
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            held = _read(connection, path)
            _compare(connection, path, held, mark)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreError(f"store {path} cannot be read as an SQLite database ({error}); give --store another file") from error
    return held


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
    run = connection.execute("SELECT run_id, config_hash, feed_identity, program_version, schema_version FROM run").fetchone()
    last = connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    if last is None:
        return Held(blank=False, identity=RunIdentity(*run) if run else None)
    if run is None:
        raise StateError(f"store {path} holds {last[0] + 1} journal rows but no run; {MEND}")
    return Held(blank=False, identity=RunIdentity(*run), seq=last[0], hash=last[1])


def _compare(connection: sqlite3.Connection, path: Path, held: Held, mark: tuple[int, bytes] | None) -> None:
    if mark is None:
        if held.seq >= 0:
            raise StateError(
                f"store {path} holds {held.seq + 1} rows, but {path.name}.head, which proves that none is missing, is gone or "
                f"damaged; {MEND}"
            )
        return
    seq, digest = mark
    if seq > held.seq:
        raise StateError(
            f"store {path} has lost committed steps: {path.name}.head tells of {seq + 1} rows, the database holds "
            f"{held.seq + 1}; {MEND}"
        )
    if seq >= 0:
        found = connection.execute("SELECT hash FROM journal WHERE seq = ?", (seq,)).fetchone()
        if found is None or found[0] != digest:
            raise StateError(
                f"store {path} has other steps than the ones committed: row {seq} is not what {path.name}.head says; {MEND}"
            )
