"""Create a store's files so that a process killed at any moment leaves either no files or files that can be opened."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from alpha_pulse.core.errors import StoreError
from alpha_pulse.core.files import make_folders, sync_folder
from alpha_pulse.stores import schema
from alpha_pulse.stores.base import PAGE_BYTES, SCHEMA_VERSION
from alpha_pulse.stores.causes import cause
from alpha_pulse.stores.head import HeadFile
from alpha_pulse.stores.views import renew_views

NEW = ".new"
"""Suffix of a database that is being created."""
LEFT_BY_SQLITE = ("-journal", "-wal", "-shm")


def claim(path: Path) -> HeadFile:
    """Create the folder and take the lock. Raises StoreError."""
    if path.is_dir():
        raise StoreError(f"store {path} is a folder, but a file is expected; give {path / 'run.db'}")
    try:
        make_folders(path.parent)
    except OSError as error:
        reason, advice = cause(error, path)
        raise StoreError(
            f"folder {path.parent} of the store cannot be created: {reason}; {advice}, or name another folder"
        ) from None
    return HeadFile(path)


def make_database(path: Path) -> None:
    """Create an empty journal at ``path``, or replace a database without tables. Raises OSError, sqlite3.Error.

    The file is created under another name and renamed: SQLite would leave a rollback journal if the process was killed here,
    and a reader without write permission could not open that database.
    """
    new = path.with_name(path.name + NEW)
    _remove(new, ("", *LEFT_BY_SQLITE))
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    _fill(new)
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    # SQLite would take the -wal file of an earlier database for one of the new database.
    _remove(path, LEFT_BY_SQLITE)
    new.replace(path)
    sync_folder(path.parent)


def _fill(path: Path) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        # The file is discarded if this process ends here, so it needs no journal.
        for pragma in (f"page_size = {PAGE_BYTES}", "journal_mode = MEMORY", "synchronous = OFF"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("BEGIN IMMEDIATE")
        schema.create(db, SCHEMA_VERSION)
        renew_views(db)
        db.execute("COMMIT")
        use_wal(db)
    finally:
        db.close()


def use_wal(db: sqlite3.Connection) -> None:
    """Put a database into WAL mode. Raises sqlite3.OperationalError on failure, which SQLite itself does not report."""
    ((mode,),) = db.execute("PRAGMA journal_mode = WAL").fetchall()
    if mode != "wal":
        raise sqlite3.OperationalError(f"the journal mode is {mode} and could not be set to WAL")


def _remove(path: Path, endings: tuple[str, ...]) -> None:
    for ending in endings:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def roll_back(path: Path) -> None:
    """Roll back the creation of a database in which an earlier version of this program was killed.

    A database in WAL mode has no rollback journal, so committed rows are not affected. Raises sqlite3.Error.
    """
    if not path.with_name(path.name + "-journal").exists() or path.with_name(path.name + "-wal").exists():
        return
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        db.close()
