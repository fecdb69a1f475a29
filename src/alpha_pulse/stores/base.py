"""The interface of a store: a hash-chained journal and checkpoints of one run, with one writer.

A crash may lose whole steps from the end of the journal, never one from the middle. No row is ever deleted.
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

4 (2026-11-30): predictions contain ``members`` and ``quarantined`` (formerly ``parts`` and the inverse of ``trust``), alarms
``monitored`` (formerly ``watched``), and labels ``next_open_return`` (formerly ``tradable``). Adaptations end as ``accepted``
or ``rolled_back`` (formerly ``kept`` and ``undone``).

3 (2026-11-29): labels contain the online model's probability before calibration and the inputs of trials, ``scored_trades`` the
trade-quality scores, and ages of members without a label are null; table ``run`` contains the configuration, and hashes
of the identity and of the result.
"""
HASH_BYTES = 32
_HASH_SHOWN = 12
RawRow = tuple[int, int, bytes, bytes | None, bytes]
"""seq, ts_event, payload, decision, hash: a row as read, not yet verified."""

_pack_link = struct.Struct("<qqq").pack
_well_formed = msgspec.json.Decoder(msgspec.Raw).decode


class RunIdentity(msgspec.Struct, frozen=True):
    """The run in a store. Hashes are SHA-256 in hex; ``run_id`` is a name and is not part of the hash chain.

    ``config`` is the JSON text whose hash is ``config_hash``, or empty.
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
    """Stores one run. Rows count from 0; ``ts_event`` is in nanoseconds since the Unix epoch (UTC).

    An appended row belongs to the open group: it is part of the head and of ``rows`` at once, and durable once its group is
    flushed. With durability ``group``, ``append`` starts a flush when the group is full or old, and may return before the
    disk confirms it; with ``step``, each ``append`` returns after its row is on the disk.
    """

    location: str
    """The URL of the store, for messages and the command line."""

    @property
    def identity(self) -> RunIdentity | None:
        """The run in the store; None before the first `begin`."""
        ...

    @property
    def head(self) -> tuple[int, bytes]:
        """The last row's seq and hash, the open group included; seq is -1 while there is none."""
        ...

    def begin(self, identity: RunIdentity, resume: bool) -> None:
        """Start a run, or resume the stored one. An empty store starts a run even with ``resume``.

        Raises StoreError when the store contains a run and ``resume`` is False, or when that run has another configuration,
        feed or schema. The identity of the first start is kept.
        """
        ...

    def append(self, ts_event: int, payload: bytes, decision: bytes | None) -> int:
        """Add one row to the open group and return its seq.

        Raises DataError for content that is not a JSON object on one line; StoreError when the run has not begun or is
        finished, or an earlier flush failed.
        """
        ...

    def due(self) -> bool:
        """Whether the open group is full or old enough to be flushed; call it while no rows are appended."""
        ...

    def flush(self) -> None:
        """Return when every appended row is on the disk. Raises StoreError when a write fails."""
        ...

    def ensure_durable(self, seq: int) -> Future[None] | None:
        """Start to write row ``seq`` to the disk, without waiting.

        Returns None once the row is durable; otherwise a future: call again when it is done. Raises StoreError when a write
        fails.
        """
        ...

    def rows(self, from_seq: int = 0) -> Iterator[JournalRow]:
        """The rows from ``from_seq`` on, each checked against the hash before it, read in blocks.

        Raises StateError that names the first row that is damaged or missing.
        """
        ...

    def decisions(self) -> Iterator[bytes]:
        """The decision lines in order, checked like `rows`."""
        ...

    def save_checkpoint(self, seq: int, blob: bytes) -> None:
        """Store ``blob`` as the state after row ``seq``, in one transaction with all rows up to it.

        Only the newest ``keep_checkpoints`` are kept. Raises StateError when the journal ends before ``seq``.
        """
        ...

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """(seq, blob), newest first. An unreadable blob is ``b""``, so that the caller can use an older one."""
        ...

    def finish(self, result: bytes) -> None:
        """Flush, and store the run's result (a JSON object). No row can be appended afterwards."""
        ...

    def result(self) -> bytes | None:
        """The stored result; None while the run is not finished. Raises StateError when it does not match its hash."""
        ...

    def close(self) -> None:
        """Flush, and release the lock and the files. A second call does nothing."""
        ...


