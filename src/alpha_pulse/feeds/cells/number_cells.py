"""Numbers from the cells of a table, also with decimal commas or thousands separators."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.core.numbers import shown
from alpha_pulse.feeds.arrays import Floats, Integers, Mask
from alpha_pulse.feeds.refusals import RefusedRowsError

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
"""By the thousands separator; commas also grouped as in India, 1,23,45,678."""
_SPACED = rf"^[+-]?[0-9]{{1,3}}(?:{_SPACES}[0-9]{{3}})+(?:[.,][0-9]*)?$"
_THIRTY_SECONDS = "^[+-]?[0-9]{1,3}['\u2019_](?:[0-2][0-9]|3[01])[0257]$"
_SURE_THOUSANDS = "['\u2019_](?:3[2-9]|[4-9][0-9]|[0-9]{2}[134689]|[0-9]{3}[^0-9])"
_UNITS = {"K": "e3", "M": "e6", "B": "e9", "T": "e12"}
"""Volumes such as 3.12B."""


class Numbers(msgspec.Struct, frozen=True):
    """The numbers by our column name, each of shape (n,), and the decimal mark where cells were not plain numbers."""

    values: dict[str, Floats]
    decimal_mark: str


def read_numbers(columns: Mapping[str, pl.Series], row_numbers: Integers, where: str) -> Numbers:
    """The numbers in the columns of one file, which use one notation.

    Parameters
    ----------
    columns
        By our column name; each series has the file's name.
    row_numbers
        The number of each row, from 1.

    Raises
    ------
    DataError
        A cell is empty or not a number, or a column has another type; the error names the row and the column.

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
            raise DataError(
                f"{where}: column '{column.name}' has the type {kind}, but numbers are expected; convert the column"
            )
    decimal_mark = ""
    if any(values[name].null_count() > (column.is_null() | (column == "")).sum() for name, column in text.items()):
        _check_fractions(text, where)
        decimal_mark = _decimal_mark(text, where)
        for name, column in text.items():
            values[name] = _convert(column, decimal_mark, units=name.startswith("volume"))
    wrong = {name: series.is_null() for name, series in values.items() if series.null_count()}
    if wrong:
        raise _not_numbers({name: (columns[name], mask.to_numpy()) for name, mask in wrong.items()}, row_numbers, where)
    return Numbers({name: series.to_numpy().astype(np.float64, copy=False) for name, series in values.items()}, decimal_mark)


def _not_numbers(wrong: Mapping[str, tuple[pl.Series, Mask]], row_numbers: Integers, where: str) -> RefusedRowsError:
    """The error about the first cell that is not a number, by row; with the rows of all others."""
    column, mask = min(wrong.values(), key=lambda each: int(np.argmax(each[1])))
    index = int(np.argmax(mask))
    cell = column[index]
    value = "empty" if cell is None or not str(cell).strip() else shown(cell)
    text = f"column '{column.name}' is {value}, but a number is expected; correct or drop the row"
    every = np.any([each for _, each in wrong.values()], axis=0)
    return RefusedRowsError(where, row_numbers[index], text, row_numbers[every])


def _decimal_mark(text: Mapping[str, pl.Series], where: str) -> str:
    """The decimal mark of a file whose numbers are not all plain: ``,`` or ``.``.

    A number such as ``1,234`` alone is ambiguous.
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
                f"{where}: column '{column.name}' contains {shown(cell)}, which may be {either[0]} or {either[1]}, "
                "and no other number decides; write a decimal point and no thousands separators"
            )
    return "."


def _check_fractions(text: Mapping[str, pl.Series], where: str) -> None:
    """Refuse prices such as ``110'160``, which may mean 110 16/32, unless another price can only have thousands separators."""
    if any(column.str.contains(_SURE_THOUSANDS).any() for column in text.values()):
        return
    for name, column in text.items():
        fractions = column.filter(column.str.contains(_THIRTY_SECONDS))
        if "volume" not in name and len(fractions):
            either = re.sub("[^0-9]", "", fractions[0])
            raise DataError(
                f"{where}: column '{column.name}' contains {shown(fractions[0])}, which may be {either} or a fraction in "
                "32nds, and no other number decides; write a decimal point and no thousands separators"
            )


def _convert(column: pl.Series, decimal: str, *, units: bool) -> pl.Series:
    """Cells as numbers; null where a cell is not a number."""
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
