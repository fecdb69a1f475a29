"""Copy the database of a store into a new file, and check the copy."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from alpha_pulse.core.errors import StateError
from alpha_pulse.stores.base import RECOVERY_HINT
from alpha_pulse.stores.block_queries import decode_text, select_blocks
from alpha_pulse.stores.chain import genesis, result_link, verified
from alpha_pulse.stores.creation import use_wal
from alpha_pulse.stores.head import Mark
from alpha_pulse.stores.inspection import StoreContent, look, stray_rows, unused_layouts


def copy_database(source: sqlite3.Connection, new: Path) -> None:
    """Write what ``source`` contains at one moment into the new file ``new``, without free pages, and sync it.

    ``source`` must not be in a transaction; it may be read-only. Raises sqlite3.Error, OSError.
    """
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    source.execute("VACUUM INTO ?", (str(new),))
    with closing(sqlite3.connect(new, isolation_level=None)) as copy:
        use_wal(copy)
    with new.open("rb+") as file:
        os.fsync(file.fileno())


def check_copy(new: Path, mark: Mark | None, source: Path) -> StoreContent:
    """The content of a copy, after a check of its pages, its rows, and the hashes of all blocks and of the result.

    Parameters
    ----------
    new
        The copy, which nobody else uses.
    mark
        Of the store before it was copied; the copy must not be older.
    source
        The store that was copied, which errors name.

    Raises
    ------
    StateError
        The copy is damaged, so the store was.
    StoreError
        It is not a store of this program.
    """
    with closing(sqlite3.connect(f"{new.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)) as copy:
        copy.text_factory = decode_text
        content = look(copy, source, mark)
        ((found,),) = copy.execute("PRAGMA integrity_check(1)").fetchall()
        defects = [] if found == "ok" else [found]
        if defects := [*defects, *stray_rows(copy), *unused_layouts(copy)]:
            raise StateError(f"store {source} is damaged: {defects[0]}; {RECOVERY_HINT}")
        if content.identity is not None:
            blocks = select_blocks(copy, -1, content.seq, source)
            for _ in verified(blocks, 0, content.seq, genesis(content.identity), str(source)):
                pass
        _check_result(copy, content, source)
    return content


def _check_result(copy: sqlite3.Connection, content: StoreContent, source: Path) -> None:
    if content.result_hash is not None:
        ((result,),) = copy.execute("SELECT CAST(result AS BLOB) FROM run").fetchall()
        if not isinstance(result, bytes) or result_link((content.seq, content.hash), result) != content.result_hash:
            raise StateError(f"the result in store {source} is damaged: its hash does not match its content; {RECOVERY_HINT}")


def mark_of(content: StoreContent) -> Mark:
    """What the .head file of a complete store states: its last block, or its result."""
    if content.result_hash is not None:
        return content.seq + 1, content.result_hash
    return content.seq, content.hash
