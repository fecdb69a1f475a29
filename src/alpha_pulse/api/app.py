"""START HERE. The ASGI application: the routes of one gateway, with access control and request limits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api import errors
from alpha_pulse.api import static as pages
from alpha_pulse.api.access.auth_middleware import AuthMiddleware
from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.api.prometheus import Exposition
from alpha_pulse.api.request_guard import LOOPBACK, RequestGuard
from alpha_pulse.api.routers import (
    adaptation,
    inference,
    market,
    metrics,
    models,
    online_learning,
    overall,
    predictions,
    serving,
    streaming,
    system,
    trading,
)
from alpha_pulse.api.routers import auth as tickets
from alpha_pulse.api.schemas.openapi import document
from alpha_pulse.api.schemas.operations import Operation, Routes
from alpha_pulse.api.schemas.requests import NoQuery, read_query
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.api.streaming import Hub
from alpha_pulse.api.timing import Timing
from alpha_pulse.api.warming_up import StartupMiddleware
from alpha_pulse.gateway.protocol import Gateway


def create_app(gateway: Gateway, auth: Auth, *, static: Path | None = None, hosts: Collection[str] = LOOPBACK) -> Starlette:
    """Create the ASGI application.

    Parameters
    ----------
    gateway
        The running system. It must live on the event loop that serves.
    auth
        Checks tokens.
    static
        The folder of the built page, or None.
    hosts
        Accepted host names, without port.
    """
    hub, registry = Hub(gateway), CollectorRegistry()
    parts = all_routes(gateway, auth, Exposition(registry, gateway, hub))
    operations = [operation for part in parts for operation in part.operations]

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        yield
        hub.close()

    routes = [route for part in parts for route in part.routes]
    app = Starlette(routes=[*routes, streaming.route(gateway, auth, hub), *pages.routes(static)], lifespan=life)
    app.router.redirect_slashes = False
    errors.install(app, operations)
    # The last one added is the outermost.
    app.add_middleware(StartupMiddleware, gateway=gateway)
    app.add_middleware(AuthMiddleware, auth=auth, is_open=_open(operations))
    app.add_middleware(Timing, registry=registry, names=_names(parts))
    app.add_middleware(RequestGuard, hosts=hosts)
    return app


def all_routes(gateway: Gateway, auth: Auth, exposition: Exposition) -> list[Routes]:
    """The routes of the HTTP API in groups, the description of all of them last."""
    groups = [
        # The most frequent requests first: routes are matched in turn.
        online_learning.routes(gateway),
        overall.routes(gateway, exposition),
        tickets.routes(auth),
        system.routes(gateway),
        market.routes(gateway),
        trading.routes(gateway),
        predictions.routes(gateway),
        metrics.routes(gateway),
        adaptation.routes(gateway),
        models.routes(gateway),
        serving.routes(gateway),
        inference.routes(gateway),
    ]
    operations = [operation for group in groups for operation in group.operations]
    return [*groups, _description(operations, gateway.version)]


def _description(operations: list[Operation], version: str) -> Routes:
    """The route of the OpenAPI document, which includes this route."""
    own = Routes("/api/v1", "overall")
    example = {"openapi": "3.1.0", "info": {"title": "AlphaPulse", "version": version}}

    @own.get("/openapi.json", "The OpenAPI description of all routes", response=dict[str, Any], example=example)
    async def description(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(content)

    content = document([*operations, *own.operations], version)
    return own


def _names(groups: list[Routes]) -> dict[object, str]:
    """The path of each endpoint, as in the OpenAPI document."""
    paths: dict[object, str] = {}
    for group in groups:
        for route, operation in zip(group.routes, group.operations, strict=True):
            paths[route.endpoint] = operation.path
    return paths


def _open(operations: list[Operation]) -> Callable[[str, str], bool]:
    """Returns whether (method, path) needs no token: open operations and the page."""
    known = {(operation.method, operation.path) for operation in operations if operation.is_open}

    def is_open(method: str, path: str) -> bool:
        method = "GET" if method == "HEAD" else method
        return (method, path) in known or (method == "GET" and pages.is_open(path))

    return is_open
