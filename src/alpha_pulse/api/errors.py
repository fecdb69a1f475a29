"""Error responses: one sentence under ``detail``, with a status by the type of the error; never 500."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.schemas.operations import Operation
from alpha_pulse.api.schemas.responses import JsonResponse, error_bytes
from alpha_pulse.core.errors import (
    AlphaPulseError,
    ConflictError,
    NoSpaceError,
    NotFoundError,
    NotReadyError,
    StartingError,
    StateError,
    StoreError,
)

STATUSES: tuple[tuple[type[AlphaPulseError], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (NotReadyError, 503),
    (StoreError, 503),
    (StateError, 503),
)
INVALID = 422
RETRY = {"retry-after": "2"}
"""Seconds until a request is worth repeating while the run starts, or waits for space on its disk."""
PREFIX = "/api/v1"
MAX_SHOWN = 100
MAX_BEGIN, MAX_END = 240, 150


def install(app: Starlette, operations: Sequence[Operation]) -> None:
    """Install the error handlers; ``operations`` are used for suggestions."""

    async def ours(request: Request, error: Exception) -> Response:
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), INVALID)
        headers = RETRY if isinstance(error, StartingError | NoSpaceError) else None
        return refuse(request.url.path, status, str(error), headers)

    async def routing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return refuse(request.url.path, error.status_code, _routing_sentence(request, error, operations), error.headers)

    app.add_exception_handler(AlphaPulseError, ours)
    app.add_exception_handler(HTTPException, routing)


def refuse(path: str, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The response to a refused request for ``path``. Long messages are shortened to their beginning and end."""
    if len(detail) > MAX_BEGIN + MAX_END:
        detail = f"{detail[:MAX_BEGIN]}...{detail[-MAX_END:]}"
    return JsonResponse(error_bytes(detail, path), status, headers=headers)


def _routing_sentence(request: Request, error: HTTPException, operations: Sequence[Operation]) -> str:
    path = request.url.path
    shown = path if len(path) <= MAX_SHOWN else path[: MAX_SHOWN - 3] + "..."
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        return f"{shown} does not support {request.method}; use {allowed}"
    if error.status_code == 404 and error.detail == "Not Found":
        near = _near("GET" if request.method == "HEAD" else request.method, path[:MAX_SHOWN], operations)
        return f"there is no {shown}; {near or '/api/v1/openapi.json lists all paths'}"
    return str(error.detail)


def _near(method: str, path: str, operations: Sequence[Operation]) -> str | None:
    """Suggest the nearest path of the same method, otherwise of another method, which is then named."""
    # Without the common prefix, which would make every path look alike.
    same = {item.path.removeprefix(PREFIX): repr(item.path) for item in operations if item.method == method}
    other = {item.path.removeprefix(PREFIX): f"{item.method} {item.path!r}" for item in operations if item.method != method}
    end = path.removeprefix(PREFIX)
    nearest = next((shown[near] for shown in (same, other) for near in get_close_matches(end, shown, n=1, cutoff=0.7)), None)
    return None if nearest is None else f"did you mean {nearest}?"
