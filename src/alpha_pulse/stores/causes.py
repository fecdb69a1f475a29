"""Why a store could not be read or written, and what helps: SQLite's own words name neither the disk nor the way out."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
from pathlib import Path
from typing import NamedTuple

from alpha_pulse.stores.base import MEND


class Cause(NamedTuple):
    """The end of a sentence: what is the matter, and what to do about it."""

    reason: str
    advice: str


class ReplacedError(OSError):
    """A file of a store was deleted, replaced or cut while it was in use."""


FULL = Cause("no space is left on the disk", "free space")
READ_ONLY = Cause("the file system is mounted read-only", "mount it for writing")
FORBIDDEN = Cause("this user may not write there", "give this user the permission to write there")
TOO_LARGE = Cause("the limit on the size of a file is reached (ulimit -f)", "raise that limit")
DISK = Cause("the disk reports an input/output error", "look into the system's log and check the disk")
SYNC = Cause("the disk did not confirm that data were stored (sync failed)", "look into the system's log and check the disk")
LOCKED = Cause("another program holds a lock on it", "stop that program")
DAMAGED = Cause("the database is damaged", MEND)
NO_DATABASE = Cause("it is not an SQLite database", "name another file")

_BY_ERRNO = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: Cause("this user's share of the disk is used up", "free space"),
    errno.EFBIG: TOO_LARGE,
    errno.EROFS: READ_ONLY,
    errno.EACCES: FORBIDDEN,
    errno.EPERM: FORBIDDEN,
    errno.EIO: DISK,
}
_BY_NAME = (
    ("SQLITE_FULL", FULL),
    ("SQLITE_IOERR_FSYNC", SYNC),
    ("SQLITE_IOERR_DIR_FSYNC", SYNC),
    ("SQLITE_IOERR_CORRUPTFS", DAMAGED),
    ("SQLITE_IOERR", DISK),
    ("SQLITE_READONLY", FORBIDDEN),
    ("SQLITE_PERM", FORBIDDEN),
    ("SQLITE_BUSY", LOCKED),
    ("SQLITE_LOCKED", LOCKED),
    ("SQLITE_CORRUPT", DAMAGED),
    ("SQLITE_NOTADB", NO_DATABASE),
)


def cause(error: BaseException, path: Path) -> Cause:
    """What stands behind ``error``, met at the store ``path``.

    >>> cause(OSError(errno.ENOSPC, "No space left on device"), Path("run.db")).reason
    'no space is left on the disk'
    """
    if isinstance(error, ReplacedError):
        return Cause(str(error.strerror), MEND)
    if isinstance(error, OSError):
        found = _BY_ERRNO.get(error.errno or 0)
        return found or Cause((error.strerror or str(error)).lower(), "check the disk and the folder")
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, path)
    return Cause(str(error) or type(error).__name__, "check the disk and the folder")


def _of_sqlite(error: sqlite3.Error, path: Path) -> Cause:
    name = getattr(error, "sqlite_errorname", "")
    found = next((known for start, known in _BY_NAME if name.startswith(start)), None)
    if found in (DISK, FORBIDDEN) or name.startswith("SQLITE_CANTOPEN"):
        return _of_the_place(path) or found or FORBIDDEN
    return found or Cause(str(error), MEND)


def _of_the_place(path: Path) -> Cause | None:
    """What the file system itself shows: SQLite keeps the system's own error to itself."""
    try:
        place = os.statvfs(path.parent)
        largest = max((file.stat().st_size for file in path.parent.glob(f"{path.name}*")), default=0)
    except OSError as error:
        return _BY_ERRNO.get(error.errno or 0)
    if place.f_flag & os.ST_RDONLY:
        return READ_ONLY
    if place.f_bavail == 0 or (place.f_files and place.f_favail == 0):
        return FULL
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit != resource.RLIM_INFINITY and largest + os.sysconf("SC_PAGESIZE") * 8 > limit:
        return TOO_LARGE
    return None
