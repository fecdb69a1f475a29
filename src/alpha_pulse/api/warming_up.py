"""While a run starts and its history is read, requests that need the history wait. All others are served at once.

While its engine is compiled, which takes longer, none waits: the gateway refuses those that need it.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from alpha_pulse.gateway.protocol import Gateway

API, METRICS = "/api/v1/", "/metrics"
AT_ONCE = ("/api/v1/system", "/api/v1/openapi.json", "/api/v1/auth/exchange", "/api/v1/auth/ticket")


def _needs_history(path: str) -> bool:
    return path == METRICS or (path.startswith(API) and path not in AT_ONCE)


class StartupMiddleware:
    """Delays requests that need the history until the run has started."""

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == "http" and self._gateway.compiling is None and _needs_history(scope["path"]):
            await self._gateway.ready()
        await self._app(scope, receive, send)
