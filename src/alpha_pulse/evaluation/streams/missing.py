"""Missing values: refused by default; on request they are kept as missing, or their rows are dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError
from alpha_pulse.evaluation.streams.header import MISSING, NONE

Missing = Literal["refuse", "drop", "keep"]
CHOICES: tuple[Missing, ...] = ("refuse", "drop", "keep")
_TEXT = (pl.String, pl.Categorical, pl.Enum)


LEAVE_OUT = "leave such rows out (missing: drop)"
"""The fix that error messages about missing values suggest."""


class Rows(NamedTuple):
    """A table, the number of each of its rows in the file, from 1, and whether features may be missing."""

    frame: pl.DataFrame
    numbers: NDArray[np.int64]
    keep: bool = False


def rows_of(frame: pl.DataFrame, missing: Missing, where: str, listed: Mapping[str, Sequence[str]] | None = None) -> Rows:
    """The rows of a table: all, or with ``drop`` those without a missing value. A value listed by its column is not missing.

    Raises
    ------
    DataError
        No row is left.

    >>> rows = rows_of(pl.DataFrame({"a": ["1", "?", "3"], "y": ["x", "x", ""]}), "drop", "x.csv")
    >>> rows.frame.rows(), rows.numbers.tolist()
    ([('1', 'x')], [1])
    """
    numbers = np.arange(1, frame.height + 1, dtype=np.int64)
    if missing != "drop" or frame.is_empty():
        return Rows(frame, numbers, keep=missing == "keep")
    is_missing = np.zeros(frame.height, dtype=np.bool_)
    for column in frame:
        is_missing |= missing_cells(column, (listed or {}).get(column.name, ())).to_numpy()
    if is_missing.all():
        raise DataError(
            f"{where}: each of its {frame.height:,} rows has a missing value, so no row is left; fill in the missing values"
        )
    return Rows(frame.filter(~is_missing), numbers[~is_missing])


def missing_cells(column: pl.Series, listed: Sequence[str] = ()) -> pl.Series:
    """Which cells of a column are missing values and not listed as values."""
    if isinstance(column.dtype, _TEXT):
        text = column.cast(pl.String).str.strip_chars().fill_null("")
        missing = text.str.to_lowercase().is_in(list(MISSING)) | (text == NONE)
        return missing & ~text.is_in(list(listed)) if listed else missing
    return column.is_null() | column.is_nan().fill_null(True) if column.dtype.is_float() else column.is_null()
