"""The registry of models: its versions, and who serves."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.schemas import model_examples as examples
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import Name, NoQuery, read_body, read_query
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.gateway.model_messages import ModelDetails, ModelList, ModelVersion, ServedModels
from alpha_pulse.gateway.protocol import Gateway
from alpha_pulse.serving.registry.difference import VersionDifference
from alpha_pulse.serving.registry.entries import ModelState

SomeName = Annotated[str, Meta(min_length=1, max_length=200)]


class VersionsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A selection of versions."""

    symbol: Annotated[SomeName | None, Meta(description="only versions for this symbol")] = None
    target: Annotated[SomeName | None, Meta(description="only versions for this target")] = None
    state: Annotated[
        SomeName | None, Meta(description="only versions in this state: candidate, shadow, canary, champion or retired")
    ] = None


class DifferenceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two versions."""

    first: Annotated[Name, Meta(description="a version: an id, its start, or SYMBOL/target@champion")]
    second: Annotated[Name, Meta(description="another version")]


class MoveRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of a version's state: who makes it, and why."""

    state: ModelState
    reason: Name
    actor: Name = "api"


class SessionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of who serves ``SYMBOL/target``: who makes it, and why."""

    session_id: Name
    reason: Name
    actor: Name = "api"


class RegisterRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The session of the run whose online model is registered, ``SYMBOL/target``, and by whom."""

    session_id: Name
    actor: Name = "api"


_move = msgspec.json.Decoder(MoveRequest)
_session = msgspec.json.Decoder(SessionRequest)
_register = msgspec.json.Decoder(RegisterRequest)


def routes(gateway: Gateway) -> Routes:
    """``/models``."""
    group = Routes("/api/v1/models", "models")
    # Longer paths first: a version's name may contain slashes.
    _changing_sessions(group, gateway)
    _changing_versions(group, gateway)
    _reading(group, gateway)
    return group


def _reading(group: Routes, gateway: Gateway) -> None:
    @group.get(
        "",
        "The versions of models, the newest first, and who serves",
        response=ModelList,
        example=examples.VERSIONS,
        query=VersionsQuery,
        error_statuses=(404,),
    )
    async def versions(request: Request) -> Response:
        query = read_query(request, VersionsQuery)
        return JsonResponse(gateway.models.versions(query.symbol, query.target, query.state))

    @group.get(
        "/diff",
        "What differs between two versions",
        response=VersionDifference,
        example=examples.DIFFERENCE,
        query=DifferenceQuery,
        error_statuses=(404,),
    )
    async def difference(request: Request) -> Response:
        query = read_query(request, DifferenceQuery)
        return JsonResponse(gateway.models.difference(query.first, query.second))

    @group.get(
        "/{version}",
        "One version with its lineage and what was done with it",
        response=ModelDetails,
        example=examples.DETAILS,
        path_examples={"version": examples.CHAMPION},
        error_statuses=(404,),
    )
    async def version(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.models.version(request.path_params["version"]))


def _changing_versions(group: Routes, gateway: Gateway) -> None:
    @group.post(
        "/register",
        "Register the online model of a session as it is now",
        response=ModelVersion,
        example=examples.VERSION,
        status=201,
        body=RegisterRequest,
        body_examples={"the model of the direction": {"session_id": examples.SESSION}},
        error_statuses=(404,),
    )
    async def register(request: Request) -> Response:
        read_query(request, NoQuery)
        body = await read_body(request, _register)
        return JsonResponse(await gateway.models.register(body.session_id, body.actor), 201)

    @group.post(
        "/{version}/move",
        "Let a version enter a state, such as champion",
        response=ServedModels,
        example=examples.SERVED,
        body=MoveRequest,
        body_examples={"promote": {"state": "champion", "reason": "lower log loss in shadow", "actor": "me"}},
        path_examples={"version": examples.CHAMPION},
        error_statuses=(404, 409),
    )
    async def move(request: Request) -> Response:
        read_query(request, NoQuery)
        body = await read_body(request, _move)
        name = request.path_params["version"]
        return JsonResponse(await gateway.models.move(name, body.state, body.actor, body.reason))


def _changing_sessions(group: Routes, gateway: Gateway) -> None:
    @group.post(
        "/rollback",
        "Make the earlier champion the champion again",
        response=ServedModels,
        example=examples.SERVED,
        body=SessionRequest,
        body_examples={"back": examples.BECAUSE},
        error_statuses=(404, 409),
    )
    async def rollback(request: Request) -> Response:
        read_query(request, NoQuery)
        body = await read_body(request, _session)
        return JsonResponse(await gateway.models.rollback(body.session_id, body.actor, body.reason))

    @group.post(
        "/freeze",
        "Forbid changes of a champion, also automatic ones",
        response=ServedModels,
        example=examples.FROZEN,
        body=SessionRequest,
        body_examples={"during an audit": examples.BECAUSE},
        error_statuses=(404, 409),
    )
    async def freeze(request: Request) -> Response:
        read_query(request, NoQuery)
        body = await read_body(request, _session)
        return JsonResponse(await gateway.models.freeze(body.session_id, body.actor, body.reason))

    @group.post(
        "/unfreeze",
        "Allow changes of a champion again",
        response=ServedModels,
        example=examples.SERVED,
        body=SessionRequest,
        body_examples={"after an audit": examples.BECAUSE},
        error_statuses=(404, 409),
    )
    async def unfreeze(request: Request) -> Response:
        read_query(request, NoQuery)
        body = await read_body(request, _session)
        return JsonResponse(await gateway.models.unfreeze(body.session_id, body.actor, body.reason))
