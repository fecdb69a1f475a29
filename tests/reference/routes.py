"""The table of routes, from the operations that the API registers."""

from __future__ import annotations

from typing import cast
from unittest.mock import Mock

import msgspec

from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.api.app import all_routes
from alpha_pulse.api.prometheus import Exposition
from alpha_pulse.api.schemas.operations import Operation
from alpha_pulse.gateway.protocol import Gateway

from .markdown import markdown_table


def table() -> str:
    """Each route: its purpose, the parameters of its query or the fields of its body, and its specific status codes."""
    rows = [_row(operation) for operation in _operations()]
    return markdown_table(["route", "purpose", "query or body", "status"], rows)


def _operations() -> list[Operation]:
    gateway = Mock(Gateway, version="")
    groups = all_routes(cast(Gateway, gateway), cast(Auth, Mock(Auth)), cast(Exposition, Mock(Exposition)))
    return sorted((operation for group in groups for operation in group.operations), key=lambda one: (one.tag, one.path))


def _row(operation: Operation) -> list[str]:
    token = " No token is needed." if operation.is_open else ""
    statuses = ", ".join(str(status) for status in (operation.status, *sorted(operation.error_statuses)))
    return [f"`{operation.method} {operation.path}`", f"{operation.summary}.{token}", _parameters(operation), statuses]


def _parameters(operation: Operation) -> str:
    kind = operation.query or operation.body
    if kind is None:
        return ""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return "`features`"
    return ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(kind))
