"""The routes for supervisors and monitoring systems."""

from __future__ import annotations

from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.prometheus import CONTENT_TYPE, Exposition
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import NoQuery, read_query
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.core.version import __version__
from alpha_pulse.gateway.messages import State
from alpha_pulse.gateway.protocol import Compiling, Gateway

Status = Literal["ok", "degraded", "failed"]


class Health(msgspec.Struct, frozen=True):
    """Whether the run is healthy; ``state`` as in ``/api/v1/system``.

    ``reason`` is a sentence: why the run is degraded.
    ``compiling`` is set while the engine is compiled, at the first start on a machine.
    """

    status: Status
    version: str
    state: str
    reason: str | None = None
    compiling: Compiling | None = None


_STATUSES: dict[State, tuple[Status, str | None]] = {
    "waiting": ("degraded", "there is no space on the disk of the store; the run waits, and continues by itself"),
    "failed": ("failed", None),
}


def routes(gateway: Gateway, exposition: Exposition) -> Routes:
    """``/health`` and ``/metrics``."""
    group = Routes("", "overall")

    @group.get(
        "/health",
        "Health of the run",
        response=Health,
        example={"status": "ok", "version": __version__, "state": "running", "reason": None, "compiling": None},
        is_open=True,
    )
    async def health(request: Request) -> Response:
        read_query(request, NoQuery)
        state = gateway.control().state
        status, reason = _STATUSES.get(state, ("ok", None))
        return JsonResponse(Health(status, gateway.version, state, reason, gateway.compiling))

    @group.get(
        "/metrics",
        "All metrics in the format of Prometheus",
        response=str,
        example="alpha_pulse_bars_total 4212.0\n",
        media_type="text/plain",
    )
    async def metrics(request: Request) -> Response:
        read_query(request, NoQuery)
        return Response(exposition.text(), headers={"content-type": CONTENT_TYPE})

    return group
