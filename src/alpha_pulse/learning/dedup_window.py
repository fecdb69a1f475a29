"""The ids of all learned examples, with a digest of their content, in 24 bytes each."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State

MOST_IDS = 2_000_000
"""Largest number of ids of a run, about 90 MB of memory. Beyond it new ids are refused; no id is dropped."""
DIGEST_BYTES = 16
CONTENT_BYTES = 8
PREFIX_BYTES = 2
REST_BYTES = DIGEST_BYTES - PREFIX_BYTES
ENTRY_BYTES = REST_BYTES + CONTENT_BYTES


class DedupWindow:
    """A growing set of ids, each stored as a digest of the id and a digest of its content, 24 bytes together.

    A digest's first two bytes choose one of 65,536 buckets, in which the rest is searched: with a million ids about 300 bytes.

    >>> seen = DedupWindow()
    >>> seen.add("a", b"1")
    >>> "a" in seen, "b" in seen, len(seen), seen.repeats("a", b"1"), seen.repeats("a", b"2")
    (True, False, 1, True, False)
    """

    def __init__(self) -> None:
        self._buckets: dict[bytes, bytearray] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, seen_id: str) -> bool:
        digest = _digest(seen_id)
        return _place(self._buckets.get(digest[:PREFIX_BYTES], b""), digest[PREFIX_BYTES:]) >= 0

    def repeats(self, seen_id: str, content: bytes) -> bool:
        """Whether the same content was sent under this known id before; False for other content."""
        digest = _digest(seen_id)
        bucket = self._buckets[digest[:PREFIX_BYTES]]
        start = _place(bucket, digest[PREFIX_BYTES:]) + REST_BYTES
        return bucket[start : start + CONTENT_BYTES] == content_digest(content)

    def add(self, seen_id: str, content: bytes) -> None:
        """Add an id with its content; no effect if it is known."""
        digest = _digest(seen_id)
        bucket, rest = self._buckets.setdefault(digest[:PREFIX_BYTES], bytearray()), digest[PREFIX_BYTES:]
        if _place(bucket, rest) < 0:
            bucket += rest + content_digest(content)
            self._count += 1

    def snapshot(self) -> State:
        """All digests, ordered by bucket. See `alpha_pulse.core.stateful.Stateful`."""
        prefixes = sorted(self._buckets)
        counts = [len(self._buckets[prefix]) // ENTRY_BYTES for prefix in prefixes]
        heads = np.frombuffer(b"".join(prefixes), dtype=np.uint8).reshape(-1, PREFIX_BYTES).repeat(counts, axis=0)
        rests = np.frombuffer(b"".join(self._buckets[prefix] for prefix in prefixes), dtype=np.uint8)
        rests = rests.reshape(-1, ENTRY_BYTES)
        return State(arrays={"digests": np.concatenate([heads, rests], axis=1).reshape(-1)})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        saved = state.arrays.get("digests")
        if saved is None or saved.dtype != np.uint8 or saved.size % (PREFIX_BYTES + ENTRY_BYTES):
            raise StateError("the ids of a saved state are not whole digests; use an older checkpoint")
        digests = saved.reshape(-1, PREFIX_BYTES + ENTRY_BYTES)
        prefixes = np.ascontiguousarray(digests[:, :PREFIX_BYTES]).view(">u2").reshape(-1)
        order = np.argsort(prefixes, kind="stable")
        kept, starts = np.unique(prefixes[order], return_index=True)
        rests = digests[order, PREFIX_BYTES:]
        parts = np.split(rests, starts[1:]) if len(kept) else []
        self._buckets = {
            int(prefix).to_bytes(PREFIX_BYTES, "big"): bytearray(part.tobytes())
            for prefix, part in zip(kept, parts, strict=True)
        }
        self._count = len(digests)


def _digest(seen_id: str) -> bytes:
    return blake2b(seen_id.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def content_digest(content: bytes) -> bytes:
    """The digest of an example's content."""
    return blake2b(content, digest_size=CONTENT_BYTES).digest()


def _place(bucket: bytes | bytearray, rest: bytes) -> int:
    """The offset of an id's entry, or -1."""
    offset = bucket.find(rest)
    while offset % ENTRY_BYTES and offset >= 0:
        # The bytes span two neighbouring entries: search on.
        offset = bucket.find(rest, offset + 1)
    return offset
