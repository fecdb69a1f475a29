"""``alpha-pulse run`` as a user starts it, in a process of its own: stopped, and started again on the same port."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec

import cli_runs
from alpha_pulse.core.config_toml import to_toml
from flow.runs import configured

PAGE = Path(__file__).resolve().parents[2] / "src" / "alpha_pulse" / "api" / "page"
HARDLY_EVER = "0.001"
"""A pace that lets one bar through before the run is paused."""


class LiveServer:
    """One run of one store. Whenever it starts it is paused at once."""

    def __init__(self, folder: Path, bars: Path, settings: Mapping[str, Any], tz: str | None = None) -> None:
        self.store = folder / "run.db"
        self.port = 0
        self._folder = folder
        self._bars = bars
        self._zone = () if tz is None else ("--tz", tz)
        (folder / "config.toml").write_text(to_toml(configured(dict(settings)), {}), encoding="utf-8")
        self._process: subprocess.Popen[str] | None = None
        self.token = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def link(self) -> str:
        """An address that opens the page once."""
        return f"{self.url}/#ticket={self.ask('/auth/ticket', {})['ticket']}"

    def start(self) -> str:
        """The link that it prints."""
        where = ("--data", self._bars, "--store", self.store, "--config", self._folder / "config.toml", *self._zone)
        self._process = subprocess.Popen(
            cli_runs.forked("run", *where, "--port", str(self.port), "--speed", HARDLY_EVER, "--json"),
            cwd=self._folder,
            env=cli_runs.environment(self._folder),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = msgspec.json.decode(self._process.stdout.readline())
        self.port = int(said["url"].rpartition(":")[2])
        self.token = Path(said["token_file"]).read_text(encoding="ascii").strip()
        self.ask("/system/pause", {})
        while self.ask("/system")["state"] == "warming":
            time.sleep(0.01)
        return str(said["link"])

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.communicate(timeout=30)
            self._process = None

    def ask(self, path: str, body: object = None, **query: Any) -> Any:
        """What the public API answers."""
        headers = {"authorization": f"Bearer {self.token}"}
        method = "GET" if body is None else "POST"
        answer = httpx.request(method, f"{self.url}/api/v1{path}", headers=headers, json=body, params=query or None, timeout=30)
        assert answer.is_success, (path, answer.status_code, answer.text)
        return answer.json()

    def step(self, steps: int) -> None:
        while steps > 0:
            self.ask("/system/step", {"steps": min(steps, 1000)})
            steps -= 1000

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What the journal holds, read past the program, once its newest row is on the disk."""
        newest = self.ask("/system")["seq"]
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as connection:
            for _ in range(100):
                [(held,)] = connection.execute("SELECT max(seq) FROM journal").fetchall()
                if held == newest:
                    return connection.execute(statement, values).fetchall()
                time.sleep(0.02)
        raise AssertionError(f"row {newest} is not in the journal's file; the newest there is {held}")
