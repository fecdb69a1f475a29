"""Why a file could not be read or written, and how to fix it, as parts of an error sentence."""

from __future__ import annotations

import errno
from typing import NamedTuple


class Cause(NamedTuple):
    """The reason of an error, and advice to fix it."""

    reason: str
    advice: str


FULL = Cause("no space is left on the disk", "free space")
READ_ONLY = Cause("the file system is mounted read-only", "mount it for writing")
FORBIDDEN = Cause("this user may not write there", "give this user the permission to write there")
QUOTA = Cause("the disk quota of this user is used up", "free space")
TOO_LARGE = Cause("the limit on the size of a file is reached (ulimit -f)", "raise that limit")
DISK = Cause("the disk reports an input/output error", "see the system's log and check the disk")

_BY_ERRNO = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: QUOTA,
    errno.EFBIG: TOO_LARGE,
    errno.EROFS: READ_ONLY,
    errno.EACCES: FORBIDDEN,
    errno.EPERM: FORBIDDEN,
    errno.EIO: DISK,
}


def cause_of(error: OSError) -> Cause | None:
    """The cause of a system error; None for an error that does not concern the disk or permissions.

    >>> cause_of(OSError(errno.ENOSPC, "No space left on device")).reason
    'no space is left on the disk'
    """
    return _BY_ERRNO.get(error.errno or 0)


def reason_of(error: OSError) -> str:
    """The reason only; the message of the system for an unknown cause.

    >>> reason_of(FileNotFoundError(errno.ENOENT, "No such file or directory"))
    'no such file or directory'
    """
    cause = cause_of(error)
    return (error.strerror or str(error)).lower() if cause is None else cause.reason
