"""Makes files durable, so that they survive a power failure."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_NO_SUCH_SYNC = (errno.EINVAL, errno.ENOTSUP)
"""Error numbers of file systems that cannot sync folders; they are ignored."""


def sync_folder(folder: Path) -> None:
    """Sync the directory entries of ``folder`` to the disk; without its entry a file is lost. Raises OSError.

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
    """Create ``folder`` and its missing parents, and sync their directory entries to the disk. Raises OSError."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        sync_folder(place.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that, whatever interrupts it, the path has either its former content or all of ``content``.

    The content is written to ``<path>.part``, synced, and renamed. Raises OSError.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_durably(Path(place, "a"), b"content")
    ...     Path(place, "a").read_bytes()
    b'content'
    """
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        write_at(descriptor, content, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.replace(path)
    sync_folder(path.parent)


def write_at(descriptor: int, content: bytes, offset: int) -> None:
    """Write all of ``content`` at ``offset`` (bytes). Raises OSError, also after a partial write."""
    while content:
        written = os.pwrite(descriptor, content, offset)
        content, offset = content[written:], offset + written
