"""Who serves: the members of each session, the champion and its challengers, and commands about them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.schemas import model_examples as examples
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import Name, NoQuery, read_body, read_query
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.gateway.protocol import Gateway
from alpha_pulse.gateway.serving import SessionServing

PATH = {"session_id": examples.SESSION}


class ServingSessions(msgspec.Struct, frozen=True):
    """Who serves some sessions."""

    sessions: list[SessionServing]


class MemberRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member of a session: ``online``, ``batch``, ``base`` or the name of a challenger."""

    member: Name


_member = msgspec.json.Decoder(MemberRequest)
Change = Callable[[str], Awaitable[list[SessionServing]]]
MemberChange = Callable[[str, str], Awaitable[list[SessionServing]]]


def routes(gateway: Gateway) -> Routes:
    """``/serving``."""
    group = Routes("/api/v1/serving", "serving")
    # Longer paths first: a session's id contains a slash.
    _of_member(group, "promote", "Make a member the champion; the session may be *, for all", lambda: gateway.serving.promote)
    _of_member(group, "start", "Start a challenger that is stopped or retired", lambda: gateway.serving.start)
    _of_member(group, "stop", "Stop a challenger: it neither predicts nor learns", lambda: gateway.serving.stop)
    _of_session(group, "rollback", "Make the former champion the champion again", lambda: gateway.serving.roll_back)
    _of_session(group, "freeze", "Forbid promotions and rollbacks, also automatic ones", lambda: gateway.serving.freeze)
    _of_session(group, "unfreeze", "Allow promotions and rollbacks again", lambda: gateway.serving.unfreeze)
    _reading(group, gateway)
    return group


def _reading(group: Routes, gateway: Gateway) -> None:
    @group.get("", "Who serves each session", response=ServingSessions, example={"sessions": [examples.SERVING]})
    async def sessions(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(ServingSessions(gateway.serving.sessions()))

    @group.get(
        "/{session_id}",
        "Who serves a session, and where its other members stand",
        response=SessionServing,
        example=examples.SERVING,
        path_examples=PATH,
        error_statuses=(404,),
    )
    async def session(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(gateway.serving.session(request.path_params["session_id"]))


def _of_member(group: Routes, name: str, summary: str, change: Callable[[], MemberChange]) -> None:
    @group.post(
        f"/{{session_id}}/{name}",
        summary,
        response=ServingSessions,
        example={"sessions": [examples.SERVING]},
        body=MemberRequest,
        body_examples={"a challenger": {"member": "fast"}},
        path_examples=PATH,
        error_statuses=(404, 409),
    )
    async def change_member(request: Request) -> Response:
        read_query(request, NoQuery)
        body = await read_body(request, _member)
        return JsonResponse(ServingSessions(await change()(request.path_params["session_id"], body.member)))


def _of_session(group: Routes, name: str, summary: str, change: Callable[[], Change]) -> None:
    @group.post(
        f"/{{session_id}}/{name}",
        summary,
        response=ServingSessions,
        example={"sessions": [examples.SERVING]},
        path_examples=PATH,
        error_statuses=(404, 409),
    )
    async def change_session(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(ServingSessions(await change()(request.path_params["session_id"])))
