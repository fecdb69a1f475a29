"""Prediction scores of the sessions of the loop, over time."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.schemas import examples
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import HistoryQuery, SessionQuery, read_query
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.gateway.protocol import Gateway, Series
from alpha_pulse.metrics.reliability import ReliabilityTable


def routes(gateway: Gateway) -> Routes:
    """``/metrics`` below ``/api/v1``."""
    group = Routes("/api/v1/metrics", "metrics")

    @group.get(
        "/history",
        "Skill over the base rate, and accuracy, in the window; one row per label",
        response=Series,
        example=examples.HISTORY,
        query=HistoryQuery,
        error_statuses=(404,),
    )
    async def history(request: Request) -> Response:
        query = read_query(request, HistoryQuery)
        return JsonResponse(gateway.metrics_history(query.symbol, query.target, query.page, query.window))

    @group.get(
        "/reliability",
        "Served probabilities against their labels, in the window",
        response=ReliabilityTable,
        example=examples.RELIABILITY,
        query=SessionQuery,
        error_statuses=(404,),
    )
    async def reliability(request: Request) -> Response:
        query = read_query(request, SessionQuery)
        return JsonResponse(gateway.reliability(query.symbol, query.target))

    return group
