"""Deny by default: what carries no token is answered 401, except for the few paths that are open.

The door stands before routing, so no route can be forgotten.
A WebSocket passes here and must name its token or ticket in its first message, since a browser cannot send the header.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from alpha_pulse.api.answers import JsonResponse, Refusal
from alpha_pulse.api.auth import Auth

BEARER = "bearer "
CHALLENGE = {"www-authenticate": 'Bearer realm="AlphaPulse"'}


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
            fault = self._fault([value for name, value in scope["headers"] if name == b"authorization"])
            if fault is not None:
                await JsonResponse(Refusal(fault), 401, headers=CHALLENGE)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _fault(self, headers: list[bytes]) -> str | None:
        if not headers:
            return f"the header 'Authorization: Bearer TOKEN' is missing; the token is in {self._auth.where}"
        given = headers[0].decode("latin-1")
        if len(headers) > 1 or not given.lower().startswith(BEARER):
            return "the header Authorization is not 'Bearer TOKEN', once; send that"
        if not self._auth.accepts(given[len(BEARER) :].strip()):
            return f"the token is wrong, or its session has ended; the token is in {self._auth.where}"
        return None
