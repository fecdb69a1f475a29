"""A contract for every route, with real data behind it; the numbers are those of the journal, read by plain SQL."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from alpha_pulse import __version__
from alpha_pulse.api.routers.online_learning import Drifts, Sessions
from alpha_pulse.engine.gateway import (
    Adaptations,
    Answer,
    Control,
    Fills,
    Inspection,
    Positions,
    Regimes,
    Reliability,
    Series,
    SessionScores,
    SystemStatus,
    Trades,
)
from api.running import STEPS, SYMBOL, Running

Contract = Callable[[Running], None]
CONTRACTS: dict[tuple[str, str], Contract] = {}
MS = 1_000_000
EQUITY = (
    "SELECT seq, json_extract(payload, '$.equity.combined') FROM journal "
    "WHERE json_type(payload, '$.bars') = 'array' ORDER BY seq"
)
NUMBERS = itertools.count()
SESSIONS = "/api/v1/online-learning/sessions"
LOOPS = f"{SYMBOL}/direction"


def contract(method: str, path: str) -> Callable[[Contract], Contract]:
    """What holds for a route, whose path is as OpenAPI writes it."""

    def register(test: Contract) -> Contract:
        CONTRACTS[method, path] = test
        return test

    return register


@pytest.mark.parametrize(("method", "path"), CONTRACTS)
def test_route(live: Running, method: str, path: str) -> None:
    CONTRACTS[method, path](live)


def test_every_route_has_a_contract(live: Running) -> None:
    paths = live.get("/api/v1/openapi.json")["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert described == set(CONTRACTS)


# Columns of journal rows, by SQL and by HTTP.


def same(found: list[Any], wanted: list[Any]) -> None:
    """Equal numbers, null for null."""
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert one == other or (one is not None and other is not None and math.isclose(one, other, rel_tol=1e-12))


@contract("GET", "/health")
def health(live: Running) -> None:
    assert live.get("/health", token=None) == {"status": "ok", "version": __version__, "state": "paused"}


@contract("GET", "/metrics")
def metrics(live: Running) -> None:
    answer = live.http.get("/metrics", headers=live.bearer)
    assert answer.headers["content-type"].startswith("text/plain")
    values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    (bars,) = live.sql("SELECT count(*) FROM bars")[0]
    assert float(values["alpha_pulse_bars_total"]) == bars
    assert values['alpha_pulse_state{state="paused"}'] == "1.0"
    (fills,) = live.sql("SELECT count(*) FROM fills WHERE book = 'combined'")[0]
    assert float(values["alpha_pulse_fills_total"]) == fills
    (alarms,) = live.sql("SELECT count(*) FROM alarms")[0]
    assert float(values["alpha_pulse_drift_alarms_total"]) == alarms > 0
    session = f'symbol="{SYMBOL}",target="direction"'
    (labels,) = live.sql("SELECT count(*) FROM labels WHERE target = 'direction' AND label IS NOT NULL")[0]
    assert float(values[f"alpha_pulse_labels_total{{{session}}}"]) == labels
    for target in ("direction", "volatility"):
        (made,) = live.sql("SELECT count(*) FROM predictions WHERE target = ?", target)[0]
        assert float(values[f'alpha_pulse_predictions_total{{target="{target}"}}']) == made
    equity = live.get("/api/v1/trading/positions")["books"]["combined"]["equity"]
    assert float(values['alpha_pulse_equity_cash{book="combined"}']) == equity
    for name in (f"alpha_pulse_model_age_seconds{{{session}}}", f"alpha_pulse_window_gain_nats{{{session}}}"):
        assert math.isfinite(float(values[name]))
    assert "alpha_pulse_stream_clients" in values
    live.get("/health", token=None)
    again = live.http.get("/metrics", headers=live.bearer).text
    assert 'alpha_pulse_http_request_seconds_count{method="GET",route="/health",status="200"}' in again


@contract("GET", "/api/v1/openapi.json")
def openapi(live: Running) -> None:
    found = live.get("/api/v1/openapi.json")
    assert found["openapi"] == "3.1.0"
    for path, methods in found["paths"].items():
        for operation in methods.values():
            good = next(answer for status, answer in operation["responses"].items() if status < "300")
            (content,) = good["content"].values()
            assert content["example"], path
            assert operation["summary"], path
            if "requestBody" in operation:
                assert operation["requestBody"]["content"]["application/json"]["examples"], path
            assert "401" in operation["responses"] or operation["security"] == [], path


@contract("POST", "/api/v1/auth/ticket")
@contract("POST", "/api/v1/auth/exchange")
def tickets(live: Running) -> None:
    made = live.post("/api/v1/auth/ticket")
    assert 60 <= made["expires_in_s"] <= 300
    session = live.post("/api/v1/auth/exchange", {"ticket": made["ticket"]}, token=None)["token"]
    assert live.get("/api/v1/system", token=session)["version"] == __version__
    live.refused(401, "/api/v1/auth/exchange", {"ticket": made["ticket"]}, token=None, said="unknown, used or too old")


@contract("GET", "/api/v1/system")
def system(live: Running) -> None:
    found = live.get("/api/v1/system", SystemStatus)
    rows = live.sql("SELECT count(*), max(seq), max(ts_event) FROM journal")[0]
    assert (found.seq + 1, found.seq, found.ts_ms) == (rows[0], rows[1], rows[2] // MS)
    assert (found.mode, found.state, found.detail) == ("paper", "paused", None)
    assert found.feed.bars_done == live.sql("SELECT count(*) FROM bars")[0][0] >= STEPS
    assert (found.feed.symbols, found.bars_per_second) == ((SYMBOL,), 0.0)
    counts = found.counts
    assert counts.predictions == live.sql("SELECT count(*) FROM predictions")[0][0]
    assert counts.labelled == live.sql("SELECT count(*) FROM labels")[0][0]
    assert counts.predictions == counts.labelled + counts.pending + counts.expired
    assert counts.fills == live.sql("SELECT count(*) FROM fills WHERE book = 'combined'")[0][0]
    assert counts.trades == live.sql("SELECT count(*) FROM lots WHERE book = 'combined'")[0][0]
    assert counts.alarms == live.sql("SELECT count(*) FROM alarms")[0][0] > 0
    assert counts.adaptations == live.sql("SELECT count(DISTINCT action_id) FROM adaptations")[0][0] > 0
    assert found.success_metrics.drifts > 0
    assert found.run_id == live.sql("SELECT run_id FROM run")[0][0]
    assert found.result is None or msgspec.json.decode(found.result) is None


@contract("GET", "/api/v1/system/config")
def config(live: Running) -> None:
    found = live.get("/api/v1/system/config")
    assert found["batch"]["train_bars"] == 1_500
    assert found["execution"]["initial_cash"] == live.get("/api/v1/system")["initial_cash"]


@contract("POST", "/api/v1/system/pause")
@contract("POST", "/api/v1/system/resume")
@contract("POST", "/api/v1/system/step")
@contract("POST", "/api/v1/system/speed")
def steering(live: Running) -> None:
    before = live.get("/api/v1/system", SystemStatus)
    after = live.post("/api/v1/system/step", {"steps": 3}, Control)
    assert (after.state, after.seq) == ("paused", before.seq + 3)
    assert live.sql("SELECT max(seq) FROM journal")[0][0] == after.seq
    assert live.post("/api/v1/system/speed", {"bars_per_second": 0.001}, Control).bars_per_second == 0.001
    assert live.post("/api/v1/system/resume", kind=Control).state == "running"
    live.refused(409, "/api/v1/system/step", {"steps": 1}, said="pause it first")
    assert live.post("/api/v1/system/pause", kind=Control).state == "paused"
    assert live.post("/api/v1/system/speed", {"bars_per_second": 0}, Control).bars_per_second == 0.0
    for body in ({"steps": 0}, {"steps": 1_001}, {"steps": 1.5}, {"steps": True}, {"step": 1}):
        live.refused(422, "/api/v1/system/step", body)
    for text in (
        b'{"bars_per_second":-1}',
        b'{"bars_per_second":NaN}',
        b'{"bars_per_second":1e999}',
        b'{"bars_per_second":"1"}',
    ):
        live.refused(422, "/api/v1/system/speed", text)


@contract("GET", "/api/v1/online-learning/sessions")
def sessions(live: Running) -> None:
    found = {session.session_id: session for session in live.get(SESSIONS, Sessions).sessions}
    assert {LOOPS, f"{SYMBOL}/volatility", f"{SYMBOL}/trade_quality"} <= set(found)
    loops = found[LOOPS]
    rows = live.sql("SELECT count(*) FILTER (WHERE label IS NOT NULL), count(*) FROM labels WHERE target = 'direction'")[0]
    assert (loops.learnt, loops.learnt + loops.ties) == rows
    assert (loops.source, loops.model_type, loops.horizon) == ("loop", "market_default", 3)
    assert loops.batch_model is not None
    version, trained = live.sql("SELECT version, trained_ts FROM models WHERE session_id = ?", LOOPS)[-1]
    assert (loops.batch_model.version, loops.batch_model.trained_ms) == (version, trained // MS)
    assert loops.last_drift_ms is not None


@contract("GET", "/api/v1/online-learning/sessions/{session_id}/metrics")
def session_metrics(live: Running) -> None:
    found = live.get(f"{SESSIONS}/{LOOPS}/metrics", SessionScores)
    rows = live.sql("SELECT scores, label FROM labels WHERE target = 'direction' AND label IS NOT NULL AND scores <> '[]'")
    served = found.whole_run["served"]
    assert served.samples == len(rows)
    assert 0.4 < served.accuracy < 0.7
    assert found.window["served"].samples <= 1_000
    live.refused(404, f"{SESSIONS}/{SYMBOL}/directon/metrics", said=f"did you mean '{LOOPS}'?", method="GET")


@contract("POST", "/api/v1/online-learning/sessions/{session_id}/predict")
def predict(live: Running) -> None:
    ((text,),) = live.sql("SELECT json_extract(payload, '$.features.' || ?) FROM journal ORDER BY seq DESC LIMIT 1", SYMBOL)
    vector: list[float] = msgspec.json.decode(text)
    before = live.get("/api/v1/system", SystemStatus)
    width = next(s["n_features"] for s in live.get(SESSIONS)["sessions"] if s["session_id"] == LOOPS)
    vector = vector[:width]
    bare = live.post(f"{SESSIONS}/{LOOPS}/predict", vector, Answer)
    assert 0.0 < bare.probability < 1.0
    assert sum(part.weight for part in bare.parts) == pytest.approx(1.0)
    named = live.post(f"{SESSIONS}/{LOOPS}/predict", {"features": vector}, Answer)
    features = live.get(f"/api/v1/predictions/{live.newest_prediction}", Inspection).features
    by_name = live.post(f"{SESSIONS}/{LOOPS}/predict", {"features": dict(zip(features, vector, strict=False))}, Answer)
    assert bare == named == by_name
    # The same features, the same model: what the loop itself served last.
    ((served,),) = live.sql("SELECT probability FROM predictions WHERE target = 'direction' ORDER BY seq DESC LIMIT 1")
    assert bare.probability == pytest.approx(served, abs=1e-9)
    after = live.get("/api/v1/system", SystemStatus)
    assert (after.seq, after.counts.predictions) == (before.seq, before.counts.predictions)
    assert after.counts.queries == before.counts.queries + 3
    path = f"{SESSIONS}/{LOOPS}/predict"
    wrong: tuple[Any, ...] = (
        [],
        vector[:-1],
        [*vector, 0.0],
        {"features": {"ret_1": 1.0}},
        {"features": []},
        {"features": "x"},
        "x",
        7,
    )
    for body in wrong:
        live.refused(422, path, body)
    live.refused(422, path, {"featurs": vector}, said="did you mean 'features'?")
    live.refused(404, f"{SESSIONS}/NONE/direction/predict", vector)


@contract("POST", "/api/v1/online-learning/sessions/start")
@contract("POST", "/api/v1/online-learning/sessions/{session_id}/update")
@contract("POST", "/api/v1/online-learning/sessions/{session_id}/stop")
def own_session(live: Running) -> None:
    symbol = f"MINE{next(NUMBERS)}"
    start = {"symbol": symbol, "model_type": "logistic", "config": {"target": "taste", "source": "api", "n_features": 2}}
    assert live.post(f"{SESSIONS}/start", start, status=201) == {"session_id": f"{symbol}/taste", "status": "started"}
    live.refused(409, f"{SESSIONS}/start", start, said=f"{symbol}/taste")
    examples = [{"id": f"e{i}", "features": [float(i % 2), 0.5], "label": i % 2} for i in range(40)]
    path = f"{SESSIONS}/{symbol}/taste"
    first = live.post(f"{path}/update", {"examples": examples})
    assert first == {"applied": 40, "duplicates": 0, "learnt": 40}
    again = live.post(f"{path}/update", {"examples": [*examples[:3], {"id": "new", "features": [1, 1], "label": 1}]})
    assert again == {"applied": 1, "duplicates": 3, "learnt": 41}
    # It is in the journal before it is answered.
    rows = live.sql(
        "SELECT kind, json_array_length(examples) FROM commands WHERE session_id = ? ORDER BY seq", f"{symbol}/taste"
    )
    assert rows == [("start", None), ("update", 40), ("update", 1)]
    up, down = (live.post(f"{path}/predict", [x, 0.5], Answer).probability for x in (1.0, 0.0))
    assert up > 0.5 > down
    refused: tuple[dict[str, Any], ...] = (
        {"examples": []},
        {"examples": [{"id": "x", "features": [1], "label": 1}]},
        {"examples": [{"id": "x", "features": [1, 2], "label": 2}]},
        {"examples": [{"id": "", "features": [1, 2], "label": 1}]},
        {"examples": [{"id": "x", "features": [1, 2], "label": 1, "weight": -1}]},
        {"examples": [{"id": "x", "features": [1, 2], "label": 1, "lable": 1}]},
    )
    for body in refused:
        live.refused(422, f"{path}/update", body)
    live.refused(422, f"{path}/update", b'{"examples":[{"id":"x","features":[NaN,1],"label":1}]}')
    assert live.post(f"{path}/stop") == {"session_id": f"{symbol}/taste", "status": "stopped"}
    live.refused(404, f"{path}/stop")
    live.refused(409, f"{SESSIONS}/{LOOPS}/update", {"examples": examples})
    live.refused(409, f"{SESSIONS}/{LOOPS}/stop")
    live.refused(404, f"{SESSIONS}/start", {**start, "symbol": "SYM", "config": {}}, said=SYMBOL)
    live.refused(422, f"{SESSIONS}/start", {**start, "model_type": "logistc"}, said="did you mean 'logistic'?")


@contract("POST", "/api/v1/online-learning/sessions/{session_id}/adapt")
def adapt(live: Running) -> None:
    asked = live.post(f"{SESSIONS}/{LOOPS}/adapt", {"drift_type": "performance"}, status=202)
    assert asked == {"session_id": LOOPS, "status": "requested"}
    after = live.post("/api/v1/system/step", {"steps": 1}, Control)
    assert live.sql("SELECT drift_type FROM requests WHERE seq = ?", after.seq) == [("performance",)]
    live.refused(422, f"{SESSIONS}/{LOOPS}/adapt", {"drift_type": "weather"})
    live.refused(404, f"{SESSIONS}/NONE/direction/adapt", {"drift_type": "regime"})


@contract("GET", "/api/v1/online-learning/drift/status")
def drift(live: Running) -> None:
    found = {session.session_id: session for session in live.get("/api/v1/online-learning/drift/status", Drifts).sessions}
    for target in ("direction", "volatility"):
        rows = live.sql("SELECT alarm_id, score FROM alarms WHERE target = ? ORDER BY seq", target)
        session = found[f"{SYMBOL}/{target}"]
        assert session.alarms == len(rows)
        if rows:
            assert session.last_alarm is not None
            assert (session.last_alarm.alarm_id, session.last_alarm.score) == rows[-1]
    assert any(session.alarms for session in found.values())


@contract("GET", "/api/v1/market/symbols")
def symbols(live: Running) -> None:
    assert live.get("/api/v1/market/symbols") == {"symbols": [SYMBOL]}


@contract("GET", "/api/v1/market/{symbol}/bars")
def bars(live: Running) -> None:
    rows = live.sql("SELECT seq, ts_event, open, high, low, close FROM bars JOIN journal USING (seq, ts_event) ORDER BY seq")
    path = f"/api/v1/market/{SYMBOL}/bars"
    found = paged(live, path, limit=700)
    for name, column in zip(("seq", "ts_ms", "open", "high", "low", "close"), zip(*rows, strict=True), strict=True):
        same(found[name], [value // MS for value in column] if name == "ts_ms" else list(column))
    assert found["volume"] == [None] * len(rows)
    thin = live.get(f"{path}?max_points=50", Series).columns
    assert 2 <= len(thin["seq"]) <= 50
    assert max(map(number, thin["high"])) == max(row[3] for row in rows)
    assert min(map(number, thin["low"])) == min(row[4] for row in rows)
    assert (thin["open"][0], thin["close"][-1]) == (rows[0][2], rows[-1][5])
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
    wanted = [(row[0], row[1] // MS, *row[2:4], row[4] / 1e6, *row[5:7], row[7] / 100, row[8] / 100, *row[9:]) for row in rows]
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
    assert told == sorted((row[0], row[1], row[2] / 100, row[3] / 100, row[4] / 100, row[5] // MS) for row in rows)


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
    same(found["combined"], [cents / 100 for _, cents in rows])
    books = live.get("/api/v1/system")["books"]
    assert set(found) == {"seq", "ts_ms", *books}


@contract("GET", "/api/v1/trading/positions")
def positions(live: Running) -> None:
    found = live.get("/api/v1/trading/positions", Positions)
    ((quantity,),) = live.sql("SELECT sum(quantity) FROM fills WHERE book = 'combined'")
    held = [position.quantity for position in found.positions if position.book == "combined"]
    assert sum(held) == pytest.approx(quantity / 1e6)
    ((net,),) = live.sql("SELECT sum(net_pnl) FROM lots WHERE book = 'combined'")
    cents = live.sql(EQUITY)[-1][1]
    book = found.books["combined"]
    assert book.equity == cents / 100
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
        weights = [
            sum(w or 0.0 for w in row) for row in zip(*(found[f"weight_{m}"] for m in ("online", "batch", "base")), strict=True)
        ]
        assert weights == pytest.approx([1.0] * len(rows))
        known = [(said, true) for said, true in zip(found["level"], found["realised"], strict=True) if true is not None]
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
    assert columns["gain_served"][-1] == pytest.approx(newest.gain_millinats, abs=1e-6)


@contract("GET", "/api/v1/metrics/reliability")
def reliability(live: Running) -> None:
    found = live.get(f"/api/v1/metrics/reliability?symbol={SYMBOL}&target=direction", Reliability)
    assert found.samples == sum(one.count for one in found.bins) > 0
    rows = live.sql(
        "SELECT label FROM labels WHERE target = 'direction' AND label IS NOT NULL AND scores <> '[]' "
        "ORDER BY seq DESC LIMIT ?",
        found.samples,
    )
    ones = sum(one.count * (one.frequency or 0.0) for one in found.bins)
    assert ones == pytest.approx(sum(label for (label,) in rows))
    for one in found.bins:
        if one.count:
            assert one.mean_probability is not None
            assert one.lower <= one.mean_probability <= one.upper


@contract("GET", "/api/v1/adaptations")
def adaptations(live: Running) -> None:
    found = live.get("/api/v1/adaptations", Adaptations)
    rows = live.sql("SELECT seq, alarm_id, score FROM alarms ORDER BY seq")
    assert [(alarm.seq, alarm.alarm_id, alarm.score) for alarm in found.alarms] == rows
    newest = dict(live.sql("SELECT action_id, status FROM adaptations ORDER BY seq"))
    assert {action.action_id: action.status for action in found.actions} == newest
    assert {"kept", "undone"} & set(newest.values())


@contract("GET", "/api/v1/regimes")
def regimes(live: Running) -> None:
    found = live.get(f"/api/v1/regimes?symbol={SYMBOL}", Regimes)
    assert found.symbol == SYMBOL
    assert "median" in found.rule
    for one, other in zip(found.regimes, found.regimes[1:], strict=False):
        assert one.to_ms == other.from_ms
        assert one.label != other.label
    assert found.regimes[-1].to_ms is None
    live.refused(404, "/api/v1/regimes?symbol=NONE", method="GET")
    live.refused(422, "/api/v1/regimes", method="GET", said="symbol")
