"""Numbers from the cells of a table: plain ones, and those with decimal commas or marks between thousands."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.core.numbers import shown
from alpha_pulse.feeds.arrays import Floats, Integers

_SPACES = "[ \u00a0\u202f'\u2019_]"
_COMMA_IS_DECIMAL = (
    r"\..*,",
    r"^[+-]?[0-9]*,[0-9]{1,2}$",
    r"^[+-]?[0-9]*,[0-9]{4,}$",
    r"^[+-]?0?,",
    r"^[+-]?[0-9]{4,},",
    r"\..*\.",
)
_POINT_IS_DECIMAL = (
    r",.*\.",
    r"^[+-]?[0-9]*\.[0-9]{1,2}$",
    r"^[+-]?[0-9]*\.[0-9]{4,}$",
    r"^[+-]?0?\.",
    r"^[+-]?[0-9]{4,}\.",
    r",.*,",
)
_GROUPED = {
    ",": r"^[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3})(?:\.[0-9]*)?$",
    ".": r"^[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]*)?$",
}
"""By the mark between thousands; commas also as in India, 1,23,45,678."""
_SPACED = rf"^[+-]?[0-9]{{1,3}}(?:{_SPACES}[0-9]{{3}})+(?:[.,][0-9]*)?$"
_THIRTY_SECONDS = "^[+-]?[0-9]{1,3}['\u2019_](?:[0-2][0-9]|3[01])[0257]$"
_SURE_THOUSANDS = "['\u2019_](?:3[2-9]|[4-9][0-9]|[0-9]{2}[134689]|[0-9]{3}[^0-9])"
_UNITS = {"K": "e3", "M": "e6", "B": "e9", "T": "e12"}
"""Volumes such as 3.12B."""


class Numbers(msgspec.Struct, frozen=True):
    """The numbers by our column, each of shape (n,), and how they were written where it was not plainly."""

    values: dict[str, Floats]
    written: str


def read_numbers(columns: Mapping[str, pl.Series], rows: Integers, where: str) -> Numbers:
    """The numbers in columns of one file, which all write them alike.

    Parameters
    ----------
    columns
        By our name; the series bear the file's names.
    rows
        The number of each row, from 1.

    Raises
    ------
    DataError
        Naming the row and the column of what is empty or no number, or the column of another kind.

    >>> read_numbers({"open": pl.Series("Open", ["1.234,5", "7"])}, np.array([1, 2]), "file x.csv").values["open"].tolist()
    [1234.5, 7.0]
    """
    text: dict[str, pl.Series] = {}
    values: dict[str, pl.Series] = {}
    for name, column in columns.items():
        kind = column.dtype
        if isinstance(kind, pl.Categorical | pl.Enum):
            column = column.cast(pl.String)
        if column.dtype == pl.String:
            text[name] = column.str.strip_chars("$€£ \t\r\u00a0")
            values[name] = text[name].cast(pl.Float64, strict=False)
        elif kind.is_numeric():
            values[name] = column.cast(pl.Float64)
        else:
            raise DataError(f"{where}: column '{column.name}' holds {kind}, but numbers are expected; convert the column")
    written = ""
    if any(values[name].null_count() > (column.is_null() | (column == "")).sum() for name, column in text.items()):
        _check_fractions(text, where)
        written = _decimal_mark(text, where)
        for name, column in text.items():
            values[name] = _convert(column, written, units=name.startswith("volume"))
    for name, series in values.items():
        if series.null_count():
            raise _not_a_number(columns[name], int(series.is_null().arg_max() or 0), rows, where)
    return Numbers({name: series.to_numpy().astype(np.float64, copy=False) for name, series in values.items()}, written)


def _not_a_number(column: pl.Series, at: int, rows: Integers, where: str) -> DataError:
    cell = column[at]
    found = "empty" if cell is None or not str(cell).strip() else shown(cell)
    return DataError(
        f"{where}, row {rows[at]}: column '{column.name}' is {found}, but a number is expected; correct or drop the row"
    )


def _decimal_mark(text: Mapping[str, pl.Series], where: str) -> str:
    """What stands before decimals in a file that does not write all its numbers plainly: ``,`` or ``.``.

    A number such as ``1,234`` alone may be either.
    """
    cells = pl.concat([column.str.replace_all(_SPACES, "") for column in text.values()])
    comma = int(cells.str.contains("|".join(_COMMA_IS_DECIMAL)).sum())
    point = int(cells.str.contains("|".join(_POINT_IS_DECIMAL)).sum())
    if comma > point:
        return ","
    if point or not cells.str.contains(",", literal=True).any():
        return "."
    for column in text.values():
        doubtful = column.filter(column.str.contains(r"^[+-]?[0-9]{1,3},[0-9]{3}$"))
        if len(doubtful):
            cell, either = doubtful[0], (doubtful[0].replace(",", ""), doubtful[0].replace(",", "."))
            raise DataError(
                f"{where}: column '{column.name}' holds {shown(cell)}, which may be {either[0]} or {either[1]}, "
                "and no other number tells; write decimals with a point, and thousands without a mark"
            )
    return "."


def _check_fractions(text: Mapping[str, pl.Series], where: str) -> None:
    """Refuse prices such as ``110'160``, which are 110 16/32 to some, where none can be thousands only."""
    if any(column.str.contains(_SURE_THOUSANDS).any() for column in text.values()):
        return
    for name, column in text.items():
        parts = column.filter(column.str.contains(_THIRTY_SECONDS))
        if "volume" not in name and len(parts):
            either = re.sub("[^0-9]", "", parts[0])
            raise DataError(
                f"{where}: column '{column.name}' holds {shown(parts[0])}, which may be {either} or count 32nds, "
                "and no other number tells; write decimals with a point, and thousands without a mark"
            )


def _convert(column: pl.Series, decimal: str, *, units: bool) -> pl.Series:
    """Cells as numbers, null where they are none."""
    thousands = "." if decimal == "," else ","
    bare, power = column, pl.Series([""]).new_from_index(0, len(column))
    if units:
        letter = bare.str.extract(r"[0-9]\s?([KMBTkmbt])$").str.to_uppercase()
        bare = bare.str.replace(r"([0-9])\s?[KMBTkmbt]$", "${1}")
        power = letter.replace_strict(_UNITS, default="", return_dtype=pl.String)
    spaced = pl.when(pl.col("cell").str.contains(_SPACED)).then(pl.col("cell").str.replace_all(_SPACES, ""))
    bare = bare.to_frame("cell").select(spaced.otherwise(pl.col("cell"))).to_series()
    grouped = bare.str.contains(_GROUPED[thousands]).fill_null(value=False)
    frame = pl.DataFrame({"cell": bare, "grouped": grouped, "power": power})
    plain = pl.col("cell").str.replace_all(thousands, "", literal=True)
    picked = (
        pl.when(pl.col("grouped")).then(plain).when(~pl.col("cell").str.contains(thousands, literal=True)).then(pl.col("cell"))
    )
    number = (picked.str.replace(decimal, ".", literal=True) + pl.col("power")).cast(pl.Float64, strict=False)
    return frame.select(number.alias("number")).to_series()
