"""What holds for the routes of the run and its sessions; the numbers are those of the journal, read by plain SQL."""

from __future__ import annotations

import itertools
import math
from typing import Any

import msgspec
import pytest

from alpha_pulse import __version__
from alpha_pulse.api.routers.online_learning import DriftStatuses, Sessions
from alpha_pulse.gateway.protocol import Control, Inspection, PredictResponse, SessionScores, SystemStatus
from api.contracts import LOOPS, MS, SESSIONS, contract
from api.running import STEPS, SYMBOL, Running

NUMBERS = itertools.count()


@contract("GET", "/health")
def health(live: Running) -> None:
    healthy = {"status": "ok", "version": __version__, "state": "paused", "reason": None, "compiling": None}
    assert live.get("/health", token=None) == healthy


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
    for name in (f"alpha_pulse_model_age_seconds{{{session}}}", f"alpha_pulse_window_skill_nats{{{session}}}"):
        assert math.isfinite(float(values[name]))
    assert "alpha_pulse_stream_clients" in values
    states = [float(value) for name, value in values.items() if name.startswith("alpha_pulse_model_versions{state=")]
    assert sum(states) == len(live.get("/api/v1/models")["versions"]) >= 2
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
    responses = (counts.alarms_acted, counts.alarms_deferred, counts.alarms_skipped)
    assert counts.alarms == sum(count for count in responses if count is not None)
    assert counts.adaptations == live.sql("SELECT count(DISTINCT action_id) FROM adaptations")[0][0] > 0
    assert found.success_metrics.adaptation_speed.drifts > 0
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
    assert (loops.labels_used, loops.labels_used + loops.ties) == rows
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
    bare = live.post(f"{SESSIONS}/{LOOPS}/predict", vector, PredictResponse)
    assert 0.0 < bare.probability < 1.0
    assert sum(part.weight for part in bare.members) == pytest.approx(1.0)
    named = live.post(f"{SESSIONS}/{LOOPS}/predict", {"features": vector}, PredictResponse)
    features = live.get(f"/api/v1/predictions/{live.newest_prediction}", Inspection).features
    by_name = live.post(f"{SESSIONS}/{LOOPS}/predict", {"features": dict(zip(features, vector, strict=False))}, PredictResponse)
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
    live.refused(422, path, {"featurs": vector}, said="unknown key 'featurs'; did you mean 'features'?")
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
    assert first == {"applied": 40, "duplicates": 0, "labels_used": 40}
    again = live.post(f"{path}/update", {"examples": [*examples[:3], {"id": "new", "features": [1, 1], "label": 1}]})
    assert again == {"applied": 1, "duplicates": 3, "labels_used": 41}
    # It is in the journal before it is answered.
    rows = live.sql(
        "SELECT kind, json_array_length(examples) FROM commands WHERE session_id = ? ORDER BY seq", f"{symbol}/taste"
    )
    assert rows == [("start", None), ("update", 40), ("update", 1)]
    up, down = (live.post(f"{path}/predict", [x, 0.5], PredictResponse).probability for x in (1.0, 0.0))
    assert up > 0.5 > down
    refused: tuple[dict[str, Any], ...] = (
        {"examples": []},
        {"examples": [{"id": "x", "features": [1], "label": 1}]},
        {"examples": [{"id": "x", "features": [1, 2], "label": 2}]},
        {"examples": [{"id": "", "features": [1, 2], "label": 1}]},
        {"examples": [{"id": "x", "features": [1, 2], "label": 1, "weight": -1}]},
        {"examples": [{"id": "x", "features": [1, 2], "label": 1, "lable": 1}]},
        *({"examples": [{"id": "x", "features": [1, 2], "label": label}]} for label in (None, "abc", 0.5, [1])),
        *({"examples": [{"id": "x", "features": [1, 2], "label": 1, "weight": weight}]} for weight in (None, "1", [1])),
        *(
            {"examples": [{"id": "x", "features": row, "label": 1}]}
            for row in ([1, None], [1, "2"], [[1], [2]], "12", [1, 1e300])
        ),
    )
    for body in refused:
        live.refused(422, f"{path}/update", body)
    for number in ("NaN", "1e999", "1" + 400 * "0"):
        live.refused(422, f"{path}/update", f'{{"examples":[{{"id":"x","features":[{number},1],"label":1}}]}}'.encode())
    for changes in ({"label": 1}, {"features": [0, 0.6]}, {"weight": 0.5}):
        other = {"examples": [{"id": "z", "features": [1, 1], "label": 1}, {**examples[0], **changes}]}
        live.refused(409, f"{path}/update", other, said="has learned example 'e0' with other features, label or weight")
    assert live.post(f"{path}/update", {"examples": [{**examples[0], "weight": 1}]}) == {
        "applied": 0,
        "duplicates": 1,
        "labels_used": 41,
    }
    assert live.post(f"{path}/stop") == {"session_id": f"{symbol}/taste", "status": "stopped"}
    live.refused(404, f"{path}/stop")
    live.refused(409, f"{SESSIONS}/{LOOPS}/update", {"examples": examples})
    live.refused(409, f"{SESSIONS}/{LOOPS}/stop")
    live.refused(404, f"{SESSIONS}/start", {**start, "symbol": "SYM", "config": {}}, said=SYMBOL)
    live.refused(
        422,
        f"{SESSIONS}/start",
        {**start, "config": {"features": 5}},
        said="unknown key 'features' in config; did you mean 'n_features'?",
    )
    live.refused(422, f"{SESSIONS}/start", {**start, "model_type": "logistc"}, said="did you mean 'logistic'?")


