"""Tickets, which replace the token once: for links and for WebSockets."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.access.tokens import TICKET_S, Auth
from alpha_pulse.api.errors import refuse
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import ExchangeRequest, NoQuery, read_body, read_query
from alpha_pulse.api.schemas.responses import JsonResponse

_decoder = msgspec.json.Decoder(ExchangeRequest)


class SessionToken(msgspec.Struct, frozen=True):
    """The token of a fresh session."""

    token: str


class Ticket(msgspec.Struct, frozen=True):
    """A ticket that is good once, for so long."""

    ticket: str
    expires_in_s: int


def routes(auth: Auth) -> Routes:
    """``/auth``."""
    group = Routes("/api/v1/auth", "auth")

    @group.post(
        "/exchange",
        "Exchange the ticket of a one-time link for a session token",
        response=SessionToken,
        example={"token": "GIs1oVOIs4kYvVtL2kmZ8pB0kLJJb2mBFCkBXr0yWc4"},
        body=ExchangeRequest,
        body_examples={"the link's ticket": {"ticket": "Zt4Qk3r0o1cXl9bWJ5m2nQ7vTzB8yR6uEeFfGgHhIiA"}},
        error_statuses=(401,),
        is_open=True,
    )
    async def exchange(request: Request) -> Response:
        read_query(request, NoQuery)
        token = auth.exchange((await read_body(request, _decoder)).ticket)
        if token is None:
            await auth.backoff.wait()
            return refuse(
                request.url.path,
                401,
                "the ticket is unknown, used or too old; ask for a fresh link where AlphaPulse was started",
            )
        return JsonResponse(SessionToken(token))

    @group.post(
        "/ticket",
        "Create a one-time ticket for a WebSocket or a link",
        response=Ticket,
        example={"ticket": "Zt4Qk3r0o1cXl9bWJ5m2nQ7vTzB8yR6uEeFfGgHhIiA", "expires_in_s": TICKET_S},
    )
    async def ticket(request: Request) -> Response:
        read_query(request, NoQuery)
        ends_ns = request.state.ends_ns
        return JsonResponse(Ticket(auth.ticket(ends_ns), min(TICKET_S, int(auth.seconds_left(ends_ns)))))

    return group
