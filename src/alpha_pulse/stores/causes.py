"""Causes of failed reads and writes of a store, with advice. SQLite's own messages contain neither."""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from alpha_pulse.core.causes import DISK, FORBIDDEN, FULL, QUOTA, READ_ONLY, TOO_LARGE, Cause, cause_of, reason_of
from alpha_pulse.stores.base import RECOVERY_HINT


class ReplacedError(OSError):
    """A file of a store was deleted, replaced or truncated while it was in use."""


class SyncError(OSError):
    """A sync failed. The disk may have dropped what was written before, and may report success for the next sync."""


DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What a call of SQLite raises. Its messages quote names of a damaged database, which Python may be unable to decode."""
WRITE_ERRORS = (*DATABASE_ERRORS, OSError)
"""What a write to a store raises."""
CHECK = "check the disk and the folder"
SYNC = Cause("the disk did not confirm a write (sync failed)", DISK.advice)
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
_SPACE = (FULL, QUOTA, TOO_LARGE)
_SPARE_BYTES = 65_536
"""The file size limit counts as reached when fewer bytes than these are left."""
_FOUND = "alpha_pulse_cause"
"""The attribute of an error with its cause."""


def cause(error: BaseException, path: Path) -> Cause:
    """The cause of ``error`` at the store ``path``. It is looked up once for each error, at the first call.

    >>> cause(OSError(28, "No space left on device"), Path("run.db")).reason
    'no space is left on the disk'
    """
    known = vars(error)
    if _FOUND not in known:
        known[_FOUND] = _look_up(error, path)
    found: Cause = known[_FOUND]
    return found


@contextlib.contextmanager
def cause_at_once(path: Path) -> Iterator[None]:
    """Look up the cause of an error of ``WRITE_ERRORS`` where it is raised.

    SQLite does not say why a write failed, and the disk shows it for a moment only: when the error is handled, another program
    may have freed space, and a full disk would be taken for a broken one.
    """
    try:
        yield
    except WRITE_ERRORS as error:
        cause(error, path)
        raise


def _look_up(error: BaseException, path: Path) -> Cause:
    if isinstance(error, ReplacedError):
        return Cause(str(error.strerror), RECOVERY_HINT)
    if isinstance(error, SyncError):
        return SYNC
    if isinstance(error, OSError):
        return cause_of(error) or Cause(reason_of(error), CHECK)
    if isinstance(error, sqlite3.Error):
        return _sqlite_cause(error, path)
    if isinstance(error, UnicodeDecodeError):
        return DAMAGED
    return Cause(str(error) or type(error).__name__, CHECK)


def lacks_space(error: BaseException, path: Path) -> bool:
    """Whether a write failed for want of space, so that the same write succeeds once there is space. A failed sync is no such
    error, whatever its number.

    >>> lacks_space(OSError(28, "No space left on device"), Path("run.db"))
    True
    >>> lacks_space(SyncError(28, "No space left on device"), Path("run.db"))
    False
    """
    return cause(error, path) in _SPACE


def _sqlite_cause(error: sqlite3.Error, path: Path) -> Cause:
    name = getattr(error, "sqlite_errorname", "")
    known = next((cause for prefix, cause in _BY_NAME if name.startswith(prefix)), None)
    if known in (DISK, FORBIDDEN) or name.startswith("SQLITE_CANTOPEN"):
        file_system = _file_system_cause(path)
        if file_system is None and known is FORBIDDEN and os.access(path if path.exists() else path.parent, os.W_OK):
            # SQLite falls back to reading when it cannot open a file for writing, whatever the reason.
            return Cause("it could be opened for reading only", CHECK)
        return file_system or known or Cause("it cannot be opened", CHECK)
    return known or Cause(str(error), RECOVERY_HINT)


def _file_system_cause(path: Path) -> Cause | None:
    """The cause as the file system shows it: SQLite does not pass on the system's error."""
    try:
        volume = os.statvfs(path.parent)
        largest = max((file.stat().st_size for file in path.parent.glob(f"{path.name}*")), default=0)
    except OSError as error:
        return cause_of(error)
    if volume.f_flag & os.ST_RDONLY:
        return READ_ONLY
    if volume.f_bavail == 0 or (volume.f_files and volume.f_favail == 0):
        return FULL
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit != resource.RLIM_INFINITY and largest + _SPARE_BYTES > limit:
        return TOO_LARGE
    return _refusal_of_a_page(path.parent)


def _refusal_of_a_page(folder: Path) -> Cause | None:
    """Why the file system refuses one more page, as it does beyond the quota of a user; None if it takes one."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(_SPARE_BYTES))
    except OSError as error:
        return found if (found := cause_of(error)) in _SPACE else None
    return None
