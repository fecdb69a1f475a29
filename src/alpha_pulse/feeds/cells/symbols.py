"""The symbol of each row: from a column, from metadata of the table, or from the file's name."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from alpha_pulse.core.errors import DataError, did_you_mean
from alpha_pulse.core.numbers import shown
from alpha_pulse.feeds.arrays import Integers
from alpha_pulse.feeds.sources.base import Source, stem

_INTERVAL = re.compile(
    r"(?:[ _,.-]+(?:[0-9]+-?(?:s|m|min|mins|minutes?|h|hours?|d|days?|w|weeks?|mo)|[mhdw][0-9]{1,2}|mn1?|daily|hourly|weekly"
    r"|monthly|minute)|[_,] ?[0-9]{1,5})$",
    re.IGNORECASE,
)
_DATES = re.compile(r"[_-](?:data_?)?[0-9]{4}-?[0-9]{2}(?:-?[0-9]{2})?(?:[ _-].*)?$")


def symbol_from_name(name: str, source: Source) -> str:
    """The symbol in a file's name: by the pattern of the source, else the name without its ending and the interval.

    >>> from alpha_pulse.feeds.sources.generic import GENERIC
    >>> [symbol_from_name(name, GENERIC) for name in ("btc.csv", "BTC_USDT-1h.json", "aapl.us.txt")]
    ['btc', 'BTC_USDT', 'aapl.us']
    """
    symbol = source.symbol_of(name)
    if symbol is not None:
        return symbol
    bare = stem(name).strip()
    short = _INTERVAL.sub("", _DATES.sub("", bare))
    return short or bare or "data"


def symbol_names(column: pl.Series, where: str) -> pl.Series:
    """The names in a column as text, empty where a cell is null. Raises DataError for a column of another type."""
    if not (isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum) or column.dtype.is_integer()):
        if column.dtype == pl.Null:
            return pl.Series(column.name, [""] * len(column))
        raise DataError(
            f"{where}: column '{column.name}' has the type {column.dtype}, but names are expected; convert the column"
        )
    text = column.cast(pl.String, strict=False).fill_null("")
    names = text.unique()
    stripped = names.str.strip_chars()
    return text if (stripped == names).all() else text.replace_strict(names, stripped, return_dtype=pl.String)


def check_names(text: pl.Series, row_numbers: Integers, where: str) -> None:
    """Refuse empty names, and names with control characters, which a terminal would execute.

    Raises
    ------
    DataError
        A name cannot be used; the error names its row.
    """
    for name in text.unique(maintain_order=True):
        index = int((text == name).arg_max() or 0)
        if not name:
            raise DataError(
                f"{where}, row {row_numbers[index]}: column '{text.name}' is empty, but a name is expected; correct the row"
            )
        if not name.isprintable():
            raise DataError(
                f"{where}, row {row_numbers[index]}: column '{text.name}' is {shown(name)}, but a name of printable "
                "characters is expected; correct the row"
            )


def encode_symbols(text: pl.Series) -> tuple[tuple[str, ...], Integers]:
    """The sorted names, and each row's index in them."""
    names = tuple(sorted(text.unique().to_list()))
    if len(names) == 1:
        return names, np.zeros(len(text), dtype=np.int64)
    code = text.replace_strict(list(names), list(range(len(names))), return_dtype=pl.Int64)
    return names, code.to_numpy().astype(np.int64)


def check_symbols_exist(wanted: Sequence[str], symbols: Sequence[str], where: str) -> None:
    """Refuse a symbol of the options that no file contains. Raises DataError."""
    for name in wanted:
        if name not in symbols:
            verb = "contain" if where.startswith("these ") else "contains"
            raise DataError(f"{where} {verb} no symbol {name!r}{did_you_mean(name, symbols)}")
