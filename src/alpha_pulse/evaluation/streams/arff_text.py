r"""Cells of ARFF as Weka's tokenizer reads them: quotes, escapes, comments, trailing commas, tabs, sparse rows and weights.

Two rules extend Weka's: a quote inside a word belongs to it (``o'x``), and a doubled quote is one quote.
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


class ArffRow(NamedTuple):
    """One row: its cells, or for a sparse row those that differ from the first value, by column; and its weight, if any."""

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
    return _ESCAPE.sub(lambda match: _unescaped(match[1]), inner) if "\\" in inner else inner


def _unescaped(code: str) -> str:
    return chr(int(code[1:], 16)) if len(code) > 1 else _CONTROLS.get(code, code)


def read_row(line: str, width: int, where: str) -> ArffRow:
    """The row of a line for ``width`` attributes.

    Raises
    ------
    DataError
        Quotes or braces that are not closed, or a wrong number of values.

    >>> read_row("1, 'a,b', % comment", 2, "row 1")
    ArffRow(cells=['1', 'a,b'], sparse=None, weight=None)
    >>> read_row("{0 3}, {0.5}", 2, "row 1")
    ArffRow(cells=[], sparse={0: '3'}, weight='0.5')
    """
    if line.lstrip().startswith("{"):
        return _sparse(line, width, where)
    simple = _simple(line)
    if simple is not None and len(simple) == width:
        return ArffRow(simple)
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
        raise DataError(f"{where}: {len(cells)} values, but {width} attributes are declared; correct or drop the row")
    return ArffRow([plain(cell) for cell in cells], None, weight)


def _simple(line: str) -> list[str] | None:
    """The cells of a line without escapes and comments, split at commas; None if the line needs the tokenizer."""
    if _NOT_SIMPLE.search(line):
        return None
    cells = [cell.strip() for cell in line.split(",")]
    for index, cell in enumerate(cells):
        if cell[:1] in ("'", '"'):
            mark = cell[0]
            if len(cell) < 2 or cell[-1] != mark or mark in cell[1:-1]:
                return None
            cells[index] = cell[1:-1]
    return cells


def _cells(line: str, where: str) -> list[str]:
    """The cells between commas, with quotes and escapes."""
    cells, start, more = list[str](), 0, True
    while more:
        cell = _CELL.match(line, start)
        if cell is None:
            raise DataError(
                f"{where}: the quotes in {line[start : start + 40]!r} cannot be read; close them, or write \\' inside of them"
            )
        cells.append(cell[1])
        start, more = cell.end(), cell[2] is not None
    return cells


def _words(line: str, where: str) -> list[str]:
    """The cells between spaces or tabs, with quotes and escapes."""
    cells, start = list[str](), 0
    while (word := _WORD.match(line, start)) is not None:
        cells.append(word[1])
        start = word.end()
    rest = line[start:].strip()
    if rest and not rest.startswith("%"):
        raise DataError(f"{where}: the quotes in {rest[:40]!r} cannot be read; close them, or write \\' inside of them")
    return cells


def _sparse(line: str, width: int, where: str) -> ArffRow:
    braces = _BRACES.match(line)
    entries: dict[int, str] = {}
    start = 0
    body = braces[1].rstrip().removesuffix(",") if braces is not None else "?"
    while start < len(body):
        entry = _ENTRY.match(body, start)
        index = int(entry[1]) if entry is not None and len(entry[1]) < 10 else -1
        if entry is None or not 0 <= index < width or index in entries:
            raise DataError(
                f"{where}: {body[start : start + 40].strip()!r} is not an entry of a sparse row; expected the number of an "
                f"attribute, from 0 to {width - 1} and each once, a space and its value, with commas between them and braces "
                "around all"
            )
        entries[index] = plain(entry[2])
        start = entry.end()
    weight = braces[2] if braces is not None else None
    return ArffRow([], entries, None if weight is None else weight[1:-1].strip())


def listed_values(kind: str) -> tuple[str, ...] | None:
    """The values of a nominal attribute, written in braces; None if they cannot be read.

    >>> listed_values("{-1, 'a b'} % {no, yes}"), listed_values("{a b}"), listed_values("{a")
    (('-1', 'a b'), ('a', 'b'), None)
    """
    values, start, end = list[str](), 1, ","
    while end == ",":
        value = _LISTED.match(kind, start)
        if value is None:
            return None
        values.append(value[1])
        start, end = value.end(), value[2]
    rest = kind[start:].strip()
    if rest and not rest.startswith("%"):
        return None
    if len(values) == 1 and values[0][:1] not in "'\"":
        values = values[0].split()
    return tuple(plain(value) for value in values if value)
