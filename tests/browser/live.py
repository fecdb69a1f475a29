"""``alpha-pulse run`` in a process of its own, which tests stop and start again on the same port."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

import cli_runs
import journal_sql
from alpha_pulse.core.config_toml import to_toml
from alpha_pulse.stores.reading import StoreReader
from flow.runs import configured

PAGE = Path(__file__).resolve().parents[2] / "src" / "alpha_pulse" / "api" / "page"
SLOWEST = "0.001"
"""Bars a second: at most one bar is processed before the run is paused."""


class LiveServer:
    """One run of one store, paused right after each start; without ``bars`` it is the synthetic demo."""

    def __init__(self, folder: Path, bars: Path | None, settings: Mapping[str, Any], tz: str | None = None) -> None:
        self.store = folder / "run.db"
        self.port = 0
        self._folder = folder
        self._data = ("--demo", "drift") if bars is None else ("--data", bars)
        self._zone = () if tz is None else ("--tz", tz)
        (folder / "config.toml").write_text(to_toml(configured(dict(settings)), {}), encoding="utf-8")
        self._process: subprocess.Popen[str] | None = None
        self.token = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def link(self) -> str:
        """An address that opens the page once."""
        return f"{self.url}/#ticket={self.request('/auth/ticket', {})['ticket']}"

    def start(self) -> str:
        """Start the server; return the link that it prints."""
        options = (*self._data, "--store", self.store, "--config", self._folder / "config.toml", *self._zone)
        self._process = subprocess.Popen(
            cli_runs.forked("run", *options, "--port", str(self.port), "--speed", SLOWEST, "--json"),
            cwd=self._folder,
            env=cli_runs.environment(self._folder),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        startup = msgspec.json.decode(self._process.stdout.readline())
        self.port = int(startup["url"].rpartition(":")[2])
        self.token = Path(startup["token_file"]).read_text(encoding="ascii").strip()
        while httpx.get(f"{self.url}/health").json()["compiling"] is not None:
            time.sleep(0.02)
        self.request("/system/pause", {})
        while self.request("/system")["state"] == "warming":
            time.sleep(0.01)
        return str(startup["link"])

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.communicate(timeout=30)
            self._process = None

    def request(self, path: str, body: object = None, **query: Any) -> Any:
        """The response of the public API: GET without a body, else POST."""
        headers = {"authorization": f"Bearer {self.token}"}
        method = "GET" if body is None else "POST"
        response = httpx.request(
            method, f"{self.url}/api/v1{path}", headers=headers, json=body, params=query or None, timeout=30
        )
        assert response.is_success, (path, response.status_code, response.text)
        return response.json()

    def step(self, steps: int) -> None:
        while steps > 0:
            self.request("/system/step", {"steps": min(steps, 1000)})
            steps -= 1000

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What the journal contains (see `journal_sql`), once its newest step is on the disk."""
        newest = self.request("/system")["seq"]
        for _ in range(100):
            with StoreReader(self.store) as reader:
                stored = reader.step_count - 1
            if stored == newest:
                return journal_sql.query(self.store, statement, *values)
            time.sleep(0.02)
        raise AssertionError(f"step {newest} is not in the journal's file; the newest step there is {stored}")
