"""Drift alarms, regimes and adaptations."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.schemas import examples
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import NoQuery, SymbolQuery, read_query
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.gateway.protocol import Adaptations, Gateway, Regimes


def routes(gateway: Gateway) -> Routes:
    """``/adaptations`` and ``/regimes``."""
    group = Routes("/api/v1", "adaptation")

    @group.get(
        "/adaptations",
        "Drift alarms and adaptations, each with its newest state",
        response=Adaptations,
        example={"alarms": [examples.ALARM], "actions": [examples.ACTION]},
    )
    async def adaptations(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.adaptations())

    @group.get(
        "/regimes",
        "Calm, normal and turbulent periods",
        response=Regimes,
        example=examples.REGIMES,
        query=SymbolQuery,
        error_statuses=(404,),
    )
    async def regimes(request: Request) -> Response:
        return JsonResponse(gateway.regimes(read_query(request, SymbolQuery).symbol))

    return group
