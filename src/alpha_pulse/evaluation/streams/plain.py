"""Cells without quotes, read by polars; other readers read what polars cannot, and report errors."""

from __future__ import annotations

import io
import re

import polars as pl

_BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")


def plain_cells(text: str, separator: str, quote: str | None = None) -> pl.DataFrame | None:
    """All cells as text without the spaces around them, and without blank rows; None if a row is longer than the first.

    With ``quote`` a cell may be enclosed in that character. A shorter row is filled with empty cells.

    >>> plain_cells("1, a\\n\\n2,b\\n", ",").rows()
    [('1', 'a'), ('2', 'b')]
    """
    body = _BLANK_LINES.sub("", text)
    try:
        cells = pl.read_csv(
            io.BytesIO(body.encode()), has_header=False, infer_schema=False, quote_char=quote, separator=separator
        )
    except pl.exceptions.NoDataError:
        return pl.DataFrame()
    except pl.exceptions.PolarsError:
        return None
    return stripped(cells)


def stripped(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells without the spaces around them, and without blank rows."""
    cells = cells.with_columns(pl.all().fill_null("").str.strip_chars())
    blank = cells.select(pl.all_horizontal(pl.all() == "")).to_series()
    return cells.filter(~blank) if blank.any() else cells
