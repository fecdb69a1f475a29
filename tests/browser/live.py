"""The real server on the bundled bars, in a thread of its own: started, stopped and started again on the same port."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from alpha_pulse.api.app import create_app
from alpha_pulse.api.auth import Auth
from alpha_pulse.api.server import bind, serve
from alpha_pulse.core.config import Config
from alpha_pulse.engine.local_gateway import LocalGateway
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.stores import open_store

TOKEN = "correct-Horse-battery-7391"
PAGE = Path(__file__).resolve().parents[2] / "src" / "alpha_pulse" / "api" / "page"


class LiveServer:
    """One run of one store. It begins paused."""

    def __init__(self, bars: Path, store: Path, config: Config | None = None) -> None:
        self._bars = bars
        self._config = Config() if config is None else config
        self.store = store
        self.port = 0
        self._auth = Auth(TOKEN, "this test")
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._up = threading.Event()
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def link(self) -> str:
        """The address that opens the page once."""
        return f"{self.url}/#ticket={self._auth.ticket()}"

    def start(self) -> None:
        self._up.clear()
        self._thread = threading.Thread(target=self._run, name="live server")
        self._thread.start()
        if not self._up.wait(60) or self._failure is not None:
            raise RuntimeError("the server did not come up") from self._failure

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join(30)
            assert not self._thread.is_alive()

    def ask(self, path: str, body: object = None, **query: Any) -> Any:
        """What the public API answers."""
        headers = {"authorization": f"Bearer {TOKEN}"}
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

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            self._failure = error
            self._up.set()

    async def _live(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        listening = bind(port=self.port)
        self.port = listening.getsockname()[1]
        store = open_store(str(self.store), self._config.store)
        try:
            system = System(self._config, ReplayFeed.from_file(self._bars), store)
            system.begin("browser", resume=store.identity is not None)
            gateway = LocalGateway(system, self._bars.name, paused=True)
            for _ in gateway.read_back():
                pass
            app = create_app(gateway, self._auth, static=PAGE)
            working = asyncio.create_task(gateway.runner.run())
            await serve(app, listening, on_up=lambda _: self._up.set(), stop=self._stop)
            await _end(working)
            gateway.runner.stop()
        finally:
            store.close()


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
