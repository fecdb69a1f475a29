"""Fills, trades, positions and equity, by book."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.schemas import examples
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import NoQuery, OutcomesRequest, PageQuery, TradingQuery, read_body, read_query
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.gateway.protocol import Fills, Gateway, Inspection, OutcomesResult, Positions, Series, Trades

_outcomes = msgspec.json.Decoder(OutcomesRequest)


def routes(gateway: Gateway) -> Routes:
    """``/trading``."""
    group = Routes("/api/v1/trading", "trading")

    @group.get(
        "/fills",
        "Fills",
        response=Fills,
        example={"fills": [examples.FILL_ROW], "next_seq": None, "total": 188},
        query=TradingQuery,
        error_statuses=(404,),
    )
    async def fills(request: Request) -> Response:
        query = read_query(request, TradingQuery)
        return JsonResponse(gateway.fills(query.symbol, query.book, query.page))

    @group.get(
        "/trades",
        "Closed lots",
        response=Trades,
        example={"trades": [examples.TRADE_ROW], "next_seq": None, "total": 97},
        query=TradingQuery,
        error_statuses=(404,),
    )
    async def trades(request: Request) -> Response:
        query = read_query(request, TradingQuery)
        return JsonResponse(gateway.trades(query.symbol, query.book, query.page))

    @group.post(
        "/outcomes",
        "Report trades made elsewhere on combined signals; the response comes when they are durable",
        response=OutcomesResult,
        example={"applied": 1, "duplicates": 0},
        body=OutcomesRequest,
        body_examples={"a long": {"outcomes": [examples.OUTCOME]}},
        error_statuses=(404, 409),
    )
    async def outcomes(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(await gateway.report_outcomes((await read_body(request, _outcomes)).outcomes))

    @group.get(
        "/fills/{fill_id}/decision",
        "The decision behind a fill: its step's direction prediction, signals and orders",
        response=Inspection,
        example={**examples.INSPECTION, "fill": examples.FILL_ROW},
        path_examples={"fill_id": examples.FILL},
        error_statuses=(404,),
    )
    async def decision(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.inspect_fill(request.path_params["fill_id"]))

    @group.get("/equity", "Equity of every book", response=Series, example=examples.EQUITY, query=PageQuery)
    async def equity(request: Request) -> Response:
        return JsonResponse(gateway.equity(read_query(request, PageQuery).page))

    @group.get("/positions", "Positions and performance of the books", response=Positions, example=examples.POSITIONS)
    async def positions(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.positions())

    return group
