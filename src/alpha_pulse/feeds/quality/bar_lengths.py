"""Refuses data that would make a bar known too early: longer bars among the others, and ends that are too early."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from alpha_pulse.core.bar_times import leeway_ns
from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.bar_times import end_times
from alpha_pulse.feeds.cells.joins import Joined
from alpha_pulse.feeds.cells.rows import TableRows
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.interval import interval_of_steps, is_sparse, show_interval
from alpha_pulse.feeds.notes import Note, show_time
from alpha_pulse.feeds.option_names import option
from alpha_pulse.feeds.runs import runs

_LONG_RUN, _WHOLE_SYMBOL = 20, 3
"""The number of consecutive steps, and of steps of a whole symbol in one table, that show the length of bars."""


def check_longer_bars(tables: Sequence[TableRows], interval_ns: int, tz: str | None, *, stated: bool) -> list[Note]:
    """Refuse tables in which all bars of a symbol, or a long run of them, are longer than ``interval_ns``.

    Such bars would be known long before they end. Where the length was ``stated``, a note reports them instead.

    Raises
    ------
    DataError
        Bars are longer; the error names the first row of them.
    """
    first = next(_longer_runs(tables, interval_ns, tz), None)
    if first is None:
        return []
    rows, index, name, step = first
    usual, longer = show_interval(interval_ns), show_interval(step)
    place = f"{rows.table.where}, row {rows.row_numbers[index]}"
    facts = f"from {show_time(int(rows.times.ns[index]))} on, bars of {name} are {longer} apart"
    if stated:
        text = f"{place}: {facts}, but the option interval states {usual}; if these bars are longer, read them separately"
        return [Note(kind="short_interval", text=text, places=(place,))]
    raise DataError(
        f"{place}: {facts}, but other bars last {usual}; bars of one length are expected; read them separately, or state "
        f"the length of all bars with {option('interval', usual)}"
    )


def _longer_runs(tables: Sequence[TableRows], interval_ns: int, tz: str | None) -> Iterator[tuple[TableRows, int, str, int]]:
    """For each run of longer bars its table, the index of its first row, its symbol, and the length of its bars."""
    for rows in tables:
        order = np.argsort(rows.code, kind="stable")
        bounds = np.cumsum(np.bincount(rows.code, minlength=len(rows.names)))[:-1]
        for name, row_numbers in zip(rows.names, np.split(order, bounds), strict=True):
            starts = rows.times.ns[row_numbers]
            steps = np.diff(starts)
            for first, count in zip(*runs(2 * steps >= 3 * interval_ns), strict=True):
                part = starts[first : first + count + 1]
                if count < min(_LONG_RUN, max(_WHOLE_SYMBOL, steps.size)) or is_sparse(part, interval_ns):
                    continue
                step = interval_of_steps(part, tz)
                if step is not None and step != interval_ns:
                    yield rows, int(row_numbers[first]), name, step


def check_ends(bars: BarColumns, joined: Joined) -> None:
    """Refuse a stated end before the bar can end; ends in imported files (recognised by metadata) are accepted.

    Raises
    ------
    DataError
        An end is too early; the error names the first such row.
    """
    if bars.ts_end is None:
        return
    least = end_times(bars.ts_start, bars.code, bars.interval_ns)
    imported = np.array(["interval_ns" in rows.table.metadata for rows in joined.tables])
    early = (bars.ts_end < least - leeway_ns(bars.interval_ns)) & ~imported[joined.table_index]
    if early.any():
        index = int(np.argmax(early))
        where, names = joined.origin(index)
        raise DataError(
            f"{where}: column '{names['ts_end']}' is {show_time(int(bars.ts_end[index]))}, but the bar lasts until "
            f"{show_time(int(least[index]))}, as it starts at {show_time(int(bars.ts_start[index]))} and bars last "
            f"{show_interval(bars.interval_ns)}; correct the row, or remove the column"
        )
