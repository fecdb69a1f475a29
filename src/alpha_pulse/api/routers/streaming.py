"""The WebSocket stream: authentication, hello, missed rows, then live steps."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.api.protocols import CONNECTION
from alpha_pulse.api.schemas.requests import LARGEST_SEQ
from alpha_pulse.api.stream_client import STUCK_SECONDS, Client
from alpha_pulse.api.streaming import CATCH_UP_FRAMES, Hub, frames, state_frame
from alpha_pulse.core.errors import NotReadyError, did_you_mean
from alpha_pulse.gateway.protocol import Gateway

AUTH_SECONDS = 5.0
MOST_MESSAGES = 1_000
REFUSED, TRY_AGAIN = 1008, 1013
MAX_REASON = 120
ENDED = "the session that opened this stream has ended; sign in again"
FIRST = 'send {"type":"auth","data":{"ticket":"..."},"from_seq":0} first'
SEQ = "from_seq must be a whole number >= 0 and below 2**53, the first row that you need, or be omitted"
TOO_SLOW = "the client is too slow; read faster, and resume with from_seq"


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ticket or a token."""

    ticket: str | None = None
    token: str | None = None


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first and only message of a client. ``from_seq``: the first row that it needs."""

    type: Literal["auth"]
    data: Credentials
    from_seq: Annotated[int, Meta(ge=0, le=LARGEST_SEQ)] | None = None


class _ClosedError(Exception):
    """Closes the connection with a code and a sentence."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


_decoder = msgspec.json.Decoder(Hello)


def route(gateway: Gateway, auth: Auth, hub: Hub) -> WebSocketRoute:
    """``/api/v1/online-learning/streaming/{symbol}``."""

    async def stream(websocket: WebSocket) -> None:
        symbol = websocket.path_params["symbol"]
        await websocket.accept()
        # The client may leave at any time.
        with contextlib.suppress(WebSocketDisconnect):
            try:
                hello = await _hello(websocket)
                ends_ns = await _end(hello.data, auth)
                _admit(websocket)
                if symbol not in gateway.symbols:
                    raise _ClosedError(REFUSED, f"the feed has no {symbol[:40]!r}{did_you_mean(symbol[:40], gateway.symbols)}")
                if hub.full:
                    raise _ClosedError(TRY_AGAIN, "too many clients are connected; try again later")
                async with _until(auth.seconds_left(ends_ns)):
                    await _stream_frames(websocket, gateway, hub, symbol, hello.from_seq)
            except _ClosedError as end:
                await _close(websocket, end.code, str(end))
            except NotReadyError as error:
                await _close(websocket, TRY_AGAIN, str(error))

    return WebSocketRoute("/api/v1/online-learning/streaming/{symbol:path}", stream)


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    await websocket.close(code, reason.encode()[:MAX_REASON].decode(errors="ignore"))


@contextlib.asynccontextmanager
async def _until(seconds: float) -> AsyncIterator[None]:
    """Serve no longer than a session lasts."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise _ClosedError(REFUSED, ENDED) from None


async def _hello(websocket: WebSocket) -> Hello:
    """Wait for the first message."""
    try:
        async with asyncio.timeout(AUTH_SECONDS):
            received = await websocket.receive()
    except TimeoutError:
        raise _ClosedError(REFUSED, f"no auth message was received within {AUTH_SECONDS:g} seconds") from None
    if received["type"] != "websocket.receive":
        raise WebSocketDisconnect(received.get("code", 1006))
    try:
        return _decoder.decode(received.get("text") or received.get("bytes") or "")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _ClosedError(REFUSED, SEQ if str(error).endswith("`$.from_seq`") else FIRST) from None


def _admit(websocket: WebSocket) -> None:
    """Mark the connection as authorised."""
    connection = websocket.scope.get("state", {}).get(CONNECTION)
    if connection is not None and not connection.admit():
        raise _ClosedError(TRY_AGAIN, "too many connections are open; close some, and try again")


async def _end(credentials: Credentials, auth: Auth) -> int:
    """Check the credentials, and return when their session ends (ns)."""
    if credentials.token is not None and credentials.ticket is None:
        ends_ns, reason = auth.end_of(credentials.token), "the token is wrong, or its session has ended"
    elif credentials.ticket is not None and credentials.token is None:
        ends_ns, reason = auth.redeem(credentials.ticket), "the ticket is unknown, used or too old; request a new one"
    else:
        ends_ns, reason = None, "data must contain either a ticket or a token"
    if ends_ns is None:
        await auth.backoff.wait()
        raise _ClosedError(REFUSED, reason)
    return ends_ns


async def _stream_frames(websocket: WebSocket, gateway: Gateway, hub: Hub, symbol: str, first: int | None) -> None:
    control = gateway.control()
    # Sent before any refusal, so that a client notices that this is another run than the one whose rows it has.
    await websocket.send_text(state_frame("hello", control).text)
    if first is not None and first > control.seq + 1:
        raise _ClosedError(
            REFUSED,
            f"from_seq is {first}, but the newest step is {control.seq}; send at most {control.seq + 1}, or omit it",
        )
    if control.state == "warming":
        # Missed rows can be sent when the history has been read.
        await gateway.ready()
        await websocket.send_text(state_frame("state", gateway.control()).text)
    await _catch_up(websocket, gateway, hub, symbol, hub.newest_sent(symbol) + 1 if first is None else first)
    # No await between catching up and joining, so that no step is lost.
    client = Client(websocket.send_text)
    pump = asyncio.create_task(client.pump())
    listener = asyncio.create_task(_listen(websocket))
    hub.join(symbol, client, pump)
    try:
        await asyncio.wait({pump, listener}, return_when=asyncio.FIRST_COMPLETED)
        if pump.cancelled():
            raise _ClosedError(TRY_AGAIN, TOO_SLOW)
        for task in (pump, listener):
            if task.done():
                task.result()
    finally:
        hub.leave(symbol, client)
        for task in (pump, listener):
            task.cancel()
        await asyncio.gather(pump, listener, return_exceptions=True)


async def _catch_up(websocket: WebSocket, gateway: Gateway, hub: Hub, symbol: str, first: int) -> None:
    """Send the rows from ``first`` on that other clients have received: one by one when they are few."""
    while first <= (newest := hub.newest_sent(symbol)):
        # Rows that are no longer stored are reported as one gap.
        known = max(first, gateway.oldest_step)
        size = max(1, -(-(newest + 1 - known) // CATCH_UP_FRAMES))
        last = min(known + size - 1, newest)
        while first <= newest:
            for frame in frames(gateway, symbol, first, last):
                try:
                    async with asyncio.timeout(STUCK_SECONDS):
                        await websocket.send_text(frame.text)
                except TimeoutError:
                    raise _ClosedError(TRY_AGAIN, TOO_SLOW) from None
            first, last = last + 1, min(last + size, newest)


async def _listen(websocket: WebSocket) -> None:
    """Receive until the client leaves; messages are ignored, up to a maximum number."""
    for _ in range(MOST_MESSAGES):
        received = await websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005))
    raise _ClosedError(REFUSED, "the stream accepts no message after the first")
