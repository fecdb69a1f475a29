"""Error sentences about values of the configuration, in place of the decoder's messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import inspect

ENV_PREFIX = "ALPHA_PULSE__"
SECRETS = frozenset({"ALPHA_PULSE__API__TOKEN"})
"""Environment variables that are not settings. They are read where they are needed, and neither shown nor hashed."""
_PLACE = re.compile(r" - at `\$\.([^`\[]*)")
_NUMBERS = inspect.IntType | inspect.FloatType


def place_of(key: str, source: str | None) -> str:
    """The place of a value, for an error sentence.

    Parameters
    ----------
    key
        ``section.key``.
    source
        The environment variable or file that sets it; None or ``key`` itself without one.

    >>> place_of("venue.fee_bps", "my.toml"), place_of("venue.fee_bps", "ALPHA_PULSE__VENUE__FEE_BPS")
    ('venue.fee_bps in my.toml', 'ALPHA_PULSE__VENUE__FEE_BPS')
    """
    if source is None or source == key:
        return key
    return source if source.startswith(ENV_PREFIX) else f"{key} in {source}"


def source_of(key: str, sources: Mapping[str, str]) -> str | None:
    """The source of ``key``, else of a key above or below it: a variable may set a section, or name a key below a value.

    >>> source_of("venue", {"venue.fee": "my.toml"}), source_of("seed", {})
    ('my.toml', None)
    """
    near = [source for name, source in sources.items() if name.startswith(f"{key}.") or key.startswith(f"{name}.")]
    return sources.get(key, near[0] if near else None)


def explain(
    error: msgspec.ValidationError, content: Mapping[str, Any], kind: type[msgspec.Struct], sources: Mapping[str, str]
) -> str:
    """An error sentence about a value that does not match ``kind``: its place, the value, and what is expected."""
    place = _PLACE.search(str(error))
    if place is None:
        return str(error)
    key = place[1]
    value: Any = content
    expected: inspect.Type = inspect.type_info(kind)
    for name in key.split("."):
        value = value[name]
        if isinstance(expected, inspect.StructType):
            expected = next(field.type for field in expected.fields if field.name == name)
    if (
        isinstance(expected, inspect.DictType)
        and isinstance(expected.value_type, inspect.StructType)
        and isinstance(value, Mapping)
    ):
        key, value, expected = _within(key, value, expected.value_type)
    if isinstance(expected, inspect.StructType) and isinstance(value, Mapping):
        missing = ", ".join(field.name for field in expected.fields if field.required and field.name not in value)
        return f"{place_of(key, source_of(key, sources))} lacks {missing}; add it"
    return f"{place_of(key, source_of(key, sources))} is {_shown(value)}, but {_wanted(expected)} is expected"


def _within(key: str, table: Mapping[str, Any], entry: inspect.StructType) -> tuple[str, Any, inspect.Type]:
    """The key, the value and the expected type of what does not match in a table of sections, which lies at ``key``."""
    for name, section in table.items():
        if not isinstance(section, Mapping):
            return f"{key}.{name}", section, entry
        try:
            msgspec.convert(section, entry.cls)
        except msgspec.ValidationError as error:
            place = _PLACE.search(str(error))
            if place is None:  # a key is missing
                return f"{key}.{name}", section, entry
            inner = next(each.type for each in entry.fields if each.name == place[1])
            return f"{key}.{name}.{place[1]}", section[place[1]], inner
    return key, table, entry


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"{value!r} (text)"
    if isinstance(value, Mapping):
        return "a section"
    return f"{value} (a list)" if isinstance(value, list) else str(value)


def _wanted(kind: inspect.Type) -> str:
    """A description of the values of a type.

    >>> _wanted(inspect.FloatType(gt=0, le=1)), _wanted(inspect.LiteralType(("a", "b")))
    ('a number above 0 and at most 1', "'a' or 'b'")
    """
    if isinstance(kind, inspect.UnionType):
        return " or ".join(_wanted(option) for option in kind.types if not isinstance(option, inspect.NoneType))
    if isinstance(kind, inspect.DictType):
        sections = isinstance(kind.value_type, inspect.StructType)
        return "a table of sections by name" if sections else "a table of these by symbol"
    if isinstance(kind, _NUMBERS):
        noun = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
        limits = (("above", kind.gt), ("of at least", kind.ge), ("below", kind.lt), ("at most", kind.le))
        limits_text = " and ".join(f"{word} {limit:,g}" for word, limit in limits if limit is not None)
        return f"{noun} {limits_text}".rstrip()
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(repr(value) for value in kind.values)
    if isinstance(kind, inspect.VarTupleType):
        return f"a list of {_wanted(kind.item_type)}s"
    if isinstance(kind, inspect.BoolType):
        return "true or false"
    if isinstance(kind, inspect.StructType):
        required = ", ".join(field.name for field in kind.fields if field.required)
        return f"a section with {required}" if required else "a section"
    return "text"
