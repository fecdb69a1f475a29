"""Queries and bodies of requests as msgspec structs. Unknown fields are refused, and errors name the field."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import msgspec.inspect
from msgspec import Meta
from starlette.requests import Request

from alpha_pulse.core.errors import DataError, did_you_mean
from alpha_pulse.gateway.protocol import (
    ALL,
    MAX_EXAMPLES,
    MAX_LIMIT,
    MAX_OUTCOMES,
    MAX_POINTS,
    MAX_STEPS,
    MAX_WINDOW,
    OutcomeIn,
    Page,
    SessionConfig,
)
from alpha_pulse.learning.commands import LabelledExample

Parsed = TypeVar("Parsed")

LARGEST_SEQ = 2**53 - 1
"""The largest integer that every JSON reader represents exactly."""
INTEGER = re.compile(r"-?[0-9]{1,18}")
PARAMETER = re.compile(r".* - at `\$\.(\w+)`$", re.DOTALL)
UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`(?: - at `\$(.*)`)?$", re.DOTALL)
STEP = re.compile(r"\w+|\[\.\.\.\]")
"""A field, or the items of a list, in a path of msgspec."""
MAX_SHOWN = 240

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The part of a series."""

    from_seq: Annotated[int, Meta(ge=0, le=LARGEST_SEQ, description="the first step of the journal")] = 0
    limit: Annotated[
        int, Meta(ge=1, le=MAX_LIMIT, description="the maximum number of rows; next_seq is the start of the next page")
    ] = 1_000
    max_points: Annotated[
        Annotated[int, Meta(ge=2, le=MAX_POINTS)] | None,
        Meta(description="downsample all rows from from_seq on to at most this number; limit is ignored"),
    ] = None

    @property
    def page(self) -> Page:
        """The page for the gateway."""
        return Page(self.from_seq, self.limit, self.max_points)


class SeriesQuery(PageQuery, frozen=True):
    """The part of a series of a session."""

    symbol: Annotated[Name, Meta(description="a symbol of the feed")]
    target: Annotated[str, Meta(min_length=1, max_length=200, description="the target: volatility or direction")]


class HistoryQuery(SeriesQuery, frozen=True):
    """The part of a series of a session, and the window of its scores."""

    window: Annotated[
        Annotated[int, Meta(ge=1, le=MAX_WINDOW)] | None,
        Meta(description="labels in the window (default: learning.window)"),
    ] = None


class SessionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A session of the engine."""

    symbol: Annotated[Name, Meta(description="a symbol of the feed")]
    target: Annotated[str, Meta(min_length=1, max_length=200, description="the target: volatility or direction")]


class TradingQuery(PageQuery, frozen=True):
    """A selection of fills or trades."""

    symbol: Annotated[str | None, Meta(description="a symbol of the feed; without it all symbols")] = None
    book: Annotated[str, Meta(min_length=1, max_length=200, description=f"a book, or {ALL!r} for every book")] = "combined"


class SymbolQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One symbol."""

    symbol: Annotated[Name, Meta(description="a symbol of the feed")]


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty query."""


class ExchangeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ticket of a one-time link."""

    ticket: Annotated[str, Meta(min_length=1, max_length=200)]


class StepRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of steps to run."""

    steps: Annotated[int, Meta(ge=1, le=MAX_STEPS)] = 1


class SpeedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The speed in bars per second; 0: as fast as possible."""

    bars_per_second: Annotated[float, Meta(ge=0, le=1e9)]


class StartSessionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The session to start."""

    symbol: Name
    model_type: Name
    config: SessionConfig = msgspec.field(default_factory=SessionConfig)


class NamedFeatures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Features in the schema's order, or by the schema's names."""

    features: list[float] | dict[str, float]


PredictBody = list[float] | NamedFeatures


class UpdateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Labelled examples. Each id is learned once, even if it is sent again."""

    examples: Annotated[list[LabelledExample], Meta(min_length=1, max_length=MAX_EXAMPLES)]


class OutcomesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Outcomes of trades made elsewhere. Each id of a book is learned once, even if it is sent again."""

    outcomes: Annotated[list[OutcomeIn], Meta(min_length=1, max_length=MAX_OUTCOMES)]


class AdaptRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``performance``: learn faster for some time; ``regime``: reset the model and learn again."""

    drift_type: Literal["performance", "regime"]


async def read_body(request: Request, decoder: msgspec.json.Decoder[Parsed]) -> Parsed:
    """Decode the body. Raises DataError that names the field and the error."""
    return decode_body(await request.body(), decoder)


def decode_body(raw: bytes, decoder: msgspec.json.Decoder[Parsed]) -> Parsed:
    """Decode the JSON of a body. Raises DataError as `read_body`."""
    if not raw:
        raise DataError("the body is empty; send JSON as described at /api/v1/openapi.json")
    try:
        return decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise DataError(f"the body cannot be used: {_sentence(str(error), decoder.type)}") from None
    except UnicodeDecodeError:
        check_utf8(raw)
        raise
    except RecursionError:
        raise DataError("the body cannot be used: it is nested too deeply") from None


def check_utf8(raw: bytes) -> None:
    """Raise DataError for a body that is not UTF-8; it names the first invalid byte, not the text."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"the body cannot be used: it is not UTF-8 (byte {error.start} is 0x{raw[error.start]:02x}); send JSON in UTF-8"
        ) from None


def read_query(request: Request, kind: type[Parsed]) -> Parsed:
    """Convert the query. Raises DataError that names the parameter, its value and the expected values."""
    values: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in values:
            raise DataError(f"the query contains {_cut(name)!r} twice; send it once")
        values[name] = int(value) if INTEGER.fullmatch(value) and name in WHOLE else value
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise DataError(f"the query cannot be used: {_query_sentence(str(error), kind, values)}") from None


def _query_sentence(text: str, kind: Any, values: dict[str, Any]) -> str:
    """The message of msgspec, as a sentence about the parameter if it names one."""
    match = PARAMETER.match(text)
    if match is None:
        return _sentence(text, kind)
    name = match[1]
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"][name]
    # The first option of an optional parameter is its type when it is present.
    bounds = schema.get("anyOf", [schema])[0]
    if bounds["type"] == "integer":
        expected = f"a whole number from {bounds['minimum']} to {bounds['maximum']}"
    else:
        expected = f"a string of {bounds['minLength']} to {bounds['maxLength']} characters"
    return f"{name} is {_cut(str(values[name]))!r}, but must be {expected}"


WHOLE = frozenset({"from_seq", "limit", "max_points", "window"})


def _sentence(text: str, kind: Any) -> str:
    """The message of msgspec; for an unknown field one with its place and the nearest known name."""
    unknown = UNKNOWN.match(text)
    if unknown is None:
        return _cut(text)
    name, path = unknown[1][:80], (unknown[2] or "").removeprefix(".")
    known = _fields_at(msgspec.inspect.type_info(kind), STEP.findall(path))
    return f"unknown key {name!r}{f' in {path}' if path else ''}{did_you_mean(name, known) if known else ''}"


def _fields_at(kind: msgspec.inspect.Type, path: list[str]) -> list[str]:
    """The field names of the objects at a path; empty where there is none."""
    match kind:
        case msgspec.inspect.UnionType():
            return [name for option in kind.types for name in _fields_at(option, path)]
        case msgspec.inspect.ListType() if path:
            return _fields_at(kind.item_type, path[1:])
        case msgspec.inspect.StructType() if path:
            return [name for field in kind.fields if field.encode_name == path[0] for name in _fields_at(field.type, path[1:])]
        case msgspec.inspect.StructType():
            return [field.encode_name for field in kind.fields]
    return []


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."
