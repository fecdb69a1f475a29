"""The tables of an SQL store, and views of the journal's JSON.

Tables are SQLAlchemy Core, STRICT, with CHECKs. Views are projections, recreated whenever their definition changes. They are
for readers: SQLite 3.40 counts json_extract as unsafe in a view, so the store's own connection (trusted_schema OFF)
cannot query them, while any ordinary connection can.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from sqlalchemy import CheckConstraint, Column, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

APPLICATION_ID = 0x41507531
"""Written into the database's header, to recognise files of this program."""

METADATA = MetaData()

RUN = Table(
    "run",
    METADATA,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("run_id", Text, nullable=False),
    Column("config_hash", Text, nullable=False),
    Column("feed_identity", Text, nullable=False),
    Column("program_version", Text, nullable=False),
    Column("schema_version", Integer, CheckConstraint("schema_version >= 1"), nullable=False),
    Column("config", Text, nullable=False),
    Column("identity_hash", LargeBinary, CheckConstraint("length(identity_hash) = 32"), nullable=False),
    Column("result", Text, CheckConstraint("result <> ''")),
    Column("result_hash", LargeBinary, CheckConstraint("length(result_hash) = 32")),
    sqlite_strict=True,
)

# No json_valid: with trusted_schema OFF SQLite 3.40 refuses it, and the store checks each row before it gets this far.
JOURNAL = Table(
    "journal",
    METADATA,
    Column("seq", Integer, CheckConstraint("seq >= 0"), primary_key=True, autoincrement=False),
    Column("ts_event", Integer, nullable=False),
    Column("payload", Text, CheckConstraint("payload <> ''"), nullable=False),
    Column("decision", Text, CheckConstraint("decision <> ''")),
    Column("hash", LargeBinary, CheckConstraint("length(hash) = 32"), nullable=False),
    sqlite_strict=True,
)

CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("seq", Integer, CheckConstraint("seq >= -1"), primary_key=True, autoincrement=False),
    Column("blob", LargeBinary, nullable=False),
    sqlite_strict=True,
)

_TRIGGERS = tuple(
    f"CREATE TRIGGER journal_refuses_{verb} BEFORE {verb} ON journal "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    for verb in ("update", "delete")
)


class View(NamedTuple):
    """A row per element of a list in the journal's JSON.

    ``column`` contains the list, under the view's name. ``fields`` of its elements become columns, lists and objects as JSON.
    ``left_out``: defaults of fields that the journal omits, as SQL literals. ``more``: computed columns, as SQL expressions.
    """

    column: str
    fields: tuple[str, ...]
    left_out: dict[str, str] = {}  # noqa: RUF012  (never changed)
    more: dict[str, str] = {}  # noqa: RUF012


