"""Views show the plain tables with ids and times as text, money in cash and quantities in units of the asset."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alpha_pulse.stores import schema
from alpha_pulse.stores.sql import SqliteStore
from alpha_pulse.stores.tables import TABLES
from alpha_pulse.stores.views import VIEWS, renew_views

SECOND = 1_000_000_000


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """The plain tables, with the units of a share (whole cents, whole shares) and of a cheap coin (lots of 1,000)."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        for table in TABLES:
            db.execute(schema.statements()[table])
        renew_views(db)
        put(db, "units", 0, 0, "SHARE", 2, 0, 1, 500, 0.05)
        put(db, "units", 0, 1, "COIN", 7, -3, 2, 0, None)
        yield db


def put(database: sqlite3.Connection, table: str, *values: Any) -> None:
    database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)


def row(database: sqlite3.Connection, table: str, where: str = "1") -> dict[str, Any]:
    cursor = database.execute(f"SELECT * FROM v_{table} WHERE {where}")
    (values,) = cursor.fetchall()
    return dict(zip([name for name, *_ in cursor.description], values, strict=True))


def test_every_table_has_a_view() -> None:
    assert set(VIEWS) == set(TABLES)


def test_units(database: sqlite3.Connection) -> None:
    share, coin = row(database, "units", "symbol = 'SHARE'"), row(database, "units", "symbol = 'COIN'")
    assert [share[name] for name in ("lot_quantity", "min_order_cash", "tick_price")] == [1.0, 5.0, 0.05]
    assert [coin[name] for name in ("lot_quantity", "min_order_cash", "tick_price")] == [2_000.0, 0.0, None]


def test_a_fill(database: sqlite3.Connection) -> None:
    put(database, "fills", 9, 0, "ml", "SHARE", 5 * SECOND + 250, -30, 9.99, 10.01, 61, 4, 15, 30, 7, None)
    assert row(database, "fills") == {
        "seq": 9, "position": 0, "known_at": "1970-01-01T00:00:05.000000250Z", "fill_id": "ml/SHARE/7/stop/f",
        "order_id": "ml/SHARE/7/stop", "book": "ml", "symbol": "SHARE", "quantity": -30.0, "price": 9.99,
        "reference_price": 10.01, "cost_cash": 0.61, "fee_cash": 0.04, "signal_id": "ml/SHARE/7",
        "prediction_id": "SHARE/direction/7",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("number", "text"), [(28, "combined/SHARE/7"), (29, "rules/SHARE/7"), (30, "ml/SHARE/7"), (3, "always")]
)
def test_the_sources_of_signals(database: sqlite3.Connection, number: int, text: str) -> None:
    put(database, "orders", 9, 0, "always", "SHARE", 0, 14, 30, None, 0.5, number, None, None)
    found = row(database, "orders")
    assert [found[name] for name in ("order_id", "kind", "signal_id", "prediction_id")] == [
        "always/SHARE/7",
        "market",
        text,
        None,
    ]


def test_ids_of_another_pattern(database: sqlite3.Connection) -> None:
    others = '{"order_id":"o-1","fill_id":"f-1","signal_id":"s-1","prediction_id":"p-1"}'
    put(database, "fills", 9, 0, "ml", "SHARE", 0, 1, 1.0, 1.0, 0, 0, None, None, None, others)
    names = ("order_id", "fill_id", "signal_id", "prediction_id")
    assert [row(database, "fills")[name] for name in names] == ["o-1", "f-1", "s-1", "p-1"]
    put(database, "fills", 9, 1, "ml", "SHARE", 0, 1, 1.0, 1.0, 0, 0, None, 3, None, '{"order_id":"o-2"}')
    assert [row(database, "fills", "position = 1")[name] for name in names] == ["o-2", "o-2/f", "ml", None]


def test_a_lot(database: sqlite3.Connection) -> None:
    put(database, "lots", 9, 0, "ml", "COIN", 3, 1, 2 * SECOND, 1.5, 2.5, -125, 1_000_000, 1, 8, 11, 16, None, None)
    found = row(database, "lots")
    assert found["lot_id"] == "ml/COIN/5/stop/f/1"
    assert (found["open_fill_id"], found["close_fill_id"]) == ("ml/COIN/4/f", "ml/COIN/5/stop/f")
    assert (found["opened_at"], found["known_at"]) == ("1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:02.000000000Z")
    assert found["quantity"] == 3_000.0
    money = [found[name] for name in ("gross_pnl_cash", "costs_cash", "net_pnl_cash")]
    assert money == [-125 / 10**7, 1_000_000 / 10**7, -1_000_125 / 10**7]


def test_times_before_1970(database: sqlite3.Connection) -> None:
    put(database, "models", 9, 0, "gbm", "X/direction", "ab", 3, -1, -SECOND)
    found = row(database, "models")
    assert (found["known_at"], found["ready_at"]) == ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.000000000Z")


def test_a_symbol_without_units_has_no_money(database: sqlite3.Connection) -> None:
    put(database, "fills", 9, 0, "ml", "X", 0, 1, 1.0, 1.0, 0, 0, 2, 3, None, None)
    assert row(database, "fills")["fee_cash"] is None


def test_views_of_another_version_of_the_program_are_created_again(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    SqliteStore(path).close()
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("DROP VIEW v_fills")
        other.execute("DROP VIEW v_signals")
        other.execute("CREATE VIEW v_signals AS SELECT 1 AS one")
        other.execute("CREATE VIEW mine AS SELECT 2 AS two")
    SqliteStore(path).close()
    with contextlib.closing(sqlite3.connect(path)) as other:
        found = {name for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
        assert found == {"mine", *(f"v_{table}" for table in VIEWS)}
        assert other.execute("SELECT signal_id FROM v_signals").fetchall() == []
