"""What the market did."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.schemas import examples
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import NoQuery, PageQuery, read_query
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.gateway.protocol import Gateway, Series


class Symbols(msgspec.Struct, frozen=True):
    """Of the feed."""

    symbols: tuple[str, ...]


def routes(gateway: Gateway) -> Routes:
    """``/market``."""
    group = Routes("/api/v1/market", "market")

    @group.get("/symbols", "The feed's symbols", response=Symbols, example={"symbols": ["EURUSD"]})
    async def symbols(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(Symbols(gateway.symbols))

    @group.get(
        "/{symbol}/bars",
        "Bars; downsampled, each group becomes one bar",
        response=Series,
        example=examples.BARS,
        query=PageQuery,
        path_examples={"symbol": "EURUSD"},
        error_statuses=(404,),
    )
    async def bars(request: Request) -> Response:
        return JsonResponse(gateway.bars(request.path_params["symbol"], read_query(request, PageQuery).page))

    return group
