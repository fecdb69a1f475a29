"""A table before its columns are interpreted: header, a sample of rows as text, and a function that loads columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import polars as pl

SAMPLE_ROWS = 200
"""Rows from which a file is recognised."""
Kind = Literal["number", "time", "text"]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows and columns of one file, or of one member of an archive.

    Parameters
    ----------
    where
        The file, for errors, such as ``file bars.csv``.
    path
        The path of the file.
    name
        The name of the file, or of the archive's member, from which a symbol may be taken.
    format
        For people, such as ``CSV, ';'``.
    header
        The columns' names as written, empty for a column without a name; () where the table has no header.
    sample
        The first rows, each cell as text; of equal length.
    load
        Loads columns by index. A column with a cell that is not of the requested kind stays text, so that errors can quote it.
    metadata
        Metadata that the file contains in addition to the table: ``interval_ns``, ``symbol``, ``tz``; ``levels`` where the
        header has two lines.
    preamble
        Lines above the header that do not belong to the table.
    """

    where: str
    path: str
    name: str
    format: str
    header: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    load: Callable[[Mapping[int, Kind]], Loaded]
    metadata: Mapping[str, str] = {}
    preamble: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.header) or max(map(len, self.sample), default=0)


class Loaded(msgspec.Struct, frozen=True):
    """The requested columns, named by their index (``"0"``).

    ``blank_lines`` is the number of blank lines above the first row; they count in row numbers. ``ragged`` maps the index of a
    row with too many or too few cells to its number of cells.
    """

    frame: pl.DataFrame
    ragged: Mapping[int, int] = {}
    blank_lines: int = 0
