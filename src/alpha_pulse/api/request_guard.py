"""Checks of every request before the application: its origin, the size of its body, the time to receive it.

Pure ASGI around the whole application, WebSockets included. It also adds the security headers to each response, and logs
unexpected errors and responds to them with a sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alpha_pulse.api.schemas.responses import error_bytes
from alpha_pulse.core.errors import AlphaPulseError

MAX_BODY = 1 << 20
BODY_SECONDS = 20.0
DRAIN_SECONDS = 2.0
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
BODYLESS = frozenset({"GET", "HEAD", "OPTIONS"})

CONTENT_POLICY = "; ".join(
    [
        "default-src 'self'",
        # Chart libraries set styles on elements; style sheets and scripts come from files only.
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
UNCACHED = (b"cache-control", b"no-store")

log = logging.getLogger("alpha_pulse.api")


class RefusedError(AlphaPulseError):
    """A request that is refused before it reaches the application."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class RequestGuard:
    """Checks requests, then passes them to the application.

    Parameters
    ----------
    app
        The application.
    hosts
        Valid names in the Host header, without port. Other names are refused, which prevents DNS rebinding: a page whose
        name was pointed at this server cannot call it.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = LOOPBACK) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        try:
            check_origin(scope, self._hosts)
        except RefusedError as refusal:
            await _refuse(scope, send, refusal, receive)
            return
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *_missing(message["headers"])]
            await send(message)

        try:
            body = await read_body(scope, receive)
            await self._app(scope, _replay(body, receive), send_with_headers)
        except RefusedError as refusal:
            await _refuse(scope, send, refusal, receive)
        except Exception as error:
            log.exception("an error in %s %r", scope["method"], scope["path"])
            if started:
                raise
            await _refuse(scope, send, internal_error(error), receive)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception:
            log.exception("an error in the stream %r", scope["path"])
            # It may be closed already.
            with contextlib.suppress(Exception):
                await send({"type": "websocket.close", "code": 1011, "reason": "an error in AlphaPulse; see its log"})


def check_origin(scope: Scope, hosts: Collection[str]) -> None:
    """Refuse a request for another host name, and one from another site's page.

    A program sends no ``Origin`` header; a browser sends it with each WebSocket and each POST.
    """
    hosts_sent = [value for name, value in scope["headers"] if name == b"host"]
    host = hosts_sent[0].decode("latin-1").lower() if len(hosts_sent) == 1 else ""
    name, port = _split(host)
    if name not in hosts or (port and not port.isdigit()):
        raise RefusedError(
            403,
            f"the Host header is {_shown(host)}, but this server accepts only {', '.join(sorted(hosts))}; use one of these",
        )
    for header, value in scope["headers"]:
        if header == b"origin":
            origin = value.decode("latin-1").lower()
            if origin not in {f"http://{host}", f"https://{host}"}:
                raise RefusedError(
                    403, f"the Origin {_shown(origin)} is not this server's own, {_shown(f'http://{host}')}; use its own page"
                )


def _split(host: str) -> tuple[str, str]:
    """The name and the port of a host; an IPv6 address keeps its brackets."""
    colon = host.rfind(":")
    return (host, "") if colon <= host.rfind("]") else (host[:colon], host[colon + 1 :])


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body, counted while it is received. Raises RefusedError above ``MAX_BODY`` bytes."""
    declared = [value for name, value in scope["headers"] if name == b"content-length"]
    if any(value.isdigit() and int(value) > MAX_BODY for value in declared):
        raise _too_large()
    if not declared and scope["method"] in BODYLESS and not any(name == b"transfer-encoding" for name, _ in scope["headers"]):
        return b""
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    raise RefusedError(408, "the connection ended before the whole body was received")
                body += message.get("body", b"")
                if len(body) > MAX_BODY:
                    raise _too_large()
                more = message.get("more_body", False)
    except TimeoutError:
        raise RefusedError(408, f"the body was not received within {BODY_SECONDS:g} seconds; send it faster") from None
    return bytes(body)


def _too_large() -> RefusedError:
    return RefusedError(413, f"the body is larger than {MAX_BODY} bytes; split it into several requests")


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that returns the body, which has been read, first."""
    delivered = False

    async def again() -> Message:
        nonlocal delivered
        if delivered:
            return await receive()
        delivered = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def internal_error(error: Exception) -> RefusedError:
    """An unexpected error as one sentence, which names only its type."""
    return RefusedError(503, f"the request failed because of an error in AlphaPulse ({type(error).__name__}); see its log")


def _missing(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    cached = any(name == b"cache-control" for name, _ in headers)
    return [*HEADERS] if cached else [*HEADERS, UNCACHED]


async def _refuse(scope: Scope, send: Send, refusal: RefusedError, receive: Receive) -> None:
    body = error_bytes(str(refusal), scope["path"])
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if scope["type"] == "websocket":
        # Before a WebSocket is accepted, this becomes a 403 without a body.
        await send({"type": "websocket.close", "code": 1008, "reason": str(refusal)[:120]})
        return
    # After a body that was not read to its end the connection cannot be used for another request.
    headers = [*headers, *_missing([]), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    shown = body if scope["method"] != "HEAD" else b""
    if refusal.status != 413:
        await send({"type": "http.response.body", "body": shown})
        return
    # Closed at once, the connection would drop the response to a client that is still sending.
    await send({"type": "http.response.body", "body": shown, "more_body": True})
    await _drain(receive)
    await send({"type": "http.response.body", "body": b""})


async def _drain(receive: Receive) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            more = True
            while more:
                more = (await receive()).get("more_body", False)
