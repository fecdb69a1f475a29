"""Views of the plain tables: ids as text, times as text in UTC, money in cash, and quantities in units of the asset.

The view of a table has its name after ``v_``. Views are no part of the hash chain, and are created again when their definition
changes. SQLite 3.40 counts json_extract as unsafe in a view, so the store's own connection (trusted_schema OFF) cannot query
some of them, while any ordinary connection can.
"""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple

from alpha_pulse.stores.tables import TABLES

Kind = Literal["text", "whole", "number", "time"]

PREFIX = "v_"


class ViewColumn(NamedTuple):
    """One column: an SQL ``expression`` over the table ``t`` and the units ``u`` of its symbol, and its meaning and unit."""

    name: str
    kind: Kind
    expression: str
    meaning: str


_KINDS: dict[str, Kind] = {"INTEGER": "whole", "REAL": "number", "TEXT": "text"}
_MEANINGS = {table: {column.name: column for column in columns} for table, columns in TABLES.items()}
_CASH, _ASSET = "cash", "units of the asset"
_PRICE = "quote currency per unit of the asset"
_PROBABILITY = "probability, 0 to 1"
_UTC = "UTC"


def _same(table: str, *names: str) -> tuple[ViewColumn, ...]:
    """Columns as they are in the table."""
    columns = (_MEANINGS[table][name] for name in names)
    return tuple(ViewColumn(column.name, _KINDS[column.type], f"t.{column.name}", column.meaning) for column in columns)


def _time(name: str, column: str, meaning: str) -> ViewColumn:
    """Nanoseconds as text; also for times before 1970."""
    fraction = f"((({column}) % 1000000000) + 1000000000) % 1000000000"
    seconds = f"(({column}) - {fraction}) / 1000000000"
    text = f"strftime('%Y-%m-%dT%H:%M:%S', {seconds}, 'unixepoch') || printf('.%09dZ', {fraction})"
    return ViewColumn(name, "time", text, f"{meaning}, {_UTC}")


def _known(column: str = "t.ts") -> ViewColumn:
    return _time("known_at", column, "when it became known: the end of the bar")


def _cash(name: str, column: str, meaning: str) -> ViewColumn:
    return ViewColumn(name, "number", f"({column}) / CAST('1e' || u.cash_decimals AS REAL)", f"{meaning}, {_CASH}")


def _quantity(name: str, column: str, meaning: str) -> ViewColumn:
    """The decimals of a quantity may be below 0: then one part is many units."""
    value = (
        f"CASE WHEN u.quantity_decimals >= 0 THEN {column} / CAST('1e' || u.quantity_decimals AS REAL) "
        f"ELSE {column} * CAST('1e' || -u.quantity_decimals AS REAL) END"
    )
    return ViewColumn(name, "number", value, f"{meaning}, {_ASSET}")


def _number(name: str, expression: str, meaning: str) -> ViewColumn:
    return ViewColumn(name, "number", expression, meaning)


def _other_or(field: str, text: str) -> str:
    """An id of another pattern, or the text that follows from numbers."""
    return f"coalesce(json_extract(t.other_ids, '$.{field}'), {text})"


def _order(number: str) -> str:
    return f"t.book || '/' || t.symbol || '/' || ({number} / 2) || CASE {number} % 2 WHEN 1 THEN '/stop' ELSE '' END"


def _id(name: str, text: str, meaning: str) -> ViewColumn:
    return ViewColumn(name, "text", _other_or(name, text), meaning)


