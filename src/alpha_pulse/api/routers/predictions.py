"""Served predictions, and the details of a single prediction."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.schemas import examples
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import NoQuery, SeriesQuery, read_query
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.gateway.protocol import Gateway, Inspection, Series


def routes(gateway: Gateway) -> Routes:
    """``/predictions``."""
    group = Routes("/api/v1/predictions", "predictions")

    @group.get(
        "",
        "Served predictions, with members, weights and labels",
        response=Series,
        example=examples.PREDICTIONS,
        query=SeriesQuery,
        error_statuses=(404,),
    )
    async def predictions(request: Request) -> Response:
        query = read_query(request, SeriesQuery)
        return JsonResponse(gateway.predictions(query.symbol, query.target, query.page))

    @group.get(
        "/{prediction_id}",
        "All details of one prediction",
        response=Inspection,
        example=examples.INSPECTION,
        path_examples={"prediction_id": examples.PREDICTION},
        error_statuses=(404,),
    )
    async def inspect(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.inspect(request.path_params["prediction_id"]))

    return group
