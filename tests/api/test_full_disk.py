"""While the disk of a run is full, the server reads on, says so, and acknowledges nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.running import Running
from flow.gateways import quiet
from flow.runs import LEAN, configured
from store_runs import small_files

SESSIONS = "/api/v1/online-learning/sessions"
EXAMPLES = {"examples": [{"id": str(number), "features": [0.5], "label": 1} for number in range(3)]}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, quiet(), configured({**LEAN, "store.durability": "step"})).start()
    try:
        config = {"target": "one", "source": "api", "n_features": 1}
        running.post(f"{SESSIONS}/start", {"symbol": "MINE", "model_type": "logistic", "config": config}, status=201)
        running.post("/api/v1/system/step", {"steps": 60})
        yield running
    finally:
        running.stop()


def until(run: Running, state: str) -> None:
    while run.get("/health", token=None)["state"] != state:
        time.sleep(0.02)


def test_it_is_degraded_and_asks_to_send_again_later(run: Running) -> None:
    head = run.get("/api/v1/system")["seq"]
    with small_files(run.path.with_name("run.db-wal").stat().st_size):
        first = run.send("POST", f"{SESSIONS}/MINE/one/update", EXAMPLES)
        assert (first.status_code, first.headers["retry-after"]) == (503, "2")
        assert first.json()["detail"].endswith("the request takes effect once there is space: send it again then")
        second = run.send("POST", f"{SESSIONS}/MINE/one/update", EXAMPLES)
        assert (second.status_code, second.headers["retry-after"]) == (503, "2")
        assert second.json()["detail"].endswith("the request had no effect: send it again then")
        health = run.get("/health", token=None)
        assert (health["status"], health["state"]) == ("degraded", "waiting")
        assert "no space on the disk" in health["reason"]
        assert str(run.path) not in health["reason"]
        status = run.get("/api/v1/system")
        assert (status["state"], status["seq"]) == ("waiting", head + 1)
        assert f"steps after {head} are not stored yet" in status["detail"]
        assert 'alpha_pulse_state{state="waiting"} 1.0' in run.send("GET", "/metrics").text
        assert len(run.get("/api/v1/market/SYN/bars")["columns"]["close"]) == 60
        assert run.get("/api/v1/predictions/SYN/direction/59")["status"] == "pending"
    until(run, "paused")
    assert run.get("/health", token=None)["status"] == "ok"
    assert run.get("/api/v1/system")["detail"] is None
    again = run.post(f"{SESSIONS}/MINE/one/update", EXAMPLES)
    assert (again["applied"], again["duplicates"], again["labels_used"]) == (0, 3, 3)
