"""Makes a store's files such that a kill at any instant leaves either none of them or ones that open."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from alpha_pulse.core.errors import StoreError
from alpha_pulse.core.files import make_folders, sync_folder
from alpha_pulse.stores import schema
from alpha_pulse.stores.base import SCHEMA_VERSION
from alpha_pulse.stores.causes import cause
from alpha_pulse.stores.head import HeadFile

NEW = ".new"
"""Ends the name of a database that is being made."""
LEFT_BY_SQLITE = ("-journal", "-wal", "-shm")
# 2 kB rows: at 4 kB a page holds one and half of it is air; 16 kB holds seven and costs 3 us a row less.
PAGE_BYTES = 16_384


def claim(path: Path) -> HeadFile:
    """Make the folder and take the lock. Raises StoreError."""
    if path.is_dir():
        raise StoreError(f"store {path} is a folder, but a file is expected; write {path / 'run.db'}")
    try:
        make_folders(path.parent)
    except OSError as error:
        found = cause(error, path)
        raise StoreError(
            f"folder {path.parent} of the store cannot be made: {found.reason}; {found.advice}, or give --store another place"
        ) from None
    return HeadFile(path)


def make_database(path: Path) -> None:
    """Put an empty journal at ``path``, in place of nothing or of a database without tables. Raises OSError, sqlite3.Error.

    It is made under another name, because SQLite itself would leave a rollback journal behind when it is killed while it
    makes one, and a database that must be rolled back cannot be read by those who may only read.
    """
    new = path.with_name(path.name + NEW)
    _remove(new, ("", *LEFT_BY_SQLITE))
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    _fill(new)
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    # A -wal of what was there before would be taken for one of the new database.
    _remove(path, LEFT_BY_SQLITE)
    new.replace(path)
    sync_folder(path.parent)


def _fill(path: Path) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        # All of it is thrown away if this process ends here, so nothing needs a journal.
        for pragma in (f"page_size = {PAGE_BYTES}", "journal_mode = MEMORY", "synchronous = OFF"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("BEGIN IMMEDIATE")
        schema.create(db, SCHEMA_VERSION)
        schema.renew_views(db, sorted(schema.VIEWS))
        db.execute("COMMIT")
        use_wal(db)
    finally:
        db.close()


def use_wal(db: sqlite3.Connection) -> None:
    """Put a database into WAL mode. Raises sqlite3.OperationalError: SQLite itself only answers with the mode that stays."""
    ((mode,),) = db.execute("PRAGMA journal_mode = WAL").fetchall()
    if mode != "wal":
        raise sqlite3.OperationalError(f"the journal mode is {mode} and could not be made wal")


def _remove(path: Path, endings: tuple[str, ...]) -> None:
    for ending in endings:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def roll_back(path: Path) -> None:
    """Undo a transaction that an earlier version of this program was killed in while it made its database.

    A journal in WAL mode never has a rollback journal, so nothing that was committed is touched. Raises sqlite3.Error.
    """
    if not path.with_name(path.name + "-journal").exists() or path.with_name(path.name + "-wal").exists():
        return
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        db.close()
