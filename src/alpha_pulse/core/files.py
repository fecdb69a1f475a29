"""Files that must survive a power cut: what is needed beyond closing them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_NO_SUCH_SYNC = (errno.EINVAL, errno.ENOTSUP)
"""What a file system answers that cannot sync folders at all: there is then nothing more to be had."""


def sync_folder(folder: Path) -> None:
    """Bring the names in ``folder`` to the disk: a file is lost with its name. Raises OSError.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     sync_folder(Path(place))
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SUCH_SYNC:
            raise
    finally:
        os.close(descriptor)


def make_folders(folder: Path) -> None:
    """Make ``folder`` and those above it that are missing, and bring their names to the disk. Raises OSError."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        sync_folder(place.parent)


def write_at(descriptor: int, content: bytes, offset: int) -> None:
    """Write all of ``content``; a disk that takes only a part of it raises OSError at the next attempt."""
    while content:
        written = os.pwrite(descriptor, content, offset)
        content, offset = content[written:], offset + written
