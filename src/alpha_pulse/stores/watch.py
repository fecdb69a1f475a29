"""Detects that a file of a store was deleted, replaced or truncated while in use; SQLite itself does not notice."""

from __future__ import annotations

import errno
from pathlib import Path

from alpha_pulse.stores.causes import ReplacedError


class _Watched:
    """One file: its inode and its size at the last check."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None
        self._size = 0

    def check(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            if self._known is None:
                return
            raise ReplacedError(errno.ENOENT, f"{self._path.name} was deleted while it was in use") from None
        if self._known is None:
            self._known = (status.st_dev, status.st_ino)
        elif self._known != (status.st_dev, status.st_ino):
            raise ReplacedError(errno.ESTALE, f"{self._path.name} was replaced while it was in use")
        if status.st_size < self._size:
            raise ReplacedError(
                errno.EIO,
                f"{self._path.name} was cut from {self._size:,} to {status.st_size:,} bytes while it was in use",
            )
        self._size = status.st_size


class FileWatch:
    """The files of one store; missing files are watched once they appear. None of them may shrink.

    Parameters
    ----------
    paths
        The database, its -wal and its .head file.
    """

    def __init__(self, *paths: Path) -> None:
        self._files = [_Watched(path) for path in paths]

    def check(self) -> None:
        """Check the files. Raises `ReplacedError`, or another OSError when a file cannot be checked."""
        for file in self._files:
            file.check()
