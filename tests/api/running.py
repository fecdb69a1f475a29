"""The real system behind a real server: its own event loop in a thread, a journal on the disk, a port of loopback."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar, overload

import httpx
import msgspec

import journal_sql
from alpha_pulse.api.access.backoff import Backoff
from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.api.app import create_app
from alpha_pulse.api.server import bind, run_server, url
from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.config import Config
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.base import Feed
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.serving.registry import Registry
from alpha_pulse.stores import open_store

SYMBOL = "SYN"
STEPS = 3_900
TOKEN = "Kx7-quiet-otter-31"
Kind = TypeVar("Kind")
Answered = TypeVar("Answered")


class Clock:
    """The monotonic clock of who may speak, which a test may set ahead."""

    ahead_s = 0.0

    def __call__(self) -> int:
        return elapsed_ns() + int(self.ahead_s * 1e9)


class Running:
    """A server from `start` to `stop`. Paused at the beginning, so that a test says how far the run goes.

    Parameters
    ----------
    folder
        Where the journal goes.
    feed, config
        What runs.
    backoff_s
        The most that the answer to a wrong token is held back; not at all, for the many tests that send them.
    """

    def __init__(
        self,
        folder: Path,
        feed: Feed,
        config: Config,
        *,
        name: str = "made up",
        resume: bool = False,
        backoff_s: float = 0.0,
    ) -> None:
        self.path = folder / "run.db"
        self.system = System(config, feed, open_store(str(self.path), config.store))
        self.system.begin("a test", resume=resume)
        self.gateway = LocalGateway(self.system, name, paused=True, registry=Registry(folder / "models"))
        for _ in self.gateway.read_back():
            pass
        self.clock = Clock()
        self.auth = Auth(TOKEN, "/the/tests/own/hands", self.clock, Backoff(self.clock, backoff_s))
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._up = threading.Event()
        self._failure: list[BaseException] = []
        self._thread = threading.Thread(target=self._live, name="server")

    # Life.

    def start(self) -> Running:
        self._socket = bind("127.0.0.1", 0)
        self.url = url(self._socket)
        self.port = int(self._socket.getsockname()[1])
        self._thread.start()
        assert self._up.wait(30)
        assert not self._failure, self._failure
        self.http = httpx.Client(base_url=self.url, timeout=60)
        return self

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            self._failure.append(error)
        finally:
            self._up.set()
            self._loop.close()

    async def _serve(self) -> None:
        runner = asyncio.create_task(self.gateway.runner.run())
        app = create_app(self.gateway, self.auth)
        self.app = app
        try:
            await run_server(app, self._socket, on_up=lambda _: self._up.set(), stop=self._stop)
        finally:
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)
            self.gateway.runner.stop()
            self.gateway.models.close()
            self.system.store.close()

    def stop(self) -> None:
        self.http.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        assert not self._failure, self._failure

    def call(self, work: Callable[[], Answered]) -> Answered:
        """Have something done on the server's event loop."""
        done: Future[Answered] = Future()

        def do() -> None:
            try:
                done.set_result(work())
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(do)
        return done.result(30)

    # Asking.

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {TOKEN}"}

    @overload
    def get(self, path: str, *, token: str | None = TOKEN) -> Any: ...
    @overload
    def get(self, path: str, kind: type[Kind], *, token: str | None = TOKEN) -> Kind: ...
    def get(self, path: str, kind: Any = Any, *, token: str | None = TOKEN) -> Any:
        return self._ask("GET", path, None, kind, token, 200)

    @overload
    def post(self, path: str, body: Any = None, *, token: str | None = TOKEN, status: int = 200) -> Any: ...
    @overload
    def post(
        self, path: str, body: Any = None, kind: type[Kind] = ..., *, token: str | None = TOKEN, status: int = 200
    ) -> Kind: ...
    def post(self, path: str, body: Any = None, kind: Any = Any, *, token: str | None = TOKEN, status: int = 200) -> Any:
        return self._ask("POST", path, body, kind, token, status)

    def _ask(self, method: str, path: str, body: Any, kind: Any, token: str | None, status: int) -> Any:
        answer = self.send(method, path, body, token)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"
        return msgspec.json.decode(answer.content, type=kind)

    def send(self, method: str, path: str, body: Any = None, token: str | None = TOKEN, **headers: str) -> httpx.Response:
        """One request; ``body`` is JSON unless it is bytes already."""
        content = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.request(method, path, content=content, headers=headers)

    def session(self, token: str = TOKEN) -> str:
        """The token of a fresh session, made of a ticket that another token has asked for."""
        ticket = self.post("/api/v1/auth/ticket", token=token)["ticket"]
        return str(self.post("/api/v1/auth/exchange", {"ticket": ticket}, token=None)["token"])

    def refused(
        self, status: int, path: str, body: Any = None, *, said: str = "", method: str = "POST", token: str | None = TOKEN
    ) -> str:
        """See that a request is refused with one sentence; the sentence."""
        answer = self.send(method, path, body, token)
        assert answer.status_code == status, (answer.status_code, answer.text)
        refusal = msgspec.json.decode(answer.content, type=dict[str, str])
        assert list(refusal) == ["detail"]
        detail = refusal["detail"]
        assert said in detail
        assert detail
        assert "\n" not in detail
        assert "Traceback" not in detail
        assert not detail.endswith(".")
        return detail

    # The journal.

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the journal on the disk contains, see `journal_sql`."""
        self.call(self.system.store.flush)
        return journal_sql.query(self.path, query, *values)

    @property
    def newest_prediction(self) -> str:
        ((found,),) = self.sql("SELECT prediction_id FROM predictions WHERE target = 'direction' ORDER BY seq DESC LIMIT 1")
        return str(found)

    def advance(self, steps: int) -> None:
        """Make steps of a paused run."""
        while steps > 0:
            part = min(steps, 1_000)
            self.post("/api/v1/system/step", {"steps": part})
            steps -= part
