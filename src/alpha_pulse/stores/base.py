"""The interface of a store: a hash-chained journal and checkpoints of one run, with one writer.

The journal consists of blocks: consecutive steps whose regular values are columns, and whose rare records are rows of plain
tables. A crash may lose whole blocks from the end of the journal, never one from the middle. Nothing is ever deleted from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, Protocol

import msgspec

from alpha_pulse.core.errors import DataError, StoreError

SCHEMA_VERSION = 5
"""The layout of blocks and tables that this program writes. A store of another version is refused; one of version 4 can be
converted (`alpha-pulse journal upgrade`).

5 (2026-11-30): steps are stored in blocks of columns (table ``block``), and rare records in plain tables (formerly a JSON text
per step in table ``journal``). The views of that JSON are gone, and the hashes of steps are those of blocks.

4 (2026-11-30): predictions contain ``members`` and ``quarantined`` (formerly ``parts`` and the inverse of ``trust``), alarms
``monitored`` (formerly ``watched``), and labels ``next_open_return`` (formerly ``tradable``). Adaptations end as ``accepted``
or ``rolled_back`` (formerly ``kept`` and ``undone``).

3 (2026-11-29): labels contain the online model's probability before calibration and the inputs of trials, ``scored_trades`` the
trade-quality scores, and ages of members without a label are null; table ``run`` contains the configuration, and hashes
of the identity and of the result.
"""
HASH_BYTES = 32
# With pages of 4 kB a block costs about 10 % more, of one step or of 256.
PAGE_BYTES = 16_384
_HASH_SHOWN = 12
_SETTINGS_SHOWN = 5
Value = int | float | str | None
Rows = dict[str, list[tuple[Value, ...]]]
"""Rows of the plain tables (`alpha_pulse.stores.tables`), by table. Each row is ``seq``, ``position`` and its columns."""

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


class Block(msgspec.Struct, frozen=True, gc=False):
    """Consecutive steps of a run. It is not changed after it was appended.

    Parameters
    ----------
    seq
        The number of the last step; steps count from 0.
    steps
        The number of steps, at least 1. The first one is ``seq - steps + 1``.
    first_ts, last_ts
        Market time of the first and of the last step, ns since the Unix epoch (UTC).
    layout
        JSON text that names the columns. A store contains each layout once.
    columns
        The columns, encoded; a store does not look inside.
    rows
        Rows of plain tables, in the order of (seq, position). A table without rows is left out.
    hash
        32 bytes, set by the store.

    >>> Block(seq=7, steps=3, first_ts=500, last_ts=700, layout="{}", columns=b"", rows={}).first
    5
    """

    seq: int
    steps: int
    first_ts: int
    last_ts: int
    layout: str
    columns: bytes
    rows: Rows
    hash: bytes = b""

    @property
    def first(self) -> int:
        """The number of the first step."""
        return self.seq - self.steps + 1


class Store(Protocol):
    """Stores one run. Steps count from 0; times are in nanoseconds since the Unix epoch (UTC).

    An appended block belongs to the open group: it is part of the head and of ``blocks`` at once, and durable once its group
    is flushed. With durability ``group``, ``append`` starts a flush when the group is full or old, and may return before the
    disk confirms it; with ``step``, each ``append`` returns after its block is on the disk. A block is durable as a whole.
    """

    location: str
    """The URL of the store, for messages and the command line."""

    @property
    def identity(self) -> RunIdentity | None:
        """The run in the store; None before the first `begin`."""
        ...

    @property
    def head(self) -> tuple[int, bytes]:
        """The last step's seq and the hash of its block, the open group included; seq is -1 while there is none."""
        ...

    @property
    def checkpointed(self) -> int:
        """The step of the newest checkpoint that is stored; -1 while there is none. After `flush` it is up to date."""
        ...

    def begin(self, identity: RunIdentity, resume: bool) -> None:
        """Start a run, or resume the stored one. An empty store starts a run even with ``resume``.

        Raises StoreError when the store contains a run and ``resume`` is False, or when that run has another configuration,
        feed or schema. The identity of the first start is kept.
        """
        ...

    def append(self, block: Block) -> None:
        """Add one block to the open group. Its first step follows the head; its ``hash`` is ignored.

        Raises StateError when its steps do not follow the head; DataError for rows that no table of the store can contain;
        NoSpaceError when the disk is full: the block is held in memory, and is part of the head and of ``blocks``; before the
        next one, call `flush` until it succeeds. StoreError when the run has not begun or is finished, or an earlier flush
        failed.
        """
        ...

    def due(self) -> bool:
        """Whether the open group is full or old enough to be flushed; call it while no blocks are appended."""
        ...

    def flush(self) -> None:
        """Return when every appended block is on the disk.

        Raises NoSpaceError when the disk is full: the blocks are kept, and a later call succeeds once there is space. Raises
        StoreError when a write fails otherwise: then every later call does.
        """
        ...

    def ensure_durable(self, seq: int) -> Future[None] | None:
        """Start to write step ``seq`` to the disk, without waiting.

        Returns None once the step is durable; otherwise a future: call again when it is done. Raises as `flush` does.
        """
        ...

    def blocks(self, from_seq: int = 0) -> Iterator[Block]:
        """The blocks from the one that contains step ``from_seq`` on, each checked against the hash before it.

        Raises StateError that names the first step that is damaged or missing.
        """
        ...

    def save_checkpoint(self, seq: int, blob: bytes) -> None:
        """Store ``blob`` as the state after step ``seq``, once all blocks are on the disk.

        Only the newest ``keep_checkpoints`` are kept. A checkpoint that finds no space is skipped, with a warning in the log.
        Raises StateError when the journal ends before ``seq``; otherwise as `flush` does.
        """
        ...

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """(seq, blob), newest first. An unreadable blob is ``b""``, so that the caller can use an older one."""
        ...

    def finish(self, result: bytes) -> None:
        """Flush, and store the run's result (a JSON object). No block can be appended afterwards. Raises as `flush` does; after
        NoSpaceError, call it again.
        """
        ...

    def result(self) -> bytes | None:
        """The stored result; None while the run is not finished. Raises StateError when it does not match its hash."""
        ...

    def close(self) -> None:
        """Flush, and release the lock and the files. A second call does nothing."""
        ...


