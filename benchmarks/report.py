"""The tables of benchmarks: shown as aligned Markdown, and written between the markers of a page of the docs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from benchmarks.measure import Speed

Cell = str | float | int | None


class Column(msgspec.Struct, frozen=True):
    """A heading, and the format of the numbers below it."""

    name: str
    form: str = "{:,.0f}"


class Table(msgspec.Struct, frozen=True):
    """One result. Cells are raw numbers; ``notes`` are sentences below the table."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def rate_table(
    title: str,
    speeds: Mapping[str, Speed],
    *,
    unit: str = "events",
    baseline: str | None = None,
    reach: Mapping[str, float] | None = None,
    extra: Mapping[str, Mapping[str, float | None]] | None = None,
    extra_form: str = "{:.4f}",
    notes: Sequence[str] = (),
) -> Table:
    """A row per contender: its speed, and the ratio of its median to that of ``baseline``.

    Parameters
    ----------
    reach
        The target ratio of each named contender.
    extra
        Further columns: heading, then value by contender.
    """
    reach, extra = reach or {}, extra or {}
    columns = [
        Column("what"),
        Column(f"{unit}/s"),
        Column("µs each", "{:,.3f}"),
        Column("spread", "{:.0%}"),
        Column("CPU", "{:.0%}"),
    ]
    if baseline is not None:
        columns.append(Column(f"x {baseline}", "{:,.1f}"))
    if reach:
        columns += [Column("to reach", "{:g}"), Column("reached")]
    columns += [Column(name, extra_form) for name in extra]
    rows = []
    for name, speed in speeds.items():
        cells: list[Cell] = [name, speed.per_second, speed.micros, speed.spread, speed.cpu_share]
        ratio = speeds[baseline].median / speed.median if baseline is not None else None
        if ratio is not None:
            cells.append(ratio)
        if reach:
            cells += [reach.get(name), verdict(ratio, reach.get(name))]
        cells += [values.get(name) for values in extra.values()]
        rows.append(tuple(cells))
    return Table(title, tuple(columns), tuple(rows), tuple(notes))


def verdict(value: float | None, wanted: float | None) -> str:
    """Whether a target was reached, in a word; empty without a target."""
    if value is None or wanted is None:
        return ""
    return "yes" if value >= wanted else "no"


def text(table: Table) -> str:
    """The table in Markdown, aligned for a terminal."""
    lines = [tuple(column.name for column in table.columns)]
    lines += [tuple(_shown(cell, column.form) for cell, column in zip(row, table.columns, strict=True)) for row in table.rows]
    numeric = [any(isinstance(row[i], (int, float)) for row in table.rows) for i in range(len(table.columns))]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(len(table.columns))]
    rule = "|".join("-" * (width + 1) + (":" if right else "-") for width, right in zip(widths, numeric, strict=True))
    body = [
        "| " + " | ".join(f"{c:>{w}}" if n else f"{c:<{w}}" for c, w, n in zip(line, widths, numeric, strict=True)) + " |"
        for line in lines
    ]
    return "\n".join([f"**{table.title}**", "", body[0], f"|{rule}|", *body[1:], *(f"\n{note}" for note in table.notes)])


def _shown(cell: Cell, form: str) -> str:
    if cell is None or isinstance(cell, str):
        return cell or ""
    return form.format(cell)


def fill(page: str, name: str, content: str) -> str:
    """Write ``content`` between the markers of ``name`` in a page.

    Raises
    ------
    ValueError
        The page does not contain the pair of markers exactly once.
    """
    begin, end = f"<!-- benchmark: {name} -->", f"<!-- end: {name} -->"
    filled, places = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: f"{begin}\n{content}\n{end}", page, flags=re.DOTALL
    )
    if places != 1:
        raise ValueError(f"the page has {places} places for {name!r}; expected one, from {begin!r} to {end!r}")
    return filled
