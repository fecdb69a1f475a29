"""A read-only snapshot of an SQLite store. Nothing is written, and a program that writes the store is not disturbed."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.stores.base import RECOVERY_HINT, SCHEMA_VERSION, RunIdentity
from alpha_pulse.stores.causes import DATABASE_ERRORS, cause
from alpha_pulse.stores.head import damaged_marks, read_mark
from alpha_pulse.stores.inspection import connect_for_reading, look, unreadable


class StoreSnapshot:
    """What stores of all schema versions have: an identity, a number of steps, checkpoints, and perhaps a result.

    Parameters
    ----------
    path
        The database.
    version
        The schema version that is expected.

    Raises
    ------
    StoreError
        There is no such file, or it is not a store of that version.
    StateError
        Steps are missing or differ from the .head file.
    """

    def __init__(self, path: Path, version: int = SCHEMA_VERSION) -> None:
        self.path = path
        if not path.is_file():
            raise StoreError(f"store {path} does not exist; give the file of a run")
        try:
            # Before the snapshot, so that a commit in between does not look like a loss.
            mark = read_mark(path)
            self._damaged_marks = damaged_marks(path)
            self._db = connect_for_reading(path)
        except OSError as error:
            reason, advice = cause(error, path)
            raise StoreError(f"store {path} cannot be read: {reason}; {advice}") from error
        except DATABASE_ERRORS as error:
            raise unreadable(path, error) from error
        try:
            self._db.execute("BEGIN")
            self._content = look(self._db, path, mark, version=version)
        except DATABASE_ERRORS as error:
            self._db.close()
            raise unreadable(path, error) from error
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
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
    def step_count(self) -> int:
        """The number of steps in the journal."""
        return self._content.seq + 1

    @property
    def finished(self) -> bool:
        """Whether the store contains a result."""
        return self._content.result_hash is not None

    def result(self) -> bytes | None:
        """The result of a finished run, otherwise None. Raises StateError when it does not match its hash."""
        rows = self._query("SELECT CAST(result AS BLOB), result_hash FROM run")
        result, digest = rows[0] if rows else (None, None)
        if result is None and digest is None:
            return None
        if not isinstance(result, bytes) or self._result_link(result) != digest:
            raise StateError(
                f"the result in store {self.path} is damaged: its hash does not match its content; {RECOVERY_HINT}"
            )
        return result

    def _result_link(self, result: bytes) -> bytes:
        """The hash of the result."""
        raise NotImplementedError

    def checkpoint_steps(self) -> list[int]:
        """The steps that have a checkpoint, oldest first. Raises StateError."""
        return [seq for (seq,) in self._query("SELECT seq FROM checkpoint ORDER BY seq")]

    def checkpoint(self, seq: int) -> bytes:
        """The checkpoint after step ``seq``, not verified. Raises StateError."""
        rows = self._query("SELECT CAST(blob AS BLOB) FROM checkpoint WHERE seq = ?", seq)
        if len(rows) != 1:
            # In a damaged table, a row that is listed may not be found by its key.
            raise StateError(f"{self.path} has no checkpoint at step {seq} that can be read")
        return rows[0][0] or b""

    def _query(self, query: str, *values: int) -> list[tuple]:  # type: ignore[type-arg]  # rows of any shape
        try:
            return self._db.execute(query, values).fetchall()
        except DATABASE_ERRORS as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> StateError:
        return StateError(f"{self.path} cannot be read: {cause(error, self.path).reason}")
