"""Runs the application on the event loop that is running: bound first, up when it says so, stopped when it is told."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from alpha_pulse.api.connections import Connections, make_room
from alpha_pulse.api.protocols import HttpProtocol, StreamProtocol
from alpha_pulse.core.errors import ConfigError

DEFAULT_PORT = 8650
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_FRAME = 64 * 1024
BACKLOG = 1_024
"""Connections that the system holds until they are taken: a flood of them must not keep others from being made."""
SEND_BUFFER = 256 * 1024
"""What the system keeps for one connection; by itself it would let one that never reads have megabytes."""
KEEP_ALIVE_SECONDS = 60
STOP_SECONDS = 3


def bind(host: str = "127.0.0.1", port: int = DEFAULT_PORT, *, public: bool = False) -> socket.socket:
    """Take the port, before anything costly is started. Port 0 takes any that is free.

    Raises
    ------
    ConfigError
        The port is taken, or the address is not one of this machine's, or it is not loopback and ``public`` was not asked for.
    """
    if host not in LOOPBACK and not public:
        raise ConfigError(
            f"the host {host!r} would offer the server, whose connections are not encrypted, to the network; use 127.0.0.1 and "
            "reach it through a tunnel or a proxy with TLS"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, it is one that asyncio sends from at once; else a client's delayed acknowledgement costs 40 ms an answer.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        found.bind((host, port))
        found.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        found.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"{host} port {port} cannot be used ({reason}); stop what uses it, or choose another --port"
        ) from None
    found.setblocking(False)
    return found


def url(bound: socket.socket) -> str:
    """Where a bound socket is reached, without a slash at the end."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    app: ASGIApp,
    host: str | socket.socket = "127.0.0.1",
    port: int = DEFAULT_PORT,
    *,
    on_up: Callable[[str], object] = lambda _: None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until ``stop`` is set or the task is cancelled; then close all connections, WebSockets with code 1012.

    Signals stay with the caller.

    Parameters
    ----------
    app
        As `alpha_pulse.api.app.create_app` makes it.
    host, port
        Where to listen, as for `bind`; or a socket that `bind` gave.
    on_up
        Is told the address once requests are answered.
    """
    bound = host if isinstance(host, socket.socket) else bind(host, port)
    server = _Server(_settings(app, make_room()))
    running = asyncio.ensure_future(server.serve([bound]))
    try:
        while not server.started and not running.done():
            await asyncio.sleep(0.005)
        if server.started:
            on_up(url(bound))
        waiting = [running] if stop is None else [running, asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for extra in waiting[1:]:
                extra.cancel()
    finally:
        server.should_exit = True
        await running


def _settings(app: ASGIApp, connections: Connections) -> uvicorn.Config:
    http: Any = functools.partial(HttpProtocol, open_connections=connections)
    ws: Any = functools.partial(StreamProtocol, open_connections=connections)
    return uvicorn.Config(
        app,
        http=http,
        ws=ws,
        ws_max_size=MAX_FRAME,
        ws_max_queue=4,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        # A frame is encoded once for all clients; compressing it for each of them would undo that.
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


class _Server(uvicorn.Server):
    """Leaves the process's signals alone: the caller decides what Ctrl-C means."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
