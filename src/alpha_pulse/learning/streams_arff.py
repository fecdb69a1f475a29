"""Labelled streams from ARFF, the format of Weka and MOA: attributes are declared with their kinds, then come the rows."""

from __future__ import annotations

import re
from io import StringIO
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.learning.streams import Labels, Stream
from alpha_pulse.learning.streams_files import feature_matrix, target_of

ENDING = ".arff"
NUMERIC = ("numeric", "real", "integer")
_ATTRIBUTE = re.compile(r"""@attribute\s+("[^"]*"|'[^']*'|[^\s{]+)\s*(.+)""", re.IGNORECASE)
_VALUE = re.compile(r"""\s*("[^"]*"|'[^']*'|[^,]*)\s*(?:,|$)""")


class Attribute(msgspec.Struct, frozen=True):
    """One column; ``values`` are those that a nominal one may take, in the order in which they are listed."""

    name: str
    values: tuple[str, ...] | None = None


def read_arff(path: Path, target: str | None = None) -> Stream:
    """Read a stream from an ARFF file.

    A nominal attribute stays one column: its values where all of them are numbers, else their places in the list, from 0. So
    a tree can cut it, and the number of features is that of the file; a linear model that needs a column per value is given
    a file that has them. Of two classes the one that is listed first is label 1; of more, each one's label is its place.

    Parameters
    ----------
    path
        The file.
    target
        The nominal attribute that is the class; None for the last one.

    Raises
    ------
    DataError
        Naming the file, and the row (of ``@data``, from 1) and the attribute of what cannot be used.
    """
    where = f"file {path}"
    if not path.is_file():
        raise DataError(f"{where} does not exist or is not a file; give --stream an ARFF, Parquet or CSV file")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{where} cannot be read ({error}); give an ARFF file in UTF-8") from None
    attributes, rows = _parts(text, where)
    names = [attribute.name for attribute in attributes]
    if len(set(names)) < len(names):
        raise DataError(f"{where} declares two attributes of one name; rename one")
    chosen = target_of(names, target, where)
    frame = _table(rows, names, where)
    features: list[pl.Series] = []
    labels: Labels = np.zeros(0, dtype=np.int64)
    classes: tuple[str, ...] = ()
    for attribute in attributes:
        column = frame[attribute.name]
        if attribute.name == chosen:
            labels, classes = _target(column, attribute, where)
        elif attribute.values is None:
            features.append(column)
        else:
            features.append(_nominal(column, attribute.values, where))
    return Stream(path.name, feature_matrix(pl.DataFrame(features), where), labels, classes)


def _parts(text: str, where: str) -> tuple[list[Attribute], list[str]]:
    """What is declared, and the rows below ``@data``."""
    attributes: list[Attribute] = []
    lines = iter(text.splitlines())
    for line in lines:
        stripped = line.strip()
        if stripped.lower().startswith("@attribute"):
            attributes.append(_attribute(stripped, where))
        elif stripped.lower() == "@data":
            break
    else:
        raise DataError(f"{where} has no line @data, below which rows stand; give a whole ARFF file")
    rows = [row for row in lines if row.strip() and not row.lstrip().startswith("%")]
    if not attributes or not rows:
        raise DataError(f"{where} has {len(attributes)} attributes and {len(rows)} rows; at least one row is needed")
    if rows[0].lstrip().startswith("{"):
        raise DataError(f"{where} has sparse rows in braces, which are not read; write every value of a row, with commas")
    return attributes, rows


def _attribute(line: str, where: str) -> Attribute:
    found = _ATTRIBUTE.fullmatch(line)
    name, kind = (_bare(found[1]), found[2].strip()) if found is not None else ("", "")
    if kind.startswith("{") and kind.rstrip().endswith("}"):
        values = tuple(_bare(value) for value in _VALUE.findall(kind[1:-1].strip()) if value.strip())
        return Attribute(name, values)
    if not name or kind.partition(" ")[0].lower() not in NUMERIC:
        raise DataError(
            f"{where} has the line {line!r}; expected @attribute, a name, and numeric, real, integer or a list of values in "
            "braces"
        )
    return Attribute(name)


def _bare(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _table(rows: list[str], names: list[str], where: str) -> pl.DataFrame:
    """All cells as text."""
    body = "\n".join(rows) + "\n"
    quote = '"' if '"' in body else "'"
    try:
        frame = pl.read_csv(StringIO(body), has_header=False, infer_schema=False, quote_char=quote)
    except pl.exceptions.PolarsError:
        frame = pl.DataFrame()
    if frame.width != len(names) or frame.height != len(rows):
        at = next((i for i, row in enumerate(rows) if len(_cells(row)) != len(names)), 0)
        raise DataError(
            f"{where}, row {at + 1}: {len(_cells(rows[at]))} values stand in it, but {len(names)} attributes are declared; "
            "mend or drop the row"
        )
    frame.columns = names
    short = pl.Series(frame.select(pl.any_horizontal(pl.all().is_null())).to_series())
    if short.any():
        row = int(short.arg_max() or 0)
        name = next(name for name in names if frame[name][row] is None)
        raise DataError(f"{where}, row {row + 1}: attribute '{name}' has no value; mend or drop the row")
    return frame.with_columns(pl.all().str.strip_chars())


def _cells(row: str) -> list[str]:
    return list(islice(_VALUE.findall(row), row.count(",") + 1))


def _nominal(column: pl.Series, values: tuple[str, ...], where: str) -> pl.Series:
    """The column as numbers in text: the values themselves, or their places."""
    listed = pl.Series(values, dtype=pl.String).cast(pl.Float64, strict=False)
    _refuse_unlisted(column, values, where)
    if not listed.null_count():
        return column
    places = {value: str(place) for place, value in enumerate(values)}
    return pl.Series(column.name, [places[value] for value in column.to_list()])


def _target(column: pl.Series, attribute: Attribute, where: str) -> tuple[Labels, tuple[str, ...]]:
    values = attribute.values
    if values is None or len(values) < 2:
        raise DataError(
            f"{where}: the target '{attribute.name}' is not a class, a list of two or more values in braces; name another by "
            "--target"
        )
    _refuse_unlisted(column, values, where)
    if len(values) == 2:
        values = values[::-1]
    places = {value: place for place, value in enumerate(values)}
    return np.array([places[value] for value in column.to_list()], dtype=np.int64), values


def _refuse_unlisted(column: pl.Series, values: tuple[str, ...], where: str) -> None:
    strange = ~column.is_in(list(values))
    if strange.any():
        row = int(strange.arg_max() or 0)
        raise DataError(
            f"{where}, row {row + 1}: attribute '{column.name}' is {column[row]!r}, but one of {', '.join(values[:20])} is "
            "expected; mend or drop the row"
        )
