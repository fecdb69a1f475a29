"""Refuses rows of a table: one error describes the first of them and counts the others, so that they are corrected at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from alpha_pulse.core.errors import DataError

NAMED = 5
"""Other rows that an error names, at most."""


class RefusedRowsError(DataError):
    """Rows of one table that cannot be used.

    Parameters
    ----------
    where
        The file.
    row
        The number of the row that is described, from 1.
    text
        What is wrong with it, what is expected, and how to fix it.
    rows
        The numbers of all rows that are refused.

    >>> str(RefusedRowsError("file x.csv", 7, "column 'high' is empty, but a number is expected", [7, 9, 12]))
    "file x.csv, row 7: column 'high' is empty, but a number is expected; 2 other rows are refused too: 9 and 12"
    """

    def __init__(self, where: str, row: int, text: str, rows: Iterable[int] = ()) -> None:
        self.where, self.row, self.text = where, int(row), text
        self.rows = {self.row, *map(int, rows)}
        others = sorted(self.rows - {self.row})
        super().__init__(f"{where}, row {row}: {text}{also_refused(len(others), [str(each) for each in others[:NAMED]])}")


def also_refused(count: int, first: Sequence[str]) -> str:
    """The end of an error that describes one row: how many others are refused, and the first of them.

    Parameters
    ----------
    count
        The number of other rows.
    first
        The numbers of the first ``NAMED`` of them.

    >>> also_refused(0, []), also_refused(1, ["12"])
    ('', '; row 12 is refused too')
    >>> also_refused(39, ["12", "15", "19", "20", "31"])
    '; 39 other rows are refused too: 12, 15, 19, 20, 31 and 34 more'
    """
    if count < 2:
        return f"; row {first[0]} is refused too" if count else ""
    *most, last = [*first, f"{count - len(first):,} more"] if count > len(first) else first
    return f"; {count:,} other rows are refused too: {', '.join(most)} and {last}"


def row_beside(place: str, other: str) -> str:
    """The number of a row, with its file where that is not the file of the row ``other``.

    >>> row_beside("file a.csv, row 12", "file a.csv, row 3"), row_beside("file b.csv, row 12", "file a.csv, row 3")
    ('12', '12 of file b.csv')
    """
    where, _, number = place.rpartition(", row ")
    return number if where == other.rpartition(", row ")[0] else f"{number} of {where}"


@contextlib.contextmanager
def collected(refused: list[RefusedRowsError]) -> Iterator[None]:
    """Go on after a refusal, which is appended to ``refused``: `raise_together` raises it."""
    try:
        yield
    except RefusedRowsError as error:
        refused.append(error)


def raise_together(refused: Sequence[RefusedRowsError]) -> None:
    """Raise one DataError for all refusals of a table, if any: about the first row of them."""
    if refused:
        first = min(refused, key=lambda each: each.row)
        every = set().union(*(each.rows for each in refused))
        raise DataError(str(RefusedRowsError(first.where, first.row, first.text, every)))
