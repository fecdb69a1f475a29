"""A table before anything is known of its meaning: names, a few rows as text, and how to load its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import polars as pl

SAMPLE_ROWS = 200
"""Rows that are looked at to find out what a file is."""
Kind = Literal["number", "time", "text"]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows and columns of one file, or of one member of an archive.

    Parameters
    ----------
    where
        The file, for errors, such as ``file bars.csv``.
    path
        The file as it was given.
    name
        The name to take a symbol from: the file's, or that of the archive's member.
    format
        For people, such as ``CSV, ';'``.
    header
        The columns' names as they stand; a column without a name has an empty one. Empty where the table has no header.
    sample
        The first rows, each cell as text; of equal length.
    load
        The columns by place. Cells that cannot be of the kind that is expected of their column are left as text, so that they
        can be named.
    told
        What stands beside the table: ``interval_ns``, ``symbol``, ``tz``; ``levels`` where the header has two lines.
    skipped
        Lines above the header that are no part of the table.
    """

    where: str
    path: str
    name: str
    format: str
    header: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    load: Callable[[Mapping[int, Kind]], Loaded]
    told: Mapping[str, str] = {}
    skipped: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.header) or max(map(len, self.sample), default=0)


class Loaded(msgspec.Struct, frozen=True):
    """The columns that were asked for, named by their place (``"0"``), and the rows that do not fit the header.

    ``blank`` lines that count as rows stand above the frame's. ``odd`` maps the place of a row, from 0, to its number of cells.
    """

    frame: pl.DataFrame
    odd: Mapping[int, int] = {}
    blank: int = 0
