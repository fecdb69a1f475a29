"""Protocols of uvicorn with limits: clients that send no request, send too large a head, or do not read are disconnected."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from alpha_pulse.api.connections import Connections
from alpha_pulse.api.schemas.responses import error_bytes

HEAD_SECONDS = 10.0
MAX_HEAD = 64 * 1024
CUT_SECONDS = 5.0
CONNECTION = "connection"
"""The key of a request's connection in the scope's state."""
NOT_HTTP = "this is not an HTTP request; send a request line, headers and a body as defined by HTTP/1.1"
HEAD_TOO_LARGE = f"the request line and headers are larger than {MAX_HEAD} bytes; send less"
INVALID_UTF8 = 1007


class _Tracked(asyncio.Protocol):
    """A protocol that adds itself to the open connections. A mixin: it stands before the protocol of uvicorn.

    Parameters
    ----------
    open_connections
        The open connections.
    """

    transport: Any
    app_state: dict[str, Any]

    def __init__(self, *args: Any, open_connections: Connections, **more: Any) -> None:
        super().__init__(*args, **more)
        self._open_connections = open_connections
        self.app_state = {**self.app_state, CONNECTION: self}

    @property
    def busy(self) -> bool:
        """See `alpha_pulse.api.connections.Connection`."""
        return True

    def abort(self) -> None:
        """See `alpha_pulse.api.connections.Connection`."""
        self.transport.abort()

    def admit(self) -> bool:
        """Mark the connection as authorised. False when the maximum number of authorised connections is reached."""
        return self._open_connections.admit(self)

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._open_connections.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._open_connections.closed(self)
        super().connection_lost(exc)


class HttpProtocol(_Tracked, HttpToolsProtocol):
    """Closes a connection whose request line and headers arrive too late, or are too large."""

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0

    @property
    def busy(self) -> bool:
        """See `alpha_pulse.api.connections.Connection`."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        if self._deadline is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self._refuse(b"431 Request Header Fields Too Large", HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Start the deadline of the request line and headers."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """Stop the deadline."""
        self._forget()
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        """Pass the connection to `StreamProtocol`."""
        self._open_connections.closed(self)
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are not HTTP."""
        self._refuse(b"400 Bad Request", NOT_HTTP)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._forget()
        super().connection_lost(exc)

    def _refuse(self, status: bytes, detail: str) -> None:
        body = error_bytes(detail)
        self._forget()
        self.transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nx-content-type-options: nosniff\r\n"
            b"connection: close\r\n\r\n%b" % (status, len(body), body)
        )
        self.transport.close()

    def _expect_head(self) -> None:
        self._forget()
        self._head_bytes = 0
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class StreamProtocol(_Tracked, WebSocketsSansIOProtocol):
    """Aborts a closed WebSocket whose client does not read the remaining frames."""

    def send_receive_event_to_app(self) -> None:
        """Pass a message to the application. Text that is not UTF-8 closes the connection, without an entry in the log."""
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self.frames = []
            self.conn.send_close(INVALID_UTF8)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """See the ASGI specification. A close does not wait for the client to read."""
        if message["type"] == "websocket.close":
            self.writable.set()
            self.loop.call_later(CUT_SECONDS, self.transport.abort)
        await super().send(message)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
