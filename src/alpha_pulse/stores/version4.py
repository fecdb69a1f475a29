"""Reads stores of schema version 4, whose journal has one row of JSON per step. Nothing is written."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from alpha_pulse.core.errors import StateError
from alpha_pulse.stores.base import RECOVERY_HINT
from alpha_pulse.stores.causes import DATABASE_ERRORS
from alpha_pulse.stores.chain import genesis
from alpha_pulse.stores.head import locked_for_reading
from alpha_pulse.stores.snapshot import StoreSnapshot
from alpha_pulse.stores.versions import CONVERTIBLE

_ROWS = "SELECT seq, ts_event, CAST(payload AS BLOB), CAST(decision AS BLOB), hash FROM journal ORDER BY seq"
_pack_link = struct.Struct("<qqq").pack


class JournalRow(msgspec.Struct, frozen=True, gc=False):
    """One step: its record and its decision, if it has one, as JSON."""

    seq: int
    ts_event: int
    payload: bytes
    decision: bytes | None


class Version4Reader(StoreSnapshot):
    """A snapshot of a store of version 4, which no program can write meanwhile.

    Raises InUseError when a program writes it; otherwise as `StoreSnapshot`.
    """

    def __init__(self, path: Path) -> None:
        with ExitStack() as held:
            held.enter_context(locked_for_reading(path))
            super().__init__(path, CONVERTIBLE)
            self._lock = held.pop_all()

    def close(self) -> None:
        """Release the snapshot and the lock."""
        super().close()
        self._lock.close()

    def rows(self) -> Iterator[JournalRow]:
        """All steps, each checked against the hash before it. Raises StateError at the first that does not match."""
        identity, expected = self.identity, 0
        before = b"" if identity is None else genesis(identity)
        try:
            for seq, ts_event, payload, decision, digest in self._db.execute(_ROWS):
                if seq != expected:
                    raise StateError(f"journal row {expected} of {self.path} is missing (row {seq} follows); {RECOVERY_HINT}")
                if not _fits(before, seq, ts_event, payload, decision, digest):
                    raise StateError(
                        f"journal row {seq} of {self.path} is damaged: its hash does not match its content; {RECOVERY_HINT}"
                    )
                yield JournalRow(seq, ts_event, payload, decision)
                before, expected = digest, expected + 1
        except DATABASE_ERRORS as error:
            raise self._unreadable(error) from error

    def _result_link(self, result: bytes) -> bytes:
        return link(self._content.hash, self._content.seq + 1, 0, result, None)


def link(prev_hash: bytes, seq: int, ts_event: int, payload: bytes, decision: bytes | None) -> bytes:
    """The hash of one row, over its content and the hash before it.

    >>> link(bytes(32), 0, 5, b"{}", None).hex()[:16]
    'd1edae8356709f51'
    """
    return hashlib.sha256(prev_hash + _pack_link(seq, ts_event, len(payload)) + payload + (decision or b"")).digest()


def _fits(prev_hash: bytes, seq: int, ts_event: int, payload: bytes, decision: bytes | None, digest: bytes) -> bool:
    """Whether the hash of a row matches. A damaged file may contain values of any type."""
    try:
        return link(prev_hash, seq, ts_event, payload, decision) == digest
    except (TypeError, struct.error):
        return False
