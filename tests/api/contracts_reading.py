"""What holds for the routes that tell what was; the numbers are those of the journal, read by plain SQL."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from alpha_pulse.gateway.protocol import Adaptations, Fills, Inspection, Positions, Regimes, Series, SessionScores, Trades
from alpha_pulse.metrics.reliability import ReliabilityTable
from api.contracts import EQUITY, LOOPS, MS, SESSIONS, contract, same
from api.running import SYMBOL, Running


@contract("GET", "/api/v1/market/symbols")
def symbols(live: Running) -> None:
    assert live.get("/api/v1/market/symbols") == {"symbols": [SYMBOL]}


@contract("GET", "/api/v1/market/{symbol}/bars")
def bars(live: Running) -> None:
    rows = live.sql("SELECT seq, ts_event, open, high, low, close, ts_event - interval_ns FROM bars ORDER BY seq")
    path = f"/api/v1/market/{SYMBOL}/bars"
    found = paged(live, path, limit=700)
    names = ("seq", "ts_ms", "open", "high", "low", "close", "bar_open_ms")
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        same(found[name], [value // MS for value in column] if name.endswith("_ms") else list(column))
    assert found["volume"] == [None] * len(rows)
    thin = live.get(f"{path}?max_points=50", Series).columns
    assert 2 <= len(thin["seq"]) <= 50
    assert max(map(number, thin["high"])) == max(row[3] for row in rows)
    assert min(map(number, thin["low"])) == min(row[4] for row in rows)
    assert (thin["open"][0], thin["close"][-1]) == (rows[0][2], rows[-1][5])
    assert (thin["bar_open_ms"][0], thin["ts_ms"][-1]) == (rows[0][6] // MS, rows[-1][1] // MS)
    for query in ("limit=0", "limit=10001", "from_seq=-1", "max_points=1", "max_points=5001", "limit=x", "limit=1&limit=2"):
        live.refused(422, f"{path}?{query}", method="GET")
    live.refused(422, f"{path}?form_seq=1", method="GET", said="did you mean 'from_seq'?")
    live.refused(404, "/api/v1/market/NONE/bars", method="GET", said=SYMBOL)


def number(value: Any) -> float:
    assert isinstance(value, int | float)
    return float(value)


def paged(live: Running, path: str, limit: int) -> dict[str, list[Any]]:
    """All columns, page by page."""
    found: dict[str, list[Any]] = {}
    at: int | None = 0
    while at is not None:
        page = live.get(f"{path}{'&' if '?' in path else '?'}from_seq={at}&limit={limit}", Series)
        assert len({len(column) for column in page.columns.values()}) == 1
        assert len(page.columns["seq"]) <= limit
        for name, column in page.columns.items():
            found.setdefault(name, []).extend(column)
        at = page.next_seq
    assert len(found["seq"]) == page.total
    return found


def units(live: Running) -> tuple[int, int]:
    """Parts of a unit of cash, and of a unit of the traded thing, that the journal's whole numbers count."""
    ((cash, quantity),) = live.sql("SELECT cash_decimals, quantity_decimals FROM units")
    return 10**cash, 10**quantity


