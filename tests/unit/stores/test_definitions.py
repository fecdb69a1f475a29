"""Definitions in a store that are not those of the program."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from alpha_pulse.core.errors import StateError
from alpha_pulse.stores.copies.backup import backup
from alpha_pulse.stores.reading import StoreReader
from store_runs import make

CHANGES = {
    "a view": ("DROP VIEW v_fills; CREATE VIEW v_fills AS SELECT seq, 2 * price AS price FROM fills", "v_fills was changed"),
    "a missing view": ("DROP VIEW v_lots", "v_lots was changed"),
    "a trigger": (
        "CREATE TRIGGER extra AFTER INSERT ON block BEGIN DELETE FROM checkpoint; END",
        "extra is no part of a store of this program",
    ),
    "a table": ("CREATE TABLE mine (a)", "mine is no part of a store of this program"),
    "an index": ("CREATE INDEX fast ON fills (price)", "fast is no part of a store of this program"),
    "a missing trigger": ("DROP TRIGGER block_refuses_update", "block_refuses_update was changed"),
}


def changed(path: Path, statements: str) -> None:
    make(path, 20, steps=4)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(statements)


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_definition_is_a_defect(what: str, tmp_path: Path) -> None:
    statements, defect = CHANGES[what]
    changed(tmp_path / "run.db", statements)
    with StoreReader(tmp_path / "run.db") as reader:
        (found,) = reader.defects()
        assert defect in found


def test_a_view_of_the_user_is_none(tmp_path: Path) -> None:
    changed(tmp_path / "run.db", "CREATE VIEW mine AS SELECT * FROM v_fills")
    with StoreReader(tmp_path / "run.db") as reader:
        assert reader.defects() == []


def test_a_store_with_rows_of_no_block_is_not_copied(tmp_path: Path) -> None:
    changed(tmp_path / "run.db", "INSERT INTO requests VALUES (20, 0, 'X/direction', '*')")
    with pytest.raises(StateError, match=r"run\.db was not copied: .*: 1 rows of table requests belong to no step"):
        backup(tmp_path / "run.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
