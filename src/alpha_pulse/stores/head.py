"""The .head file beside a database: the last step and the hash of the newest committed block, and the lock of the store.

Reason: after one flipped bit in SQLite's -wal file, SQLite drops every commit from there on, without an error and with
``integrity_check`` = ok. The journal is then a shorter but valid chain; only a second file reveals the loss.

Layout: two slots, 512 bytes apart, written in turn, so that a torn write damages only one; each is seq (8 bytes), hash (32),
CRC-32 (4), little endian. A stored result counts as one more step. At 1024: the id of the process that holds the lock, for
the message only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from alpha_pulse.core.errors import StoreError
from alpha_pulse.core.files import write_at
from alpha_pulse.stores.causes import SyncError, cause

_SLOT_BYTES = 512
_PID_OFFSET = 1024
_RECORD = struct.Struct("<q32s")
_CRC = struct.Struct("<I")
_PID = struct.Struct("<q")
Mark = tuple[int, bytes]
"""Seq and hash of the newest block that is known to be committed."""


class InUseError(StoreError):
    """Another process, or another store object of this process, holds the lock."""


def head_path(store: Path) -> Path:
    """The .head file of a store.

    >>> head_path(Path("run.db")).name
    'run.db.head'
    """
    return store.with_name(store.name + ".head")


def read_mark(store: Path) -> Mark | None:
    """The newest mark that is intact, read without the lock; None when there is none. Raises OSError."""
    return max((slot for slot in map(_slot, _contents(store)) if slot is not None), default=None)


def damaged_marks(store: Path) -> int:
    """The number of damaged slots. Each is read twice, because a slot may be read during a write. Raises OSError."""
    twice = zip(_contents(store), _contents(store), strict=False)
    return sum(first == second and any(first) and _slot(first) is None for first, second in twice)


def _contents(store: Path) -> list[bytes]:
    try:
        descriptor = os.open(head_path(store), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    try:
        return _read_slots(descriptor)
    finally:
        os.close(descriptor)


class HeadFile:
    """``<store>.head``, open and locked (``flock``: the kernel releases the lock however the process ends).

    Raises InUseError when this or another process has the lock; StoreError when the file cannot be created.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     head = HeadFile(Path(folder, "run.db"))
    ...     head.write(7, bytes(32))
    ...     mark = head.read()
    ...     head.close()
    >>> mark[0]
    7
    """

    def __init__(self, store: Path) -> None:
        self.path = head_path(store)
        self._fresh = not self.path.exists()
        self.descriptor = -1
        try:
            self._open_locked(store)
            write_at(self.descriptor, _PID.pack(os.getpid()), _PID_OFFSET)
            slots = [_slot(content) for content in _read_slots(self.descriptor)]
        except OSError as error:
            self.discard()
            raise _unusable(store, error) from None
        self._newest = max((slot for slot in slots if slot is not None), default=None)
        self._next = 1 if self._newest is not None and slots[0] == self._newest else 0

    def _open_locked(self, store: Path) -> None:
        """Open and lock the file. Repeat if the file was replaced between the two: its holder may have removed it."""
        while True:
            self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _lock(self.descriptor, fcntl.LOCK_EX, store)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self.descriptor), self.path.stat()):
                    return
            os.close(self.descriptor)

    def read(self) -> Mark | None:
        """The newest (seq, hash) that is intact; None when neither slot is."""
        return self._newest

    def write(self, seq: int, digest: bytes) -> None:
        """Record that steps up to ``seq`` are committed. The record survives the end of the process and, after `sync`, a power
        failure.

        Raises OSError.
        """
        record = _RECORD.pack(seq, digest)
        write_at(self.descriptor, record + _CRC.pack(zlib.crc32(record)), self._next * _SLOT_BYTES)
        self._next ^= 1
        self._newest = (seq, digest)

    def sync(self) -> None:
        """Sync the slots to the disk. Raises SyncError."""
        try:
            os.fsync(self.descriptor)
        except OSError as error:
            raise SyncError(*error.args) from error

    def close(self) -> None:
        """Release the lock. Raises OSError."""
        os.close(self.descriptor)

    def discard(self) -> None:
        """Release the lock of a store that could not be opened, and remove the file if it was created for it."""
        # The error that prevented the opening is the one to report.
        with contextlib.suppress(OSError):
            if self._fresh:
                self.path.unlink()
        with contextlib.suppress(OSError):
            os.close(self.descriptor)


@contextlib.contextmanager
def locked_for_reading(store: Path) -> Iterator[None]:
    """Keep writers away from a store, without writing to it. Raises InUseError while one has the lock."""
    try:
        descriptor = os.open(head_path(store), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # without a mark, nothing opens the store
        yield
        return
    except OSError as error:
        raise _unusable(store, error) from None
    _lock(descriptor, fcntl.LOCK_SH, store)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int, store: Path) -> None:
    """Lock an open .head file; close it where that fails."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        pid = os.pread(descriptor, _PID.size, _PID_OFFSET)
        os.close(descriptor)
        holder = f"process {_PID.unpack(pid)[0]}" if len(pid) == _PID.size else "another process"
        if not isinstance(error, BlockingIOError):
            raise StoreError(f"store {store} cannot be locked ({error.strerror}); use a local file system") from None
        raise InUseError(f"store {store} is in use by {holder}; stop it first, or use another store") from None


def _read_slots(descriptor: int) -> list[bytes]:
    return [os.pread(descriptor, _RECORD.size + _CRC.size, number * _SLOT_BYTES) for number in (0, 1)]


def _slot(content: bytes) -> Mark | None:
    if len(content) < _RECORD.size + _CRC.size:
        return None
    record, crc = content[: _RECORD.size], _CRC.unpack(content[_RECORD.size :])[0]
    if zlib.crc32(record) != crc:
        return None
    seq, digest = _RECORD.unpack(record)
    return seq, digest


def _unusable(store: Path, error: OSError) -> StoreError:
    reason, advice = cause(error, store)
    return StoreError(
        f"store {store} cannot be opened: {head_path(store)}: {reason}; {advice}, or name a file in a folder you may write to"
    )
