"""Learning sessions: read and query those of the loop; start, update and stop those of a caller."""

from __future__ import annotations

from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.schemas import examples
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import (
    AdaptRequest,
    NamedFeatures,
    NoQuery,
    PredictBody,
    StartSessionRequest,
    UpdateRequest,
    read_body,
    read_query,
)
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.gateway.protocol import DriftStatus, Gateway, PredictResponse, SessionScores, SessionStatus, UpdateResult

_start = msgspec.json.Decoder(StartSessionRequest)
_features: msgspec.json.Decoder[list[float] | NamedFeatures] = msgspec.json.Decoder(PredictBody)
_examples = msgspec.json.Decoder(UpdateRequest)
_adapt = msgspec.json.Decoder(AdaptRequest)
SESSION = {"session_id": examples.SESSION}
MINE = {"session_id": "BTCUSDT/direction"}


class SessionChange(msgspec.Struct, frozen=True):
    """The result of a command about a session."""

    session_id: str
    status: Literal["started", "stopped", "requested"]


class Sessions(msgspec.Struct, frozen=True):
    """All sessions."""

    sessions: list[SessionStatus]


class DriftStatuses(msgspec.Struct, frozen=True):
    """Every session's drift monitor."""

    sessions: list[DriftStatus]


def routes(gateway: Gateway) -> Routes:
    """``/online-learning``."""
    group = Routes("/api/v1/online-learning", "online learning")
    _predicting(group, gateway)
    _reading(group, gateway)
    _own_sessions(group, gateway)
    return group


def _reading(group: Routes, gateway: Gateway) -> None:
    @group.get("/sessions", "All sessions", response=Sessions, example={"sessions": [examples.SESSION_STATUS]})
    async def sessions(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(Sessions(gateway.sessions()))

    @group.get(
        "/sessions/{session_id}/metrics",
        "Scores of a session, over the whole run and in the window",
        response=SessionScores,
        example=examples.SESSION_SCORES,
        path_examples=SESSION,
        error_statuses=(404,),
    )
    async def metrics(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.session_scores(request.path_params["session_id"]))

    @group.get(
        "/drift/status", "The drift monitor of every session", response=DriftStatuses, example={"sessions": [examples.DRIFT]}
    )
    async def drift(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(DriftStatuses(gateway.drift()))


def _own_sessions(group: Routes, gateway: Gateway) -> None:
    @group.post(
        "/sessions/start",
        "Start a session for your own examples",
        response=SessionChange,
        example={**MINE, "status": "started"},
        status=201,
        body=StartSessionRequest,
        body_examples={
            "two features of your own": {
                "symbol": "BTCUSDT",
                "model_type": "logistic",
                "config": {"target": "direction", "source": "api", "n_features": 2},
            }
        },
        error_statuses=(404, 409),
    )
    async def start(request: Request) -> Response:
        read_query(request, NoQuery)
        query = await read_body(request, _start)
        session_id = await gateway.start_session(query.symbol, query.model_type, query.config)
        return JsonResponse(SessionChange(session_id, "started"), 201)

    @group.post(
        "/sessions/{session_id}/update",
        "Learn labelled examples; the response comes when they are durable",
        response=UpdateResult,
        example={"applied": 2, "duplicates": 0, "labels_used": 2},
        body=UpdateRequest,
        body_examples={
            "two examples": {
                "examples": [
                    {"id": "a1", "features": [0.4, -1.2], "label": 1},
                    {"id": "a2", "features": [-0.9, 0.3], "label": 0, "weight": 0.5},
                ]
            }
        },
        path_examples=MINE,
        error_statuses=(404, 409),
    )
    async def update(request: Request) -> Response:
        read_query(request, NoQuery)
        query = await read_body(request, _examples)
        return JsonResponse(await gateway.update(request.path_params["session_id"], query.examples))

    @group.post(
        "/sessions/{session_id}/stop",
        "Stop a session for your own examples",
        response=SessionChange,
        example={**MINE, "status": "stopped"},
        path_examples=MINE,
        error_statuses=(404, 409),
    )
    async def stop(request: Request) -> Response:
        read_query(request, NoQuery)
        session_id = request.path_params["session_id"]
        await gateway.stop_session(session_id)
        return JsonResponse(SessionChange(session_id, "stopped"))


def _predicting(group: Routes, gateway: Gateway) -> None:
    @group.post(
        "/sessions/{session_id}/predict",
        "Predict from features; changes nothing",
        response=PredictResponse,
        example=examples.PREDICT_RESPONSE,
        body=PredictBody,
        body_examples={
            "in the schema's order": [0.4, -1.2],
            "the same, named": {"features": [0.4, -1.2]},
            "by the schema's names": {"features": {"ret_1": 0.4, "ret_3": -1.2}},
        },
        path_examples=SESSION,
        error_statuses=(404,),
    )
    async def predict(request: Request) -> Response:
        if request.scope["query_string"]:
            read_query(request, NoQuery)
        query = await read_body(request, _features)
        features = query.features if isinstance(query, NamedFeatures) else query
        return JsonResponse(gateway.predict(request.path_params["session_id"], features))

    @group.post(
        "/sessions/{session_id}/adapt",
        "Request an adaptation at the next slice",
        response=SessionChange,
        example={**SESSION, "status": "requested"},
        status=202,
        body=AdaptRequest,
        body_examples={"learn faster": {"drift_type": "performance"}},
        path_examples=SESSION,
        error_statuses=(404, 409),
    )
    async def adapt(request: Request) -> Response:
        read_query(request, NoQuery)
        session_id = request.path_params["session_id"]
        await gateway.adapt(session_id, (await read_body(request, _adapt)).drift_type)
        return JsonResponse(SessionChange(session_id, "requested"), 202)
