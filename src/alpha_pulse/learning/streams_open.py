"""A stream from a file, whose kind is found by its content: Parquet, Feather, ARFF, or a table as text."""

from __future__ import annotations

import io
import re
from pathlib import Path

import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.learning.streams import Stream
from alpha_pulse.learning.streams_arff import from_arff
from alpha_pulse.learning.streams_csv import read_text
from alpha_pulse.learning.streams_table import from_table
from alpha_pulse.learning.streams_text import decoded, unpacked

PARQUET, FEATHER = b"PAR1", b"ARROW1"
_ARFF = re.compile(r"(\s*(%[^\n]*)?\n)*\s*@(relation|attribute)\b", re.IGNORECASE)


def read_stream(path: Path, target: str | None = None) -> Stream:
    """Read a stream from a file.

    Parameters
    ----------
    path
        A table as text (commas, semicolons, tabs, bars or spaces between its cells), ARFF, Parquet or Feather; the first two
        may be packed by gzip or zip. The name does not matter.
    target
        The column of the classes; None for the last one.

    Raises
    ------
    DataError
        Naming the file, and the row and column of what cannot be used.
    """
    where = f"file {path}"
    if not path.is_file():
        raise DataError(f"{where} does not exist or is not a file; give --stream a CSV, ARFF or Parquet file, or a generator")
    try:
        raw = unpacked(path.read_bytes(), where)
        if raw.startswith((PARQUET, FEATHER)):
            read = pl.read_parquet if raw.startswith(PARQUET) else pl.read_ipc
            return from_table(read(io.BytesIO(raw)), target, path.name, where)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        said = str(error).strip().partition("\n")[0]
        raise DataError(f"{where} cannot be read ({said}); give a whole and valid file") from None
    text = decoded(raw, where)
    if _ARFF.match(text):
        return from_arff(text, target, path.name, where)
    return from_table(read_text(text, where), target, path.name, where)
