"""Tables as text (CSV and similar), with commas, semicolons, tabs, bars or spaces between the cells, with or without a header.

Polars reads files without quotes, or with quotes around whole cells. Python's slower CSV reader reads the others, because
polars rejects a quote inside a cell and a quoted cell after a space.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.evaluation.streams.header import names_columns
from alpha_pulse.evaluation.streams.plain import plain_cells, stripped

SEPARATORS = ("\t", ";", "|", ",")
"""In order of preference, if several fit: a comma may be a decimal comma."""
SAMPLED = 100
"""Number of lines used to find the separator."""
LOOKED_AT = 1_000
"""Number of rows used to decide whether the first one is a header."""
_QUOTED = re.compile(r'"[^"]*"')
_SPACES = re.compile(r" +")


def read_text(text: str, where: str) -> pl.DataFrame:
    """All cells as text without the spaces around them, in columns named by the header, or numbered from 1.

    Blank rows, unnamed empty columns and an unnamed first column that counts the rows are left out.

    Raises
    ------
    DataError
        A row has more cells than the first (numbered from 1, without the header and blank rows), quotes are not closed, or
        columns have no name or the same name.
    """
    lines = [line for line in text.split("\n", SAMPLED)[:SAMPLED] if line.strip()]
    separator = separator_of(lines)
    if separator == " ":
        text = "\n".join(_SPACES.sub("\t", line.strip()) for line in text.split("\n"))
        separator = "\t"
    cells = _cells(text, separator, where)
    if cells.is_empty():
        raise DataError(f"{where} is empty; a header and at least one row are needed")
    first = [str(cell) for cell in cells.row(0)]
    sample = cells.slice(1, LOOKED_AT)
    if not names_columns(first, [column.to_list() for column in sample], where):
        return cells.rename(dict(zip(cells.columns, map(str, range(1, cells.width + 1)), strict=True)))
    return _named(cells.slice(1), first, where)


def separator_of(lines: list[str]) -> str:
    """The separator of these lines, which occurs equally often in each; a space only if no other separator does.

    >>> separator_of(["a;b", "1,5;2"]), separator_of(["a b", "1  2"]), separator_of(["a", "1"])
    (';', ' ', ',')
    """
    bare = [_QUOTED.sub("", line) for line in lines]
    counts = {separator: Counter(line.count(separator) for line in bare) for separator in SEPARATORS}
    for separator in SEPARATORS:
        if len(counts[separator]) == 1 and 0 not in counts[separator]:
            return separator
    inside = [separator for separator in SEPARATORS if bare and bare[0].count(separator)]
    if inside:
        return max(inside, key=lambda separator: bare[0].count(separator))
    widths = {len(line.split()) for line in bare}
    return " " if len(widths) == 1 and widths != {1} else ","


def _cells(text: str, separator: str, where: str) -> pl.DataFrame:
    quotes = '"' in text
    if quotes and '"' in _whole_cells(separator).sub("", text):
        return _quoted(text, separator, where)
    cells = plain_cells(text, separator, '"' if quotes else None)
    if cells is None and quotes:
        return _quoted(text, separator, where)
    if cells is None:
        _refuse_longer([line.split(separator) for line in text.split("\n") if line.strip()], where)
        raise DataError(f"{where} cannot be read as CSV; give a valid file")
    return cells


def _whole_cells(separator: str) -> re.Pattern[str]:
    """A pattern of cells that begin and end with a quote."""
    return re.compile(rf'(?<![^\n{re.escape(separator)}])"(?:[^"]|"")*"(?![^\n{re.escape(separator)}])')


def _quoted(text: str, separator: str, where: str) -> pl.DataFrame:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=separator != "\t", strict=True)
    try:
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(
            f"{where}, line {reader.line_num}: the quotes cannot be read ({error}); close each quoted cell, and write a quote "
            "inside it twice"
        ) from None
    _refuse_longer(rows, where)
    width = len(rows[0]) if rows else 0
    padded = [row + [""] * (width - len(row)) for row in rows]
    return stripped(pl.DataFrame(padded, schema={str(index): pl.String for index in range(width)}, orient="row"))


def _refuse_longer(rows: list[list[str]], where: str) -> None:
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows):
        if len(row) > width:
            raise DataError(f"{where}, row {number}: {len(row)} cells, but {width} in the first row; correct or drop the row")


def _named(cells: pl.DataFrame, names: list[str], where: str) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {}
    for index, (name, column) in enumerate(zip(names, cells, strict=True), start=1):
        if not name and ((column == "").all() or (index == 1 and _counts(column))):
            continue
        if not name:
            raise DataError(f"{where}: column {index} has no name, but contains {column[0]!r}; name it in the first row")
        if name in columns:
            raise DataError(f"{where} has the column {name!r} twice; rename one")
        columns[name] = column
    return pl.DataFrame([column.alias(name) for name, column in columns.items()])


def _counts(column: pl.Series) -> bool:
    """Whether a column counts the rows, from 0 or 1 on, like the index that pandas and R write."""
    return any(column.equals(pl.Series(range(start, start + len(column)), dtype=pl.Int64).cast(pl.String)) for start in (0, 1))
