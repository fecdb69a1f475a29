"""The journal in one SQLite file: durable, hash-chained, readable by plain SQL, written by exactly one connection.

One connection, because SQLite before 3.51.3 can corrupt a WAL database when two connections write and checkpoint at once.
Waiting for the disk is a large part of the cost of a block, so with durability ``group`` the COMMIT of a group runs in a
thread while the next group fills; the two never use the connection at the same time.

SQLite's automatic checkpoints are off: it ignores their errors, and a write that failed once counts as done at the next
attempt. The store runs checkpoints itself, and stops at the first error.

A full disk is no such error: the transaction is rolled back, its blocks become the beginning of the open group again, and
each call that writes tries to write them. Only a checkpoint of the run is skipped, and the -wal file merged later.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, dropwhile
from pathlib import Path
from threading import Event
from typing import Any

import msgspec

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import NoSpaceError, StateError, StoreError
from alpha_pulse.stores.base import PAGE_BYTES, RECOVERY_HINT, Block, RunIdentity, check_identity, result_text
from alpha_pulse.stores.block_checks import check_block
from alpha_pulse.stores.block_queries import LayoutNumbers, insert_blocks, inserted_bytes, select_blocks
from alpha_pulse.stores.causes import DATABASE_ERRORS, WRITE_ERRORS, ReplacedError, cause, cause_at_once, lacks_space
from alpha_pulse.stores.chain import genesis, identity_hash, link, result_link, verified
from alpha_pulse.stores.connection import connect_for_writing
from alpha_pulse.stores.creation import claim
from alpha_pulse.stores.head import Mark
from alpha_pulse.stores.inspection import inspect_for_writing, unreadable
from alpha_pulse.stores.watch import FileWatch

_SAVE = "INSERT OR REPLACE INTO checkpoint VALUES (?, ?)"
_FORGET = "DELETE FROM checkpoint WHERE seq NOT IN (SELECT seq FROM checkpoint ORDER BY seq DESC LIMIT ?)"
_BEGIN = (
    "INSERT INTO run (id, run_id, config_hash, feed_identity, program_version, schema_version, config, identity_hash) "
    "VALUES (1, ?, ?, ?, ?, ?, ?, ?)"
)
_FINISH = "UPDATE run SET result = ?, result_hash = ?"
_LONGEST_GROUPS = 4
_CHECKPOINT_BYTES = 256 * PAGE_BYTES
"""The approximate size of the -wal file at which it is merged into the database."""
_Statement = tuple[str, tuple[int | str | bytes, ...]]

log = logging.getLogger("alpha_pulse.stores")


class SqliteStore:
    """A run in an SQLite file, with ``<file>.head`` beside it: the lock and the high-water mark.

    Parameters
    ----------
    path
        The file; created with mode 0600 when missing, and its folder too.
    settings
        Durability, group size, number of checkpoints to keep.

    Raises
    ------
    StoreError
        The file is in use, is not a store of this program, or cannot be written.
    StateError
        The database lacks steps that are committed according to the .head file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SqliteStore(Path(folder, "run.db"))
    ...     store.begin(RunIdentity("r", "c", "f", "1"), resume=False)
    ...     store.append(Block(seq=1, steps=2, first_ts=5, last_ts=6, layout="{}", columns=b"", rows={}))
    ...     blocks = [(block.first, block.seq) for block in store.blocks()]
    ...     store.close()
    >>> blocks
    [(0, 1)]
    """

    def __init__(self, path: Path, settings: StoreConfig | None = None) -> None:
        settings = settings or StoreConfig()
        self.location = f"sqlite:///{path}"
        self._keep = settings.keep_checkpoints
        self._each = settings.durability == "step"
        self._group_steps = settings.group_steps
        self._group_ns = round(settings.group_ms * 1e6)
        self._pending: list[Block] = []
        self._writing: list[Block] = []
        """The blocks of the newest transaction."""
        self._saving: int | None = None
        """The step of the checkpoint that the newest transaction consists of."""
        self._checkpointed = -1
        self._short = False
        """Whether the newest transaction found no space, which the caller was told."""
        self._first_ns = 0
        self._committing: Future[None] | None = None
        self._started = Event()
        self._refusal: str | None = f"store {self.location} contains no run yet; call begin first"
        self._failed = self._closed = False
        self._unsaved_bytes = 0
        # SQLite follows links too, and creates its -wal file beside the real file.
        self._file = Path(os.path.realpath(path))
        self._head = claim(path)
        self._watch = FileWatch(self._file, self._file.with_name(self._file.name + "-wal"), self._head.path)
        try:
            content = inspect_for_writing(path, self._file, self._head.read())
            self._db = connect_for_writing(self._file, path, blank=content.blank)
            self._watch.check()
            self._layouts = LayoutNumbers(self._db)
        except BaseException as error:
            self._head.discard()
            if isinstance(error, DATABASE_ERRORS):
                raise unreadable(path, error) from error
            if not isinstance(error, OSError):
                raise
            raise StoreError(f"store {path} cannot be opened: {cause(error, self._file).reason}; open it again") from error
        self._identity = content.identity
        self._genesis = genesis(content.identity) if content.identity else b""
        self._seq = self._written = self._committed = self._durable = content.seq
        self._hash = content.hash or self._genesis
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-commit")

    @classmethod
    def open(cls, address: str, settings: StoreConfig) -> SqliteStore:
        """Open by the part of a URL after ``sqlite://``: a slash, then the path."""
        if not address.startswith("/") or address[1:] in ("", ":memory:"):
            raise StoreError(
                f"store sqlite://{address} has no file path; give sqlite:///FILE, or memory:// for a store in memory"
            )
        return cls(Path(address[1:]), settings)

    @property
    def identity(self) -> RunIdentity | None:
        """The run in the store."""
        return self._identity

    @property
    def head(self) -> tuple[int, bytes]:
        """Last seq (-1: none) and hash, the open group included."""
        return self._seq, self._hash

    @property
    def checkpointed(self) -> int:
        """The step of the newest checkpoint; -1 while there is none."""
        return self._checkpointed

    def begin(self, identity: RunIdentity, resume: bool) -> None:
        """Start or resume the run. Raises StoreError as `Store.begin` does."""
        self._refuse_unusable()
        run = check_identity(self._identity, identity, resume, self.location)
        if self._identity is None:
            self._genesis = self._hash = genesis(run)
            self._write([(_BEGIN, (*msgspec.structs.astuple(run), identity_hash(run)))], sync=True)
            self._wait_for_commit()
            self._identity = run
        self._checkpointed = self._query("SELECT coalesce(max(seq), -1) FROM checkpoint")[0][0]
        finished = self.result() is not None
        self._refusal = f"the run in store {self.location} is finished; use another store" if finished else None

    def append(self, block: Block) -> None:
        """Add one block. Raises StateError, DataError, NoSpaceError and StoreError as `Store.append` does."""
        if self._refusal is not None:
            raise StoreError(self._refusal)
        check_block(block, self._seq, self.location)
        digest = link(self._hash, block)
        if not self._pending:
            self._first_ns = elapsed_ns()
        self._pending.append(msgspec.structs.replace(block, hash=digest))
        self._seq, self._hash = block.seq, digest
        if self._each or self._short:
            self.flush()
        elif self.due():
            self._write_unless_busy()

    def _write_unless_busy(self) -> None:
        """Write the group, unless the commit before it still runs; a group that is too long waits for that commit."""
        busy = self._committing is not None and not self._committing.done()
        if not busy or self._seq - self._written >= _LONGEST_GROUPS * self._group_steps:
            self._write([], sync=False)

    def due(self) -> bool:
        """Whether the open group is full or old."""
        return bool(self._pending) and (
            self._seq - self._written >= self._group_steps or elapsed_ns() - self._first_ns >= self._group_ns
        )

    def flush(self) -> None:
        """Return when every block is on the disk. Raises NoSpaceError when the disk is full, StoreError when a write fails."""
        self._refuse_unusable()
        self._wait_for_commit()
        if self._seq > self._durable:
            self._write([], sync=self._each)
            self._wait_for_commit()

    def ensure_durable(self, seq: int) -> Future[None] | None:
        """None once step ``seq`` is on the disk, otherwise a future: call again when it is done. Raises as `flush` does."""
        self._refuse_unusable()
        if seq > self._durable and (self._committing is None or self._committing.done()):
            self._wait_for_commit()
            if seq > self._durable:
                self._write([], sync=self._each)
        return self._committing if seq > self._durable else None

    def blocks(self, from_seq: int = 0) -> Iterator[Block]:
        """The blocks from the one that contains ``from_seq`` on, checked. Raises StateError as `Store.blocks` does."""
        if self._failed and not self._closed:
            # The blocks on the disk can still be read.
            end, held = self._durable, list[Block]()
        else:
            with contextlib.suppress(NoSpaceError):
                self.flush()
            end, held = self._committed, list(self._pending)
        last = held[-1].seq if held else end
        if from_seq > last:
            return iter(())
        before, prev_hash = self._block_before(from_seq)
        stored = select_blocks(self._db, before, end, self._file, wait=self._await_commit)
        found = verified(chain(stored, held), before + 1, last, prev_hash, self.location)
        return dropwhile(lambda block: block.seq < from_seq, found)

    def save_checkpoint(self, seq: int, blob: bytes) -> None:
        """Store a state, once every block is on the disk. Raises as `Store.save_checkpoint` does."""
        self._refuse_unusable()
        if not -1 <= seq <= self._seq:
            raise StateError(f"a checkpoint at step {seq} was given, but the journal of {self.location} ends at {self._seq}")
        # In a transaction of its own, so that blocks find space where a state does not.
        self.flush()
        statements: list[_Statement] = [(_SAVE, (seq, blob)), (_FORGET, (self._keep,))]
        self._write(statements, sync=True, saving=seq)

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """(seq, blob), newest first; ``b""`` for a blob that cannot be read."""
        self.flush()
        seqs = [seq for (seq,) in self._query("SELECT seq FROM checkpoint ORDER BY seq DESC")]
        return ((seq, self._blob(seq)) for seq in seqs)

    def finish(self, result: bytes) -> None:
        """Flush and store the result; no block can be appended afterwards. Raises as `flush` does."""
        if self._refusal is not None:
            raise StoreError(self._refusal)
        text = result_text(result)
        digest = result_link(self.head, result)
        self._write([(_FINISH, (text, digest))], sync=True, mark=(self._seq + 1, digest))
        self._wait_for_commit()
        self._refusal = f"the run in store {self.location} is finished; use another store"

    def result(self) -> bytes | None:
        """The stored result, or None. Raises StateError when it does not match its hash."""
        self._refuse_unusable()
        rows = self._query("SELECT CAST(result AS BLOB), result_hash FROM run")
        result, digest = rows[0] if rows else (None, None)
        if result is None and digest is None:
            return None
        if not isinstance(result, bytes) or result_link(self.head, result) != digest:
            raise StateError(
                f"the result in store {self.location} is damaged: its hash does not match its content; {RECOVERY_HINT}"
            )
        return result

    def close(self) -> None:
        """Flush, sync and release the lock. Raises StoreError when the last blocks could not be written, unless an earlier call
        has reported that there is no space for them.
        """
        if self._closed:
            return
        try:
            if not self._failed:
                with contextlib.suppress(NoSpaceError) if self._short else contextlib.nullcontext():
                    self.flush()
                self._sync_all()
        finally:
            closing = self._release()
        if closing is not None and not self._failed:
            raise StoreError(f"store {self.location} could not be closed: {cause(closing, self._file).reason}") from closing

    def _sync_all(self) -> None:
        """Merge the -wal file and sync. SQLite does this at its close too, but does not report a failure."""
        try:
            self._watch.check()
            self._merge_wal()
            self._head.sync()
        except WRITE_ERRORS as error:
            raise self._refuse_from_now_on(error) from error

    def _release(self) -> BaseException | None:
        self._closed = True
        self._refusal = f"store {self.location} is closed; open it again"
        self._worker.shutdown()
        first: BaseException | None = None
        for release in (self._db.close, self._head.close):
            try:
                release()
            except WRITE_ERRORS as error:
                first = first or error
        return first

    def _write(self, statements: list[_Statement], sync: bool, mark: Mark | None = None, saving: int | None = None) -> None:
        """Run one transaction: the open group, then ``statements``. With durability ``group``, its COMMIT runs in a thread.

        ``mark`` is written to the .head file afterwards; by default the last block. ``saving`` is the step of a checkpoint.
        """
        self._wait_for_commit()
        blocks, self._pending = self._pending, []
        self._writing, self._saving = blocks, saving
        self._written = self._seq
        mark = mark or (self._seq, self._hash)
        self._unsaved_bytes += inserted_bytes(blocks)
        self._unsaved_bytes += sum(len(value) for _, values in statements for value in values if isinstance(value, bytes))
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            insert_blocks(db, self._layouts, blocks)
            for statement, values in statements:
                db.execute(statement, values)
            if self._each:
                self._commit(self._seq, mark, sync)
            else:
                self._started.clear()
                self._committing = self._worker.submit(self._commit, self._seq, mark, sync)
                # Yields the GIL; otherwise the thread starts only after the switch interval of 5 ms.
                self._started.wait()
        except WRITE_ERRORS as error:
            self._handle(error)
        except BaseException as error:
            self._roll_back(error)
            self._refuse_from_now_on(error)
            raise

    def _commit(self, seq: int, mark: Mark, sync: bool) -> None:
        self._started.set()
        with cause_at_once(self._file):
            self._watch.check()
            self._db.execute("COMMIT")
            self._committed = seq
            self._watch.check()
            # Only after the commit: the mark may lag behind the database, never run ahead of it.
            self._head.write(*mark)
            if sync:
                self._head.sync()
            self._durable, self._short = seq, False
            self._checkpointed = max(self._checkpointed, -1 if self._saving is None else self._saving)
            if self._unsaved_bytes >= _CHECKPOINT_BYTES:
                self._merge_wal()

    def _merge_wal(self) -> None:
        """Merge the -wal file into the database, except pages that readers still use. Raises `DATABASE_ERRORS`.

        On a full disk the -wal file keeps them, and the merge is tried again some commits later.
        """
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except DATABASE_ERRORS as error:
            if not lacks_space(error, self._file):
                raise
            self._unsaved_bytes //= 2
            return
        self._unsaved_bytes = 0

    def _wait_for_commit(self) -> None:
        """Wait for the running commit. Raises NoSpaceError or StoreError when it failed."""
        if self._committing is not None:
            try:
                self._committing.result()
            except WRITE_ERRORS as error:
                self._handle(error)
            # Last, so that the next caller waits again if this wait is interrupted.
            self._committing = None

    def _await_commit(self) -> None:
        """Wait for the running commit before a read. If it found no space, the next call that writes reports it."""
        with contextlib.suppress(NoSpaceError):
            self._wait_for_commit()

    def _handle(self, error: BaseException) -> None:
        """Keep the blocks of a transaction that found no space; after another error, refuse all later calls.

        Raises NoSpaceError or StoreError; returns if it was a checkpoint, which is skipped.
        """
        self._committing = None
        lacking, rolled_back = lacks_space(error, self._file), self._roll_back(error)
        if not (lacking and rolled_back):
            raise self._refuse_from_now_on(error) from error
        reason, advice = cause(error, self._file)
        if self._saving is not None:
            log.warning("the checkpoint after step %d was skipped: %s; %s", self._saving, reason, advice)
            return
        self._pending = [block for block in self._writing if block.seq > self._committed] + self._pending
        self._written = self._committed
        self._short = True
        held = "no step is stored yet" if self._durable < 0 else f"steps after {self._durable} are not stored yet"
        raise NoSpaceError(f"store {self.location} could not be written: {reason}; {held}; {advice}") from error

    def _roll_back(self, error: BaseException) -> bool:
        """Roll back the open transaction after ``error``; False if that fails too. SQLite may have done so already."""
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            # Those that were inserted with it are gone.
            self._layouts = LayoutNumbers(self._db)
        except DATABASE_ERRORS as second:
            error.add_note(f"rolling back failed too: {second}")
            return False
        return True

    def _refuse_from_now_on(self, error: BaseException) -> StoreError:
        """Refuse all later calls: after a failed write, the content is known only when the file is opened again."""
        self._failed = True
        self._committing = None
        reason, advice = cause(error, self._file)
        restart = "" if isinstance(error, ReplacedError) else ", then start the run again (replay: with --resume)"
        loss = self._possible_loss(error)
        self._refusal = f"store {self.location} could not be written: {reason}; {loss}; {advice}{restart}"
        return StoreError(self._refusal)

    def _possible_loss(self, error: BaseException) -> str:
        if isinstance(error, ReplacedError):
            return "its steps may be lost"
        # A later block may be committed too, if only the write after its commit failed.
        return "no step is stored" if self._durable < 0 else f"steps after {self._durable} may be lost"

    def _refuse_unusable(self) -> None:
        if (self._failed or self._closed) and self._refusal is not None:
            raise StoreError(self._refusal)

    def _block_before(self, seq: int) -> tuple[int, bytes]:
        """The last step and the hash of the block before the one that contains ``seq``."""
        rows = self._query("SELECT seq, hash FROM block WHERE seq < ? ORDER BY seq DESC LIMIT 1", seq)
        return rows[0] if rows else (-1, self._genesis)

    def _blob(self, seq: int) -> bytes:
        self._await_commit()
        try:
            row = self._db.execute("SELECT CAST(blob AS BLOB) FROM checkpoint WHERE seq = ?", (seq,)).fetchone()
        except DATABASE_ERRORS:
            return b""
        return (row[0] or b"") if row else b""

    def _query(self, query: str, *values: int) -> list[Any]:
        self._await_commit()
        try:
            return self._db.execute(query, values).fetchall()
        except DATABASE_ERRORS as error:
            reason, advice = cause(error, self._file)
            raise StateError(f"store {self.location} cannot be read: {reason}; {advice}") from error
