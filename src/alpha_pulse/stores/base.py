"""What a store promises: a hash-chained journal, checkpoints beside it, one run, one writer.

A crash drops whole steps from the end of the journal, never one from the middle. Nothing is ever taken out.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Protocol

import msgspec

from alpha_pulse.core.errors import DataError, StateError, StoreError

SCHEMA_VERSION = 4
"""The layout of journal rows and tables that this program writes. A store of another version is refused, not converted.

4 (2026-11-30): predictions hold ``members`` and ``quarantined`` (were ``parts`` and ``trust``, inverted), alarms what is
``monitored`` (was ``watched``), and adaptations end as ``accepted`` or ``rolled_back`` (were ``kept`` and ``undone``).

3 (2026-11-29): labels hold the online model's probability before calibration and the inputs of trials, ``scored_trades`` the
trade-quality scores, and ages of members that have learnt nothing are null; table ``run`` holds the configuration, and hashes
of the identity and of the result.
"""
HASH_BYTES = 32
_HASH_SHOWN = 12
RawRow = tuple[int, int, bytes, bytes | None, bytes]
"""seq, ts_event, payload, decision, hash: a row as it came from the medium, not yet believed."""

_pack_link = struct.Struct("<qqq").pack
_well_formed = msgspec.json.Decoder(msgspec.Raw).decode


class RunIdentity(msgspec.Struct, frozen=True):
    """Which run a store holds. Hashes are SHA-256 in hex; ``run_id`` is a name and enters no chain.

    ``config`` is the JSON text that ``config_hash`` is the hash of, or empty where nobody gave it.
    """

    run_id: str
    config_hash: str
    feed_identity: str
    program_version: str
    schema_version: int = SCHEMA_VERSION
    config: str = ""


class JournalRow(msgspec.Struct, frozen=True, gc=False):
    """One step. ``payload`` is a JSON object, ``decision`` a JSON object on one line (no newline), ``hash`` 32 bytes."""

    seq: int
    ts_event: int
    payload: bytes
    decision: bytes | None
    hash: bytes


class Store(Protocol):
    """Where a run lives. Rows count from 0; ``ts_event`` is in nanoseconds since the Unix epoch (UTC).

    An appended row is in the open group: part of the head and of ``rows`` at once, safe from a crash once its group is
    flushed. With durability ``group``, ``append`` flushes by itself when the group is full or old, and may leave the
    waiting for the disk to the background; with ``step``, no row leaves ``append`` before it is on the disk.
    """

    location: str
    """How a person names this store, in messages and on the command line."""

    @property
    def identity(self) -> RunIdentity | None:
        """The run that is held; None before the first `begin`."""
        ...

    @property
    def head(self) -> tuple[int, bytes]:
        """The last row's seq and hash, the open group included; seq is -1 while there is none."""
        ...

    def begin(self, identity: RunIdentity, resume: bool) -> None:
        """Start a run, or go on with the one held. Resuming an empty store starts.

        Raises StoreError when a run is held and ``resume`` is False, or when the run held has another configuration,
        feed or schema. The identity of the first start stays.
        """
        ...

    def append(self, ts_event: int, payload: bytes, decision: bytes | None) -> int:
        """Add one row to the open group and return its seq.

        Raises DataError for what cannot be a JSON object on one line, StoreError when the run has not begun, is
        finished, or an earlier flush failed.
        """
        ...

    def due(self) -> bool:
        """Whether the open group is full or old enough to be flushed: to be asked when no rows come."""
        ...

    def flush(self) -> None:
        """Return when every appended row is on the disk. Raises StoreError when it cannot get there."""
        ...

    def reach(self, seq: int) -> Future[None] | None:
        """Have row ``seq`` brought to the disk, without waiting.

        None once it is there; else a future after which to ask again. Raises StoreError when it cannot get there.
        """
        ...

    def rows(self, from_seq: int = 0) -> Iterator[JournalRow]:
        """The rows from ``from_seq`` on, each checked against the hash before it, read in blocks.

        Raises StateError naming the first row that is damaged or missing.
        """
        ...

    def decisions(self) -> Iterator[bytes]:
        """The decision lines in order, checked like `rows`."""
        ...

    def save_checkpoint(self, seq: int, blob: bytes) -> None:
        """Keep ``blob`` as the state after row ``seq``, in one transaction with all rows up to it.

        Only the newest ``keep_checkpoints`` stay. Raises StateError when the journal does not reach ``seq``.
        """
        ...

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """(seq, blob), newest first. A blob that the medium cannot give back comes as ``b""``, so that older ones follow."""
        ...

    def finish(self, result: bytes) -> None:
        """Flush, and keep the run's result (a JSON object). No row can follow."""
        ...

    def result(self) -> bytes | None:
        """What `finish` kept; None while the run is not finished. Raises StateError when a byte of it has changed."""
        ...

    def close(self) -> None:
        """Flush and let go of everything. A second call does nothing."""
        ...


def genesis(identity: RunIdentity) -> bytes:
    """The hash before row 0. Equal runs have equal chains, so ``run_id`` is left out; ``config_hash`` stands for ``config``.

    >>> a, b = (RunIdentity(run_id=name, config_hash="c", feed_identity="f", program_version="1") for name in "ab")
    >>> genesis(a) == genesis(b)
    True
    """
    content = msgspec.to_builtins(identity)
    del content["run_id"], content["config"]
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).digest()


