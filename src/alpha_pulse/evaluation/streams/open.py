"""A stream from a file, whose format is detected by its content: Parquet, Feather, ARFF, or a table as text."""

from __future__ import annotations

import re
from pathlib import Path

from alpha_pulse.core.errors import DataError
from alpha_pulse.evaluation.streams.arff import from_arff
from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.evaluation.streams.csv import read_text
from alpha_pulse.evaluation.streams.missing import Missing
from alpha_pulse.evaluation.streams.table import from_table
from alpha_pulse.evaluation.streams.text import text_of
from alpha_pulse.feeds.files.containers import read_contents
from alpha_pulse.feeds.files.frame_tables import binary_frame

_ARFF = re.compile(r"(?:[ \t]*(?:%[^\n]*)?\n)*[ \t]*@(?:relation|attribute)\b", re.IGNORECASE)


def read_stream(path: Path, target: str | None = None, missing: Missing = "refuse") -> Stream:
    """Read a stream from a file.

    Parameters
    ----------
    path
        A table as text (commas, semicolons, tabs, bars or spaces between its cells), ARFF, Parquet or Feather; plain or
        compressed with gzip, zip, bzip2, xz or zstd. The name does not matter.
    target
        The column of the classes; None for the last one.
    missing
        ``refuse`` a missing value, ``drop`` its row, or ``keep`` it if it belongs to a feature.

    Raises
    ------
    DataError
        The file cannot be used; the message reports the file, row and column.
    """
    contents = list(read_contents(path, "give --stream a CSV, ARFF or Parquet file, or a generator"))
    if len(contents) > 1:
        raise DataError(f"file {path} is an archive of {len(contents)} files; expected one")
    content, where = contents[0], contents[0].where
    if content.format not in ("text", "json"):
        return from_table(binary_frame(content), target, missing, path.name, where)
    text = text_of(content.full_text(), where)
    if _ARFF.match(text):
        return from_arff(text, target, missing, path.name, where)
    return from_table(read_text(text, where), target, missing, path.name, where)
