"""Rows of a store that are no text, or cannot be found."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from alpha_pulse.core.errors import StateError
from alpha_pulse.stores.reading import StoreReader
from alpha_pulse.stores.sql import SqliteStore
from store_runs import make


@pytest.mark.parametrize("column", ["run_id", "config", "feed_identity"])
def test_an_identity_that_is_no_text_is_damaged(column: str, tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    make(path, 4)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"UPDATE run SET {column} = CAST(x'41fb42' AS TEXT)")
        db.commit()
    for opened in (SqliteStore, StoreReader):
        with pytest.raises(StateError, match=r"the row of table run is damaged"):
            opened(path)


def test_a_checkpoint_that_cannot_be_found_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    make(path, 4)
    with StoreReader(path) as reader, pytest.raises(StateError, match=r"run\.db has no checkpoint at step 2 that can be read"):
        reader.checkpoint(2)
