"""The header of an ARFF file, the lines above ``@data``: one attribute a line, with its kind."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from alpha_pulse.core.errors import DataError, did_you_mean
from alpha_pulse.evaluation.streams.arff_text import listed_values, plain

DEFAULT_DATE = "yyyy-MM-dd'T'HH:mm:ss"
PASSED_OVER = ("@relation", "@inputs", "@outputs", "@input", "@output")
"""Header lines that are ignored; the last four are written by KEEL."""
_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s{'"][^\s{]*)\s*(.+)""", re.IGNORECASE)
_NUMERIC = re.compile(r"(numeric|real|integer)\s*(\[[^\]]*\])?\s*(%.*)?", re.IGNORECASE)
_DATE = re.compile(r"""date(?:\s+('[^']*'|"[^"]*"|[^\s%]+))?\s*(%.*)?""", re.IGNORECASE)
_DATE_PART = re.compile(r"'([^']*)'|([a-zA-Z])\2*|[^a-zA-Z']+")
_DATE_CODES = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%f"}


class Attribute(msgspec.Struct, frozen=True):
    """One column: a number, a date in ``date_format`` (in the syntax of `datetime.strptime`), or one of ``values``, as
    listed."""

    name: str
    values: tuple[str, ...] | None = None
    date_format: str | None = None


def read_header(lines: Iterable[str], where: str) -> list[Attribute]:
    """The attributes declared by the lines above ``@data``.

    Raises
    ------
    DataError
        A line that cannot be read, two attributes with the same name, or no attribute.
    """
    attributes: list[Attribute] = []
    for line in lines:
        stripped = line.strip()
        word = stripped.partition("%")[0].lower().split(maxsplit=1)[:1]
        if word == ["@attribute"]:
            attributes.append(_attribute(stripped, where))
        elif stripped and not stripped.startswith("%") and word[0] not in PASSED_OVER:
            raise DataError(
                f"{where} has the line {stripped[:60]!r} above @data; expected @relation, @attribute, or a comment after %"
                + (did_you_mean(word[0], ["@attribute", "@data", "@relation"]) if word and word[0].startswith("@") else "")
            )
    names = [attribute.name for attribute in attributes]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{where} declares two attributes {name!r}; rename one")
    if not attributes:
        raise DataError(f"{where} declares no attribute above @data; expected @attribute, a name and a kind, one a line")
    return attributes


def _attribute(line: str, where: str) -> Attribute:
    match = _ATTRIBUTE.fullmatch(line)
    if match is None:
        raise DataError(f"{where} has the line {line[:60]!r}; expected @attribute, a name and a kind")
    name, kind = plain(match[1]), match[2].strip()
    if kind.startswith("{"):
        values = listed_values(kind)
        if values and len(set(values)) == len(values):
            return Attribute(name, values)
        twice = next((value for value in values or () if (values or ()).count(value) > 1), None)
        raise DataError(
            f"{where}: attribute {name!r} has "
            + (
                "a list of values without its closing brace"
                if values is None
                else f"the value {twice!r} twice"
                if values
                else "no value"
            )
            + "; expected different values with commas between them, in braces"
        )
    if _NUMERIC.fullmatch(kind):
        return Attribute(name)
    date = _DATE.fullmatch(kind)
    if date is not None:
        return Attribute(name, date_format=_date_format(plain(date[1]) if date[1] else DEFAULT_DATE, name, where))
    reasons = {
        "string": "text, which cannot be a feature; remove it, or list its values",
        "relational": "a nested table, which is not supported",
    }
    reason = reasons.get(kind.split()[0].lower())
    raise DataError(
        f"{where} has the line {line[:60]!r}; "
        + (
            f"it declares {reason}"
            if reason
            else "expected the kind numeric, real, integer, date, or a list of values in braces"
        )
    )


def _date_format(pattern: str, name: str, where: str) -> str:
    """The date pattern of Java as a format of `datetime.strptime`."""
    date_format = ""
    for part in _DATE_PART.finditer(pattern):
        code = part[0]
        if part[2] and code not in _DATE_CODES:
            raise DataError(
                f"{where}: the date {name!r} has the format {pattern!r}, in which {code!r} is not supported; supported: "
                f"{', '.join(_DATE_CODES)}"
            )
        literal = part[1] if part[1] is not None else code
        date_format += _DATE_CODES[code] if part[2] else literal.replace("%", "%%")
    return date_format
