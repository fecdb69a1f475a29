"""Write the database of a store anew, without old checkpoints and free pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.core.files import sync_folder
from alpha_pulse.stores.causes import DATABASE_ERRORS, cause
from alpha_pulse.stores.copies.copying import check_copy, copy_database
from alpha_pulse.stores.creation import LEFT_BY_SQLITE, NEW
from alpha_pulse.stores.head import HeadFile, read_mark
from alpha_pulse.stores.reading import StoreReader


class Compaction(msgspec.Struct, frozen=True):
    """What was done: the size of the database before and after, bytes, and the checkpoints that are kept and were removed."""

    bytes_before: int
    bytes_after: int
    kept: list[int]
    removed: list[int]


def compact(path: Path, keep: Callable[[StoreReader], Collection[int]]) -> Compaction:
    """Remove checkpoints, and write the database into a new file without free pages, which then takes its name.

    Blocks and rows are copied as they are, so the hash chain and the .head file stay the same. Whatever interrupts it, the name
    belongs to a complete database.

    Parameters
    ----------
    path
        The database; nobody else may use it.
    keep
        Returns the steps whose checkpoints are kept.

    Raises
    ------
    StoreError
        The store is in use or cannot be written.
    StateError
        The store is damaged; it is left as it is.

    >>> import tempfile
    >>> from alpha_pulse.stores.base import RunIdentity
    >>> from alpha_pulse.stores.sql import SqliteStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with closing(SqliteStore(Path(folder, "run.db"))) as store:
    ...         store.begin(RunIdentity("r", "c", "f", "1"), resume=False)
    ...         store.save_checkpoint(-1, b"state")
    ...     compact(Path(folder, "run.db"), lambda reader: []).removed
    [-1]
    """
    StoreReader(path).close()  # before the lock, which would create a .head file
    file, new = path.resolve(), path.resolve().with_name(path.resolve().name + NEW)
    with closing(HeadFile(path)):
        mark = read_mark(path)
        with StoreReader(path) as reader:
            steps = reader.checkpoint_steps()
            kept = sorted(set(steps) & set(keep(reader)))
        removed = sorted(set(steps) - set(kept))
        before = file.stat().st_size
        try:
            _remove(new)
            with closing(_alone(file)) as db:
                db.executemany("DELETE FROM checkpoint WHERE seq = ?", [(seq,) for seq in removed])
                _empty_wal(db)
                copy_database(db, new)
                check_copy(new, mark, path)
                new.replace(file)
                sync_folder(file.parent)
        except StateError as error:
            raise StateError(f"store {path} was not compacted: {error}") from None
        except (OSError, *DATABASE_ERRORS) as error:
            reason, advice = cause(error, file)
            raise StoreError(f"store {path} could not be compacted: {reason}; {advice}") from None
        finally:
            # The error that ended the block is the one to report.
            with suppress(OSError):
                _remove(new)
        return Compaction(before, file.stat().st_size, kept, removed)


def _alone(file: Path) -> sqlite3.Connection:
    """The only connection to a database. Raises sqlite3.OperationalError while there is another one."""
    db = sqlite3.connect(file, isolation_level=None, timeout=1.0)
    try:
        for pragma in ("locking_mode = EXCLUSIVE", "synchronous = FULL", "wal_autocheckpoint = 0", "trusted_schema = OFF"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("BEGIN EXCLUSIVE")
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


def _empty_wal(db: sqlite3.Connection) -> None:
    """Merge the -wal file: that of the old database must not be applied to the new one. Raises sqlite3.Error."""
    ((busy, *_),) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if busy:
        raise sqlite3.OperationalError("the -wal file could not be merged")


def _remove(new: Path) -> None:
    for ending in ("", *LEFT_BY_SQLITE):
        new.with_name(new.name + ending).unlink(missing_ok=True)
