"""Labelled streams from tables: one row per example in order of time, one column with the class."""

from __future__ import annotations

import polars as pl

from alpha_pulse.core.errors import DataError, did_you_mean
from alpha_pulse.evaluation.streams.base import Labels, Stream
from alpha_pulse.evaluation.streams.classes import classes_of
from alpha_pulse.evaluation.streams.header import is_missing
from alpha_pulse.evaluation.streams.missing import LEAVE_OUT, Missing, Rows, rows_of
from alpha_pulse.evaluation.streams.numbers import feature_matrix

MOST_CLASSES = 100
"""Maximum number of classes; a column with more different values is not a class."""
MOST_SPELLINGS = 10_000
"""Maximum number of different texts that are searched for equal numbers."""


def from_table(frame: pl.DataFrame, target: str | None, missing: Missing, name: str, where: str) -> Stream:
    """A stream from a table.

    Parameters
    ----------
    frame
        A table; all columns except the target contain numbers, or text of numbers.
    target
        The column of the classes, text or numbers; None for the last one. Labels are the positions of its values, sorted
        as numbers if all are numbers, else as text: of ``0`` and ``1``, or ``DOWN`` and ``UP``, the second is label 1.
    missing
        ``refuse`` a missing value, ``drop`` its row, or ``keep`` it if it belongs to a feature.
    name, where
        Name of the stream, and of the table in error messages.

    Raises
    ------
    DataError
        The table cannot be used; the message reports the row (from 1, without header and blank rows) and column.
    """
    if frame.height == 0:
        raise DataError(f"{where} contains no rows; at least one example is needed")
    target = target_of(frame.columns, target, where)
    left, numbers, keep = rows_of(frame, missing, where)
    labels, classes = _classes(left[target], numbers, where)
    features = feature_matrix(Rows(left.drop(target), numbers, keep), where)
    return Stream(name, features, labels, classes, dropped=frame.height - left.height)


def target_of(columns: list[str], target: str | None, where: str) -> str:
    """The name of the target column: as given, or the last one.

    Raises
    ------
    DataError
        There is no such column, or no other column.

    >>> target_of(["a", "class"], None, "file x.csv")
    'class'
    """
    if target is not None and target not in columns:
        raise DataError(f"{where} has no target column {target!r}{did_you_mean(target, columns)}")
    if len(columns) < 2:
        raise DataError(f"{where} has {len(columns)} column; expected one feature or more, and the target")
    return columns[-1] if target is None else target


def _classes(column: pl.Series, numbers: Labels, where: str) -> tuple[Labels, tuple[str, ...]]:
    """The label of each row, and the names of the classes."""
    try:
        text = column.cast(pl.String).str.strip_chars()
    except pl.exceptions.PolarsError:
        raise DataError(f"{where}: the target {column.name!r} has the type {column.dtype}, but a class is expected") from None
    spellings = text.unique(maintain_order=True).to_list()
    for missing_cells in (spelling for spelling in spellings if spelling is None or is_missing(spelling)):
        row = numbers[text.to_list().index(missing_cells)]
        cell = repr(missing_cells) if missing_cells else "empty"
        raise DataError(
            f"{where}, row {row}: the target {column.name!r} is missing (the cell is {cell}); give its class, or {LEAVE_OUT}"
        )
    class_of = classes_of(spellings) if len(spellings) <= MOST_SPELLINGS else dict.fromkeys(spellings, "")
    classes = tuple(dict.fromkeys(class_of.values()))
    count = len(classes) if len(spellings) <= MOST_SPELLINGS else len(spellings)
    if not 2 <= count <= MOST_CLASSES:
        raise DataError(
            f"{where}: the target {column.name!r} has {count:,} different value{'' if count == 1 else 's'}; "
            f"expected a class, of 2 to {MOST_CLASSES} values, or name another column as the target"
        )
    indices = {name: index for index, name in enumerate(classes)}
    by_spelling = {spelling: indices[name] for spelling, name in class_of.items()}
    return text.replace_strict(by_spelling, return_dtype=pl.Int64).to_numpy(), classes
