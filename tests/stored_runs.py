"""The stored runs of tests/data/stores, unpacked; and stores of version 4 whose rows were changed."""

from __future__ import annotations

import lzma
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from alpha_pulse.stores.chain import genesis
from alpha_pulse.stores.head import HeadFile
from alpha_pulse.stores.version4 import JournalRow, Version4Reader, link

STORES = Path(__file__).parent / "data" / "stores"


def unpacked(name: str, folder: Path) -> Path:
    """A store of tests/data/stores and its .head file, in ``folder``."""
    path = folder / f"{name}.db"
    for ending in ("", ".head"):
        Path(f"{path}{ending}").write_bytes(lzma.decompress((STORES / f"{name}.db{ending}.xz").read_bytes()))
    return path


def rewritten(path: Path, seq: int, change: Callable[[str], str]) -> None:
    """Change the record of one step of a store of version 4, and every hash from there on, as a program would write them."""
    with Version4Reader(path) as reader:
        rows = list(reader.rows())
    payload = change(rows[seq].payload.decode()).encode()
    assert payload != rows[seq].payload
    rows[seq] = msgspec.structs.replace(rows[seq], payload=payload)
    replaced(path, rows)


def replaced(path: Path, rows: Sequence[JournalRow]) -> None:
    """Give a store of version 4 other rows, and no result."""
    with Version4Reader(path) as reader:
        assert reader.identity is not None
        before = genesis(reader.identity)
    with closing(sqlite3.connect(path)) as db:
        for verb in ("update", "delete"):
            db.execute(f"DROP TRIGGER journal_refuses_{verb}")
        db.execute("DELETE FROM journal")
        for row in rows:
            before = link(before, row.seq, row.ts_event, row.payload, row.decision)
            decision = None if row.decision is None else row.decision.decode()
            values = (row.seq, row.ts_event, row.payload.decode(), decision, before)
            db.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", values)
        db.execute("UPDATE run SET result = NULL, result_hash = NULL")
        db.commit()
    # The mark of a finished store counts its result, which is gone.
    path.with_name(path.name + ".head").unlink()
    head = HeadFile(path)
    head.write(rows[-1].seq, before)
    head.close()
