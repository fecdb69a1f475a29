"""Measures the duration of requests by route. The label is the registered path, so the number of series is bounded."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alpha_pulse.core.clock import elapsed_ns

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
OTHER = "other"
"""The label of the page's files and of unknown paths."""
METHODS = frozenset({"GET", "HEAD", "POST"})


class Timing:
    """Measures each request.

    Parameters
    ----------
    app
        The application.
    registry
        Receives the histogram ``alpha_pulse_http_request_seconds``.
    names
        The names of routes, by endpoint.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry, names: Mapping[object, str]) -> None:
        self._app = app
        self._names = names
        self._seconds = Histogram(
            "alpha_pulse_http_request_seconds",
            "Response time",
            ("method", "route", "status"),
            registry=registry,
            buckets=BUCKETS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = elapsed_ns(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = self._names.get(scope.get("endpoint"), OTHER)
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._seconds.labels(method, route, str(status)).observe((elapsed_ns() - start) / 1e9)
