"""The log of a registry on the disk, and the lock of those who write it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.core.files import make_folders, write_at, write_durably
from alpha_pulse.serving.registry.entries import Entry, Head, line_of, read_head, read_lines

LOG, HEAD, LOCK = "moves.log", "moves.head", "lock"
WAIT_S = 10.0
"""How long a writer waits for another one, by default. A write takes milliseconds."""
_POLL_S = 0.01


class RegistryLog:
    """``moves.log``, to which lines are appended, and ``moves.head``, which states how far it is valid.

    A line counts once the head contains it, so an interrupted write leaves the log as it was. Readers need no lock.

    Parameters
    ----------
    folder
        Of the registry. It is created by the first write.

    Attributes
    ----------
    wait_s
        How long a writer waits for another one, in seconds.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = RegistryLog(Path(folder))
    ...     with log.locked():
    ...         log.append([Entry(ts_ns=1, action="freeze", symbol="X", target="direction", actor="me", reason="test")])
    ...     [entry.action for entry in log.read()]
    ['freeze']
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.wait_s = folder, WAIT_S
        self._log, self._head = folder / LOG, folder / HEAD

    def read(self) -> list[Entry]:
        """All entries, the oldest first. Raises StateError when the log is damaged, StoreError when it cannot be read."""
        return self._read()[0]

    def stamp(self) -> tuple[int, int, int]:
        """A value that changes with each write; all 0 before the first one."""
        try:
            found = self._head.stat()
        except FileNotFoundError:
            return 0, 0, 0
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> tuple[list[Entry], Head]:
        try:
            try:
                head = read_head(self._head.read_bytes())
            except FileNotFoundError:
                if self._log.exists():
                    raise ValueError(f"{HEAD} is missing") from None
                return [], Head()
            content = self._log.read_bytes()[: head.size] if head.size else b""
            if len(content) < head.size:
                raise ValueError(f"{LOG} has {len(content):,} bytes, but {head.size:,} were written")
            return read_lines(content, head), head
        except OSError as error:
            raise StoreError(f"registry {self.folder} cannot be read: {reason_of(error)}; check the folder") from None
        except (ValueError, StateError) as error:
            raise StateError(
                f"the log of registry {self.folder} is damaged: {error}; nothing is loaded from it: restore {LOG} and {HEAD} "
                "from a copy, or move the folder away and import its versions into a new registry"
            ) from None

    def append(self, entries: list[Entry]) -> None:
        """Append entries durably: all of them, or none. The caller holds the lock. Raises StateError, or OSError."""
        head = self._read()[1]
        lines, chain = b"", head.chain
        for entry in entries:
            line, chain = line_of(entry, chain)
            lines += line
        if not self._head.exists():
            write_durably(self._head, head.to_bytes())
        descriptor = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.ftruncate(descriptor, head.size)  # what an interrupted write may have left
            write_at(descriptor, lines, head.size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        write_durably(self._head, Head(head.lines + len(entries), head.size + len(lines), chain).to_bytes())

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of writers. Waits for another one, and raises StoreError after ``wait_s`` seconds."""
        try:
            make_folders(self.folder)
            descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(
                f"registry {self.folder} cannot be written: {reason_of(error)}; name a folder you may write to"
            ) from None
        try:
            self._lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        until = elapsed_ns() + round(self.wait_s * SECOND_NS)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if elapsed_ns() >= until:
                    raise StoreError(
                        f"registry {self.folder} is being written by another process for more than {self.wait_s:g} seconds; "
                        "stop that process, or try again"
                    ) from None
                Event().wait(_POLL_S)
            except OSError as error:
                raise StoreError(
                    f"registry {self.folder} cannot be locked: {reason_of(error)}; use a local file system"
                ) from None
