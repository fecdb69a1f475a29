"""Runs the application on the running event loop: bind a port, serve, report the start, stop on request."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from alpha_pulse.api.connections import Connections, make_room
from alpha_pulse.api.port_holder import state_of_run_at
from alpha_pulse.api.protocols import HttpProtocol, StreamProtocol
from alpha_pulse.core.errors import ConfigError

DEFAULT_PORT = 8650
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""An address of this machine for each wildcard address: a browser cannot open a wildcard."""
MAX_FRAME = 64 * 1024
BACKLOG = 1_024
"""Maximum number of connections that wait to be accepted. A flood of them must not block other clients."""
SEND_BUFFER = 256 * 1024
"""Send buffer of one connection, in bytes. The default of the system allows megabytes for a client that never reads."""
KEEP_ALIVE_SECONDS = 60
STOP_SECONDS = 3


def bind(host: str = "127.0.0.1", port: int = DEFAULT_PORT, *, public: bool = False) -> socket.socket:
    """Bind and listen, before the engine is started. Port 0 selects a free port.

    Raises
    ------
    ConfigError
        The port is in use, the address is not one of this machine, or it is not loopback and ``public`` is False.
    """
    if host not in LOOPBACK and not public:
        raise ConfigError(
            f"the host {host!r} would offer the server, whose connections are not encrypted, to the network; use 127.0.0.1 and "
            "reach it through a tunnel or a proxy with TLS"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol TCP, asyncio sets TCP_NODELAY; else a client's delayed acknowledgement adds 40 ms to each response.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        bound.close()
        reason, user = getattr(error, "strerror", None) or str(error), "what uses it"
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            state = state_of_run_at(_LOOPBACK_OF.get(host, host), port)
            if state is not None:
                reason, user = f"another alpha-pulse run, which is {state}, uses it", "that run"
        raise ConfigError(f"{host} port {port} cannot be used ({reason}); stop {user}, or choose another --port") from None
    bound.setblocking(False)
    return bound


def url(bound: socket.socket) -> str:
    """The URL of a bound socket for a client on this machine, without a slash at the end."""
    host, port = bound.getsockname()[:2]
    host = _LOOPBACK_OF.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def run_server(
    app: ASGIApp,
    host: str | socket.socket = "127.0.0.1",
    port: int = DEFAULT_PORT,
    *,
    on_up: Callable[[str], object] = lambda _: None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until ``stop`` is set or the task is cancelled; then close all connections, WebSockets with code 1012.

    The caller handles signals.

    Parameters
    ----------
    app
        An application of `alpha_pulse.api.app.create_app`.
    host, port
        The address to listen on, as for `bind`; ``host`` may also be a socket of `bind`.
    on_up
        Receives the URL when the server accepts requests.
    stop
        Ends the server when it is set.

    Raises
    ------
    ConfigError
        The address cannot be used, as for `bind`.
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
    """Installs no signal handlers: the caller handles Ctrl-C."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
