"""Tables that never truncate a number: on a narrow console, whole columns are omitted, the least important first."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text


class TableRow(msgspec.Struct, frozen=True):
    """One line of a table; without ``cells`` it is a heading."""

    name: str
    cells: Sequence[str | Text] = ()
    style: str | None = None


def print_table(
    console: Console, first: str, titles: Sequence[str], rows: Sequence[TableRow], leave_out: Sequence[str]
) -> None:
    """Print a table of numbers.

    Parameters
    ----------
    first, titles
        Headings of the column of names and of the other columns.
    rows
        Each with a cell for every title, or with none.
    leave_out
        Titles that may be omitted on a narrow console, the first one first. A table that is still too wide is printed in full.

    >>> rows = [TableRow("x", ["1,234.50", "2"])]
    >>> print_table(Console(width=15), "book", ["net", "lots"], rows, ["lots"])
    book      net
    ─────────────
    x    1,234.50
    """
    shown, needed = _fitting(console.width, first, titles, rows, leave_out)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0, header_style="dim")
    table.add_column(first, no_wrap=True)
    for index in shown:
        table.add_column(titles[index], justify="right", no_wrap=True)
    for row in rows:
        table.add_row(Text(row.name), *(row.cells[index] for index in shown if row.cells), style=row.style)
    width = console.width
    console.width = max(width, needed)
    console.print(table)
    console.width = width


def titles_shown(
    console: Console, first: str, titles: Sequence[str], rows: Sequence[TableRow], leave_out: Sequence[str]
) -> list[str]:
    """The titles that `print_table` prints for the same arguments.

    >>> titles_shown(Console(width=15), "book", ["net", "lots"], [TableRow("x", ["1,234.50", "2"])], ["lots"])
    ['net']
    """
    return [titles[index] for index in _fitting(console.width, first, titles, rows, leave_out)[0]]


def _fitting(
    width: int, first: str, titles: Sequence[str], rows: Sequence[TableRow], leave_out: Sequence[str]
) -> tuple[list[int], int]:
    """The indices of the columns that fit, and their total width, with the names."""
    widths = [_width([title, *(row.cells[index] for row in rows if row.cells)]) for index, title in enumerate(titles)]
    shown = list(range(len(titles)))
    needed = _width([first, *(row.name for row in rows)]) + sum(1 + width for width in widths)
    for title in leave_out:
        if needed > width:
            index = titles.index(title)
            shown.remove(index)
            needed -= 1 + widths[index]
    return shown, needed


def _width(cells: Sequence[str | Text]) -> int:
    return max(cell_len(cell) if isinstance(cell, str) else cell.cell_len for cell in cells)