_SOURCE = "CASE t.signal_number % 4 WHEN 0 THEN 'combined' WHEN 1 THEN 'rules' ELSE 'ml' END"
_SIGNAL = f"CASE t.signal_number % 4 WHEN 3 THEN t.book ELSE {_SOURCE} || '/' || t.symbol || '/' || (t.signal_number / 4) END"
_SIGNAL_IDS = (
    _id("signal_id", _SIGNAL, "signal behind it; the name of the book where it follows no signal"),
    _id("prediction_id", "t.symbol || '/direction/' || t.prediction_number", "prediction behind it; null where there is none"),
)
_CLOSING = _other_or("close_fill_id", f"{_order('t.close_number')} || '/f'")
_SCORES = (
    *("online_probability", "batch_probability", "base_probability", "probability", "no_change_probability"),
    *("label", "last_known_label", "online_raw_probability"),
)
_TRIAL = ("adapted_raw_probability", "control_raw_probability")
_REGIMES = ("calm_probability", "normal_probability", "turbulent_probability")


def _listed(column: str, names: tuple[str, ...], meaning: str) -> tuple[ViewColumn, ...]:
    """The elements of a JSON list."""
    return tuple(
        _number(name, f"json_extract(t.{column}, '$[{place}]')", meaning) for place, name in enumerate(names) if name != "label"
    )


VIEWS: dict[str, tuple[ViewColumn, ...]] = {
    "adaptations": (
        _known("coalesce(t.closed_ts, t.ts)"),
        *_same("adaptations", "action_id", "kind", "symbol", "target"),
        _time("began_at", "t.ts", "start of the adaptation"),
        *_same("adaptations", "cause", "reason", "status"),
        _time("closed_at", "t.closed_ts", "end of the trial; null while it is open"),
        _number("effect_nats", "t.effect", _MEANINGS["adaptations"]["effect"].meaning),
        *_same("adaptations", "effect_samples"),
    ),
    "alarm_responses": (
        _known(),
        *_same("alarm_responses", "alarm_id", "symbol", "target", "status", "reason", "action_id"),
    ),
    "alarms": (
        _known(),
        *_same("alarms", "alarm_id", "detector", "symbol", "target", "monitored", "sample", "score", "change_sample"),
        _time("change_at", "t.change_ts", "estimated change"),
        *_same("alarms", "mean", "features"),
    ),
    "commands": _same("commands", *(column.name for column in TABLES["commands"])),
    "fills": (
        _known(),
        ViewColumn(
            "fill_id",
            "text",
            _other_or("fill_id", f"{_other_or('order_id', _order('t.order_number'))} || '/f'"),
            "name, unique in the run",
        ),
        _id("order_id", _order("t.order_number"), "order that was filled"),
        *_same("fills", "book", "symbol"),
        _quantity("quantity", "t.quantity", "above 0 to buy"),
        *_same("fills", "price"),
        _number("reference_price", "t.reference", _MEANINGS["fills"]["reference"].meaning),
        _cash("cost_cash", "t.cost", "half-spread and slippage"),
        _cash("fee_cash", "t.fee", "fee of the venue"),
        *_SIGNAL_IDS,
    ),
    "lots": (
        _known("t.closed_ts"),
        ViewColumn("lot_id", "text", f"{_CLOSING} || '/' || t.rank", "name, unique in the run"),
        *_same("lots", "book", "symbol"),
        _quantity("quantity", "t.quantity", "above 0 for a long position"),
        _time("opened_at", "t.opened_ts", "when the opening fill became known"),
        _number("open_reference_price", "t.open_reference", _MEANINGS["lots"]["open_reference"].meaning),
        _number("close_reference_price", "t.close_reference", _MEANINGS["lots"]["close_reference"].meaning),
        _cash("gross_pnl_cash", "t.gross_pnl", "before costs"),
        _cash("costs_cash", "t.costs", "half-spread, slippage and fees"),
        _cash("net_pnl_cash", "t.gross_pnl - t.costs", "after costs"),
        _id("open_fill_id", f"{_order('t.open_number')} || '/f'", "fill that opened it"),
        _id("close_fill_id", f"{_order('t.close_number')} || '/f'", "fill that closed it"),
        *_SIGNAL_IDS,
    ),
    "missing": _same("missing", "symbol", "target", "model_id", "reason"),
    "models": (
        _known("t.trained_ts"),
        *_same("models", "model_id", "session_id", "version", "examples"),
        _time("ready_at", "t.ready_ts", "predicts from the first bar that ends at or after it"),
    ),
    "orders": (
        _known(),
        _id("order_id", _order("t.order_number"), "name, unique in the run"),
        *_same("orders", "book", "symbol"),
        ViewColumn("kind", "text", "CASE t.order_number % 2 WHEN 1 THEN 'stop' ELSE 'market' END", "market or stop"),
        _quantity("quantity", "t.quantity", "above 0 to buy"),
        *_same("orders", "stop_price", "fraction"),
        *_SIGNAL_IDS,
    ),
    "refusals": _same("refusals", "book", "symbol", "signal_id", "reasons", "order_id"),
    "regimes": (
        _known(),
        *_same("regimes", "change_id", "symbol", "feature", "from_label", "to_label", "probability"),
        _time("change_at", "t.change_ts", "estimated start of the change"),
        *_same("regimes", "ratio"),
        *_listed("probabilities", _REGIMES, _PROBABILITY),
    ),
    "requests": _same("requests", "session_id", "drift_type"),
    "scored_trades": (
        *_same("scored_trades", "lot_id", "symbol", "label"),
        *_listed("scores", _SCORES, f"of a net profit: {_PROBABILITY}"),
        *_listed("trial", _TRIAL, f"of a trial's models, before calibration: {_PROBABILITY}"),
    ),
    "signals": (
        _known(),
        *_same("signals", "signal_id", "agent", "symbol", "direction", "confidence"),
        _number("rule_direction", "t.rule_part", _MEANINGS["signals"]["rule_part"].meaning),
        _number("model_direction", "t.ml_part", _MEANINGS["signals"]["ml_part"].meaning),
        *_same("signals", "prediction_id"),
    ),
    "units": (
        *_same("units", "symbol", "cash_decimals", "quantity_decimals"),
        _quantity("lot_quantity", "t.lot", "quantities are multiples of it"),
        _cash("min_order_cash", "t.min_order", "smallest value of an order"),
        _number("tick_price", "t.tick", f"fill prices are multiples of it, {_PRICE}; null where none is set"),
    ),
}
"""The columns of each table's view after ``seq`` and ``position``."""


