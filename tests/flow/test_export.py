"""The exported tables contain what the journal contains: each column, on runs in which everything happens."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl
import pytest

from alpha_pulse.agents import AGENTS
from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.types import Prediction, Signal, Units
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.journal.export import frames
from alpha_pulse.journal.export.columns import RARE, TABLES
from alpha_pulse.journal.reader import Step, read_steps
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.sql import SqliteStore
from alpha_pulse.stores.views import VIEWS
from flow.eventful import run_eventful
from flow.runs import INDICES, again, begun, bundled_feed

Row = dict[str, Any]
SECOND = 1_000_000_000


class Exported(NamedTuple):
    """A run: its steps as records, and the exported tables."""

    steps: list[Step]
    called: dict[tuple[int, str, str], Signal]
    """The signals of agents that are written in Python, by step, symbol and agent."""
    tables: dict[str, pl.DataFrame]
    units: dict[str, Units]

    def rows(self, table: str) -> list[Row]:
        """The rows of a table; times are ns."""
        frame = self.tables[table]
        times = [name for name, dtype in frame.schema.items() if dtype == pl.Datetime("ns", "UTC")]
        return frame.with_columns(pl.col(times).cast(pl.Int64)).to_dicts()


def exported(store: Store) -> Exported:
    steps = list(read_steps(store))
    units = {each.symbol: each for step in steps for each in step.record.units}
    called = {
        (seq, signal.symbol, signal.agent): signal
        for block in decoded_blocks(store)
        for seq, signal in block.structs("signals")
    }
    return Exported(steps, called, frames.tables(store), units)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of the eventful run."""
    path = tmp_path_factory.mktemp("export") / "run.db"
    store = open_store(str(path), StoreConfig())
    run_eventful(store)
    store.close()
    return path


@pytest.fixture(scope="module")
def eventful(file: Path) -> Iterator[Exported]:
    with contextlib.closing(SqliteStore(file)) as store:
        yield exported(store)


