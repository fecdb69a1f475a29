"""Deny by default: a request without a valid token gets status 401, except for a few open paths.

The check runs before routing, so it covers every route. WebSocket connections are not checked here: a browser cannot set the
header for them, so they send a token or a ticket in their first message.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.api.protocols import CONNECTION
from alpha_pulse.api.schemas.responses import JsonResponse, error_bytes

BEARER = "bearer "
WHERE = "`alpha-pulse run` prints the path of the token at its start"
CHALLENGE = {"www-authenticate": 'Bearer realm="AlphaPulse"'}
NO_ROOM = "all connections are busy with authorised requests; close some, and try again"


class UnauthorizedError(Exception):
    """The request has no valid token. The message is the response's ``detail``."""


class AuthMiddleware:
    """Passes authorised requests, and those of open paths, to the application.

    Parameters
    ----------
    app
        The application.
    auth
        Checks tokens.
    is_open
        Returns whether (method, path) needs no token.
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
            except UnauthorizedError as error:
                await JsonResponse(error_bytes(str(error), scope["path"]), 401, headers=CHALLENGE)(scope, receive, send)
                return
            state = scope.setdefault("state", {})
            state["ends_ns"] = ends_ns
            connection = state.get(CONNECTION)
            if connection is not None and not connection.admit():
                refusal = JsonResponse(error_bytes(NO_ROOM, scope["path"]), 503, headers={"connection": "close"})
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _end(self, headers: list[bytes]) -> int:
        """The end of the token on the monotonic clock (ns). Raises UnauthorizedError, after a delay for a wrong token."""
        if not headers:
            raise UnauthorizedError(f"the header 'Authorization: Bearer TOKEN' is missing; {WHERE}")
        header = headers[0].decode("latin-1")
        if len(headers) > 1 or not header.lower().startswith(BEARER):
            raise UnauthorizedError("the header Authorization must be 'Bearer TOKEN', sent once")
        ends_ns = self._auth.end_of(header[len(BEARER) :].strip())
        if ends_ns is None:
            await self._auth.backoff.wait()
            raise UnauthorizedError(f"the token is wrong, or its session has ended; {WHERE}")
        return ends_ns