def genesis(identity: RunIdentity) -> bytes:
    """The hash before row 0. It excludes ``run_id``, so that equal runs have equal chains; ``config_hash`` represents
    ``config``.

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


def link(prev_hash: bytes, seq: int, ts_event: int, payload: bytes, decision: bytes | None) -> bytes:
    """The hash of one row, over its content and the hash before it (Haber and Stornetta, 1991, doi:10.1007/BF00196791).

    >>> link(bytes(32), 0, 5, b"{}", None).hex()[:16]
    'd1edae8356709f51'
    """
    # In pieces: hashlib releases the GIL for more than 2,047 bytes at once, and the committing thread would take it.
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


def json_text(part: str, seq: int, content: bytes) -> str:
    """``content`` as text, after a check that it is one JSON object. ``part`` names it in the DataError.

    >>> json_text("payload", 3, b'{"x":NaN}')  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    alpha_pulse.core.errors.DataError: payload of row 3 is not a JSON object (...); encode it with msgspec.json
    """
    try:
        _well_formed(content)
        text = content.decode()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{part} of row {seq} is not a JSON object ({error}); encode it with msgspec.json") from None
    if text[0] != "{":
        raise DataError(
            f"{part} of row {seq} starts with {text[0]!r}, but a JSON object is expected; encode a struct or a dict"
        )
    return text


def row_text(part: str, seq: int, content: bytes) -> str:
    """``content`` as text: one JSON object on one line. ``part`` names it in the DataError.

    Only the first and the last byte and line breaks are checked: a full check costs as much as encoding the row.

    >>> row_text("payload", 3, b"[1]")
    Traceback (most recent call last):
    ...
    alpha_pulse.core.errors.DataError: payload of row 3 is not a JSON object on one line; encode a struct with msgspec.json
    """
    if content[:1] != b"{" or content[-1:] != b"}" or b"\n" in content:
        raise DataError(f"{part} of row {seq} is not a JSON object on one line; encode a struct with msgspec.json")
    return content.decode()


def check_identity(stored: RunIdentity | None, requested: RunIdentity, resume: bool, location: str) -> RunIdentity:
    """The identity to use: the stored one, if any. Raises StoreError when ``requested`` may not use this store."""
    if stored is None:
        return requested
    if not resume:
        raise StoreError(
            f"store {location} already contains run {stored.run_id!r}; use --resume to continue it, or another --store"
        )
    differences = [
        f"{difference} ({name} {before[:_HASH_SHOWN]} in the store, {now[:_HASH_SHOWN]} now)"
        for difference, name, before, now in (
            ("the configuration differs", "config_hash", stored.config_hash, requested.config_hash),
            ("the data differ", "feed_identity", stored.feed_identity, requested.feed_identity),
            ("the store's layout differs", "schema_version", str(stored.schema_version), str(requested.schema_version)),
        )
        if before != now
    ]
    if differences:
        # Another program version alone is accepted, but it may be why a hash differs.
        if stored.program_version != requested.program_version:
            differences.append(
                f"version {stored.program_version} of this program wrote it, and this is {requested.program_version}"
            )
        raise StoreError(
            f"store {location} contains run {stored.run_id!r}, which is a different run: {'; '.join(differences)}; "
            "resume it with the configuration and data that started it, or use another --store"
        )
    return stored


def verified(rows: Iterable[RawRow], start: int, end: int, prev_hash: bytes, location: str) -> Iterator[JournalRow]:
    """Rows ``start`` to ``end`` (inclusive), checked against their hashes. Raises StateError at the first mismatch."""
    expected = start
    for seq, ts_event, payload, decision, digest in rows:
        if seq != expected:
            raise StateError(f"journal row {expected} of {location} is missing (row {seq} follows); {RECOVERY_HINT}")
        if not _fits(prev_hash, seq, ts_event, payload, decision, digest):
            raise StateError(
                f"journal row {seq} of {location} is damaged: its hash does not match its content; {RECOVERY_HINT}"
            )
        prev_hash = digest
        yield JournalRow(seq, ts_event, payload, decision, digest)
        expected += 1
    if expected <= end:
        raise StateError(
            f"journal row {expected} of {location} is missing, although {end + 1} rows were written; {RECOVERY_HINT}"
        )


def _fits(prev_hash: bytes, seq: int, ts_event: int, payload: bytes, decision: bytes | None, digest: bytes) -> bool:
    """Whether the hash of a row matches. A damaged file may contain values of any type."""
    try:
        return link(prev_hash, seq, ts_event, payload, decision) == digest
    except (TypeError, struct.error):
        return False


RECOVERY_HINT = "restore the store and its .head file from one backup, or start a new --store"
"""How to recover from a damaged journal, as the end of an error message."""
