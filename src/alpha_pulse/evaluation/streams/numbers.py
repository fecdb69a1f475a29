"""Features from the columns of a table: numbers and booleans, with a decimal point or comma; errors report the cell."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError, NonFiniteError
from alpha_pulse.core.numbers import shown
from alpha_pulse.evaluation.streams.base import Labels
from alpha_pulse.evaluation.streams.header import is_missing
from alpha_pulse.evaluation.streams.missing import LEAVE_OUT, Rows, missing_cells
from alpha_pulse.kernels.base.missing import MISSING

Floats = NDArray[np.float64]

_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_DECIMAL_COMMA = r"^[+-]?(\d*,\d+|\d+,)([eE][+-]?\d+)?$"


def feature_matrix(rows: Rows, where: str) -> Floats:
    """All columns as float64 of shape (n, d); `kernels.base.missing.MISSING` for a missing value that is kept.

    Raises
    ------
    DataError
        A cell is empty or not a number; the message reports its row and column.
    NonFiniteError
        A cell is NaN or infinite.
    """
    frame, numbers, keep = rows
    features = np.empty((frame.height, frame.width))
    for index, column in enumerate(frame):
        features[:, index] = _numbers(column, numbers, where, keep=keep)
    wrong = np.argwhere(~np.isfinite(features))
    if len(wrong):
        row, index = wrong[0].tolist()
        fix = f"give it, or {LEAVE_OUT}" if np.isnan(features[row, index]) else "correct or drop the row"
        raise NonFiniteError(
            f"{where}, row {numbers[row]}: column {frame.columns[index]!r} is {shown(frame[row, index])}, but a finite number "
            f"is expected; {fix}"
        )
    return features


def _numbers(column: pl.Series, numbers: Labels, where: str, *, keep: bool) -> Floats:
    if isinstance(column.dtype, pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    if column.dtype == pl.String:
        read = _points(column.str.strip_chars(), where).cast(pl.Float64, strict=False)
    elif column.dtype.is_numeric() or column.dtype == pl.Boolean:
        read = column.cast(pl.Float64)
    else:
        raise DataError(
            f"{where}: column {column.name!r} has the type {column.dtype}, but numbers are expected; convert the column"
        )
    if keep:
        read = read.set(missing_cells(column), MISSING)
    if read.null_count():
        row = int(read.is_null().arg_max() or 0)
        cell = "empty" if column[row] in (None, "") else shown(column[row])
        fix = f"give it, or {LEAVE_OUT}" if is_missing(str(column[row] or "")) else "correct or drop the row"
        raise DataError(f"{where}, row {numbers[row]}: column {column.name!r} is {cell}, but a number is expected; {fix}")
    return read.to_numpy().astype(np.float64)


def _points(column: pl.Series, where: str) -> pl.Series:
    """The column with decimal points, if all of its commas are decimal commas."""
    commas = column.filter(column.str.contains(",", literal=True))
    if commas.is_empty() or not commas.str.contains(_DECIMAL_COMMA).all() or column.str.contains(".", literal=True).any():
        return column
    if all(_THOUSANDS.fullmatch(cell) for cell in commas.to_list()):
        raise DataError(
            f"{where}: column {column.name!r} contains {shown(commas[0])}, whose comma may be a decimal comma or separate "
            "thousands; write numbers with a decimal point"
        )
    return column.str.replace(",", ".", literal=True)
