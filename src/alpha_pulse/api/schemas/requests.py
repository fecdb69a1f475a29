"""What requests ask: query and body as msgspec structs, which refuse what they do not name, and say where it stands."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request

from alpha_pulse.core.errors import DataError, did_you_mean
from alpha_pulse.learning.commands import LabelledExample
from alpha_pulse.runtime.gateway import (
    ALL,
    MAX_EXAMPLES,
    MAX_LIMIT,
    MAX_OUTCOMES,
    MAX_POINTS,
    MAX_STEPS,
    OutcomeIn,
    Page,
    SessionConfig,
)

Asked = TypeVar("Asked")

LARGEST_SEQ = 2**53 - 1
"""The largest whole number that every JSON reader holds exactly."""
INTEGER = re.compile(r"-?[0-9]{1,18}")
PARAMETER = re.compile(r".* - at `\$\.(\w+)`$", re.DOTALL)
UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`(?: - at `\$(.*)`)?$", re.DOTALL)
MAX_SHOWN = 240

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which part of a series."""

    from_seq: Annotated[int, Meta(ge=0, le=LARGEST_SEQ, description="first journal row wanted")] = 0
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="rows at most; next_seq says where to go on")] = 1_000
    max_points: Annotated[
        Annotated[int, Meta(ge=2, le=MAX_POINTS)] | None,
        Meta(description="thin out all rows from from_seq on to at most that many; limit is ignored"),
    ] = None

    @property
    def page(self) -> Page:
        """As the gateway takes it."""
        return Page(self.from_seq, self.limit, self.max_points)


class SeriesQuery(PageQuery, frozen=True):
    """Which part of the series of a session."""

    symbol: Annotated[Name, Meta(description="one of the feed's symbols")]
    target: Annotated[str, Meta(min_length=1, max_length=200, description="what is predicted: volatility or direction")]


class SessionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A session of the loop."""

    symbol: Annotated[Name, Meta(description="one of the feed's symbols")]
    target: Annotated[str, Meta(min_length=1, max_length=200, description="what is predicted: volatility or direction")]


class TradingQuery(PageQuery, frozen=True):
    """Which fills or trades."""

    symbol: Annotated[str | None, Meta(description="one of the feed's symbols; without it all of them")] = None
    book: Annotated[str, Meta(min_length=1, max_length=200, description=f"a book, or {ALL!r} for every book")] = "combined"


class SymbolQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One symbol."""

    symbol: Annotated[Name, Meta(description="one of the feed's symbols")]


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing."""


class ExchangeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ticket of a one-time link."""

    ticket: Annotated[str, Meta(min_length=1, max_length=200)]


class StepRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many steps to make."""

    steps: Annotated[int, Meta(ge=1, le=MAX_STEPS)] = 1


class SpeedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The pace; 0 is as fast as it goes."""

    bars_per_second: Annotated[float, Meta(ge=0, le=1e9)]


class StartSessionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The session that is to start."""

    symbol: Name
    model_type: Name
    config: SessionConfig = msgspec.field(default_factory=SessionConfig)


class NamedFeatures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Features in the schema's order, or by the schema's names."""

    features: list[float] | dict[str, float]


PredictBody = list[float] | NamedFeatures


class UpdateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Labelled examples, each learnt once however often it is sent under its id."""

    examples: Annotated[list[LabelledExample], Meta(min_length=1, max_length=MAX_EXAMPLES)]


class OutcomesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Outcomes of trades made elsewhere, each learnt once however often it is sent under its book and id."""

    outcomes: Annotated[list[OutcomeIn], Meta(min_length=1, max_length=MAX_OUTCOMES)]


class AdaptRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``performance``: learn faster for a while; ``regime``: learn anew."""

    drift_type: Literal["performance", "regime"]


async def read_body(request: Request, decoder: msgspec.json.Decoder[Asked]) -> Asked:
    """Decode the body. Raises DataError with what was found, and where."""
    raw = await request.body()
    if not raw:
        raise DataError("the body is empty; send JSON as the description at /api/v1/openapi.json says")
    try:
        return decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise DataError(f"the body cannot be used: {_sentence(str(error), decoder.type)}") from None
    except UnicodeDecodeError:
        refuse_unreadable(raw)
        raise
    except RecursionError:
        raise DataError("the body cannot be used: it is nested too deeply") from None


def refuse_unreadable(raw: bytes) -> None:
    """Raise DataError for a body that is not UTF-8, naming its first byte that cannot be, without the text itself."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"the body cannot be used: it is not UTF-8 (byte {error.start} is 0x{raw[error.start]:02x}); send JSON in UTF-8"
        ) from None


def read_query(request: Request, kind: type[Asked]) -> Asked:
    """Convert the query. Raises DataError with the parameter, what it is and what it must be."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise DataError(f"the query names {_cut(name)!r} twice; name it once")
        given[name] = int(value) if INTEGER.fullmatch(value) and name in WHOLE else value
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise DataError(f"the query cannot be used: {_query_sentence(str(error), kind, given)}") from None


def _query_sentence(said: str, kind: Any, given: dict[str, Any]) -> str:
    """What msgspec says, as a sentence about one parameter where it is about one."""
    at = PARAMETER.match(said)
    if at is None:
        return _sentence(said, kind)
    name = at[1]
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"][name]
    # Of a parameter that may be left out, the first option is what it is when it is there.
    bounds = schema.get("anyOf", [schema])[0]
    if bounds["type"] == "integer":
        expected = f"a whole number from {bounds['minimum']} to {bounds['maximum']}"
    else:
        expected = f"a text of {bounds['minLength']} to {bounds['maxLength']} characters"
    return f"{name} is {_cut(str(given[name]))!r}, but must be {expected}"


WHOLE = frozenset({"from_seq", "limit", "max_points"})


def _sentence(said: str, kind: Any) -> str:
    """What msgspec says, with the nearest known name for an unknown one."""
    unknown = UNKNOWN.match(said)
    if unknown is None:
        return _cut(said)
    known = _fields_at(kind, unknown[2] or "")
    tail = did_you_mean(unknown[1][:80], known) if known else ""
    return _cut(said) + tail


def _fields_at(kind: Any, path: str) -> list[str]:
    """The fields that a struct of a body or query may have; empty where the place is deeper inside."""
    for option in [kind, *getattr(kind, "__args__", ())]:
        if not path and isinstance(option, type) and issubclass(option, msgspec.Struct):
            return [field.encode_name for field in msgspec.structs.fields(option)]
    return []


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."
