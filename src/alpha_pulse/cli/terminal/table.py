"""Tables that never cut a number: where the width does not do, whole columns are left out, the least important first."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text


class Row(msgspec.Struct, frozen=True):
    """One line; without ``cells`` it is a heading of those below it."""

    name: str
    cells: Sequence[str | Text] = ()
    style: str | None = None


def print_table(console: Console, first: str, titles: Sequence[str], rows: Sequence[Row], leave_out: Sequence[str]) -> None:
    """Print a table of numbers.

    Parameters
    ----------
    first, titles
        Headings of the names and of the other columns.
    rows
        Each with a cell for every title, or with none.
    leave_out
        Titles that may be left out where the console is too narrow, the first one first. What then is too wide still is
        printed in full all the same.

    >>> rows = [Row("x", ["1,234.50", "2"])]
    >>> print_table(Console(width=15), "book", ["net", "lots"], rows, ["lots"])
    book      net
    ─────────────
    x    1,234.50
    """
    kept, needed = _fitting(console.width, first, titles, rows, leave_out)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0, header_style="dim")
    table.add_column(first, no_wrap=True)
    for at in kept:
        table.add_column(titles[at], justify="right", no_wrap=True)
    for row in rows:
        table.add_row(Text(row.name), *(row.cells[at] for at in kept if row.cells), style=row.style)
    width = console.width
    console.width = max(width, needed)
    console.print(table)
    console.width = width


def titles_shown(
    console: Console, first: str, titles: Sequence[str], rows: Sequence[Row], leave_out: Sequence[str]
) -> list[str]:
    """The titles that `print_table` of the same prints.

    >>> titles_shown(Console(width=15), "book", ["net", "lots"], [Row("x", ["1,234.50", "2"])], ["lots"])
    ['net']
    """
    return [titles[at] for at in _fitting(console.width, first, titles, rows, leave_out)[0]]


def _fitting(
    width: int, first: str, titles: Sequence[str], rows: Sequence[Row], leave_out: Sequence[str]
) -> tuple[list[int], int]:
    """The columns that are not left out, and how wide they are together with the names."""
    widths = [_width([title, *(row.cells[at] for row in rows if row.cells)]) for at, title in enumerate(titles)]
    kept = list(range(len(titles)))
    needed = _width([first, *(row.name for row in rows)]) + sum(1 + width for width in widths)
    for title in leave_out:
        if needed > width:
            at = titles.index(title)
            kept.remove(at)
            needed -= 1 + widths[at]
    return kept, needed


def _width(cells: Sequence[str | Text]) -> int:
    return max(cell_len(cell) if isinstance(cell, str) else cell.cell_len for cell in cells)
