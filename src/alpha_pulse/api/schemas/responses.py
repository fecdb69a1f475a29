"""Responses: JSON by msgspec, which writes numbers that are not finite as null."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

encode = msgspec.json.Encoder().encode


class ErrorResponse(msgspec.Struct, frozen=True):
    """The body of every refused request: one sentence."""

    detail: str


class JsonResponse(Response):
    """A response of a struct, or of encoded JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """See `starlette.responses.Response`."""
        return content if isinstance(content, bytes) else encode(content)


def error_bytes(detail: str) -> bytes:
    """The body of an error response.

    >>> error_bytes("no")
    b'{"detail":"no"}'
    """
    return encode(ErrorResponse(detail))