VIEWS = {
    "abstentions": View("payload", ("symbol", "reason")),
    "adaptations": View(
        "payload",
        ("action_id", "kind", "symbol", "target", "cause", "reason", "status", "closed_ts", "effect", "effect_samples"),
    ),
    "alarm_responses": View("payload", ("alarm_id", "symbol", "target", "status", "reason", "action_id")),
    "alarms": View(
        "payload",
        (
            *("alarm_id", "detector", "symbol", "target", "sample", "score", "change_sample", "change_ts", "mean"),
            *("monitored", "features"),
        ),
    ),
    "bars": View(
        "payload",
        ("symbol", "interval_ns", "open", "high", "low", "close", "volume", "bid", "ask"),
        more={"ts_open": "journal.ts_event - json_extract(item.value, '$.interval_ns')"},
    ),
    "commands": View(
        "payload",
        (
            *("kind", "session_id", "model_type", "horizon", "n_features", "examples", "drift_type", "outcome"),
            *("setting", "value"),
        ),
    ),
    "expired": View("payload", ("prediction_id", "symbol", "target")),
    "fills": View(
        "payload",
        (
            *("fill_id", "order_id", "book", "symbol", "quantity", "price", "reference", "cost", "fee"),
            *("signal_id", "prediction_id"),
        ),
    ),
    "labels": View(
        "payload",
        ("prediction_id", "symbol", "target", "label", "label_ts", "weight", "value", "next_open_return", "scores", "trial"),
        {"weight": "1.0", "scores": "'[]'", "trial": "'[]'"},
    ),
    "lots": View(
        "payload",
        (
            *("lot_id", "book", "symbol", "quantity", "opened_ts", "closed_ts", "open_reference", "close_reference"),
            *("gross_pnl", "costs", "net_pnl", "open_fill_id", "close_fill_id", "signal_id", "prediction_id"),
        ),
    ),
    "models": View("payload", ("model_id", "session_id", "version", "examples", "trained_ts", "ready_ts")),
    "orders": View(
        "decision",
        ("order_id", "book", "symbol", "kind", "quantity", "stop_price", "signal_id", "prediction_id", "fraction"),
    ),
    "predictions": View(
        "payload",
        ("prediction_id", "symbol", "target", "horizon", "probability", "confidence", "members", "quarantined", "missing"),
        {"members": "'[]'", "quarantined": "0", "missing": "'[]'"},
    ),
    "refusals": View("payload", ("book", "symbol", "signal_id", "reasons", "order_id")),
    "regimes": View(
        "payload",
        (
            *("change_id", "symbol", "feature", "from_label", "to_label", "probability", "change_ts", "ratio"),
            "probabilities",
        ),
    ),
    "requests": View("payload", ("session_id", "drift_type")),
    "scored_trades": View("payload", ("lot_id", "symbol", "label", "scores", "trial"), {"trial": "'[]'"}),
    "signals": View(
        "decision",
        (
            *("signal_id", "agent", "symbol", "direction", "confidence", "rule_part", "ml_part", "prediction_id"),
            "contributions",
        ),
        {"contributions": "'[]'"},
    ),
    "units": View("payload", ("symbol", "cash_decimals", "quantity_decimals", "lot", "min_order", "tick")),
}
"""All lists in the journal's JSON. The time and the number of an element are ``ts_event`` and ``seq`` of its step."""


def view_sql(name: str) -> str:
    """The statement that creates a view: a row per element, with its step, position in the list, JSON and fields.

    >>> view_sql("models").startswith("CREATE VIEW models AS SELECT journal.seq, journal.ts_event, item.key AS position")
    True
    """
    column, fields, left_out, more = VIEWS[name]
    extracted = {field: _extract(field, left_out.get(field)) for field in fields}
    shown = ", ".join(f"{value} AS {field}" for field, value in {**extracted, **more}.items())
    return (
        f"CREATE VIEW {name} AS SELECT journal.seq, journal.ts_event, item.key AS position, item.value AS element, {shown} "
        f"FROM journal, json_each(journal.{column}, '$.{name}') AS item"
    )


def _extract(field: str, left_out: str | None) -> str:
    value = f"json_extract(item.value, '$.{field}')"
    return value if left_out is None else f"coalesce({value}, {left_out})"


def statements() -> dict[str, str]:
    """The statements that create tables and triggers, by name, exactly as SQLite stores them."""
    dialect = sqlite.dialect()
    tables = {table.name: str(CreateTable(table).compile(dialect=dialect)).strip() for table in METADATA.sorted_tables}
    return {**tables, **{text.split()[2]: text for text in _TRIGGERS}}


def create(connection: sqlite3.Connection, version: int) -> None:
    """Create tables and triggers in an empty database, inside the caller's transaction."""
    for statement in statements().values():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")


def stale_views(connection: sqlite3.Connection) -> list[str]:
    """The views that are missing or have another definition."""
    stored = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'").fetchall())
    return [name for name in sorted(VIEWS) if stored.get(name) != view_sql(name)]


def renew_views(connection: sqlite3.Connection, names: list[str]) -> None:
    """Recreate the named views, inside the caller's transaction."""
    for name in names:
        connection.execute(f"DROP VIEW IF EXISTS {name}")
        connection.execute(view_sql(name))
