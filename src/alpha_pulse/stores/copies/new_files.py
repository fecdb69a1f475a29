"""The files of a store that get their names once they are complete: an interruption leaves no store of that name."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Self

from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.errors import StoreError
from alpha_pulse.core.files import sync_folder
from alpha_pulse.stores.creation import LEFT_BY_SQLITE, NEW
from alpha_pulse.stores.head import HeadFile, head_path

UNFINISHED = ".unfinished"
"""Suffix of the name under which the files are written."""


class NewFiles:
    """Files of a store under a ``temporary`` name beside ``path``: `rename` gives them their name, otherwise they are deleted.

    A process that is killed leaves files of the temporary name, which the next one for the same ``path`` deletes. The .head
    file is renamed first, so the store exists from the instant at which the database has its name.

    Parameters
    ----------
    path
        The name of the store.

    Raises
    ------
    StoreError
        There is a file of that name, another process writes such a store, or the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.temporary = path.with_name(path.name + UNFINISHED)
        try:
            _remove_rest(path, self.temporary)
        except OSError as error:
            raise _unusable(path, error) from None
        _refuse_existing(path)

    def __enter__(self) -> Self:
        return self

    def rename(self) -> None:
        """Give complete files their name. Raises StoreError."""
        _refuse_existing(self._path)
        try:
            head_path(self.temporary).replace(head_path(self._path))
            sync_folder(self._path.parent)
            self.temporary.replace(self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            # Before the two renames there was no file of that name.
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
                head_path(self._path).unlink(missing_ok=True)
            raise _unusable(self._path, error) from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.delete()

    def delete(self) -> None:
        """Delete the files of the temporary name, as far as possible."""
        # The error that ended the block is the one to report.
        with contextlib.suppress(OSError):
            _remove(self.temporary)
            head_path(self.temporary).unlink(missing_ok=True)


def _remove_rest(path: Path, temporary: Path) -> None:
    """Delete what an interrupted process left of a store. Raises InUseError while a process writes it; OSError."""
    head = head_path(temporary)
    lock = HeadFile(temporary) if head.exists() else None
    if lock is None and temporary.exists() and not path.exists():
        # It ended between the two renames.
        head_path(path).unlink(missing_ok=True)
    _remove(temporary)
    if lock is not None:
        head.unlink()
        lock.close()


def _remove(temporary: Path) -> None:
    for ending in ("", NEW, *LEFT_BY_SQLITE):
        temporary.with_name(temporary.name + ending).unlink(missing_ok=True)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise StoreError(f"store {path} exists already; give the name of a file that does not")
    if head_path(path).exists():
        raise StoreError(
            f"store {path} does not exist, but its file {head_path(path).name} does, so a store of that name was lost; "
            "give another name"
        )


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"store {path} cannot be written: {reason_of(error)}; name a file in a folder you may write to")
