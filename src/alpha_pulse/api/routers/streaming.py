"""The WebSocket: who are you, hello, what you missed, then what happens."""

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
from alpha_pulse.core.errors import did_you_mean
from alpha_pulse.runtime.gateway import Gateway

AUTH_SECONDS = 5.0
MOST_MESSAGES = 1_000
REFUSED, TRY_AGAIN = 1008, 1013
MAX_REASON = 120
ENDED = "the session that opened this stream has ended; sign in anew"
FIRST = 'send {"type":"auth","data":{"ticket":"..."},"from_seq":0} first'
SEQ = "from_seq must be a whole number >= 0 and below 2**53: the first row that you have not seen; or leave it out"
TOO_SLOW = "you do not keep up; read faster, and resume with from_seq"


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the two."""

    ticket: str | None = None
    token: str | None = None


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A client's first and only message. ``from_seq``: the first row that it has not seen."""

    type: Literal["auth"]
    data: Credentials
    from_seq: Annotated[int, Meta(ge=0, le=LARGEST_SEQ)] | None = None


class _ClosedError(Exception):
    """The connection is to be closed, with a code and a sentence."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


_decoder = msgspec.json.Decoder(Hello)


def route(gateway: Gateway, auth: Auth, hub: Hub) -> WebSocketRoute:
    """``/api/v1/online-learning/streaming/{symbol}``."""

    async def stream(websocket: WebSocket) -> None:
        symbol = websocket.path_params["symbol"]
        await websocket.accept()
        # Who has left is owed nothing more.
        with contextlib.suppress(WebSocketDisconnect):
            try:
                hello = await _hello(websocket)
                ends_ns = await _end(hello.data, auth)
                _admit(websocket)
                if symbol not in gateway.symbols:
                    raise _ClosedError(REFUSED, f"the feed has no {symbol[:40]!r}{did_you_mean(symbol[:40], gateway.symbols)}")
                if hub.full:
                    raise _ClosedError(TRY_AGAIN, "too many clients listen; try again later")
                async with _until(auth.seconds_left(ends_ns)):
                    await _serve(websocket, gateway, hub, symbol, hello.from_seq)
            except _ClosedError as end:
                await websocket.close(end.code, str(end).encode()[:MAX_REASON].decode(errors="ignore"))

    return WebSocketRoute("/api/v1/online-learning/streaming/{symbol:path}", stream)


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
            said = await websocket.receive()
    except TimeoutError:
        raise _ClosedError(REFUSED, f"no auth message came within {AUTH_SECONDS:g} seconds") from None
    if said["type"] != "websocket.receive":
        raise WebSocketDisconnect(said.get("code", 1006))
    try:
        return _decoder.decode(said.get("text") or said.get("bytes") or "")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _ClosedError(REFUSED, SEQ if str(error).endswith("`$.from_seq`") else FIRST) from None


def _admit(websocket: WebSocket) -> None:
    """A good token came over this connection: it counts as its holder's."""
    connection = websocket.scope.get("state", {}).get(CONNECTION)
    if connection is not None and not connection.admit():
        raise _ClosedError(TRY_AGAIN, "too many connections are open; close some, and try again")


async def _end(given: Credentials, auth: Auth) -> int:
    """See who it is; when the session that stands behind it ends."""
    if given.token is not None and given.ticket is None:
        ends_ns, fault = auth.end_of(given.token), "the token is wrong, or its session has ended"
    elif given.ticket is not None and given.token is None:
        ends_ns, fault = auth.redeem(given.ticket), "the ticket is unknown, used or too old; ask for a fresh one"
    else:
        ends_ns, fault = None, "data holds a ticket or a token, one of the two"
    if ends_ns is None:
        await auth.backoff.wait()
        raise _ClosedError(REFUSED, fault)
    return ends_ns


async def _serve(websocket: WebSocket, gateway: Gateway, hub: Hub, symbol: str, first: int | None) -> None:
    control = gateway.control()
    # Said before any refusal: it is how a client sees that this is another run than the one whose rows it has.
    await websocket.send_text(state_frame("hello", control).text)
    if first is not None and first > control.seq + 1:
        raise _ClosedError(
            REFUSED,
            f"from_seq is {first}, but the newest row is {control.seq}; send at most {control.seq + 1}, or leave it out",
        )
    # What was missed can be told once it has been read back.
    await gateway.ready()
    await _catch_up(websocket, gateway, hub, symbol, hub.told(symbol) + 1 if first is None else first)
    # Nothing is awaited between having caught up and joining, so no row falls between the two.
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
    """Send the rows from ``first`` on that others have been told of: one by one when they are few."""
    while first <= (told := hub.told(symbol)):
        # A gap, if there is one, is told in one piece.
        known = max(first, gateway.oldest_step)
        size = max(1, -(-(told + 1 - known) // CATCH_UP_FRAMES))
        last = min(known + size - 1, told)
        while first <= told:
            for frame in frames(gateway, symbol, first, last):
                try:
                    async with asyncio.timeout(STUCK_SECONDS):
                        await websocket.send_text(frame.text)
                except TimeoutError:
                    raise _ClosedError(TRY_AGAIN, TOO_SLOW) from None
            first, last = last + 1, min(last + size, told)


async def _listen(websocket: WebSocket) -> None:
    """Read until the client leaves; what it says has no meaning, and is not listened to for ever."""
    for _ in range(MOST_MESSAGES):
        said = await websocket.receive()
        if said["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(said.get("code", 1005))
    raise _ClosedError(REFUSED, "the stream takes no messages after the first")
