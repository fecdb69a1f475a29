"""Labelled streams from tables: Parquet and CSV, one row per example in the order of time, one column the class."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl

from alpha_pulse.core.errors import DataError, NonFiniteError, did_you_mean
from alpha_pulse.feeds.table_file import numbers, open_table
from alpha_pulse.learning.streams import Floats, Labels, Stream

ENDINGS = (".parquet", ".pq", ".csv", ".csv.gz")
MOST_CLASSES = 100
"""More different values than this are taken for a number that is no class."""
LARGEST_EXACT = 2.0**53
"""Up to here two whole numbers are never one float."""
_AGAIN = re.compile(r"_duplicated_\d+$")
"""What the reader of CSV adds to a name that was there before."""


def read_table(path: Path, target: str | None = None) -> Stream:
    """Read a stream from a Parquet or CSV file.

    Parameters
    ----------
    path
        ``.parquet``, ``.pq``, ``.csv`` or ``.csv.gz`` with a header; all columns but the target hold numbers.
    target
        The column of the classes, text or numbers; None for the last one. Labels are the places of its values, sorted as
        numbers where all of them are, else as text: of ``0`` and ``1``, or ``DOWN`` and ``UP``, the second is label 1.

    Raises
    ------
    DataError
        Naming the file, and the row (from 1, not counting a header) and column of what cannot be used.
    """
    where = f"file {path}"
    frame = open_table(path, where, "give --stream a Parquet, CSV or ARFF file, or the name of a generator")
    if path.name.lower().endswith((".csv", ".csv.gz")):
        _refuse_header(frame.columns, where)
    if frame.height == 0:
        raise DataError(f"{where}: there is no row in it; at least one example is needed")
    target = target_of(frame.columns, target, where)
    labels, classes = _classes(frame[target], where)
    return Stream(path.name, feature_matrix(frame.drop(target), where), labels, classes)


def target_of(columns: list[str], target: str | None, where: str) -> str:
    """The name of the target column: as given, or the last one.

    Raises
    ------
    DataError
        There is no such column, or none beside it.

    >>> target_of(["a", "class"], None, "file x.csv")
    'class'
    """
    if target is not None and target not in columns:
        raise DataError(f"{where} has no column {target!r} to be the target{did_you_mean(target, columns)}")
    if len(columns) < 2:
        raise DataError(f"{where} has {len(columns)} column; expected one feature or more, and the target")
    return columns[-1] if target is None else target


def _refuse_header(columns: list[str], where: str) -> None:
    names = [_AGAIN.sub("", name) for name in columns]
    if all(_is_number(name) for name in names):
        raise DataError(f"{where} begins with a row of numbers ({', '.join(names[:3])}); its first row must name the columns")
    for name, column in zip(names, columns, strict=True):
        if name != column and name in columns:
            raise DataError(f"{where} has the column {name!r} twice; rename one")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def feature_matrix(frame: pl.DataFrame, where: str) -> Floats:
    """All columns as float64 of shape (n, d).

    Raises
    ------
    DataError
        Naming the row and column of a cell that is empty or no number.
    NonFiniteError
        The same for NaN and infinity.
    """
    features = np.empty((frame.height, frame.width))
    for at, column in enumerate(frame.columns):
        features[:, at] = numbers(frame[column], where)
    wrong = np.argwhere(~np.isfinite(features))
    if len(wrong):
        row, at = wrong[0].tolist()
        raise NonFiniteError(
            f"{where}, row {row + 1}: column '{frame.columns[at]}' is {features[row, at]}, but a finite number is expected; "
            "mend or drop the row"
        )
    return features


def _classes(column: pl.Series, where: str) -> tuple[Labels, tuple[str, ...]]:
    """The label of each row, and the names of the classes."""
    text = column.cast(pl.String, strict=False).str.strip_chars()
    empty = text.is_null() | (text == "") | (text.str.to_lowercase() == "nan")
    if empty.any():
        row = int(empty.arg_max() or 0)
        raise DataError(f"{where}, row {row + 1}: the target '{column.name}' is missing; give its class, or drop the row")
    as_number = text.cast(pl.Float64, strict=False)
    exact = not as_number.null_count() and bool((as_number.abs() < LARGEST_EXACT).all())
    if exact and as_number.n_unique() < text.n_unique():  # 1 and 1.0 are one class
        text = as_number.cast(pl.String).str.strip_suffix(".0")
    names = text.unique()
    if not 2 <= len(names) <= MOST_CLASSES:
        raise DataError(
            f"{where}: the target '{column.name}' holds {len(names):,} different values; expected a class, of 2 to "
            f"{MOST_CLASSES} values, and another column may be named by --target"
        )
    by_number = names.cast(pl.Float64, strict=False)
    ordered = names.sort() if by_number.null_count() else names.gather(by_number.arg_sort())
    places = {name: place for place, name in enumerate(ordered.to_list())}
    labels = np.array([places[name] for name in text.to_list()], dtype=np.int64)
    return labels, tuple(places)
