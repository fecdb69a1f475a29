"""Connections as uvicorn speaks them, with an end for those that send no request, or do not take what they asked for."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEAD_SECONDS = 10.0
CUT_SECONDS = 5.0


class HttpProtocol(HttpToolsProtocol):
    """Closes a connection whose request line and headers do not come in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._expect_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        self._forget()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._forget()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._forget()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class StreamProtocol(WebSocketsSansIOProtocol):
    """Cuts a connection that was closed and whose other side does not take the rest of its frames."""

    async def send(self, message: Any) -> None:
        """See the ASGI specification; a close never waits for room."""
        if message["type"] == "websocket.close":
            self.writable.set()
            self.loop.call_later(CUT_SECONDS, self.transport.abort)
        await super().send(message)
