"""Opens a table, Parquet or CSV, and takes numbers from its columns, naming the row of what is none."""

from __future__ import annotations

import csv
import gzip
import zlib
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.headers import refuse_separator


def open_table(path: Path, where: str, wanted: str) -> pl.DataFrame:
    """The table in a file ``.parquet`` (or ``.pq``), or ``.csv`` (or ``.csv.gz``), all of whose cells are read as text.

    Parameters
    ----------
    path, where
        The file, and what an error calls it.
    wanted
        What an error says to give when there is no such file.

    Raises
    ------
    DataError
        There is no such file, it is of another kind, or it cannot be read.
    """
    if not path.is_file():
        raise DataError(f"{where} does not exist or is not a file; {wanted}")
    name = path.name.lower()
    try:
        if name.endswith((".parquet", ".pq")):
            return pl.read_parquet(path)
        if name.endswith((".csv", ".csv.gz")):
            return _read_csv(path, where)
    except pl.exceptions.NoDataError:
        raise DataError(f"{where} is empty; a header and at least one row are needed") from None
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        said = str(error).strip().partition("\n")[0]
        raise DataError(f"{where} cannot be read as {path.suffix[1:]} ({said}); give a whole and valid file") from None
    raise DataError(f"{where} is of a kind that is not read; give a file whose name ends in .parquet, .csv or .csv.gz")


def _read_csv(path: Path, where: str) -> pl.DataFrame:
    try:
        frame = pl.read_csv(path, infer_schema=False)  # all text, so that what cannot be read is found with its row
    except pl.exceptions.ComputeError:
        # with another separator, commas in numbers look like fields too many
        refuse_separator(pl.read_csv(path, infer_schema=False, n_rows=0).columns, where)
        _refuse_odd_row(path, where)
        raise
    refuse_separator(frame.columns, where)
    return frame.rename({column: column.strip() for column in frame.columns})


def _refuse_odd_row(path: Path, where: str) -> None:
    """Name the first row that has another number of cells than the header, where there is one."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", errors="replace", newline="") as file:
            rows = csv.reader(file)
            wanted = len(next(rows, []))
            for at, row in enumerate(rows, start=1):
                if row and len(row) != wanted:
                    raise DataError(
                        f"{where}, row {at}: {len(row)} values stand in it, but the header names {wanted} columns; "
                        "mend or drop the row"
                    )
    except (csv.Error, EOFError, OSError, zlib.error):  # what the first reader said of the file has to do
        return


def numbers(column: pl.Series, where: str) -> NDArray[np.float64]:
    """A numeric column as float64, shape (n,); text is read as numbers, NaN and infinity too.

    Raises
    ------
    DataError
        Naming ``where``, the row (from 1) and the column of what is empty or no number.

    >>> numbers(pl.Series("a", ["1", " 2.5"]), "x.csv").tolist()
    [1.0, 2.5]
    """
    if column.dtype == pl.String:
        read_as = column.str.strip_chars().cast(pl.Float64, strict=False)
    elif column.dtype.is_numeric():
        read_as = column.cast(pl.Float64)
    else:
        raise DataError(f"{where}: column '{column.name}' holds {column.dtype}, but numbers are expected; convert the column")
    if read_as.null_count():
        at = int(read_as.is_null().arg_max() or 0)
        found = "empty" if column[at] is None else repr(column[at])
        raise DataError(
            f"{where}, row {at + 1}: column '{column.name}' is {found}, but a number is expected; mend or drop the row"
        )
    return read_as.to_numpy().astype(np.float64)
