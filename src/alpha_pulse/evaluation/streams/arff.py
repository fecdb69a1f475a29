"""Labelled streams from ARFF, the format of Weka and MOA: declarations of the attributes, then the rows.

The readers of scipy and liac-arff were tested (docs/architecture.md). Both reject a comment after a list of values and a byte
order mark, and both take at least twice as long. One drops cells silently and misreads ``'it\\'s'``; the other rejects the
trailing commas that MOA writes. Therefore this package has its own tokenizer; polars reads files that need none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.core.numbers import shown
from alpha_pulse.evaluation.streams.arff_header import Attribute, read_header
from alpha_pulse.evaluation.streams.arff_text import ArffRow, read_row
from alpha_pulse.evaluation.streams.base import Labels, Stream
from alpha_pulse.evaluation.streams.classes import exact
from alpha_pulse.evaluation.streams.header import is_missing, listed
from alpha_pulse.evaluation.streams.missing import Missing, Rows, missing_cells, rows_of
from alpha_pulse.evaluation.streams.numbers import feature_matrix
from alpha_pulse.evaluation.streams.parts import MOST_VALUES
from alpha_pulse.evaluation.streams.plain import plain_cells
from alpha_pulse.evaluation.streams.table import target_of
from alpha_pulse.kernels.base.missing import MISSING

MOST_LISTED = 1_000
"""Maximum number of classes of a target."""
_DATA = re.compile(r"^[ \t]*@data[ \t]*(%.*)?$", re.IGNORECASE | re.MULTILINE)
_NEEDS_TOKENS = re.compile(r"""['"\\{}%\t]""")


def from_arff(text: str, target: str | None, missing: Missing, name: str, where: str) -> Stream:
    """A stream from the text of an ARFF file.

    A nominal attribute is one feature: its values if all of them are numbers, otherwise their positions in the list, from 0.
    There is no one-hot encoding, so the number of features is that of the file. A date is milliseconds since 1970 in UTC. With
    two classes the one listed first is label 1; with more, the label is the position in the list.

    Parameters
    ----------
    text
        Text of the file.
    target
        The nominal attribute with the class; None for the last one.
    missing
        ``refuse`` a missing value, ``drop`` its row, or ``keep`` it if it belongs to a feature.
    name, where
        Name of the stream, and of the file in error messages.

    Raises
    ------
    DataError
        Reports the file, and the row (of ``@data``, from 1, without blank lines and comments) and attribute of an invalid cell.
    """
    data = _DATA.search(text)
    if data is None:
        raise DataError(f"{where} has no line @data; give a whole ARFF file")
    attributes = read_header(text[: data.start()].split("\n"), where)
    chosen = target_of([attribute.name for attribute in attributes], target, where)
    whole = _table(text[data.end() :], attributes, where)
    frame, numbers, keep = rows_of(whole, missing, where, {a.name: a.values for a in attributes if a.values is not None})
    features: list[pl.Series] = []
    labels: Labels = np.zeros(0, dtype=np.int64)
    classes: tuple[str, ...] = ()
    for attribute in attributes:
        column = frame[attribute.name]
        if attribute.name == chosen:
            labels, classes = _target(column, attribute, numbers, where)
        elif attribute.values is not None:
            features.append(_nominal(column, attribute.values, numbers, where, keep=keep))
        elif attribute.date_format is not None:
            features.append(_dates(column, attribute.date_format, numbers, where, keep=keep))
        else:
            features.append(column)
    matrix = feature_matrix(Rows(pl.DataFrame(features), numbers, keep), where)
    return Stream(name, matrix, labels, classes, dropped=whole.height - frame.height)


def _table(body: str, attributes: list[Attribute], where: str) -> pl.DataFrame:
    """All cells as text, in columns named by the attributes."""
    names = [attribute.name for attribute in attributes]
    frame = None if _NEEDS_TOKENS.search(body) else plain_cells(body, ",")
    if frame is not None and frame.width == len(names) + 1 and (frame[:, -1] == "").all():
        frame = frame[:, :-1]
    if frame is None or frame.width != len(names) or frame.select((pl.all() == "").any()).to_numpy().any():
        frame = _tokens(body, attributes, where)
    frame.columns = names
    if frame.is_empty():
        raise DataError(f"{where} has no row below @data; at least one is needed")
    for column in frame:
        empty = column == ""
        if empty.any() and "" not in (attributes[frame.columns.index(column.name)].values or ()):
            row = int(empty.arg_max() or 0)
            raise DataError(f"{where}, row {row + 1}: attribute {column.name!r} has no value; correct or drop the row")
    return frame


def _tokens(body: str, attributes: list[Attribute], where: str) -> pl.DataFrame:
    """All cells as text, tokenized row by row."""
    width = len(attributes)
    first = [attribute.values[0] if attribute.values else "0" for attribute in attributes]
    cells: list[Sequence[str]] = []
    for line in body.split("\n"):
        stripped = line.strip()
        if not stripped or stripped.startswith("%"):
            continue
        row = read_row(stripped, width, f"{where}, row {len(cells) + 1}")
        if row.weight is not None and exact(row.weight) != 1:
            raise DataError(
                f"{where}, row {len(cells) + 1}: the weight is {row.weight}, but examples of a stream have no weights; "
                "leave weights out"
            )
        if (len(cells) + 1) * width > MOST_VALUES:
            raise DataError(f"{where} has more than {MOST_VALUES:,} values; give fewer rows or attributes")
        cells.append(_dense(row, first))
    columns = zip(*cells, strict=True) if cells else [()] * width
    return pl.DataFrame([pl.Series(str(index), column, dtype=pl.String) for index, column in enumerate(columns)])


def _dense(row: ArffRow, first: list[str]) -> Sequence[str]:
    if row.sparse is None:
        return row.cells
    return [row.sparse.get(index, value) for index, value in enumerate(first)]


def _nominal(column: pl.Series, values: tuple[str, ...], numbers: Labels, where: str, *, keep: bool) -> pl.Series:
    """The column as numbers: the values themselves, or their positions."""
    is_missing = missing_cells(column, values) if keep else pl.repeat(False, len(column), eager=True)
    indices = _places(column.set(is_missing, values[0]), values, numbers, where)
    exact_values = [exact(value) for value in values]
    worth = [float(index) if None in exact_values else float(values[index]) for index in range(len(values))]
    return pl.Series(column.name, np.where(is_missing, MISSING, np.asarray(worth)[indices]))


def _target(column: pl.Series, attribute: Attribute, numbers: Labels, where: str) -> tuple[Labels, tuple[str, ...]]:
    values = attribute.values
    if values is None or not 2 <= len(values) <= MOST_LISTED:
        raise DataError(
            f"{where}: the target {attribute.name!r} is not a class, a list of 2 to {MOST_LISTED:,} values in braces; name "
            "another one as the target"
        )
    indices = _places(column, values, numbers, where)
    return (1 - indices, values[::-1]) if len(values) == 2 else (indices, values)


def _places(column: pl.Series, values: tuple[str, ...], numbers: Labels, where: str) -> Labels:
    """The position of each cell in the list of values, int64 of shape (n,); 1.0 matches 1."""
    known: dict[object, int] = {number: index for index, value in enumerate(values) if (number := exact(value)) is not None}
    if len(known) < sum(exact(value) is not None for value in values):
        raise DataError(f"{where}: attribute {column.name!r} lists one number twice: {listed(values[:20])}; list it once")
    known |= {value: index for index, value in enumerate(values)}
    place_by_text = {text: known.get(text, known.get(exact(text), -1)) for text in column.unique().to_list()}
    indices: Labels = column.replace_strict(place_by_text, return_dtype=pl.Int64).to_numpy()
    for row in np.flatnonzero(indices < 0)[:1].tolist():
        cell = f"{shown(column[row])}, a missing value" if is_missing(column[row]) else shown(column[row])
        raise DataError(
            f"{where}, row {numbers[row]}: attribute {column.name!r} is {cell}, but one of {listed(values[:20])} is expected; "
            "correct or drop the row"
        )
    return indices


def _dates(column: pl.Series, date_format: str, numbers: Labels, where: str, *, keep: bool) -> pl.Series:
    """The column as milliseconds since 1970."""
    milliseconds = []
    for row, cell in zip(numbers.tolist(), column.to_list(), strict=True):
        if keep and is_missing(cell):
            milliseconds.append(MISSING)
            continue
        try:
            milliseconds.append(datetime.strptime(cell, date_format).replace(tzinfo=UTC).timestamp() * 1_000.0)
        except ValueError:
            raise DataError(
                f"{where}, row {row}: attribute {column.name!r} is {shown(cell)}, but a date like "
                f"{datetime(2001, 2, 28, 13, 30, tzinfo=UTC).strftime(date_format)} is expected; correct or drop the row"
            ) from None
    return pl.Series(column.name, milliseconds, dtype=pl.Float64)
