"""What a run served, decided and earned, as tables of exact numbers; kept as Parquet, compared bit for bit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.kernels.base.scores import SERVED
from flow.runs import Done

FOLDER = Path(__file__).resolve().parent
KEYS = ("seq", "symbol", "book")
"""Columns that name a row, as far as a table has them."""
BILLION = 1_000_000_000
"""Probabilities are served with 9 decimals, and kept as whole billionths."""
OPENED = "opened"
"""The event of an adaptation whose status is ``open``; the others are named by their status."""

Tables = dict[str, pl.DataFrame]


class Head(msgspec.Struct, frozen=True):
    """Beside the tables of a run: ``feed_identity`` tells whether its input is still the same; the hash is that of the
    decisions as JSON lines.
    """

    feed_identity: str
    bars: int
    decisions_sha256: str
    events: dict[str, int]


class Golden(msgspec.Struct, frozen=True):
    """A run, as it is kept."""

    head: Head
    tables: Tables


def tables_of(done: Done) -> Golden:
    """Tables by name: ``served`` (billionths and the combined direction), ``equity``, ``orders``, ``fills``, ``trades`` (closed
    lots of the primary book, and the chance of a gain that trade quality had served for their signals), ``events``.
    """
    tables = {
        "served": _served(done),
        "equity": _equity(done),
        "orders": _orders(done),
        "fills": _fills(done),
        "trades": _trades(done),
        "events": _events(done),
    }
    counts = tables["events"]["kind"].value_counts().sort("kind")
    events = dict(zip(counts["kind"].to_list(), counts["count"].to_list(), strict=True))
    lines = b"".join(decision + b"\n" for _, decision in done.steps if decision is not None)
    return Golden(Head(done.system.feed.identity, len(done.bars), hashlib.sha256(lines).hexdigest(), events), tables)


def write(name: str, golden: Golden, folder: Path = FOLDER) -> None:
    """Keep a run under its name."""
    place = folder / name
    place.mkdir(exist_ok=True)
    for table, frame in golden.tables.items():
        frame.write_parquet(place / f"{table}.parquet", compression="zstd", compression_level=19, statistics=False)
    (place / "run.json").write_bytes(msgspec.json.format(msgspec.json.encode(golden.head), indent=2) + b"\n")


def read(name: str, folder: Path = FOLDER) -> Golden:
    """A run as it was kept."""
    place = folder / name
    head = msgspec.json.decode((place / "run.json").read_bytes(), type=Head)
    return Golden(head, {path.stem: pl.read_parquet(path) for path in sorted(place.glob("*.parquet"))})


def difference(old: Golden, new: Golden) -> str | None:
    """The first thing in which a run differs from the one kept, in a sentence; None where every bit is the same."""
    if old.head.feed_identity != new.head.feed_identity:
        return "the market itself is another one: its bars differ, so nothing can be said about the program"
    if old.tables.keys() != new.tables.keys():
        return f"the tables {sorted(old.tables)} were kept, and {sorted(new.tables)} are made now"
    for table in ("served", "orders", "fills", "trades", "equity", "events"):
        found = _table_difference(table, old.tables[table], new.tables[table])
        if found is not None:
            return found
    if old.head != new.head:
        return f"the tables are equal, but {old.head} was kept and is {new.head} now"
    return None


def _table_difference(table: str, old: pl.DataFrame, new: pl.DataFrame) -> str | None:
    if old.schema != new.schema:
        return f"table {table} has the columns {dict(new.schema)}, but {dict(old.schema)} were kept"
    common = min(old.height, new.height)
    first, where = common, ""
    for column in old.columns:
        unequal = _bits(old[column].head(common)).ne_missing(_bits(new[column].head(common))).arg_true()
        if unequal.len() and unequal[0] < first:
            first, where = int(unequal[0]), column
    if where:
        names = ", ".join(f"{key} {old[key][first]}" for key in KEYS if key in old.columns)
        was, now = old[where][first], new[where][first]
        return f"table {table}, row {first} ({names}), column {where}: {was!r} was kept, {now!r} is now"
    if old.height != new.height:
        longer, more = (old, "kept") if old.height > new.height else (new, "made now")
        rest = f"the first that is {more} alone: {longer.row(common)}"
        return f"table {table} has {new.height} rows, but {old.height} were kept; {rest}"
    return None


def _bits(column: pl.Series) -> pl.Series:
    """Floating-point numbers by their bits: -0 is not 0, and NaN is itself."""
    if column.dtype != pl.Float64:
        return column
    bits = pl.Series(np.ascontiguousarray(column.fill_null(0.0).to_numpy()).view(np.int64))
    return bits.set(column.is_null(), None)


def _frame(rows: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(schema), orient="row")


def _billionths(probability: float) -> int:
    whole = round(probability * BILLION)
    assert whole / BILLION == probability, f"{probability!r} has more than 9 decimals and cannot be kept exactly"
    return whole


def _served(done: Done) -> pl.DataFrame:
    targets = sorted({prediction.target for prediction in done.predictions})
    rows = []
    for seq, (record, decision) in enumerate(zip(done.records, done.decisions, strict=True)):
        directions = {} if decision is None else {signal.symbol: signal.direction for signal in decision.signals}
        for bar in record.bars:
            served = {p.target: _billionths(p.probability) for p in record.predictions if p.symbol == bar.symbol}
            rows.append({"seq": seq, "symbol": bar.symbol, **served, "combined": directions.get(bar.symbol)})
    columns = {"seq": pl.Int32, "symbol": pl.String, **dict.fromkeys(targets, pl.Int32), "combined": pl.Float64}
    return _frame(rows, columns)


def _equity(done: Done) -> pl.DataFrame:
    books = list(done.records[0].equity)
    rows = ({"seq": seq, **record.equity} for seq, record in enumerate(done.records))
    return _frame(rows, {"seq": pl.Int32, **dict.fromkeys(books, pl.Int64)})


def _orders(done: Done) -> pl.DataFrame:
    rows = (
        {"seq": seq, "symbol": o.symbol, "book": o.book, "kind": o.kind, "quantity": o.quantity, "stop_price": o.stop_price}
        for seq, decision in enumerate(done.decisions)
        if decision is not None
        for o in decision.orders
    )
    names = {"seq": pl.Int32, "symbol": pl.String, "book": pl.String, "kind": pl.String}
    return _frame(rows, {**names, "quantity": pl.Int64, "stop_price": pl.Float64})


def _fills(done: Done) -> pl.DataFrame:
    rows = (
        {
            "seq": seq, "symbol": fill.symbol, "book": fill.book, "quantity": fill.quantity,
            "price": fill.price, "reference": fill.reference, "cost": fill.cost, "fee": fill.fee,
        }
        for seq, record in enumerate(done.records)
        for fill in record.fills
    )  # fmt: skip
    numbers = {"quantity": pl.Int64, "price": pl.Float64, "reference": pl.Float64, "cost": pl.Int64, "fee": pl.Int64}
    return _frame(rows, {"seq": pl.Int32, "symbol": pl.String, "book": pl.String, **numbers})


def _trades(done: Done) -> pl.DataFrame:
    rows = []
    for seq, record in enumerate(done.records):
        lots = {lot.lot_id: lot for lot in record.lots}
        for trade in record.scored_trades:
            lot = lots[trade.lot_id]  # no outcome comes from outside here
            rows.append((seq, trade.symbol, lot.quantity, lot.net_pnl, trade.label, trade.scores[SERVED]))
    names = {"seq": pl.Int32, "symbol": pl.String}
    numbers = {"quantity": pl.Int64, "net_pnl": pl.Int64, "label": pl.Int8, "trade_quality": pl.Float64}
    return pl.DataFrame(rows, schema={**names, **numbers}, orient="row")


def _events(done: Done) -> pl.DataFrame:
    """``kind`` and ``code`` say what happened, ``samples`` and ``since`` when by the session's own count, ``size`` how much."""
    rows: list[tuple[Any, ...]] = []
    for seq, record in enumerate(done.records):
        for a in record.alarms:
            rows.append((seq, a.symbol, a.target, "alarm", f"{a.monitored}:{a.detector}", a.sample, a.change_sample, a.score))
        for r in record.regimes:
            code = f"{r.feature}:{r.from_label}:{r.to_label}"
            rows.append((seq, r.symbol, None, "regime", code, None, r.change_ts, r.probability))
        for d in record.adaptations:
            cause = d.cause.partition(":")[0]
            status = OPENED if d.status == "open" else d.status
            rows.append((seq, d.symbol, d.target, status, f"{d.kind}:{cause}", d.effect_samples, None, d.effect))
        for m in record.models:
            symbol, _, target = m.session_id.rpartition("/")
            rows.append((seq, symbol, target, "model", m.version, m.examples, m.ready_ts, None))
        rows += [(seq, late.symbol, late.target, "expired", "", None, None, None) for late in record.expired]
        rows += [(seq, refusal.symbol, None, "refusal", refusal.book, None, None, None) for refusal in record.refusals]
    schema = {
        "seq": pl.Int32, "symbol": pl.String, "target": pl.String, "kind": pl.String, "code": pl.String,
        "samples": pl.Int64, "since": pl.Int64, "size": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
