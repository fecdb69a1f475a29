"""Read and check a store on the disk. Nothing is written, and a program that writes the store is not disturbed."""

from __future__ import annotations

from collections.abc import Iterator

from alpha_pulse.stores import schema
from alpha_pulse.stores.base import Block
from alpha_pulse.stores.block_queries import select_blocks
from alpha_pulse.stores.causes import DATABASE_ERRORS
from alpha_pulse.stores.chain import genesis, result_link, verified
from alpha_pulse.stores.head import head_path
from alpha_pulse.stores.inspection import stray_rows, unused_layouts
from alpha_pulse.stores.snapshot import StoreSnapshot
from alpha_pulse.stores.views import PREFIX, VIEWS, view_sql

_DEFECTS_SHOWN = 5


class StoreReader(StoreSnapshot):
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
        Steps are missing or differ from the .head file.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from alpha_pulse.stores.base import RunIdentity
    >>> from alpha_pulse.stores.sql import SqliteStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SqliteStore(Path(folder, "run.db"))
    ...     store.begin(RunIdentity("r", "c", "f", "1"), resume=False)
    ...     store.close()
    ...     with StoreReader(Path(folder, "run.db")) as reader:
    ...         print(reader.identity.run_id, reader.step_count, reader.defects())
    r 0 []
    """

    def defects(self) -> list[str]:
        """Defects of the database file: of its pages, types, tables, rows, layouts and marks. Raises StateError."""
        defects = [text for (text,) in self._query(f"PRAGMA integrity_check({_DEFECTS_SHOWN})") if text != "ok"]
        defects += self._definitions()
        try:
            defects += stray_rows(self._db)
            defects += unused_layouts(self._db)
        except DATABASE_ERRORS as error:
            raise self._unreadable(error) from error
        if self._damaged_marks:
            defects.append(f"a mark in {head_path(self.path).name} is damaged; the other one is intact")
        return defects

    def _definitions(self) -> list[str]:
        """Tables, triggers, indexes and views that are not those of this program. Views of other names are the user's own."""
        stored = dict(self._query("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite^_%' ESCAPE '^'"))
        own = set(dict(self._query("SELECT name, sql FROM sqlite_master WHERE type = 'view'")))
        expected = {**schema.statements(), **{PREFIX + table: view_sql(table) for table in VIEWS}}
        changed = [f"the definition of {name} was changed" for name, text in expected.items() if stored.get(name) != text]
        foreign = sorted(set(stored) - set(expected) - own)
        return changed + [f"{name} is no part of a store of this program" for name in foreign]

    def blocks(self) -> Iterator[Block]:
        """All blocks, each checked against the hash before it. Raises StateError at the first that does not match."""
        identity = self._content.identity
        first = b"" if identity is None else genesis(identity)
        end = self._content.seq
        return verified(select_blocks(self._db, -1, end, self.path), 0, end, first, str(self.path))

    def _result_link(self, result: bytes) -> bytes:
        return result_link((self._content.seq, self._content.hash), result)
