"""Whether the first row of a table is a header; an error where that is ambiguous."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alpha_pulse.core.errors import DataError
from alpha_pulse.core.numbers import MOST_SHOWN, shown

NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?|[+-]?(inf|infinity)", re.IGNORECASE | re.ASCII)
MISSING = frozenset({"", "?", "na", "n/a", "nan", "-nan", "null", "#n/a", "#na", "<na>"})
"""How a missing value is written, in upper or lower case; `NONE` is case-sensitive."""
NONE = "None"


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with a decimal point or comma."""
    return NUMBER.fullmatch(cell.strip()) is not None


def is_missing(cell: str) -> bool:
    """Whether a cell is a missing value."""
    cell = cell.strip()
    return cell.lower() in MISSING or cell == NONE


def listed(cells: Sequence[str]) -> str:
    r"""Cells as an error message lists them, on one line.

    >>> print(listed(["a", "b\nc"]))
    a, 'b\nc'
    """
    return ", ".join(cell if cell.isprintable() and len(cell) <= MOST_SHOWN else shown(cell) for cell in cells)


def names_columns(first: Sequence[str], below: Sequence[Sequence[str]], where: str) -> bool:
    """Whether the row ``first`` of a table is a header; ``below`` are cells of each column under it.

    A row without numbers is a header. A row with numbers is an example, unless one of its texts is above a column of numbers.
    It is then a header if its numbers count the columns, as pandas writes them.

    Raises
    ------
    DataError
        The row may be a header or an example.

    >>> names_columns(["a", "class"], [["1", "2"], ["0", "1"]], "x.csv")
    True
    >>> names_columns(["5.1", "a"], [["4.9", "6.3"], ["b", "a"]], "x.csv")
    False
    """
    numbered = [index for index, cell in enumerate(first) if is_number(cell)]
    if not numbered:
        return True
    named = [index for index, cell in enumerate(first) if not is_number(cell) and _holds_numbers(cell, below[index])]
    counts = len(numbered) > 1 and any(all(first[index] == str(index + start) for index in numbered) for start in (0, 1))
    if bool(named) == counts:
        return counts
    row = listed(first[:6])
    if named:
        column = named[0] + 1
        raise DataError(
            f"{where}: the first row ({row}) contains numbers, as an example does, but {shown(first[named[0]])} in column "
            f"{column}, above numbers; write a row above that names the columns, or correct that cell"
        )
    raise DataError(
        f"{where}: the first row ({row}) counts the columns: it may be a header or an example; write a row above that "
        "names the columns"
    )


def _holds_numbers(name: str, cells: Sequence[str]) -> bool:
    """Whether ``name`` is not a missing value and the cells below it are numbers."""
    present = [cell for cell in cells if not is_missing(cell)]
    return not is_missing(name) and bool(present) and all(is_number(cell) for cell in present)