def view_sql(table: str) -> str:
    """The statement that creates the view of a table.

    >>> print(view_sql("requests"))
    CREATE VIEW v_requests AS SELECT
        t.seq AS seq, -- step
        t.position AS position, -- order within the step
        t.session_id AS session_id, -- session, * for the timer
        t.drift_type AS drift_type -- kind of drift that the adaptation was requested for
    FROM requests AS t
    """
    place = (("seq", "t.seq", "step"), ("position", "t.position", "order within the step"))
    columns = [*place, *((column.name, column.expression, column.meaning) for column in VIEWS[table])]
    last = len(columns) - 1
    lines = [
        f"    {expression} AS {name}{'' if index == last else ','} -- {meaning}\n"
        for index, (name, expression, meaning) in enumerate(columns)
    ]
    units = " LEFT JOIN units AS u ON u.symbol = t.symbol" if any("u." in expression for _, expression, _ in columns) else ""
    return f"CREATE VIEW {PREFIX}{table} AS SELECT\n{''.join(lines)}FROM {table} AS t{units}"


def renew_views(connection: sqlite3.Connection) -> None:
    """Create the views that are missing or have another definition, in a transaction if there are any."""
    stored = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'").fetchall())
    stale = [table for table in VIEWS if stored.get(PREFIX + table) != view_sql(table)]
    if not stale:
        return
    connection.execute("SAVEPOINT views")
    for table in stale:
        connection.execute(f"DROP VIEW IF EXISTS {PREFIX}{table}")
        connection.execute(view_sql(table))
    connection.execute("RELEASE views")
