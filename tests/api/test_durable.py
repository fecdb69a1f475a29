"""What was acknowledged over HTTP is learned, once, whenever the process is killed."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np

import cli_runs
from api.terminal import Terminal, free_port

KILLS = 4
BATCH = 20
SESSION = "/api/v1/online-learning/sessions/MINE/sum"


class Sender(threading.Thread):
    """Sends batch after batch, one of them again from time to time, until the server is gone."""

    def __init__(self, client: httpx.Client, first: int) -> None:
        super().__init__()
        self._client = client
        self.next = first
        self.acknowledged = first

    def run(self) -> None:
        try:
            while True:
                batch = self.next
                self.next += 1
                if send(self._client, batch)["applied"] != BATCH:
                    raise AssertionError(f"batch {batch} was learned before")
                self.acknowledged = self.next
                if batch % 5 == 0:
                    assert send(self._client, batch)["duplicates"] == BATCH
        except httpx.TransportError:
            return


def send(client: httpx.Client, batch: int) -> Any:
    chance = np.random.default_rng(batch)
    rows = chance.standard_normal((BATCH, 2)).round(6).tolist()
    examples = [{"id": f"{batch}/{i}", "features": row, "label": int(sum(row) > 0)} for i, row in enumerate(rows)]
    answer = client.post(f"{SESSION}/update", json={"examples": examples})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_examples_survive_kill_9_and_are_learned_once(tmp_path: Path) -> None:
    bars = cli_runs.write_bars(tmp_path / "bars.parquet", 3_000)
    environ = cli_runs.environment(tmp_path)
    terminal = Terminal(tmp_path, free_port(), environ, cli_runs.forked)
    command = f"alpha-pulse run --data {bars} --config {tmp_path / 'small.toml'} --store run.db --speed 300"
    acknowledged = 0
    try:
        for kill in range(KILLS + 1):
            terminal.run(command)
            token = (Path(environ["XDG_DATA_HOME"]) / "alpha-pulse" / "token").read_text().strip()
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{terminal.port}", headers=headers, timeout=30) as client:
                if kill == 0:
                    start = {"symbol": "MINE", "model_type": "logistic"}
                    config = {"target": "sum", "source": "api", "n_features": 2}
                    started = client.post("/api/v1/online-learning/sessions/start", json={**start, "config": config})
                    assert started.status_code == 201
                # What had no answer before the kill is sent again, as a client would: it was learned, or is now.
                again = send(client, acknowledged)
                assert again["applied"] in {0, BATCH}
                acknowledged += 1
                assert again["labels_used"] == acknowledged * BATCH
                if kill == KILLS:
                    break
                sender = Sender(client, acknowledged)
                sender.start()
                sender.join(0.2 + 0.23 * kill)
                terminal.kill()
                sender.join(30)
                assert not sender.is_alive()
                assert sender.next in {sender.acknowledged, sender.acknowledged + 1}
                assert sender.acknowledged > acknowledged
                acknowledged = sender.acknowledged
    finally:
        terminal.interrupt()
    connection = sqlite3.connect(tmp_path / "run.db")
    query = "SELECT json_extract(one.value, '$.id') FROM commands, json_each(commands.examples) AS one"
    learned = Counter(example for (example,) in connection.execute(query))
    connection.close()
    assert set(learned.values()) == {1}
    assert len(learned) == acknowledged * BATCH
