"""Frames as tables: Parquet, Arrow and Feather files, and frames of Python programs."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.cells.column_names import split_levels
from alpha_pulse.feeds.files.containers import Content, first_line
from alpha_pulse.feeds.files.native_output import suppressed_stderr
from alpha_pulse.feeds.files.provenance import provenance_of
from alpha_pulse.feeds.tables import SAMPLE_ROWS, Kind, Loaded, Table

_READERS = {"parquet": pl.read_parquet, "arrow": pl.read_ipc, "arrow stream": pl.read_ipc_stream}
_TITLES = {"parquet": "Parquet", "arrow": "Feather (Arrow)", "arrow stream": "Arrow stream"}
_FAR = {"ms": 10**14, "us": 10**17, "ns": 2**63 - 1}
_PAIR = re.compile(r"\('([^']*)', '([^']*)'\)")
"""A name of two levels, such as ``('Open', 'AAPL')``."""
_FEWEST_PRICES = 4
_SUPPORTED = "a polars frame, a pandas frame, or a dict of arrays by name of the column"


def binary_frame(content: Content) -> pl.DataFrame:
    """The frame in a Parquet or Arrow file. Raises DataError where it cannot be read."""
    title = _TITLES[content.format]
    try:
        with suppressed_stderr():
            return _READERS[content.format](io.BytesIO(content.data))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        reason = first_line(error)
        raise DataError(f"{content.where} cannot be read as {title} ({reason}); give a complete and valid file") from None
    except pl.exceptions.PanicException:
        raise DataError(f"{content.where} cannot be read as {title}; give a complete and valid file") from None


def binary_tables(content: Content) -> Iterator[Table]:
    """The table of a Parquet or Arrow file; one for each symbol where its columns have two levels, as pandas writes them.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    title, frame = _TITLES[content.format], binary_frame(content)
    pairs = [_PAIR.fullmatch(name) for name in frame.columns]
    if sum(pair is not None for pair in pairs) >= _FEWEST_PRICES:
        labels = [(name, "") if pair is None else (pair[1], pair[2]) for name, pair in zip(frame.columns, pairs, strict=True)]
        for series, header, metadata in _split_by_ticker(frame.get_columns(), labels):
            both = to_frame(series, header, content.where)
            yield frame_table(both, content.where, content.path, content.name, content.packed + title, metadata=metadata)
        return
    metadata = {}
    if content.format == "parquet" and (made := provenance_of(io.BytesIO(content.data), content.where)) is not None:
        metadata["interval_ns"] = str(made.interval_ns)
    yield frame_table(frame, content.where, content.path, content.name, content.packed + title, metadata=metadata)


def frame_table(
    frame: pl.DataFrame,
    where: str,
    path: str,
    name: str,
    shown: str,
    *,
    named: bool = True,
    metadata: Mapping[str, str] | None = None,
) -> Table:
    """A frame as a table; ``named`` states whether the names of its columns are a header."""

    def load(kinds: Mapping[int, Kind]) -> Loaded:
        return Loaded(pl.DataFrame([frame.to_series(index).alias(str(index)) for index in kinds]))

    cells = [_as_text(column) for column in frame.head(SAMPLE_ROWS).get_columns()]
    rows = tuple(zip(*cells, strict=True)) if cells else ()
    return Table(
        where=where, path=path, name=name, format=shown, header=tuple(frame.columns) if named else (), sample=rows, load=load,
        metadata=metadata or {},
    )  # fmt: skip


def _as_text(column: pl.Series) -> list[str]:
    if isinstance(column.dtype, pl.Datetime):
        near = column.to_physical().abs() < _FAR[column.dtype.time_unit]  # polars panics on times beyond these
        column = pl.select(pl.when(near).then(column)).to_series().dt.to_string("%Y-%m-%d %H:%M:%S")
    elif column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object, pl.Duration):
        return [""] * len(column)
    return column.cast(pl.String, strict=False).fill_null("").to_list()


def frame_tables(frame: Any, name: str) -> Iterator[Table]:
    """The table of a frame from a Python program; one for each symbol where its columns have two levels.

    Raises
    ------
    DataError
        It is not a supported frame.
    """
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        yield frame_table(frame, name, name, "", "polars frame")
        return
    if isinstance(frame, Mapping):
        columns = {str(key): array_series(values, name, str(key)) for key, values in frame.items()}
        yield frame_table(to_frame(columns.values(), columns, name), name, name, "", "dict of arrays")
        return
    if not (hasattr(frame, "columns") and hasattr(frame, "index") and hasattr(frame, "iloc")):
        raise DataError(f"{name} is {type(frame).__name__}, but {_SUPPORTED} is expected")
    yield from _pandas_tables(frame, name)


