"""A store in memory, lost with the process: the reference for other stores, and the fastest for experiments."""

from __future__ import annotations

from collections.abc import Iterator

from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.stores.base import (
    JournalRow,
    RawRow,
    RunIdentity,
    check_identity,
    genesis,
    json_text,
    link,
    row_text,
    verified,
)


class MemoryStore:
    """A journal in a list, lost with the process.

    >>> store = MemoryStore()
    >>> store.begin(RunIdentity("r", "c", "f", "1"), resume=False)
    >>> store.append(5, b'{"bars":[]}', None)
    0
    >>> [row.ts_event for row in store.rows()]
    [5]
    """

    def __init__(self, settings: StoreConfig | None = None) -> None:
        self.location = "memory://"
        self._keep = (settings or StoreConfig()).keep_checkpoints
        self._identity: RunIdentity | None = None
        self._rows: list[RawRow] = []
        self._genesis = b""
        self._hash = b""
        self._checkpoints: dict[int, bytes] = {}
        self._result: bytes | None = None
        self._closed = False

    @classmethod
    def open(cls, address: str, settings: StoreConfig) -> MemoryStore:
        """Open by the part of a URL after ``memory://``, which must be empty."""
        if address:
            raise StoreError(f"store memory://{address} has a path, but a store in memory has none; give memory://")
        return cls(settings)

    @property
    def identity(self) -> RunIdentity | None:
        """The run in the store."""
        return self._identity

    @property
    def head(self) -> tuple[int, bytes]:
        """Last seq (-1: none) and hash."""
        return len(self._rows) - 1, self._hash

    def begin(self, identity: RunIdentity, resume: bool) -> None:
        """Start or resume the run. Raises StoreError as `Store.begin` does."""
        self._refuse_closed()
        started = self._identity is None
        self._identity = check_identity(self._identity, identity, resume, self.location)
        if started:
            self._genesis = self._hash = genesis(self._identity)

    def append(self, ts_event: int, payload: bytes, decision: bytes | None) -> int:
        """Add one row. Raises DataError and StoreError as `Store.append` does."""
        self._refuse_closed()
        if self._identity is None:
            raise StoreError(f"store {self.location} contains no run yet; call begin first")
        if self._result is not None:
            raise StoreError(f"the run in store {self.location} is finished; use another --store")
        seq = len(self._rows)
        row_text("payload", seq, payload)
        if decision is not None:
            row_text("decision", seq, decision)
        self._hash = link(self._hash, seq, ts_event, payload, decision)
        self._rows.append((seq, ts_event, payload, decision, self._hash))
        return seq

    def due(self) -> bool:
        """Always False: every row is stored at once."""
        return False

    def flush(self) -> None:
        """Do nothing."""
        self._refuse_closed()

    def ensure_durable(self, seq: int) -> None:
        """Do nothing: every row is stored at once."""
        self._refuse_closed()

    def rows(self, from_seq: int = 0) -> Iterator[JournalRow]:
        """The rows from ``from_seq`` on, checked."""
        self._refuse_closed()
        start, end = max(from_seq, 0), len(self._rows) - 1
        if start > end:
            return iter(())
        prev_hash = self._rows[start - 1][4] if start else self._genesis
        rows = (self._rows[seq] for seq in range(start, end + 1))
        return verified(rows, start, end, prev_hash, self.location)

    def decisions(self) -> Iterator[bytes]:
        """The decision lines in order."""
        return (row.decision for row in self.rows() if row.decision is not None)

    def save_checkpoint(self, seq: int, blob: bytes) -> None:
        """Store a state. Raises StateError when the journal ends before ``seq``."""
        self._refuse_closed()
        if not -1 <= seq < len(self._rows):
            raise StateError(
                f"a checkpoint at row {seq} was given, but the journal of {self.location} ends at {len(self._rows) - 1}"
            )
        self._checkpoints[seq] = blob
        for old in sorted(self._checkpoints)[: -self._keep]:
            del self._checkpoints[old]

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """(seq, blob), newest first."""
        self._refuse_closed()
        return iter(sorted(self._checkpoints.items(), reverse=True))

    def finish(self, result: bytes) -> None:
        """Store the result; no row can be appended afterwards."""
        self._refuse_closed()
        if self._identity is None or self._result is not None:
            raise StoreError(f"store {self.location} contains no unfinished run; call begin first")
        json_text("result", len(self._rows), result)
        self._result = result

    def result(self) -> bytes | None:
        """The stored result; None while the run is not finished."""
        self._refuse_closed()
        return self._result

    def close(self) -> None:
        """Raise StoreError at every later call."""
        self._closed = True

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreError(f"store {self.location} is closed; open it again")
