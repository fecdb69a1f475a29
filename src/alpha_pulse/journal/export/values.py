"""Frames of the exported tables, made from arrays and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.journal.export.columns import TABLES, Column

Values = NDArray[Any] | pl.Series | Sequence[Any] | str | int | None


def frame_of(
    table: str, values: Mapping[str, Values], features: Mapping[str, NDArray[np.float64]] | None = None
) -> pl.DataFrame:
    """A frame with the columns of a table, in their order and types.

    Parameters
    ----------
    table
        Its name in `alpha_pulse.journal.export.columns.TABLES`.
    values
        Of each column: times in ns, a number that is NaN or a time that is the smallest int64 becomes null. One text stands for
        all rows.
    features
        Further columns.
    """
    rows = next((len(column) for column in values.values() if not _is_single(column)), 1)  # type: ignore[arg-type]
    columns = [_series(column, values[column.name], rows) for column in TABLES[table].columns]
    more = [pl.Series(name, numbers, pl.Float64, nan_to_null=True) for name, numbers in (features or {}).items()]
    return pl.DataFrame([*columns, *more])


def _is_single(values: Values) -> bool:
    return values is None or isinstance(values, str | int)


def _series(column: Column, values: Values, rows: int) -> pl.Series:
    if isinstance(values, str | int) or values is None:
        return pl.Series(column.name, [values], column.dtype).new_from_index(0, rows)
    if column.kind == "time":
        return utc(column.name, values)
    if isinstance(values, pl.Series):
        return values.cast(column.dtype).alias(column.name)
    return pl.Series(column.name, values, column.dtype, nan_to_null=column.kind == "number")


def utc(name: str, times: Any) -> pl.Series:
    """Nanoseconds since the Unix epoch as times; the smallest int64 becomes null."""
    instants: NDArray[np.int64] = np.ascontiguousarray(times, dtype=np.int64)
    return pl.Series(name, instants.view("datetime64[ns]")).dt.replace_time_zone("UTC")


def chosen(texts: Sequence[str | None], places: NDArray[np.int64]) -> pl.Series:
    """The text at each place; null where the place is -1.

    >>> chosen(("a", "b"), np.array([1, -1, 0])).to_list()
    ['b', None, 'a']
    """
    return pl.Series([*texts, None], dtype=pl.String).gather(np.where(places < 0, len(texts), places))


def ids(*parts: str | pl.Series | NDArray[np.int64]) -> pl.Series:
    """Texts joined by slashes, null where a part is null.

    >>> ids(pl.Series(["X", "Y"]), "direction", np.array([3, 4])).to_list()
    ['X/direction/3', 'Y/direction/4']
    """
    columns = [pl.lit(part) if isinstance(part, str) else pl.lit(pl.Series(part)) for part in parts]
    return pl.select(pl.concat_str(columns, separator="/").alias("id")).to_series()
