"""Open the connection that writes, and set it up before its first block."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from alpha_pulse.core.errors import StoreError
from alpha_pulse.core.files import sync_folder
from alpha_pulse.stores.block_queries import decode_text
from alpha_pulse.stores.causes import DATABASE_ERRORS, cause
from alpha_pulse.stores.creation import make_database, use_wal
from alpha_pulse.stores.views import renew_views

_BUSY_S = 5.0
_PRAGMAS = (
    "synchronous = FULL",
    "wal_autocheckpoint = 0",
    "cache_size = -16384",
    "mmap_size = 0",
    "trusted_schema = OFF",
    "foreign_keys = ON",
    "cell_size_check = ON",
)


def connect_for_writing(file: Path, path: Path, *, blank: bool) -> sqlite3.Connection:
    """Open the database ``file``; create it first when ``blank``.

    Parameters
    ----------
    file
        The real file.
    path
        The path as the user gave it, for errors.
    blank
        Whether the file is missing or has no tables.

    Raises
    ------
    StoreError
        The file cannot be created or written.
    """
    db: sqlite3.Connection | None = None
    try:
        if blank:
            make_database(file)
        # SQLite opens a file without write permission too, and fails only at the first write.
        os.close(os.open(file, os.O_RDWR | os.O_CLOEXEC))
        db = sqlite3.connect(file, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
        _set_up(db)
        sync_folder(file.parent)
    except (*DATABASE_ERRORS, OSError) as error:
        if db is not None:
            db.close()
        reason, advice = cause(error, file)
        raise StoreError(f"store {path} cannot be written: {reason}; {advice}, or name another file") from error
    db.text_factory = decode_text
    return db


def _set_up(db: sqlite3.Connection) -> None:
    use_wal(db)
    for pragma in _PRAGMAS:
        db.execute(f"PRAGMA {pragma}")
    renew_views(db)
    # After a crash the content of the -wal file may be in the page cache only, and a power cut would lose it.
    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
