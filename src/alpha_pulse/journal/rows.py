"""Rare things as rows of plain tables: structs to rows, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from alpha_pulse.core.types import (
    AdaptationAction,
    AlarmResponse,
    DriftAlarm,
    Fill,
    Lot,
    Order,
    RegimeChange,
    Signal,
    Units,
)
from alpha_pulse.execution.decision import Refusal
from alpha_pulse.journal.records import AdaptationRequest, ScoredTrade
from alpha_pulse.journal.trades import TRADES
from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.training import ModelReady
from alpha_pulse.stores.base import Value

Row = tuple[Value, ...]


class MissingReason(msgspec.Struct, frozen=True):
    """Why a member took no part in the prediction of one step, where no code states it."""

    symbol: str
    target: str
    model_id: str
    reason: str


STRUCTS: dict[str, type[msgspec.Struct]] = {
    "adaptations": AdaptationAction,
    "alarm_responses": AlarmResponse,
    "alarms": DriftAlarm,
    "commands": Command,
    "fills": Fill,
    "lots": Lot,
    "missing": MissingReason,
    "models": ModelReady,
    "orders": Order,
    "refusals": Refusal,
    "regimes": RegimeChange,
    "requests": AdaptationRequest,
    "scored_trades": ScoredTrade,
    "signals": Signal,
    "units": Units,
}
"""The struct of each table: its fields are the table's columns after ``seq`` and ``position``, except in those of trades."""

_SCALARS = (msgspec.inspect.IntType, msgspec.inspect.FloatType, msgspec.inspect.StrType, msgspec.inspect.LiteralType)


def to_row(seq: int, position: int, table: str, struct: msgspec.Struct) -> Row:
    """The row of a struct. Lists, structs and values of several types become JSON; -0.0 becomes 0.0, as SQLite stores it.

    >>> to_row(7, 0, "requests", AdaptationRequest("X/direction", "*"))
    (7, 0, 'X/direction', '*')
    """
    values: list[Any] = list(TRADES[table][0](struct) if table in TRADES else msgspec.structs.astuple(struct))
    for place, _ in _JSON.get(table, ()):
        if values[place] is not None:
            values[place] = msgspec.json.encode(values[place]).decode()
    return (seq, position, *[value + 0.0 if type(value) is float else value for value in values])


def from_row(table: str, row: Row) -> Any:
    """The struct of a row.

    >>> from_row("requests", (7, 0, "X/direction", "*"))
    AdaptationRequest(session_id='X/direction', drift_type='*')
    """
    if table in TRADES:
        return TRADES[table][1](row[2:])
    values: list[Any] = list(row[2:])
    for place, read in _JSON[table]:
        if values[place] is not None:
            values[place] = read(values[place])
    return STRUCTS[table](*values)


def _json_fields(struct: type[msgspec.Struct]) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    """The fields that are stored as JSON, and how they are read."""
    return tuple(
        (place, msgspec.json.Decoder(field.type).decode)
        for place, field in enumerate(msgspec.structs.fields(struct))
        if not _is_scalar(field.type)
    )


def _is_scalar(annotation: Any) -> bool:
    """Whether a column of one type contains all values of a field."""
    info = msgspec.inspect.type_info(annotation)
    parts = [
        part
        for part in (info.types if isinstance(info, msgspec.inspect.UnionType) else (info,))
        if not isinstance(part, msgspec.inspect.NoneType)
    ]
    return len(parts) == 1 and isinstance(parts[0], _SCALARS)


_JSON = {table: _json_fields(struct) for table, struct in STRUCTS.items() if table not in TRADES}
