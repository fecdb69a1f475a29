"""The tables of settings: key, default, accepted values and meaning, from `core.config`."""

from __future__ import annotations

import ast
import inspect
import textwrap

import msgspec
from msgspec import inspect as shapes

from alpha_pulse.core.config import Config
from alpha_pulse.core.config_toml import literal

from .markdown import markdown_table

TOP = "the top level"
GUARD = 1e15
"""A bound of this size or more only keeps arithmetic finite; the page mentions it once."""


def tables() -> dict[str, str]:
    """A table for each section, the top level first."""
    defaults = Config()
    rows = {TOP: _table(Config, defaults, "")}
    for field in msgspec.structs.fields(Config):
        section = getattr(defaults, field.name)
        if isinstance(section, msgspec.Struct):
            rows[field.name] = _table(type(section), section, f"{field.name}.")
    return rows


def _table(kind: type[msgspec.Struct], defaults: msgspec.Struct, prefix: str) -> str:
    meanings = _meanings(kind)
    types = {field.name: field.type for field in _struct(kind).fields}
    rows = []
    for name in types:
        default = getattr(defaults, name)
        if not isinstance(default, msgspec.Struct):
            shown = "not set" if default is None else f"`{literal(default)}`"
            rows.append([f"`{prefix}{name}`", shown, _accepted(types[name]), meanings[name]])
    return markdown_table(["key", "default", "values", "meaning"], rows)


def _struct(kind: type[msgspec.Struct]) -> shapes.StructType:
    shape = shapes.type_info(kind)
    assert isinstance(shape, shapes.StructType)
    return shape


def _meanings(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The docstring below each field of a class, on one line."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    rows = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                rows[name] = " ".join(text.split())
    return rows


def _accepted(kind: shapes.Type) -> str:
    """The accepted values of a setting, in words.

    >>> _accepted(shapes.FloatType(gt=0, le=1)), _accepted(shapes.LiteralType(("a", "b")))
    ('number, above 0, at most 1', '`a` or `b`')
    """
    match kind:
        case shapes.UnionType():
            return " or ".join(_accepted(member) for member in kind.types if not isinstance(member, shapes.NoneType))
        case shapes.DictType():
            return "a table of these by symbol" if not isinstance(kind.value_type, shapes.StrType) else "table of names"
        case shapes.IntType() | shapes.FloatType():
            noun = "integer" if isinstance(kind, shapes.IntType) else "number"
            bounds = (("above", kind.gt), ("at least", kind.ge), ("below", kind.lt), ("at most", kind.le))
            stated = [f"{words} {_number(bound)}" for words, bound in bounds if bound is not None and bound < GUARD]
            return ", ".join([noun, *stated])
        case shapes.LiteralType():
            *most, last = (f"`{value}`" for value in kind.values)
            return f"{', '.join(most)} or {last}"
        case shapes.VarTupleType():
            return f"list of {_accepted(kind.item_type)}s"
        case shapes.BoolType():
            return "`true` or `false`"
        case shapes.StrType():
            return "name"
    raise TypeError(f"no description of settings of type {kind}")


def _number(bound: float) -> str:
    return f"{bound:,.0f}" if bound == round(bound) else f"{bound:g}"
