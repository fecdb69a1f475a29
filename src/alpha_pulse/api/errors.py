"""Every refusal is one sentence under ``detail``, with the status that fits its kind. None is a 500."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.answers import JsonResponse, Refusal
from alpha_pulse.core.errors import (
    AlphaPulseError,
    ConflictError,
    NotFoundError,
    NotReadyError,
    StateError,
    StoreError,
    did_you_mean,
)

STATUSES: tuple[tuple[type[AlphaPulseError], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (NotReadyError, 503),
    (StoreError, 503),
    (StateError, 503),
)
INVALID = 422
MAX_SHOWN = 100


def install(app: FastAPI, paths: Sequence[str]) -> None:
    """Have all errors of the application answered; ``paths`` are those that exist."""

    async def ours(request: Request, error: Exception) -> Response:
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), INVALID)
        return refuse(status, str(error))

    async def routing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JsonResponse(Refusal(_routing_sentence(request, error, paths)), error.status_code, headers=error.headers)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        # What was sent is not repeated: it may be nothing that JSON can hold.
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        return refuse(INVALID, f"the request cannot be used: {where} is not what the description says")

    app.add_exception_handler(AlphaPulseError, ours)
    app.add_exception_handler(HTTPException, routing)
    app.add_exception_handler(RequestValidationError, invalid)


def refuse(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The answer to a refused request."""
    return JsonResponse(Refusal(detail), status, headers=headers)


def _routing_sentence(request: Request, error: HTTPException, paths: Sequence[str]) -> str:
    path = request.url.path
    shown = path if len(path) <= MAX_SHOWN else path[: MAX_SHOWN - 3] + "..."
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        return f"{shown} does not take {request.method}, but {allowed}"
    if error.status_code == 404 and error.detail == "Not Found":
        near = did_you_mean(path[:MAX_SHOWN], paths)
        return f"there is no {shown}{near if near.startswith('; did') else '; /api/v1/openapi.json lists what there is'}"
    return str(error.detail)
