"""A system behind its real server, on an event loop of this process; clients are separate processes on another core."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.api.app import create_app
from alpha_pulse.api.server import bind, run_server
from alpha_pulse.core.config import Config
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.stores import open_store

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "Kx7-quiet-otter-31"
Found = TypeVar("Found")


class Served:
    """The parts of a served system."""

    def __init__(self, system: System, gateway: LocalGateway, port: int) -> None:
        self.system = system
        self.gateway = gateway
        self.port = port

    @property
    def bars(self) -> int:
        """The number of bars so far."""
        return self.system.feed.position

    def request(self, method: str, path: str) -> bytes:
        """A request with the token; the connection is closed after the response."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
        return head.encode()


@asynccontextmanager
async def served(feed: ReplayFeed) -> AsyncIterator[Served]:
    """All defaults, with an SQLite store; paused."""
    with tempfile.TemporaryDirectory(prefix="alpha-pulse-benchmark-") as folder:
        config = Config()
        system = System(config, feed, open_store(str(Path(folder) / "run.db"), config.store))
        system.begin("benchmark", resume=False)
        gateway = LocalGateway(system, "benchmark", paused=True)
        for _ in gateway.read_back():
            pass
        socket, stop, up = bind(port=0), asyncio.Event(), asyncio.Event()
        app = create_app(gateway, Auth(TOKEN, "the benchmark"))
        tasks = [
            asyncio.create_task(gateway.runner.run()),
            asyncio.create_task(run_server(app, socket, on_up=lambda _: up.set(), stop=stop)),
        ]
        await up.wait()
        try:
            yield Served(system, gateway, socket.getsockname()[1])
        finally:
            stop.set()
            await tasks[1]
            tasks[0].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            gateway.runner.stop()
            system.store.close()


def on_a_loop(work: Callable[[], Awaitable[Found]]) -> Found:
    """Run on the event loop of the command line: uvloop if it is installed."""

    async def all_of_it() -> Found:
        return await work()

    make = None
    if sys.platform != "win32":
        import uvloop

        make = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(all_of_it())


class Client:
    """A client process: it reports when it is ready, starts at a signal, and prints JSON at its end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, module: str, **options: Any) -> Client:
        """Start ``python -m benchmarks.MODULE`` and wait until it is ready."""
        taken = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", f"benchmarks.{module}", msgspec.json.encode({**options, "token": TOKEN, "leave": taken}).decode()),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 26,
        )
        assert process.stdout is not None
        line = await process.stdout.readline()
        if line != b"ready\n":
            raise RuntimeError(f"the client {module} printed {line!r}, but a line that it is ready is expected")
        return cls(process)

    async def measure(self) -> Any:
        """Start it, and wait for its result."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"go\n")
        line = await self._process.stdout.readline()
        await self._process.wait()
        return msgspec.json.decode(line)
