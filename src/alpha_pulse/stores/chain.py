"""The hash chain of a journal: every block's hash is over its content and the hash before it
(Haber and Stornetta, 1991, doi:10.1007/BF00196791)."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from alpha_pulse.core.errors import StateError
from alpha_pulse.stores.base import RECOVERY_HINT, Block, Rows, RunIdentity

_pack = struct.Struct("<qqqqq").pack
_pack_rows = msgspec.msgpack.Encoder().encode
_UNHASHABLE = (TypeError, ValueError, OverflowError, struct.error)
"""What `link` raises for values of other types, which only a damaged file contains."""


def genesis(identity: RunIdentity) -> bytes:
    """The hash before step 0. It excludes ``run_id``, so that equal runs in equal blocks have equal chains; ``config_hash``
    represents ``config``. `decisions_sha256` compares runs whatever their blocks.

    >>> a, b = (RunIdentity(run_id=name, config_hash="c", feed_identity="f", program_version="1") for name in "ab")
    >>> genesis(a) == genesis(b)
    True
    """
    content = msgspec.to_builtins(identity)
    del content["run_id"], content["config"]
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).digest()


def identity_hash(identity: RunIdentity) -> bytes:
    """The hash of a whole identity, its name included.

    >>> identity_hash(RunIdentity("a", "c", "f", "1")) == identity_hash(RunIdentity("b", "c", "f", "1"))
    False
    """
    return hashlib.sha256(msgspec.json.encode(identity, order="deterministic")).digest()


def link(prev_hash: bytes, block: Block) -> bytes:
    """The hash of one block, over its content and the hash before it. ``block.hash`` is ignored.

    The columns are preceded by their length, and the rows are one MessagePack value, so that no content can move from one
    part to another.

    >>> link(bytes(32), Block(0, 1, 5, 5, "{}", b"", {})).hex()[:16]
    '35535c057be17be4'
    """
    columns = block.columns
    digest = hashlib.sha256(prev_hash)
    digest.update(_pack(block.seq, block.steps, block.first_ts, block.last_ts, len(columns)))
    digest.update(_layout_hash(block.layout))
    digest.update(columns)
    digest.update(rows_content(block.rows))
    return digest.digest()


def rows_content(rows: Rows) -> bytes:
    """Rare rows as bytes: a MessagePack list of [table, rows], by the tables' names.

    >>> rows_content({"requests": [(3, 0, "EURUSD/direction", "manual")]}).hex()[:22]
    '9192a87265717565737473'
    """
    return _pack_rows(sorted(rows.items()))


@lru_cache(maxsize=16)
def _layout_hash(layout: str) -> bytes:
    return hashlib.sha256(layout.encode()).digest()


def result_link(head: tuple[int, bytes], result: bytes) -> bytes:
    """The hash of a run's result: the last link of its chain, as a block without steps after ``head``.

    >>> result_link((4, bytes(32)), b"{}") == result_link((5, bytes(32)), b"{}")
    False
    """
    return hashlib.sha256(head[1] + _pack(head[0] + 1, 0, 0, 0, len(result)) + result).digest()


def verified(blocks: Iterable[Block], start: int, end: int, prev_hash: bytes, location: str) -> Iterator[Block]:
    """Blocks from step ``start`` to step ``end`` (inclusive), checked against their hashes.

    Raises StateError that names the first step that is damaged or missing.
    """
    expected = start
    for block in blocks:
        first = block.seq - block.steps + 1 if isinstance(block.steps, int) else expected
        if first > expected:
            raise StateError(f"journal step {expected} of {location} is missing (step {first} follows); {RECOVERY_HINT}")
        if first < expected or not _fits(prev_hash, block):
            what = "its hash does not match its content"
            if block.seq > expected:
                what = f"the hash of steps {expected} to {block.seq} does not match their content"
            raise StateError(f"journal step {expected} of {location} is damaged: {what}; {RECOVERY_HINT}")
        prev_hash = block.hash
        yield block
        expected = block.seq + 1
    if expected <= end:
        raise StateError(
            f"journal step {expected} of {location} is missing, although {end + 1} steps were written; {RECOVERY_HINT}"
        )


def _fits(prev_hash: bytes, block: Block) -> bool:
    """Whether the hash of a block matches. A damaged file may contain values of any type."""
    try:
        return link(prev_hash, block) == block.hash
    except _UNHASHABLE:
        return False
