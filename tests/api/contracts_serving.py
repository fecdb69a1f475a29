"""What holds for who serves, and for commands about it."""

from __future__ import annotations

import pytest

from alpha_pulse.api.routers.serving import ServingSessions
from alpha_pulse.gateway.messages import Series, SessionScores
from alpha_pulse.gateway.serving import MemberStanding, SessionServing
from api.contracts import LOOPS, SESSIONS, contract
from api.running import Running

SERVING = "/api/v1/serving"


def named(served: SessionServing) -> dict[str, MemberStanding]:
    return {each.member: each for each in served.members}


@contract("GET", "/api/v1/serving")
def sessions(live: Running) -> None:
    found = live.get(SERVING, ServingSessions).sessions
    assert [each.session_id for each in found] == ["SYN/volatility", LOOPS]
    assert found[1] == live.get(f"{SERVING}/{LOOPS}", SessionServing)


@contract("GET", "/api/v1/serving/{session_id}")
def session(live: Running) -> None:
    found = live.get(f"{SERVING}/{LOOPS}", SessionServing)
    assert (found.strategy, found.champion, found.frozen) == ("ensemble", None, False)
    members = named(found)
    assert list(members) == ["online", "batch", "base", "fast"]
    assert {each.stage for each in members.values()} == {None}
    assert sum(each.weight or 0.0 for each in members.values()) == pytest.approx(1.0, abs=1e-8)
    fast = members["fast"]
    assert (fast.source, fast.model, fast.failures, fast.stopped, fast.missing) == ("challenger", "sgd", 0, False, None)
    newest = live.get("/api/v1/predictions?symbol=SYN&target=direction&from_seq=3000", Series).columns
    assert (fast.probability, fast.weight) == (newest["probability_fast"][-1], newest["weight_fast"][-1])
    scores = live.get(f"{SESSIONS}/{LOOPS}/metrics", SessionScores)
    assert members["online"].labels == scores.labels_used
    assert members["online"].skill_millinats == pytest.approx(scores.window["online"].skill_millinats, abs=1e-6)
    returns = fast.shadow_return
    assert returns is not None
    assert returns.net == pytest.approx(returns.gross - 0.0002 * returns.turnover)
    assert named(live.get(f"{SERVING}/SYN/volatility", SessionServing))["fast"].shadow_return is None
    assert "did you mean" in live.refused(404, f"{SERVING}/SYN/directon", method="GET")


@contract("POST", "/api/v1/serving/{session_id}/stop")
@contract("POST", "/api/v1/serving/{session_id}/start")
def stop_and_start(live: Running) -> None:
    (stopped,) = live.post(f"{SERVING}/{LOOPS}/stop", {"member": "fast"}, ServingSessions).sessions
    assert (named(stopped)["fast"].stopped, named(stopped)["fast"].missing) == (True, "it is stopped")
    live.post("/api/v1/system/step", {"steps": 1})
    after = named(live.get(f"{SERVING}/{LOOPS}", SessionServing))["fast"]
    assert (after.probability, after.weight) == (None, None)
    assert set(live.sql("SELECT session_id, value FROM commands WHERE kind = 'stop_member'")) == {(LOOPS, "fast")}
    live.refused(409, f"{SERVING}/{LOOPS}/stop", {"member": "fast"}, said="stopped already")
    live.refused(404, f"{SERVING}/{LOOPS}/stop", {"member": "fist"}, said="did you mean 'fast'")
    live.refused(422, f"{SERVING}/{LOOPS}/stop", {}, said="member")
    everywhere = live.post(f"{SERVING}/*/start", {"member": "fast"}, ServingSessions).sessions
    assert not any(named(each)["fast"].stopped for each in everywhere)
    live.post("/api/v1/system/step", {"steps": 1})
    assert named(live.get(f"{SERVING}/{LOOPS}", SessionServing))["fast"].probability is not None


@contract("POST", "/api/v1/serving/{session_id}/promote")
@contract("POST", "/api/v1/serving/{session_id}/rollback")
@contract("POST", "/api/v1/serving/{session_id}/freeze")
@contract("POST", "/api/v1/serving/{session_id}/unfreeze")
def ladder(live: Running) -> None:
    path = f"{SERVING}/{LOOPS}"
    live.refused(409, f"{path}/promote", {"member": "fast"}, said="served by the strategy 'ensemble'")
    _serve_by(live, "champion_challenger")
    try:
        (promoted,) = live.post(f"{path}/promote", {"member": "fast"}, ServingSessions).sessions
        assert (promoted.champion, promoted.former) == ("fast", "online")
        stages = {name: each.stage for name, each in named(promoted).items()}
        assert stages == {"online": "shadow", "batch": "shadow", "base": "candidate", "fast": "champion"}
        assert named(promoted)["fast"].evidence is None
        assert named(promoted)["online"].evidence is not None
        (kind, cause, status) = live.sql("SELECT kind, cause, status FROM adaptations ORDER BY seq DESC")[0]
        assert (kind, cause, status) == ("promote", "request", "accepted")
        newest = live.get("/api/v1/adaptations")["actions"][-1]
        assert (newest["kind"], newest["reason"]) == ("promote", "fast replaces online on request")
        live.post("/api/v1/system/step", {"steps": 1})
        assert named(live.get(path, SessionServing))["fast"].weight == 1.0
        assert live.post(f"{SERVING}/*/freeze", None, ServingSessions).sessions[0].frozen
        live.refused(409, f"{path}/rollback", None, said="is frozen, so that 'fast' serves")
        assert not live.post(f"{path}/unfreeze", None, ServingSessions).sessions[0].frozen
        assert live.post(f"{path}/rollback", None, ServingSessions).sessions[0].champion == "online"
        live.refused(409, f"{path}/rollback", None, said="no former champion")
        live.refused(409, f"{path}/promote", {"member": "online"}, said="is the champion of session SYN/direction already")
    finally:
        _serve_by(live, "ensemble")


def _serve_by(live: Running, strategy: str) -> None:
    live.call(lambda: setattr(live.system.serving, "serving_strategy", strategy))