def result_text(content: bytes) -> str:
    """A run's result as text, after a check that it is one JSON object. Raises DataError.

    >>> result_text(b'{"x":NaN}')  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    alpha_pulse.core.errors.DataError: the result of the run is not a JSON object (...); encode it with msgspec.json
    """
    try:
        _well_formed(content)
        text = content.decode()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"the result of the run is not a JSON object ({error}); encode it with msgspec.json") from None
    if text[0] != "{":
        raise DataError(
            f"the result of the run starts with {text[0]!r}, but a JSON object is expected; encode a struct or a dict"
        )
    return text


def check_identity(stored: RunIdentity | None, requested: RunIdentity, resume: bool, location: str) -> RunIdentity:
    """The identity to use: the stored one, if any. Raises StoreError when ``requested`` may not use this store."""
    if stored is None:
        return requested
    if not resume:
        raise StoreError(
            f"store {location} already contains run {stored.run_id!r}; use --resume to continue it, or another store"
        )
    differences = [
        f"{difference} ({name} {before[:_HASH_SHOWN]} in the store, {now[:_HASH_SHOWN]} now)"
        for difference, name, before, now in (
            (
                f"the configuration differs{_differing(stored.config, requested.config)}",
                "config_hash",
                stored.config_hash,
                requested.config_hash,
            ),
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
            "resume it with the configuration and data that started it, or use another store"
        )
    return stored


def _differing(stored: str, requested: str) -> str:
    """`` in `` and the settings that two configurations do not share; empty where one is not known."""
    if not (stored and requested):
        return ""
    before, now = (_flat(msgspec.json.decode(content, type=dict[str, Any])) for content in (stored, requested))
    keys = [key for key in (*now, *(key for key in before if key not in now)) if before.get(key) != now.get(key)]
    more = f" and {len(keys) - _SETTINGS_SHOWN} more settings" if len(keys) > _SETTINGS_SHOWN else ""
    return f" in {', '.join(keys[:_SETTINGS_SHOWN])}{more}"


def _flat(sections: dict[str, Any]) -> dict[str, Any]:
    """Settings by ``section.key``; one without a section by its own name."""
    flat = {key: value for key, value in sections.items() if not isinstance(value, dict)}
    nested = ((section, content) for section, content in sections.items() if isinstance(content, dict))
    return flat | {f"{section}.{key}": value for section, content in nested for key, value in content.items()}


RECOVERY_HINT = "restore the store and its .head file from one backup, or start a new store"
"""How to recover from a damaged journal, as the end of an error message."""
