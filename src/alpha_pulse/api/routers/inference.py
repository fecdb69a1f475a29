"""The Open Inference Protocol, version 2, over the registry: a version answers from its artefact, whatever the run does."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alpha_pulse.api.schemas.inference import (
    BINARY,
    BINARY_HEADER,
    FP64,
    INPUT,
    OUTPUT,
    InferenceError,
    InferenceRequest,
    InferenceResponse,
    Live,
    ModelMetadata,
    ModelReady,
    OutputTensor,
    Ready,
    ServerMetadata,
    TensorMetadata,
    read_request,
    rows_of,
)
from alpha_pulse.api.schemas.operations import Routes
from alpha_pulse.api.schemas.requests import NoQuery, read_query
from alpha_pulse.api.schemas.responses import JsonResponse
from alpha_pulse.core.errors import NotFoundError
from alpha_pulse.core.version import __version__
from alpha_pulse.gateway.protocol import Gateway

NAME, PLATFORM = "alpha-pulse", "alpha-pulse"
_MODEL, _VERSION = "EURUSD/direction", "807300e0bf06a8d3bd4e2e963b5b6b2fc0a091e38aaae167f171bfc6db132539"
_ANSWER: dict[str, Any] = {
    "model_name": _MODEL,
    "model_version": _VERSION,
    "outputs": [{"name": OUTPUT, "shape": [1], "datatype": FP64, "data": [0.5123]}],
}
_ABOUT = {
    "name": _MODEL,
    "versions": [_VERSION],
    "platform": PLATFORM,
    "inputs": [{"name": INPUT, "datatype": FP64, "shape": [-1, 2]}],
    "outputs": [{"name": OUTPUT, "datatype": FP64, "shape": [-1]}],
}
_BODY = {
    "one row of two features": {
        "id": "a1",
        "inputs": [{"name": INPUT, "shape": [1, 2], "datatype": FP64, "data": [0.4, -1.2]}],
    }
}


def routes(gateway: Gateway) -> Routes:
    """``/v2``."""
    group = Routes("/v2", "inference", error=InferenceError)
    _health(group, gateway)
    # A name may contain slashes, so the longest paths are matched first.
    for versions in ({"model_name": _MODEL, "version": _VERSION}, {"model_name": _MODEL}):
        _model(group, gateway, versions)
    return group


def _health(group: Routes, gateway: Gateway) -> None:
    server = ServerMetadata(NAME, __version__, [BINARY])

    @group.get("", "The name and the version of the server", response=ServerMetadata, example=msgspec.to_builtins(server))
    async def metadata(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(server)

    @group.get("/health/live", "Whether the server is up", response=Live, example={"live": True}, is_open=True)
    async def live(request: Request) -> Response:
        read_query(request, NoQuery)
        return JsonResponse(Live(True))

    @group.get("/health/ready", "Whether models can answer", response=Ready, example={"ready": True}, is_open=True)
    async def ready(request: Request) -> Response:
        read_query(request, NoQuery)
        is_ready = gateway.compiling is None and gateway.control().state != "failed"
        return JsonResponse(Ready(is_ready), 200 if is_ready else 503)


def _model(group: Routes, gateway: Gateway, path_examples: dict[str, str]) -> None:
    """The routes of a model, with or without a version."""
    base = "/models/{model_name}" + ("/versions/{version}" if "version" in path_examples else "")
    which = "A version" if "version" in path_examples else "The champion"

    def named(request: Request) -> tuple[str, str | None]:
        read_query(request, NoQuery)
        return request.path_params["model_name"], request.path_params.get("version")

    @group.post(
        base + "/infer",
        f"{which} answers: P(label = 1) of each row of features",
        response=InferenceResponse,
        example=_ANSWER,
        body=InferenceRequest,
        body_examples=_BODY,
        path_examples=path_examples,
        error_statuses=(404,),
    )
    async def infer(request: Request) -> Response:
        name, version = named(request)
        body, binary = read_request(await request.body(), request.headers.get(BINARY_HEADER))
        found, model = gateway.models.frozen(name, version)
        answers = model.predict_many(rows_of(body, binary, model.n_features)).tolist()
        tensor = OutputTensor(OUTPUT, [len(answers)], FP64, answers)
        return JsonResponse(InferenceResponse(name, found, [tensor], body.id))

    @group.get(
        base + "/ready",
        f"{which} can answer",
        response=ModelReady,
        example={"name": _MODEL, "ready": True},
        path_examples=path_examples,
        error_statuses=(404,),
    )
    async def ready(request: Request) -> Response:
        name, version = named(request)
        gateway.models.frozen(name, version)
        return JsonResponse(ModelReady(name, True))

    @group.get(
        base,
        "The versions of a model, and its tensors",
        response=ModelMetadata,
        example=_ABOUT,
        path_examples=path_examples,
        error_statuses=(404,),
    )
    async def metadata(request: Request) -> Response:
        name, version = named(request)
        symbol, _, target = name.rpartition("/")
        found = gateway.models.versions(symbol, target).versions
        if not found:
            raise NotFoundError(f"there is no model {name[:200]!r}; the name of a model is SYMBOL/target")
        first, model = gateway.models.frozen(name, found[0].version if version is None else version)
        versions = [each.version for each in found] if version is None else [first]
        inputs = [TensorMetadata(INPUT, FP64, [-1, model.n_features])]
        return JsonResponse(ModelMetadata(name, versions, PLATFORM, inputs, [TensorMetadata(OUTPUT, FP64, [-1])]))