def _pandas_tables(frame: Any, name: str) -> Iterator[Table]:
    """Uses the interface of pandas frames without importing pandas."""
    labels = list(frame.columns)
    series = [pandas_series(frame.iloc[:, position], name, str(label)) for position, label in enumerate(labels)]
    index = frame.index
    if type(index).__name__ == "MultiIndex":
        for level in range(index.nlevels):
            values = index.get_level_values(level)
            series.append(pandas_series(values.to_series(), name, "index"))
            labels.append(index.names[level] or f"index_level_{level}")
    elif type(index).__name__ != "RangeIndex":
        series.insert(0, pandas_series(index.to_series(), name, "index"))
        labels.insert(0, "index" if index.name is None else index.name)
    if any(isinstance(label, tuple) for label in labels):
        pairs = [(str(label[0]), str(label[1])) if isinstance(label, tuple) else (str(label), "") for label in labels]
        for columns, header, metadata in _split_by_ticker(series, pairs):
            yield frame_table(to_frame(columns, header, name), name, name, "", "pandas frame", metadata=metadata)
        return
    yield frame_table(to_frame(series, map(str, labels), name), name, name, "", "pandas frame")


def _split_by_ticker(
    series: Sequence[pl.Series], pairs: Sequence[tuple[str, str]]
) -> Iterator[tuple[list[pl.Series], tuple[str, ...], Mapping[str, str]]]:
    """The columns, their names, and the metadata of each ticker; the index, which belongs to no ticker, comes first."""
    index = next((position for position, (_, ticker) in enumerate(pairs) if not ticker.strip()), 0)
    order = [index, *(position for position in range(len(pairs)) if position != index)]
    levels = [[pairs[position][level] for position in order] for level in (0, 1)]
    for header, metadata in split_levels([*levels, [pairs[index][0]]]):
        yield [series[position] for position in order], header, metadata


def pandas_series(values: Any, name: str, label: str) -> pl.Series:
    """A column of a pandas frame, which is called ``name`` in errors. Raises DataError."""
    kind = str(values.dtype)
    if kind.startswith("datetime64[") and "," in kind:
        utc = values.dt.tz_convert("UTC").dt.tz_localize(None)
        return array_series(utc.to_numpy(), name, label).dt.replace_time_zone("UTC")
    if kind in ("object", "string", "str", "category"):
        return pl.Series(
            [None if value is None or value != value else str(value) for value in values.to_list()], dtype=pl.String
        )
    return array_series(values.to_numpy(), name, label)


def array_series(values: Any, name: str, label: str) -> pl.Series:
    """A column of an array, a list or a polars series. Raises DataError."""
    try:
        if isinstance(values, pl.Series):
            return values
        array = np.asarray(values)
        if array.ndim != 1:
            raise DataError(f"{name}: column {label!r} has the shape {array.shape}, but one dimension is expected")
        if array.dtype.kind == "O" and {type(value) for value in array} <= {int, float, type(None)}:
            return series_of(array.tolist())
        if array.dtype.kind in "OUS":
            return pl.Series(array.tolist(), strict=False)
        if array.dtype.kind == "M" and np.datetime_data(array.dtype)[0] not in (*_FAR, "D", "generic"):
            return pl.Series(array.astype("M8[us]"))
        return pl.Series(array)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        reason = first_line(error)
        raise DataError(f"{name}: column {label!r} cannot be read ({reason}); numbers, times or text are expected") from None


def to_frame(series: Any, names: Any, where: str) -> pl.DataFrame:
    """Columns as one frame; equal names, which polars does not allow, are made unique with spaces."""
    seen: dict[str, pl.Series] = {}
    for column, name in zip(series, names, strict=True):
        free = name or " "  # polars would rename a column with an empty name
        while free in seen:
            free += " "
        seen[free] = column.alias(free)
    lengths = {len(column) for column in seen.values()}
    if len(lengths) > 1:
        shown = " and ".join(map(str, sorted(lengths)))
        raise DataError(f"{where} has columns of different lengths ({shown} rows); give columns of equal length")
    return pl.DataFrame(list(seen.values()))


def _float(number: float) -> float:
    """A number as a float; infinite where it is too large."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def series_of(values: Sequence[object]) -> pl.Series:
    """Values of mixed types as one column: whole numbers, numbers, or text.

    >>> series_of([1, 2]).dtype, series_of([1, 2.5]).dtype, series_of(["1", 2]).to_list()
    (Int64, Float64, ['1', '2'])
    """
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {int} and all(value is None or abs(value) < 2**63 for value in values):  # type: ignore[arg-type]
        return pl.Series(values, dtype=pl.Int64)
    if kinds <= {int, float}:
        return pl.Series([None if value is None else _float(value) for value in values], dtype=pl.Float64)  # type: ignore[arg-type]
    return pl.Series([None if value is None else str(value) for value in values], dtype=pl.String)
