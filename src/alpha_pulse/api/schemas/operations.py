"""Registers each route together with its description, so that the OpenAPI document contains every route.

Endpoints receive the request and return a response; msgspec decodes bodies and encodes responses.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alpha_pulse.api.schemas.requests import check_utf8
from alpha_pulse.api.schemas.responses import ErrorResponse

Endpoint = Callable[[Request], Awaitable[Response]]
Method = Literal["GET", "POST"]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """The description of one method of one path.

    ``path`` has the syntax of OpenAPI. ``example`` is a response; ``body_examples`` are request bodies by name;
    ``path_examples`` are values of the path's parameters. ``error_statuses`` are those in addition to 401, 403, 408, 413, 422
    and 503, which any request may receive. ``is_open``: needs no token.
    """

    method: Method
    path: str
    summary: str
    tag: str
    response: Any
    example: Any
    status: int = 200
    query: type[msgspec.Struct] | None = None
    body: Any = None
    body_examples: Mapping[str, Any] = msgspec.field(default_factory=dict)
    path_examples: Mapping[str, str] = msgspec.field(default_factory=dict)
    error_statuses: tuple[int, ...] = ()
    is_open: bool = False
    media_type: str = "application/json"
    error: type[msgspec.Struct] = ErrorResponse
    """The body of a refused request."""

    @property
    def operation_id(self) -> str:
        """A name for generated clients."""
        words = self.path.removeprefix("/api/v1").replace("{", "").replace("}", "").replace("-", "_").split("/")
        return "_".join([self.method.lower(), *filter(None, words)])


class Routes:
    """Routes below one prefix, with their descriptions.

    Parameters in a path (``path_examples``) may contain slashes, since ids do.
    """

    def __init__(self, prefix: str, tag: str, error: type[msgspec.Struct] = ErrorResponse) -> None:
        self.routes: list[Route] = []
        self.operations: list[Operation] = []
        self._prefix = prefix
        self._tag = tag
        self._error = error

    def get(self, path: str, summary: str, *, response: Any, example: Any, **more: Any) -> Callable[[Endpoint], Endpoint]:
        """Register a GET; ``more`` are fields of `Operation`."""
        return self._add("GET", path, summary, response=response, example=example, **more)

    def post(self, path: str, summary: str, *, response: Any, example: Any, **more: Any) -> Callable[[Endpoint], Endpoint]:
        """Register a POST; ``more`` are fields of `Operation`."""
        return self._add("POST", path, summary, response=response, example=example, **more)

    def _add(self, method: Method, path: str, summary: str, **more: Any) -> Callable[[Endpoint], Endpoint]:
        operation = Operation(
            method=method, path=self._prefix + path, summary=summary, tag=self._tag, error=self._error, **more
        )
        self.operations.append(operation)

        def register(endpoint: Endpoint) -> Endpoint:
            pattern = path
            for name in operation.path_examples:
                pattern = pattern.replace(f"{{{name}}}", f"{{{name}:path}}")
            checked = endpoint if operation.body is not None or method == "GET" else _with_readable_body(endpoint)
            self.routes.append(Route(self._prefix + pattern, checked, methods=[method]))
            return endpoint

        return register


def _with_readable_body(endpoint: Endpoint) -> Endpoint:
    """An endpoint without a body. Raises DataError for a body that is sent anyway and is not UTF-8."""

    async def checked(request: Request) -> Response:
        check_utf8(await request.body())
        return await endpoint(request)

    return checked
