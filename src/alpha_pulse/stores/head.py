"""The high-water mark beside a database: how far it had got, told by a file of its own, which is also the lock.

Why: one flipped bit in SQLite's -wal after a crash makes SQLite drop every commit from there on, without an error and
with ``integrity_check`` = ok. The journal is then a shorter, perfectly valid chain; only a second witness can tell.

Layout: two slots, 512 bytes apart, written in turn, so that a torn write spoils only one; each is seq (8 bytes), hash (32),
CRC-32 (4), little endian. At 1024: the id of the process that holds the lock, for the message only.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from pathlib import Path

from alpha_pulse.core.errors import StoreError

_SLOT_BYTES = 512
_PID_OFFSET = 1024
_RECORD = struct.Struct("<q32s")
_CRC = struct.Struct("<I")
_PID = struct.Struct("<q")


class HeadFile:
    """Holds ``<store>.head`` open and locked (``flock``: the kernel lets go of it however the process ends).

    Raises StoreError when another holder, in this process or another, has the lock, or the file cannot be made.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     head = HeadFile(Path(folder, "run.db"))
    ...     head.write(7, bytes(32))
    ...     found = head.read()
    ...     head.close()
    >>> found[0]
    7
    """

    def __init__(self, store: Path) -> None:
        self.path = store.with_name(store.name + ".head")
        self._fresh = not self.path.exists()
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"store {store} cannot be opened ({self.path}: {error.strerror}); "
                "give --store a file in a folder you may write to"
            ) from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = os.pread(self._fd, _PID.size, _PID_OFFSET)
            os.close(self._fd)
            holder = f"process {_PID.unpack(pid)[0]}" if len(pid) == _PID.size else "another process"
            if not isinstance(error, BlockingIOError):
                raise StoreError(f"store {store} cannot be locked ({error.strerror}); use a local file system") from None
            raise StoreError(f"store {store} is in use by {holder}; stop it first, or use another --store") from None
        os.pwrite(self._fd, _PID.pack(os.getpid()), _PID_OFFSET)
        slots = [self._slot(number) for number in (0, 1)]
        valid = [slot for slot in slots if slot is not None]
        self._newest = max(valid, default=None)
        self._next = 1 if self._newest is not None and slots[0] == self._newest else 0

    def read(self) -> tuple[int, bytes] | None:
        """The newest (seq, hash) that is intact; None when neither slot is."""
        return self._newest

    def write(self, seq: int, digest: bytes) -> None:
        """Note that rows up to ``seq`` are committed. Survives the end of the process; only `sync` survives a power loss."""
        record = _RECORD.pack(seq, digest)
        os.pwrite(self._fd, record + _CRC.pack(zlib.crc32(record)), self._next * _SLOT_BYTES)
        self._next ^= 1
        self._newest = (seq, digest)

    def sync(self) -> None:
        """Bring the slots to the disk."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Give up the lock."""
        os.close(self._fd)

    def discard(self) -> None:
        """Give up the lock of a store that could not be opened after all; a file made for it goes too."""
        if self._fresh:
            self.path.unlink()
        os.close(self._fd)

    def _slot(self, number: int) -> tuple[int, bytes] | None:
        content = os.pread(self._fd, _RECORD.size + _CRC.size, number * _SLOT_BYTES)
        if len(content) < _RECORD.size + _CRC.size:
            return None
        record, crc = content[: _RECORD.size], _CRC.unpack(content[_RECORD.size :])[0]
        if zlib.crc32(record) != crc:
            return None
        seq, digest = _RECORD.unpack(record)
        return seq, digest