def identity_hash(identity: RunIdentity) -> bytes:
    """What shows that no byte of an identity has changed, its name included.

    >>> identity_hash(RunIdentity("a", "c", "f", "1")) == identity_hash(RunIdentity("b", "c", "f", "1"))
    False
    """
    return hashlib.sha256(msgspec.json.encode(identity, order="deterministic")).digest()


def link(prev_hash: bytes, seq: int, ts_event: int, payload: bytes, decision: bytes | None) -> bytes:
    """The hash of one row, over its content and the hash before it (Haber and Stornetta, 1991, doi:10.1007/BF00196791).

    >>> link(bytes(32), 0, 5, b"{}", None).hex()[:16]
    'd1edae8356709f51'
    """
    # Piece by piece: hashlib gives the interpreter away for more than 2,047 bytes at once, and the committing thread takes it.
    digest = hashlib.sha256(prev_hash + _pack_link(seq, ts_event, len(payload)))
    digest.update(payload)
    if decision is not None:
        digest.update(decision)
    return digest.digest()


def result_link(head: tuple[int, bytes], result: bytes) -> bytes:
    """The hash of a run's result: the last link of its chain, as if the result were the row after ``head``.

    >>> result_link((4, bytes(32)), b"{}") == link(bytes(32), 5, 0, b"{}", None)
    True
    """
    return link(head[1], head[0] + 1, 0, result, None)


def json_text(what: str, seq: int, content: bytes) -> str:
    """``content`` as text, once it is certain that it is one JSON object. Raises DataError otherwise.

    >>> json_text("payload", 3, b'{"x":NaN}')  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    alpha_pulse.core.errors.DataError: payload of row 3 is not a JSON object (...); encode it with msgspec.json
    """
    try:
        _well_formed(content)
        text = content.decode()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{what} of row {seq} is not a JSON object ({error}); encode it with msgspec.json") from None
    if text[0] != "{":
        raise DataError(
            f"{what} of row {seq} starts with {text[0]!r}, but a JSON object is expected; encode a struct or a dict"
        )
    return text


def row_text(what: str, seq: int, content: bytes) -> str:
    """``content`` as text: one JSON object on one line, as msgspec wrote it. Raises DataError for anything that cannot be one.

    Only the ends are looked at: what msgspec encoded is well-formed, and a full check costs as much as encoding it.

    >>> row_text("payload", 3, b"[1]")
    Traceback (most recent call last):
    ...
    alpha_pulse.core.errors.DataError: payload of row 3 is not a JSON object on one line; encode a struct with msgspec.json
    """
    if content[:1] != b"{" or content[-1:] != b"}" or b"\n" in content:
        raise DataError(f"{what} of row {seq} is not a JSON object on one line; encode a struct with msgspec.json")
    return content.decode()


def admit(held: RunIdentity | None, asked: RunIdentity, resume: bool, location: str) -> RunIdentity:
    """The identity to go on with: the one held, if any. Raises StoreError when ``asked`` may not use this store."""
    if held is None:
        return asked
    if not resume:
        raise StoreError(f"store {location} already holds run {held.run_id!r}; use --resume to go on, or another --store")
    parts = [
        f"{what} ({name} {was[:_HASH_SHOWN]} there, {now[:_HASH_SHOWN]} here)"
        for what, name, was, now in (
            ("the configuration differs", "config_hash", held.config_hash, asked.config_hash),
            ("the data differ", "feed_identity", held.feed_identity, asked.feed_identity),
            ("the store's layout differs", "schema_version", str(held.schema_version), str(asked.schema_version)),
        )
        if was != now
    ]
    if parts:
        # Another version alone is no reason to refuse, but it may be why a hash differs.
        if held.program_version != asked.program_version:
            parts.append(f"version {held.program_version} of this program wrote it, and this is {asked.program_version}")
        raise StoreError(
            f"store {location} holds run {held.run_id!r}, which is not this one: {'; '.join(parts)}; "
            "resume with the configuration and data that started it, or use another --store"
        )
    return held


def verified(found: Iterable[RawRow], start: int, end: int, prev_hash: bytes, location: str) -> Iterator[JournalRow]:
    """Rows ``start`` to ``end`` (inclusive) out of raw ones, each checked. Raises StateError at the first that does not fit."""
    expected = start
    for seq, ts_event, payload, decision, digest in found:
        if seq != expected:
            raise StateError(f"journal row {expected} of {location} is missing (row {seq} follows); {RECOVERY_HINT}")
        if not _fits(prev_hash, seq, ts_event, payload, decision, digest):
            raise StateError(f"journal row {seq} of {location} is damaged: its hash does not fit its content; {RECOVERY_HINT}")
        prev_hash = digest
        yield JournalRow(seq, ts_event, payload, decision, digest)
        expected += 1
    if expected <= end:
        raise StateError(
            f"journal row {expected} of {location} is missing, although {end + 1} rows were written; {RECOVERY_HINT}"
        )


def _fits(prev_hash: bytes, seq: int, ts_event: int, payload: bytes, decision: bytes | None, digest: bytes) -> bool:
    """Whether a row is the next link. A damaged file may give values of any type."""
    try:
        return link(prev_hash, seq, ts_event, payload, decision) == digest
    except (TypeError, struct.error):
        return False


RECOVERY_HINT = "restore the store and its .head file from one backup, or start a new --store"
"""The way out of a damaged journal, as the tail of an error sentence."""
