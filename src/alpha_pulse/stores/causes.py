"""Why a store could not be read or written, and what helps: SQLite's own words name neither the disk nor the way out."""

from __future__ import annotations

import os
import resource
import sqlite3
from pathlib import Path

from alpha_pulse.core.causes import DISK, FORBIDDEN, FULL, READ_ONLY, TOO_LARGE, Cause, cause_of, reason_of
from alpha_pulse.stores.base import RECOVERY_HINT


class ReplacedError(OSError):
    """A file of a store was deleted, replaced or cut while it was in use."""


CHECK = "check the disk and the folder"
SYNC = Cause("the disk did not confirm that data were stored (sync failed)", DISK.advice)
LOCKED = Cause("another program holds a lock on it", "stop that program")
DAMAGED = Cause("the database is damaged", RECOVERY_HINT)
NO_DATABASE = Cause("it is not an SQLite database", "name another file")

_BY_NAME = (
    ("SQLITE_FULL", FULL),
    ("SQLITE_IOERR_FSYNC", SYNC),
    ("SQLITE_IOERR_DIR_FSYNC", SYNC),
    ("SQLITE_IOERR", DISK),
    ("SQLITE_READONLY", FORBIDDEN),
    ("SQLITE_PERM", FORBIDDEN),
    ("SQLITE_BUSY", LOCKED),
    ("SQLITE_LOCKED", LOCKED),
    ("SQLITE_CORRUPT", DAMAGED),
    ("SQLITE_NOTADB", NO_DATABASE),
)
_SPARE_BYTES = 65_536
"""A limit is reached when not even this much fits below it."""


def cause(error: BaseException, path: Path) -> Cause:
    """What stands behind ``error``, met at the store ``path``.

    >>> cause(OSError(28, "No space left on device"), Path("run.db")).reason
    'no space is left on the disk'
    """
    if isinstance(error, ReplacedError):
        return Cause(str(error.strerror), RECOVERY_HINT)
    if isinstance(error, OSError):
        return cause_of(error) or Cause(reason_of(error), CHECK)
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, path)
    return Cause(str(error) or type(error).__name__, CHECK)


def _of_sqlite(error: sqlite3.Error, path: Path) -> Cause:
    name = getattr(error, "sqlite_errorname", "")
    found = next((known for start, known in _BY_NAME if name.startswith(start)), None)
    if found in (DISK, FORBIDDEN) or name.startswith("SQLITE_CANTOPEN"):
        place = _of_the_place(path)
        if place is None and found is FORBIDDEN and os.access(path if path.exists() else path.parent, os.W_OK):
            # SQLite opens a file for reading when it could not for writing, whatever the reason.
            return Cause("it could be opened for reading only", CHECK)
        return place or found or Cause("it cannot be opened", CHECK)
    return found or Cause(str(error), RECOVERY_HINT)


def _of_the_place(path: Path) -> Cause | None:
    """What the file system itself shows: SQLite keeps the system's own error to itself."""
    try:
        place = os.statvfs(path.parent)
        largest = max((file.stat().st_size for file in path.parent.glob(f"{path.name}*")), default=0)
    except OSError as error:
        return cause_of(error)
    if place.f_flag & os.ST_RDONLY:
        return READ_ONLY
    if place.f_bavail == 0 or (place.f_files and place.f_favail == 0):
        return FULL
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit != resource.RLIM_INFINITY and largest + _SPARE_BYTES > limit:
        return TOO_LARGE
    return None
