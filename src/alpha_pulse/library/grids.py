"""Small tables of text, as lines and as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

NOTHING = "·"
_STYLE = "text-align:right;padding:0.15em 0.7em;white-space:nowrap"


class Grid(NamedTuple):
    """A small table: the title of its first column, the other titles, and rows of a name and cells."""

    first: str
    titles: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


def number(value: float | None, style: str) -> str:
    """A number in a format; a dot where it is not defined."""
    return NOTHING if value is None else format(value, style)


def as_text(grid: Grid) -> str:
    """A grid as aligned lines.

    >>> print(as_text(Grid("book", ("net", "fees"), [("a", ("+1.50", "2"))])))
    book    net  fees
    a     +1.50     2
    """
    lines = [(grid.first, grid.titles), *grid.rows]
    name_width = max(len(name) for name, _ in lines)
    widths = [max(len(cells[place]) for _, cells in lines) for place in range(len(grid.titles))]
    return "\n".join(
        "  ".join([f"{name:<{name_width}}", *(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))])
        for name, cells in lines
    )


def as_html(grid: Grid) -> str:
    """A grid as a table without colours of its own, so that it suits light and dark pages."""
    head = "".join(f'<th style="{_STYLE}">{html.escape(title)}</th>' for title in grid.titles)
    rows = "".join(
        f'<tr><th style="{_STYLE};text-align:left">{html.escape(name)}</th>'
        + "".join(f'<td style="{_STYLE}">{html.escape(cell)}</td>' for cell in cells)
        + "</tr>"
        for name, cells in grid.rows
    )
    first = f'<th style="{_STYLE};text-align:left">{html.escape(grid.first)}</th>'
    return f"<table><thead><tr>{first}{head}</tr></thead><tbody>{rows}</tbody></table>"