@pytest.fixture(scope="module")
def symbols() -> Exported:
    """A run with two symbols and an agent that is written in Python, in chunks of few bars."""
    feed = again(bundled_feed(INDICES)).cut(1_200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(AGENTS, "keeping", "flow.runs:Keeping")
        system = begun(feed, {"agents.members": ["trend", "keeping"]}, MemoryStore(StoreConfig()))
    while system.advance(50) == 50:
        pass
    return exported(system.store)


@pytest.fixture(params=["eventful", "symbols"])
def run(request: pytest.FixtureRequest) -> Exported:
    found: Exported = request.getfixturevalue(request.param)
    return found


def place(step: Step, symbol: str) -> Row:
    bar = next(bar for bar in step.record.bars if bar.symbol == symbol)
    return {"seq": step.seq, "symbol": symbol, "open_time": bar.ts_open, "known_at": bar.ts_event}


def test_bars(run: Exported) -> None:
    wanted = [
        {
            **place(step, bar.symbol),
            **{name: getattr(bar, name) for name in ("open", "high", "low", "close", "volume", "bid", "ask")},
            "number": bar.seq,
        }
        for step in run.steps
        for bar in step.record.bars
    ]
    assert run.rows("bars") == wanted


def test_features_are_null_where_they_are_missing(run: Exported) -> None:
    names = run.tables["features"].columns[4:]
    wanted = [
        {
            **place(step, symbol),
            **{
                name: None if number in step.record.masked.get(symbol, ()) else value
                for number, (name, value) in enumerate(zip(names, values, strict=True))
            },
        }
        for step in run.steps
        for symbol, values in step.record.features.items()
    ]
    assert run.rows("features") == wanted


def test_equity_is_in_cash(run: Exported) -> None:
    units = next(iter(run.units.values()))
    wanted = [
        {**place(step, step.record.bars[0].symbol), "book": book, "equity_cash": units.cash(equity)}
        for step in run.steps
        for book, equity in step.record.equity.items()
    ]
    assert run.rows("equity") == [{name: value for name, value in row.items() if name != "symbol"} for row in wanted]


def served(row: Row) -> Row:
    """What a Prediction states."""
    members = []
    for source in ("online", "batch", "base"):
        probability = row[f"{source}_probability"]
        if probability is not None:
            age = row["batch_age_s" if source == "batch" else "label_age_s"]
            model = "base_rate" if source == "base" else row[f"{source}_model"]
            versions = {"online": str(row["online_labels_used"]), "batch": row["batch_version"], "base": ""}
            members.append((model, versions[source], source, probability, row[f"{source}_weight"], age))
    missing = [(row[f"{source}_model"], row[f"{source}_missing"]) for source in ("online", "batch") if row[f"{source}_missing"]]
    names = ("prediction_id", "symbol", "target", "known_at", "probability", "confidence", "quarantined")
    return {**{name: row[name] for name in names}, "horizon": row["horizon_bars"], "members": members, "missing": missing}


def stated(prediction: Prediction) -> Row:
    members = [
        (each.model_id, each.version, each.source, each.probability, each.weight, age_s(each.age_ns))
        for each in prediction.members
    ]
    names = ("prediction_id", "symbol", "target", "horizon", "probability", "confidence", "quarantined")
    return {
        **{name: getattr(prediction, name) for name in names},
        "known_at": prediction.ts,
        "members": members,
        "missing": [(each.model_id, each.reason) for each in prediction.missing],
    }


def age_s(age_ns: int | None) -> float | None:
    return None if age_ns is None else age_ns / SECOND


def test_predictions(run: Exported) -> None:
    rows = run.rows("predictions")
    assert [served(row) for row in rows] == [stated(each) for step in run.steps for each in step.record.predictions]
    assert {row["open_time"] for row in rows} <= {row["open_time"] for row in run.rows("bars")}


SCORES = (
    *("online_probability", "batch_probability", "base_probability", "probability", "no_change_probability"),
    *("label", "last_known_label", "online_raw_probability"),
)
TRIAL = ("adapted_raw_probability", "control_raw_probability")


def test_labels_have_the_probabilities_that_they_scored(run: Exported) -> None:
    rows = run.rows("labels")
    known = [row for row in rows if row["status"] != "expired"]
    labels = [(step, label) for step in run.steps for label in step.record.labels]
    for row, (step, label) in zip(known, labels, strict=True):
        assert (row["seq"], row["known_at"]) == (step.seq, label.label_ts)
        names = ("prediction_id", "symbol", "target", "label", "value", "next_open_return", "weight")
        assert {name: row[name] for name in names} == {name: getattr(label, name) for name in names}
        assert (row["status"] == "scored") == bool(label.scores)
        unscored: list[float | None] = [*[None] * 5, label.label, None, None]
        assert [row[name] for name in SCORES] == (label.scores or unscored)
        assert [row[name] for name in TRIAL] == (label.trial or [None, None])
    late = [row["prediction_id"] for row in rows if row["status"] == "expired"]
    assert late == [each.prediction_id for step in run.steps for each in step.record.expired]


def test_signals(run: Exported) -> None:
    rows, agents = run.rows("signals"), iter(run.rows("agent_signals"))
    found = [(step, signal) for step in run.steps if step.decision is not None for signal in step.decision.signals]
    for row, (step, signal) in zip(rows, found, strict=True):
        assert {name: row[name] for name in place(step, signal.symbol)} == place(step, signal.symbol)
        wanted = (signal.signal_id, signal.prediction_id, signal.direction, signal.rule_part, signal.ml_part, signal.confidence)
        names = ("signal_id", "prediction_id", "direction", "rule_direction", "model_direction", "confidence")
        assert tuple(row[name] for name in names) == wanted
        assert row["volatility"] == step.record.volatilities[signal.symbol]
        reasons = {each.symbol: each.reason for each in step.record.abstentions}
        assert row["abstention_reason"] == reasons.get(signal.symbol)
        for part in signal.contributions:
            other = next(agents)
            assert (other["seq"], other["symbol"]) == (step.seq, signal.symbol)
            wanted_part = (part.signal_id, part.agent, part.direction, part.weight)
            assert tuple(other[name] for name in ("signal_id", "agent", "direction", "weight")) == wanted_part
    assert next(agents, None) is None


def test_signals_of_an_agent_that_is_written_in_python(symbols: Exported) -> None:
    rows = {(row["seq"], row["symbol"], row["agent"]): row for row in symbols.rows("agent_signals")}
    assert any(signal.prediction_id for signal in symbols.called.values())
    for where, signal in symbols.called.items():
        names = ("signal_id", "prediction_id", "direction", "rule_direction", "model_direction", "confidence")
        wanted = (signal.signal_id, signal.prediction_id, signal.direction, signal.rule_part, signal.ml_part, signal.confidence)
        assert tuple(rows[where][name] for name in names) == wanted


FIELDS: dict[str, dict[str, str]] = {
    "adaptations": {"ts": "began_at", "closed_ts": "closed_at", "effect": "effect_nats"},
    "alarm_responses": {"ts": "known_at"},
    "alarms": {"ts": "known_at", "change_ts": "change_at"},
    "commands": {},
    "fills": {"ts": "known_at", "reference": "reference_price", "cost": "cost_cash", "fee": "fee_cash"},
    "lots": {
        "opened_ts": "opened_at", "closed_ts": "known_at", "open_reference": "open_reference_price",
        "close_reference": "close_reference_price", "gross_pnl": "gross_pnl_cash", "costs": "costs_cash",
        "net_pnl": "net_pnl_cash",
    },
    "models": {"ready_ts": "ready_at"},
    "orders": {"ts": "known_at"},
    "refusals": {},
    "regimes": {"ts": "known_at", "change_ts": "change_at"},
    "requests": {},
    "scored_trades": {},
    "units": {"lot": "lot_quantity", "min_order": "min_order_cash", "tick": "tick_price"},
}  # fmt: skip
"""Columns that have another name than the field of the record."""
LISTS: dict[str, tuple[str, ...]] = {
    "scores": SCORES, "trial": TRIAL, "probabilities": ("calm_probability", "normal_probability", "turbulent_probability"),
}  # fmt: skip


def shown(table: str, record: Any, units: dict[str, Units]) -> Row:
    """The columns of a record, by hand."""
    row: Row = {}
    for field, value in msgspec.structs.asdict(record).items():
        name = FIELDS[table].get(field, field)
        if field == "trained_ts":
            continue  # the predictions state the age of the model
        if field in LISTS:
            row |= dict(zip(LISTS[field], value or [None] * len(LISTS[field]), strict=True))
        elif name.endswith("_cash"):
            row[name] = units[record.symbol].cash(value)
        elif field in ("quantity", "lot"):
            row[name] = units[record.symbol].quantity(value)
        elif isinstance(value, list | tuple | msgspec.Struct) or (field == "value" and value is not None):
            row[name] = msgspec.json.encode(value).decode()
        else:
            row[name] = value
    return row


@pytest.mark.parametrize("table", RARE)
def test_rare_rows(table: str, run: Exported) -> None:
    records: list[tuple[Step, Any]] = [
        (step, record)
        for step in run.steps
        for record in ((step.decision.orders if step.decision else []) if table == "orders" else getattr(step.record, table))
    ]
    rows = run.rows(table)
    opens = {(bar.symbol, bar.ts_event): bar.ts_open for step in run.steps for bar in step.record.bars}
    for row, (step, record) in zip(rows, records, strict=True):
        wanted = shown(table, record, run.units)
        assert {name: row[name] for name in wanted} == wanted
        assert (row["seq"], row["known_at"]) == (step.seq, step.ts_event)
        symbol = row.get("symbol") or row.get("session_id", "").rpartition("/")[0]
        for name in [name for name in row if name.endswith("_at") and name != "ready_at"]:
            opened = row["open_time" if name == "known_at" else name.replace("_at", "_open_time")]
            assert opened == opens.get((symbol, row[name])), (name, row)


def test_every_column_contains_something(eventful: Exported) -> None:
    empty = {
        f"{table}.{name}"
        for table, frame in eventful.tables.items()
        for name in frame.columns
        if frame[name].null_count() == len(frame) and table != "challengers"  # the run has none: see test_challengers
    }
    # No batch model scores trades, no model is quarantined, no fill is refused, and the run has no result yet.
    assert empty == {"predictions.online_missing", "refusals.order_id", "run.result", "scored_trades.batch_probability"}


def test_columns_are_those_declared(run: Exported) -> None:
    for table, frame in run.tables.items():
        declared = {column.name: column.dtype for column in TABLES[table].columns}
        found = dict(list(frame.schema.items())[: len(declared)])
        assert found == declared, table
        assert len(frame.columns) == len(declared) or table == "features"


def test_views_show_the_exported_rows(file: Path, eventful: Exported) -> None:
    with contextlib.closing(sqlite3.connect(file)) as database:
        for table in RARE:
            names = ["seq", "position", *(column.name for column in VIEWS[table])]
            if table == "models":
                names.remove("known_at")  # the view shows when the newest label of the training was known
            found = database.execute(f"SELECT {', '.join(names)} FROM v_{table} ORDER BY seq, position").fetchall()
            frame = eventful.tables[table]
            times = [name for name in names if frame.schema[name] == pl.Datetime("ns", "UTC")]
            wanted = frame.select(names).with_columns(pl.col(times).dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ")).rows()
            assert found == wanted, table


def test_chunks_of_any_size_give_the_same(eventful: Exported, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    for bars, steps in ((1, 10_000), (500, 90)):
        monkeypatch.setattr("alpha_pulse.journal.export.chunks.BARS", bars)
        monkeypatch.setattr("alpha_pulse.journal.export.chunks.STEPS", steps)
        for table, frame in frames.tables(file).items():
            assert frame.equals(eventful.tables[table]), table


def test_one_table_can_be_read_by_path(file: Path) -> None:
    found = frames.tables(file, "lots")
    assert list(found) == ["lots"]
    assert len(found["lots"])
    with pytest.raises(ValueError, match="there is no table 'trades'; the tables are adaptations, agent_signals"):
        frames.tables(file, "trades")