@contract("POST", "/api/v1/online-learning/sessions/{session_id}/adapt")
def adapt(live: Running) -> None:
    asked = live.post(f"{SESSIONS}/{LOOPS}/adapt", {"drift_type": "performance"}, status=202)
    assert asked == {"session_id": LOOPS, "status": "requested"}
    after = live.post("/api/v1/system/step", {"steps": 1}, Control)
    assert live.sql("SELECT session_id, drift_type FROM requests WHERE seq = ?", after.seq) == [(LOOPS, "performance")]
    ((cause, action_id),) = live.sql("SELECT cause, action_id FROM adaptations WHERE seq = ?", after.seq)
    assert cause == "request"
    again = live.refused(409, f"{SESSIONS}/{LOOPS}/adapt", {"drift_type": "regime"})
    assert again == f"the trial of {action_id} runs: 0 of 150 labels, then 50 labels of cool-down"
    assert live.get("/api/v1/system", SystemStatus).seq == after.seq
    live.refused(422, f"{SESSIONS}/{LOOPS}/adapt", {"drift_type": "weather"})
    live.refused(404, f"{SESSIONS}/NONE/direction/adapt", {"drift_type": "regime"})


@contract("POST", "/api/v1/trading/outcomes")
def outcomes(live: Running) -> None:
    signal_id, ts = live.sql(
        "SELECT fills.signal_id, orders.ts_event FROM fills JOIN orders USING (order_id) WHERE fills.book = 'combined' "
        "ORDER BY fills.seq DESC LIMIT 1"
    )[0]
    outcome = {
        "id": f"o{next(NUMBERS)}", "signal_id": signal_id, "quantity": -2.0, "opened_ms": ts // MS, "closed_ms": ts // MS,
        "open_price": 100.0, "close_price": 99.0, "net_pnl": 1.9,
    }  # fmt: skip
    path = "/api/v1/trading/outcomes"
    assert live.post(path, {"outcomes": [outcome]}) == {"applied": 1, "duplicates": 0}
    assert live.post(path, {"outcomes": [outcome, outcome]}) == {"applied": 0, "duplicates": 2}
    ((kind, told),) = live.sql("SELECT kind, outcome FROM commands ORDER BY seq DESC LIMIT 1")
    assert (kind, msgspec.json.decode(told)["lot"]["book"]) == ("outcome", "external")
    live.post("/api/v1/system/step", {"steps": 1})
    ((lot_id,),) = live.sql("SELECT lot_id FROM scored_trades ORDER BY seq DESC, position LIMIT 1")
    assert lot_id == f"external/{outcome['id']}"
    live.refused(409, path, {"outcomes": [{**outcome, "id": "x", "book": "combined"}]}, said="own book 'combined'")
    live.refused(404, path, {"outcomes": [{**outcome, "id": "x", "signal_id": "combined/SYM/1"}]}, said="did you mean")
    wrong: tuple[dict[str, Any], ...] = (
        *({"quantity": 0}, {"open_price": -1}, {"id": ""}, {"book": "a/b"}),
        *({"closed_ms": 10**17}, {"opened_ms": 10**17}, {"side": "long"}, {"net_pnl": 2.1}, {"opened_ms": 0}),
    )
    for changes in wrong:
        live.refused(422, path, {"outcomes": [{**outcome, "id": "y", **changes}]})
    live.refused(422, path, {"outcomes": []})
    live.refused(409, path, {"outcomes": [{**outcome, "net_pnl": 1.8}]}, said="was reported before with other content")


@contract("GET", "/api/v1/online-learning/drift/status")
def drift(live: Running) -> None:
    found = {
        session.session_id: session for session in live.get("/api/v1/online-learning/drift/status", DriftStatuses).sessions
    }
    for target in ("direction", "volatility"):
        rows = live.sql("SELECT alarm_id, score FROM alarms WHERE target = ? ORDER BY seq", target)
        session = found[f"{SYMBOL}/{target}"]
        assert session.alarms == len(rows)
        if rows:
            assert session.last_alarm is not None
            assert (session.last_alarm.alarm_id, session.last_alarm.score) == rows[-1]
    assert any(session.alarms for session in found.values())
