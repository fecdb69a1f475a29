"""The OpenAPI document, generated from the operations and their structs, with an example each."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from alpha_pulse.api.schemas.operations import Operation

REF = "#/components/schemas/{name}"
ABOUT = (
    "One run of AlphaPulse: its bars, predictions, learning and paper trades. Times are integer milliseconds since the Unix "
    "epoch (UTC); money is in units of cash; `seq` is the number of a step of the journal; undefined values are null. "
    "The WebSocket `/api/v1/online-learning/streaming/{symbol}` is described in docs/reference/api.md."
)
ALWAYS = (403, 408, 413, 422, 503)
MEANINGS = {
    401: "The token is missing, is wrong, or belongs to a session that has ended.",
    403: "The Host or Origin header is not this server's.",
    404: "There is no object with this name or id.",
    409: "The request conflicts with the state of the run.",
    408: "The body was not received in time.",
    413: "The body is larger than 1 MiB.",
    422: "The query or the body is invalid.",
    503: "The engine is still starting, or has failed.",
}


def document(operations: Sequence[Operation], version: str) -> bytes:
    """The OpenAPI document, as JSON."""
    kinds: list[Any] = []
    for operation in operations:
        used = (operation.response, operation.query, operation.body, operation.error)
        kinds += [kind for kind in used if kind is not None]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REF)
    by_kind = {_key(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, by_kind, components)
    content = {
        "openapi": "3.1.0",
        "info": {"title": "AlphaPulse", "version": version, "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "Where it is: docs/reference/api.md."}
            },
        },
        "security": [{"token": []}],
    }
    return msgspec.json.encode(content)


def _key(kind: Any) -> str:
    return repr(kind)


def _described(operation: Operation, by_kind: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    description: dict[str, Any] = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": _responses(operation, by_kind),
    }
    if operation.is_open:
        description["security"] = []
    parameters = [*_path_parameters(operation), *_query(operation, by_kind, components)]
    if parameters:
        description["parameters"] = parameters
    if operation.body is not None:
        content: dict[str, Any] = {"schema": by_kind[_key(operation.body)]}
        if operation.body_examples:
            content["examples"] = {name: {"value": value} for name, value in operation.body_examples.items()}
        description["requestBody"] = {"required": True, "content": {"application/json": content}}
    return description


def _responses(operation: Operation, by_kind: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": by_kind[_key(operation.response)], "example": operation.example}
    responses = {
        str(operation.status): {
            "description": HTTPStatus(operation.status).phrase,
            "content": {operation.media_type: content},
        }
    }
    statuses = {*ALWAYS, *operation.error_statuses}
    if not operation.is_open:
        statuses.add(401)
    for status in sorted(statuses):
        responses[str(status)] = {
            "description": MEANINGS[status],
            "content": {"application/json": {"schema": by_kind[_key(operation.error)]}},
        }
    return responses


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": "may contain slashes",
            "schema": {"type": "string", "minLength": 1},
            "example": example,
        }
        for name, example in operation.path_examples.items()
    ]


def _query(operation: Operation, by_kind: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    name = by_kind[_key(operation.query)]["$ref"].rsplit("/", 1)[1]
    shape = components[name]
    parameters = []
    for field, schema in shape["properties"].items():
        # A query has no null; an optional parameter is omitted.
        options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
        plain = {key: value for key, value in schema.items() if key not in {"anyOf", "description"}}
        if options:
            plain = {**plain, **options[0]}
        if plain.get("default", 0) is None:
            del plain["default"]
        required = field in shape.get("required", ())
        described = {"name": field, "in": "query", "required": required, "schema": plain}
        parameters.append({**described, "description": schema.get("description", "")})
    return parameters
