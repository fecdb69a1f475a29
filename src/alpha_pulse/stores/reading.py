"""Read and check a store on the disk. Nothing is written, and a program that writes the store is not disturbed."""

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
_DEFECTS_SHOWN = 5


class StoreReader:
    """A snapshot of an SQLite store.

    Parameters
    ----------
    path
        The database.

    Raises
    ------
    StoreError
        There is no such file, or this program cannot read it as a store.
    StateError
        Rows are missing or differ from the .head file.

    >>> import tempfile
    >>> from alpha_pulse.stores.sql import SqliteStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SqliteStore(Path(folder, "run.db"))
    ...     store.begin(RunIdentity("r", "c", "f", "1"), resume=False)
    ...     store.close()
    ...     with StoreReader(Path(folder, "run.db")) as reader:
    ...         print(reader.identity.run_id, reader.row_count, reader.defects())
    r 0 []
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise StoreError(f"store {path} does not exist; give the file of a run, as for alpha-pulse replay --store")
        try:
            # Before the snapshot, so that a commit in between does not look like a loss.
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
            self._content = look(self._db, path, mark)
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
        """Release the snapshot."""
        self._db.close()

    @property
    def identity(self) -> RunIdentity | None:
        """The run in the store; None before its first start was complete."""
        return self._content.identity

    @property
    def row_count(self) -> int:
        """The number of rows in the journal."""
        return self._content.seq + 1

    @property
    def finished(self) -> bool:
        """Whether the store contains a result."""
        return self._content.result_hash is not None

    def defects(self) -> list[str]:
        """Defects of the database file: of its pages, types, tables and marks. Raises StateError."""
        defects = [text for (text,) in self._query(f"PRAGMA integrity_check({_DEFECTS_SHOWN})") if text != "ok"]
        stored = dict(self._query("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')"))
        defects += [
            f"the definition of {name} was changed" for name, text in schema.statements().items() if stored.get(name) != text
        ]
        if self._damaged_marks:
            defects.append(f"a mark in {head_path(self.path).name} is damaged; the other one is intact")
        return defects

    def rows(self) -> Iterator[JournalRow]:
        """All rows, each checked against the hash before it. Raises StateError at the first that does not match."""
        identity = self._content.identity
        first = b"" if identity is None else genesis(identity)
        return verified(self._raw(), 0, self._content.seq, first, str(self.path))

    def result(self) -> bytes | None:
        """The result of a finished run, otherwise None. Raises StateError when it does not match its hash."""
        rows = self._query("SELECT CAST(result AS BLOB), result_hash FROM run")
        result, digest = rows[0] if rows else (None, None)
        if result is None and digest is None:
            return None
        if not isinstance(result, bytes) or result_link((self._content.seq, self._content.hash), result) != digest:
            raise StateError("its hash does not match its content")
        return result

    def checkpoint_rows(self) -> list[int]:
        """The seqs of the checkpoints, oldest first. Raises StateError."""
        return [seq for (seq,) in self._query("SELECT seq FROM checkpoint ORDER BY seq")]

    def checkpoint(self, seq: int) -> bytes:
        """The checkpoint after row ``seq``, not verified. Raises StateError."""
        ((blob,),) = self._query("SELECT CAST(blob AS BLOB) FROM checkpoint WHERE seq = ?", seq)
        return blob or b""

    def _raw(self) -> Iterator[RawRow]:
        try:
            yield from self._db.execute(_ROWS)
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _query(self, query: str, *values: int) -> list[tuple]:  # type: ignore[type-arg]  # rows of any shape
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: sqlite3.Error) -> StateError:
        return StateError(f"{self.path} cannot be read: {cause(error, self.path).reason}")
