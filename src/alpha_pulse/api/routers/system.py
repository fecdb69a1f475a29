"""The run itself: its state, pause, single steps and speed."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.schemas import examples
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import NoQuery, SpeedRequest, StepRequest, read_body, read_query
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.gateway.protocol import Control, Gateway, SystemStatus

_steps = msgspec.json.Decoder(StepRequest)
_speed = msgspec.json.Decoder(SpeedRequest)


def routes(gateway: Gateway) -> Routes:
    """``/system``."""
    group = Routes("/api/v1/system", "system")

    @group.get("", "State of the run, counts and success metrics", response=SystemStatus, example=examples.STATUS)
    async def status(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.status())

    @group.get(
        "/config",
        "The configuration in effect",
        response=dict[str, Any],
        example={"seed": 1, "learning": {"model": "market_default", "window": 1000}},
    )
    async def config(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.config())

    @group.post(
        "/pause", "Pause the run between two steps", response=Control, example=_control("paused"), error_statuses=(409,)
    )
    async def pause(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.pause())

    @group.post("/resume", "Resume the run", response=Control, example=examples.CONTROL, error_statuses=(409,))
    async def resume(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.resume())

    @group.post(
        "/step",
        "Advance a paused run by some steps",
        response=Control,
        example=_control("paused"),
        body=StepRequest,
        body_examples={"ten": {"steps": 10}},
        error_statuses=(409,),
    )
    async def step(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(await gateway.step((await read_body(request, _steps)).steps))

    @group.post(
        "/speed",
        "Change the speed in bars per second",
        response=Control,
        example=examples.CONTROL,
        body=SpeedRequest,
        body_examples={"twenty bars a second": {"bars_per_second": 20.0}, "as fast as possible": {"bars_per_second": 0.0}},
        error_statuses=(409,),
    )
    async def speed(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.set_speed((await read_body(request, _speed)).bars_per_second))

    return group


def _control(state: str) -> dict[str, Any]:
    return {**examples.CONTROL, "state": state}