@contract("GET", "/api/v1/trading/fills")
def fills(live: Running) -> None:
    found = live.get("/api/v1/trading/fills?limit=10000", Fills)
    rows = live.sql(
        "SELECT seq, ts_event, fill_id, order_id, quantity, price, reference, cost, fee, signal_id, prediction_id "
        "FROM fills WHERE book = 'combined' ORDER BY seq"
    )
    told = [
        (f.seq, f.ts_ms, f.fill_id, f.order_id, f.quantity, f.price, f.reference, f.cost, f.fee, f.signal_id, f.prediction_id)
        for f in found.fills
    ]
    assert len(told) == found.total == len(rows) > 20
    cash, part = units(live)
    wanted = [
        (row[0], row[1] // MS, *row[2:4], row[4] / part, *row[5:7], row[7] / cash, row[8] / cash, *row[9:]) for row in rows
    ]
    assert told == wanted
    everything = live.get("/api/v1/trading/fills?book=all&limit=10000", Fills)
    assert everything.total == live.sql("SELECT count(*) FROM fills")[0][0] > found.total
    first = live.get(f"/api/v1/trading/fills?limit=5&symbol={SYMBOL}", Fills)
    rest = live.get(f"/api/v1/trading/fills?limit=10000&from_seq={first.next_seq}", Fills)
    assert [*first.fills, *rest.fills] == found.fills
    live.refused(404, "/api/v1/trading/fills?book=combind", method="GET", said="did you mean 'combined'?")
    live.refused(404, "/api/v1/trading/fills?symbol=NONE", method="GET")


@contract("GET", "/api/v1/trading/trades")
def trades(live: Running) -> None:
    found = live.get("/api/v1/trading/trades?limit=10000&book=all", Trades)
    rows = live.sql("SELECT lot_id, book, gross_pnl, costs, net_pnl, closed_ts FROM lots ORDER BY seq")
    assert found.total == len(rows) > 20
    told = sorted((t.lot_id, t.book, t.gross_pnl, t.costs, t.net_pnl, t.closed_ms) for t in found.trades)
    cash, _ = units(live)
    assert told == sorted((row[0], row[1], row[2] / cash, row[3] / cash, row[4] / cash, row[5] // MS) for row in rows)


@contract("GET", "/api/v1/trading/fills/{fill_id}/decision")
def decision(live: Running) -> None:
    fill = live.get("/api/v1/trading/fills?limit=10000", Fills).fills[-1]
    found = live.get(f"/api/v1/trading/fills/{fill.fill_id}/decision", Inspection)
    assert found.fill == fill
    assert found.target == "direction"
    ((seq,),) = live.sql("SELECT seq FROM orders WHERE order_id = ?", fill.order_id)
    assert found.seq == seq < fill.seq
    assert any(order["order_id"] == fill.order_id for order in found.orders)
    assert any(one.fill_id == fill.fill_id for one in found.fills)
    live.refused(404, "/api/v1/trading/fills/none/decision", method="GET")


@contract("GET", "/api/v1/trading/equity")
def equity(live: Running) -> None:
    found = paged(live, "/api/v1/trading/equity", limit=1_000)
    rows = live.sql(EQUITY)
    assert found["seq"] == [seq for seq, _ in rows]
    cash, _ = units(live)
    same(found["combined"], [amount / cash for _, amount in rows])
    books = live.get("/api/v1/system")["books"]
    assert set(found) == {"seq", "ts_ms", "bar_open_ms", *books}


@contract("GET", "/api/v1/trading/positions")
def positions(live: Running) -> None:
    found = live.get("/api/v1/trading/positions", Positions)
    ((quantity,),) = live.sql("SELECT sum(quantity) FROM fills WHERE book = 'combined'")
    held = [position.quantity for position in found.positions if position.book == "combined"]
    cash, part = units(live)
    assert sum(held) == pytest.approx(quantity / part)
    ((net,),) = live.sql("SELECT sum(net_pnl) FROM lots WHERE book = 'combined'")
    amount = live.sql(EQUITY)[-1][1]
    book = found.books["combined"]
    assert book.equity == amount / cash
    assert book.trades == live.sql("SELECT count(*) FROM lots WHERE book = 'combined'")[0][0]
    assert net is not None
    assert book.net_pnl == pytest.approx(book.equity - live.get("/api/v1/system")["initial_cash"], abs=0.011)


@contract("GET", "/api/v1/predictions")
def predictions(live: Running) -> None:
    for target in ("direction", "volatility"):
        found = paged(live, f"/api/v1/predictions?symbol={SYMBOL}&target={target}", limit=900)
        rows = live.sql(
            "SELECT p.seq, p.probability, p.confidence, l.label FROM predictions p LEFT JOIN labels l USING (prediction_id) "
            "WHERE p.target = ? ORDER BY p.seq",
            target,
        )
        for name, column in zip(("seq", "probability", "confidence", "label"), zip(*rows, strict=True), strict=True):
            same(found[name], list(column))
        ids = live.sql("SELECT prediction_id FROM predictions WHERE target = ? ORDER BY seq", target)
        assert [f"{SYMBOL}/{target}/{number}" for number in found["number"]] == [prediction_id for (prediction_id,) in ids]
        of_members = [found[f"weight_{member}"] for member in ("online", "batch", "base", "fast")]
        weights = [sum(weight or 0.0 for weight in row) for row in zip(*of_members, strict=True)]
        assert weights == pytest.approx([1.0] * len(rows))
        columns = found["volatility_forecast"], found["volatility_realised"]
        known = [(said, true) for said, true in zip(*columns, strict=True) if true is not None]
        assert (len(known) > 1_000) == (target == "volatility")
    path = f"/api/v1/predictions?symbol={SYMBOL}"
    live.refused(422, path, method="GET", said="target")
    live.refused(404, f"{path}&target=weather", method="GET")
    live.refused(404, "/api/v1/predictions?symbol=NONE&target=direction", method="GET")


@contract("GET", "/api/v1/predictions/{prediction_id}")
def inspect(live: Running) -> None:
    ((prediction_id, seq, probability, label, value),) = live.sql(
        "SELECT p.prediction_id, p.seq, p.probability, l.label, l.value FROM predictions p JOIN labels l USING (prediction_id) "
        "WHERE p.target = 'direction' AND l.label IS NOT NULL ORDER BY l.seq DESC LIMIT 1"
    )
    found = live.get(f"/api/v1/predictions/{prediction_id}", Inspection)
    assert (found.seq, found.probability, found.status) == (seq, probability, "labelled")
    assert found.label is not None
    assert (found.label["label"], found.label["value"]) == (label, value)
    ((vector,),) = live.sql("SELECT json_extract(payload, '$.features.' || ?) FROM journal WHERE seq = ?", SYMBOL, seq)
    same(list(found.features.values()), msgspec.json.decode(vector)[: len(found.features)])
    ((signals,),) = live.sql("SELECT count(*) FROM signals WHERE seq = ?", seq)
    assert len(found.signals) >= signals > 0
    pending = live.get(f"/api/v1/predictions/{live.newest_prediction}", Inspection)
    assert (pending.status, pending.label) == ("pending", None)
    for wrong in (f"{SYMBOL}/direction/999999", "x", f"{SYMBOL}/direction/x", f"{SYMBOL}/direction/-1"):
        live.refused(404, f"/api/v1/predictions/{wrong}", method="GET")


@contract("GET", "/api/v1/metrics/history")
def history(live: Running) -> None:
    page = live.get(f"/api/v1/metrics/history?symbol={SYMBOL}&target=direction&limit=10000", Series)
    assert page.window == 1_000
    columns = page.columns
    ((labels,),) = live.sql("SELECT count(*) FROM labels WHERE target = 'direction' AND label IS NOT NULL AND scores <> '[]'")
    assert len(columns["samples"]) == labels
    newest = live.get(f"{SESSIONS}/{LOOPS}/metrics", SessionScores).window["served"]
    assert columns["samples"][-1] == newest.samples
    assert columns["accuracy_served"][-1] == pytest.approx(newest.accuracy, abs=1e-9)
    assert columns["skill_served"][-1] == pytest.approx(newest.skill_millinats, abs=1e-6)
    short = live.get(f"/api/v1/metrics/history?symbol={SYMBOL}&target=direction&limit=10000&window=5", Series)
    assert (short.window, short.columns["samples"][-1]) == (5, 5)
    live.refused(422, f"/api/v1/metrics/history?symbol={SYMBOL}&target=direction&window=0", method="GET")


@contract("GET", "/api/v1/metrics/reliability")
def reliability(live: Running) -> None:
    found = live.get(f"/api/v1/metrics/reliability?symbol={SYMBOL}&target=direction", ReliabilityTable)
    assert found.labels == sum(one.count for one in found.bins) > 0
    rows = live.sql(
        "SELECT label FROM labels WHERE target = 'direction' AND label IS NOT NULL AND scores <> '[]' "
        "ORDER BY seq DESC LIMIT ?",
        found.labels,
    )
    ones = sum(one.count * one.observed for one in found.bins)
    assert ones == pytest.approx(sum(label for (label,) in rows))
    for one in found.bins:
        assert one.lowest <= one.mean_predicted <= one.highest
        assert one.low <= one.observed <= one.high


@contract("GET", "/api/v1/adaptations")
def adaptations(live: Running) -> None:
    found = live.get("/api/v1/adaptations", Adaptations)
    rows = live.sql("SELECT seq, alarm_id, score, monitored, features FROM alarms ORDER BY seq")
    told = [(alarm.seq, alarm.alarm_id, alarm.score, alarm.monitored) for alarm in found.alarms]
    assert told == [tuple(row[:4]) for row in rows]
    assert [alarm.features for alarm in found.alarms] == [json.loads(row[4]) for row in rows]
    responses = live.sql("SELECT alarm_id, status, reason, action_id FROM alarm_responses ORDER BY seq")
    assert {alarm.alarm_id: (alarm.status, alarm.reason, alarm.action_id) for alarm in found.alarms} == {
        alarm_id: tuple(rest) for alarm_id, *rest in responses
    }
    hour = 3_600_000
    assert all(alarm.ts_ms - alarm.bar_open_ms == alarm.change_ms - alarm.change_bar_open_ms == hour for alarm in found.alarms)
    assert all(action.ts_ms - action.bar_open_ms == hour for action in found.actions)
    assert any(action.closed_ms is not None for action in found.actions)
    assert all(
        action.closed_bar_open_ms == (None if action.closed_ms is None else action.closed_ms - hour) for action in found.actions
    )
    newest = dict(live.sql("SELECT action_id, status FROM adaptations ORDER BY seq"))
    assert {action.action_id: action.status for action in found.actions} == newest
    assert {"accepted", "rolled_back"} & set(newest.values())


@contract("GET", "/api/v1/regimes")
def regimes(live: Running) -> None:
    found = live.get(f"/api/v1/regimes?symbol={SYMBOL}", Regimes)
    assert found.symbol == SYMBOL
    assert "predicts nothing" in found.method
    assert sum(found.probabilities.values()) == pytest.approx(1.0)
    for one, other in zip(found.regimes, found.regimes[1:], strict=False):
        assert one.to_ms == other.from_ms
        assert one.label != other.label
    assert found.regimes[-1].to_ms is None
    live.refused(404, "/api/v1/regimes?symbol=NONE", method="GET")
    live.refused(422, "/api/v1/regimes", method="GET", said="symbol")
