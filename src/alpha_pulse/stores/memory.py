"""A store in memory, lost with the process: the reference for other stores, and the fastest for experiments."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter

import msgspec

from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.stores.base import Block, RunIdentity, check_identity, result_text
from alpha_pulse.stores.block_checks import check_block
from alpha_pulse.stores.chain import genesis, link, verified


class MemoryStore:
    """A journal in a list, lost with the process.

    >>> store = MemoryStore()
    >>> store.begin(RunIdentity("r", "c", "f", "1"), resume=False)
    >>> store.append(Block(seq=1, steps=2, first_ts=5, last_ts=6, layout="{}", columns=b"", rows={}))
    >>> [(block.first, block.seq) for block in store.blocks()]
    [(0, 1)]
    """

    def __init__(self, settings: StoreConfig | None = None) -> None:
        self.location = "memory://"
        self._keep = (settings or StoreConfig()).keep_checkpoints
        self._identity: RunIdentity | None = None
        self._blocks: list[Block] = []
        self._genesis = b""
        self._seq = -1
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
        return self._seq, self._hash

    def begin(self, identity: RunIdentity, resume: bool) -> None:
        """Start or resume the run. Raises StoreError as `Store.begin` does."""
        self._refuse_closed()
        started = self._identity is None
        self._identity = check_identity(self._identity, identity, resume, self.location)
        if started:
            self._genesis = self._hash = genesis(self._identity)

    @property
    def checkpointed(self) -> int:
        """The step of the newest checkpoint; -1 while there is none."""
        return max(self._checkpoints, default=-1)

    def append(self, block: Block) -> None:
        """Add one block. Raises StateError, DataError and StoreError as `Store.append` does."""
        self._refuse_closed()
        if self._identity is None:
            raise StoreError(f"store {self.location} contains no run yet; call begin first")
        if self._result is not None:
            raise StoreError(f"the run in store {self.location} is finished; use another store")
        check_block(block, self._seq, self.location)
        digest = link(self._hash, block)
        self._blocks.append(msgspec.structs.replace(block, hash=digest))
        self._seq, self._hash = block.seq, digest

    def due(self) -> bool:
        """Always False: every block is stored at once."""
        return False

    def flush(self) -> None:
        """Do nothing."""
        self._refuse_closed()

    def ensure_durable(self, seq: int) -> None:
        """Do nothing: every block is stored at once."""
        self._refuse_closed()

    def blocks(self, from_seq: int = 0) -> Iterator[Block]:
        """The blocks from the one that contains ``from_seq`` on, checked."""
        self._refuse_closed()
        if from_seq > self._seq:
            return iter(())
        place = bisect_left(self._blocks, from_seq, key=attrgetter("seq"))
        before = self._blocks[place - 1] if place else None
        start, prev_hash = (0, self._genesis) if before is None else (before.seq + 1, before.hash)
        return verified(self._blocks[place:], start, self._seq, prev_hash, self.location)

    def save_checkpoint(self, seq: int, blob: bytes) -> None:
        """Store a state. Raises StateError when the journal ends before ``seq``."""
        self._refuse_closed()
        if not -1 <= seq <= self._seq:
            raise StateError(f"a checkpoint at step {seq} was given, but the journal of {self.location} ends at {self._seq}")
        self._checkpoints[seq] = blob
        for old in sorted(self._checkpoints)[: -self._keep]:
            del self._checkpoints[old]

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """(seq, blob), newest first."""
        self._refuse_closed()
        return iter(sorted(self._checkpoints.items(), reverse=True))

    def finish(self, result: bytes) -> None:
        """Store the result; no block can be appended afterwards."""
        self._refuse_closed()
        if self._identity is None or self._result is not None:
            raise StoreError(f"store {self.location} contains no unfinished run; call begin first")
        result_text(result)
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
