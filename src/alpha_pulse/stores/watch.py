"""Notices that a file of a store was deleted, replaced or cut while it was in use: SQLite would go on writing into nothing."""

from __future__ import annotations

import errno
from pathlib import Path

from alpha_pulse.stores.causes import ReplacedError


class _Watched:
    """One file, by what it was when it was last looked at."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None
        self._size = 0

    def check(self) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            if self._known is None:
                return
            raise ReplacedError(errno.ENOENT, f"{self._path.name} was deleted while it was in use") from None
        if self._known is None:
            self._known = (found.st_dev, found.st_ino)
        elif self._known != (found.st_dev, found.st_ino):
            raise ReplacedError(errno.ESTALE, f"{self._path.name} was replaced while it was in use")
        if found.st_size < self._size:
            raise ReplacedError(
                errno.EIO, f"{self._path.name} was cut from {self._size:,} to {found.st_size:,} bytes while it was in use"
            )
        self._size = found.st_size


class FileWatch:
    """The files of one store; those that are not there yet are watched once they appear. None of them ever shrinks.

    Parameters
    ----------
    paths
        The database, its -wal and its .head file.
    """

    def __init__(self, *paths: Path) -> None:
        self._files = [_Watched(path) for path in paths]

    def check(self) -> None:
        """Look again. Raises `ReplacedError`, or another OSError when a file cannot be looked at."""
        for file in self._files:
            file.check()
