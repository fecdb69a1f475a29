"""Deny by default: what carries no token is answered 401, except for the few paths that are open.

The door stands before routing, so no route can be forgotten.
A WebSocket passes here and must name its token or ticket in its first message, since a browser cannot send the header.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.api.protocols import CONNECTION
from alpha_pulse.api.schemas.responses import ErrorResponse, JsonResponse

BEARER = "bearer "
WHERE = "`alpha-pulse run` says at its start where the token is"
CHALLENGE = {"www-authenticate": 'Bearer realm="AlphaPulse"'}
NO_ROOM = "all connections that there is room for are busy with requests that carry a good token; close some, and try again"


class _StrangerError(Exception):
    """The request carries no token that is good; the message is for its sender."""


class Gate:
    """The application behind its door.

    Parameters
    ----------
    is_open
        Whether (method, path) needs no token.
    """

    def __init__(self, app: ASGIApp, auth: Auth, is_open: Callable[[str, str], bool]) -> None:
        self._app = app
        self._auth = auth
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == "http" and not self._is_open(scope["method"], scope["path"]):
            try:
                ends_ns = await self._end([value for name, value in scope["headers"] if name == b"authorization"])
            except _StrangerError as fault:
                await JsonResponse(ErrorResponse(str(fault)), 401, headers=CHALLENGE)(scope, receive, send)
                return
            state = scope.setdefault("state", {})
            state["ends_ns"] = ends_ns
            connection = state.get(CONNECTION)
            if connection is not None and not connection.admit():
                await JsonResponse(ErrorResponse(NO_ROOM), 503, headers={"connection": "close"})(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _end(self, headers: list[bytes]) -> int:
        """When the token that a request carries ends; a wrong one is refused late."""
        if not headers:
            raise _StrangerError(f"the header 'Authorization: Bearer TOKEN' is missing; {WHERE}")
        given = headers[0].decode("latin-1")
        if len(headers) > 1 or not given.lower().startswith(BEARER):
            raise _StrangerError("the header Authorization is not 'Bearer TOKEN', once; send that")
        ends_ns = self._auth.end_of(given[len(BEARER) :].strip())
        if ends_ns is None:
            await self._auth.backoff.wait()
            raise _StrangerError(f"the token is wrong, or its session has ended; {WHERE}")
        return ends_ns
