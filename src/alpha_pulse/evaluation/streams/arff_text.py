r"""Cells of ARFF as Weka's tokenizer takes them: quotes, escapes, comments, trailing commas, tabs, sparse rows and weights.

Two rules are wider than Weka's: a quote inside a word is a letter of it (``o'x``), and a quote is also written twice.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from alpha_pulse.core.errors import DataError

_QUOTED = r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*\""""
_COMMENT = r"""(?:(?<=[\s,}'"])%.*)?"""
_CELL = re.compile(rf"""\s*({_QUOTED}|(?!['"])[^,]*?)\s*(?:(,)|{_COMMENT}$)""")
_LISTED = re.compile(rf"""\s*({_QUOTED}|(?!['"])[^,}}]*?)\s*([,}}])""")
_WORD = re.compile(rf"""\s*({_QUOTED}|(?![%'"])[^\s,]+)(?=\s|$)""")
_BRACES = re.compile(rf"""\s*\{{((?:{_QUOTED}|[^'"}}])*)\}}\s*(?:,\s*(\{{[^}}]*\}}))?\s*(?:%.*)?$""")
_ENTRY = re.compile(rf"""\s*(\d+)\s+({_QUOTED}|(?!['"])[^,]*?)\s*(?:,|$)""")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_NOT_SIMPLE = re.compile(r"[\\{%]")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}


class Row(NamedTuple):
    """What a row says: its cells, or of a sparse one those that are not the first value, by place; and its weight, if any."""

    cells: list[str]
    sparse: dict[int, str] | None = None
    weight: str | None = None


def plain(cell: str) -> str:
    r"""A cell without its quotes and escapes.

    >>> plain(r"'it\'s'"), plain("'it''s'"), plain("o'x"), plain('"a\\tb"')
    ("it's", "it's", "o'x", 'a\tb')
    """
    if len(cell) < 2 or cell[0] not in "'\"":
        return cell
    inner = cell[1:-1].replace(2 * cell[0], cell[0])
    return _ESCAPE.sub(lambda found: _unescaped(found[1]), inner) if "\\" in inner else inner


def _unescaped(code: str) -> str:
    return chr(int(code[1:], 16)) if len(code) > 1 else _CONTROLS.get(code, code)


def read_row(line: str, width: int, where: str) -> Row:
    """The row of a line for ``width`` attributes.

    Raises
    ------
    DataError
        Quotes or braces that do not end, or another number of values.

    >>> read_row("1, 'a,b', % remark", 2, "row 1")
    Row(cells=['1', 'a,b'], sparse=None, weight=None)
    >>> read_row("{0 3}, {0.5}", 2, "row 1")
    Row(cells=[], sparse={0: '3'}, weight='0.5')
    """
    if line.lstrip().startswith("{"):
        return _sparse(line, width, where)
    simple = _simple(line)
    if simple is not None and len(simple) == width:
        return Row(simple)
    cells = _cells(line, where)
    if len(cells) == 1 < width:
        cells = _words(line, where)
    weight = None
    if len(cells) == width + 1:
        last = cells.pop()
        if last.startswith("{") and last.endswith("}"):
            weight = last[1:-1].strip()
        elif last:
            cells.append(last)
    if len(cells) != width:
        raise DataError(
            f"{where}: {len(cells)} values stand in it, but {width} attributes are declared; correct or drop the row"
        )
    return Row([plain(cell) for cell in cells], None, weight)


def _simple(line: str) -> list[str] | None:
    """The cells of a line, where what is between commas is a cell, in quotes or not, and there are no escapes or comments."""
    if _NOT_SIMPLE.search(line):
        return None
    found = [cell.strip() for cell in line.split(",")]
    for place, cell in enumerate(found):
        if cell[:1] in ("'", '"'):
            mark = cell[0]
            if len(cell) < 2 or cell[-1] != mark or mark in cell[1:-1]:
                return None
            found[place] = cell[1:-1]
    return found


def _cells(line: str, where: str) -> list[str]:
    """Cells between commas, as they are written."""
    found, at, more = list[str](), 0, True
    while more:
        cell = _CELL.match(line, at)
        if cell is None:
            raise DataError(
                f"{where}: the quotes in {line[at : at + 40]!r} cannot be read; close them, or write \\' inside of them"
            )
        found.append(cell[1])
        at, more = cell.end(), cell[2] is not None
    return found


def _words(line: str, where: str) -> list[str]:
    """Cells between spaces or tabs, as they are written."""
    found, at = list[str](), 0
    while (word := _WORD.match(line, at)) is not None:
        found.append(word[1])
        at = word.end()
    rest = line[at:].strip()
    if rest and not rest.startswith("%"):
        raise DataError(f"{where}: the quotes in {rest[:40]!r} cannot be read; close them, or write \\' inside of them")
    return found


def _sparse(line: str, width: int, where: str) -> Row:
    braces = _BRACES.match(line)
    entries: dict[int, str] = {}
    at = 0
    body = braces[1].rstrip().removesuffix(",") if braces is not None else "?"
    while at < len(body):
        entry = _ENTRY.match(body, at)
        place = int(entry[1]) if entry is not None and len(entry[1]) < 10 else -1
        if entry is None or not 0 <= place < width or place in entries:
            raise DataError(
                f"{where}: {body[at : at + 40].strip()!r} is no part of a sparse row; expected the place of an attribute, from "
                f"0 to {width - 1} and each once, a space and its value, with commas between them and braces around all"
            )
        entries[place] = plain(entry[2])
        at = entry.end()
    weight = braces[2] if braces is not None else None
    return Row([], entries, None if weight is None else weight[1:-1].strip())


def listed_values(kind: str) -> tuple[str, ...] | None:
    """The values of a nominal attribute, written in braces; None where that is not what is written.

    >>> listed_values("{-1, 'a b'} % {no, yes}"), listed_values("{a b}"), listed_values("{a")
    (('-1', 'a b'), ('a', 'b'), None)
    """
    found, at, end = list[str](), 1, ","
    while end == ",":
        value = _LISTED.match(kind, at)
        if value is None:
            return None
        found.append(value[1])
        at, end = value.end(), value[2]
    rest = kind[at:].strip()
    if rest and not rest.startswith("%"):
        return None
    if len(found) == 1 and found[0][:1] not in "'\"":
        found = found[0].split()
    return tuple(plain(value) for value in found if value)
