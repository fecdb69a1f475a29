"""A store as it is on the disk, to be read and checked: nothing is written, and a run that writes it is not disturbed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.stores import schema
from alpha_pulse.stores.base import JournalRow, RawRow, RunIdentity, genesis, result_link, verified
from alpha_pulse.stores.causes import cause
from alpha_pulse.stores.head import damaged_marks, head_path, read_mark
from alpha_pulse.stores.inspection import connect_for_reading, look, unreadable

_ROWS = "SELECT seq, ts_event, CAST(payload AS BLOB), CAST(decision AS BLOB), hash FROM journal ORDER BY seq"
_FAULTS_SHOWN = 5


class StoreReader:
    """One moment of an SQLite store.

    Parameters
    ----------
    path
        The database.

    Raises
    ------
    StoreError
        There is no such file, or it is no store that this program can read.
    StateError
        It holds less than, or something else than, the .head file says.

    >>> import tempfile
    >>> from alpha_pulse.stores.sql import SqliteStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SqliteStore(Path(folder, "run.db"))
    ...     store.begin(RunIdentity("r", "c", "f", "1"), resume=False)
    ...     store.close()
    ...     with StoreReader(Path(folder, "run.db")) as reader:
    ...         print(reader.identity.run_id, reader.rows_held, reader.faults())
    r 0 []
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise StoreError(f"store {path} does not exist; name the file of a run, as alpha-pulse replay --store does")
        try:
            # Before the snapshot: what is committed in between is then no loss.
            mark = read_mark(path)
            self._damaged_marks = damaged_marks(path)
            self._db = connect_for_reading(path)
        except OSError as error:
            reason, advice = cause(error, path)
            raise StoreError(f"store {path} cannot be read: {reason}; {advice}") from error
        except sqlite3.Error as error:
            raise unreadable(path, error) from error
        try:
            self._db.execute("BEGIN")
            self._held = look(self._db, path, mark)
        except sqlite3.Error as error:
            self._db.close()
            raise unreadable(path, error) from error
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> StoreReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the snapshot."""
        self._db.close()

    @property
    def identity(self) -> RunIdentity | None:
        """The run that is held; None before its first start was complete."""
        return self._held.identity

    @property
    def rows_held(self) -> int:
        """How many rows the journal has."""
        return self._held.seq + 1

    @property
    def finished(self) -> bool:
        """Whether a result is kept."""
        return self._held.result_hash is not None

    def faults(self) -> list[str]:
        """What is wrong with the database as a file: its pages, its types, its tables. Raises StateError."""
        found = [text for (text,) in self._ask(f"PRAGMA integrity_check({_FAULTS_SHOWN})") if text != "ok"]
        held = dict(self._ask("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')"))
        found += [f"{name} is not as it was made" for name, text in schema.statements().items() if held.get(name) != text]
        if self._damaged_marks:
            found.append(f"a mark in {head_path(self.path).name} is damaged; the other one holds")
        return found

    def rows(self) -> Iterator[JournalRow]:
        """All rows, each checked against the hash before it. Raises StateError naming the first that does not fit."""
        identity = self._held.identity
        first = b"" if identity is None else genesis(identity)
        return verified(self._raw(), 0, self._held.seq, first, str(self.path))

    def result(self) -> bytes | None:
        """The result of a finished run, None of another. Raises StateError when it is not what was stored."""
        found = self._ask("SELECT CAST(result AS BLOB), result_hash FROM run")
        result, digest = found[0] if found else (None, None)
        if result is None and digest is None:
            return None
        if not isinstance(result, bytes) or result_link((self._held.seq, self._held.hash), result) != digest:
            raise StateError("its hash does not fit its content")
        return result

    def checkpoint_rows(self) -> list[int]:
        """The rows after which states are kept, oldest first. Raises StateError."""
        return [seq for (seq,) in self._ask("SELECT seq FROM checkpoint ORDER BY seq")]

    def checkpoint(self, seq: int) -> bytes:
        """The state after row ``seq``, not yet believed. Raises StateError."""
        ((blob,),) = self._ask("SELECT CAST(blob AS BLOB) FROM checkpoint WHERE seq = ?", seq)
        return blob or b""

    def _raw(self) -> Iterator[RawRow]:
        try:
            yield from self._db.execute(_ROWS)
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _ask(self, query: str, *values: int) -> list[tuple]:  # type: ignore[type-arg]  # rows of any shape
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: sqlite3.Error) -> StateError:
        return StateError(f"{self.path} cannot be read: {cause(error, self.path).reason}")
