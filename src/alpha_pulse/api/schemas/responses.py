"""Responses: JSON by msgspec, which writes numbers that are not finite as null."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

encode = msgspec.json.Encoder().encode


INFERENCE = "/v2"
"""The first part of the paths of the Open Inference Protocol, which names the field of an error ``error``."""


class ErrorResponse(msgspec.Struct, frozen=True):
    """The body of every refused request: one sentence."""

    detail: str


class JsonResponse(Response):
    """A response of a struct, or of encoded JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """See `starlette.responses.Response`."""
        return content if isinstance(content, bytes) else encode(content)


def error_bytes(detail: str, path: str = "") -> bytes:
    """The body of the response to a refused request for ``path``.

    >>> error_bytes("no", "/metrics"), error_bytes("no", "/v2/models/X/ready")
    (b'{"detail":"no"}', b'{"error":"no"}')
    """
    return encode({"error": detail} if path == INFERENCE or path.startswith(f"{INFERENCE}/") else ErrorResponse(detail))
