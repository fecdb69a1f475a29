"""What would make a bar known too early is refused: bars of another length among the others, and ends that are too early."""

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
from alpha_pulse.feeds.runs import runs

_LONG_RUN, _WHOLE_SYMBOL = 20, 3
"""Steps in a row, and steps of a whole symbol in one table, that show the length of their bars."""


def check_longer_bars(tables: Sequence[TableRows], interval_ns: int, tz: str | None, *, stated: bool) -> list[Note]:
    """Refuse tables in which bars are longer than ``interval_ns``, all of a symbol's or a long stretch of them.

    Such bars would be known long before they are over. Where the length was ``stated``, a note tells of them instead.

    Raises
    ------
    DataError
        Naming the first row of the longer bars.
    """
    first = next(_longer_runs(tables, interval_ns, tz), None)
    if first is None:
        return []
    rows, at, name, step = first
    usual, longer = show_interval(interval_ns), show_interval(step)
    place = f"{rows.table.where}, row {rows.row_numbers[at]}"
    found = f"from {show_time(int(rows.times.ns[at]))} on, bars of {name} are {longer} apart"
    if stated:
        text = f"{place}: {found}, but they are stated to last {usual}; if they last as long as that, read them apart"
        return [Note(kind="short_interval", text=text, places=(place,))]
    raise DataError(
        f"{place}: {found}, but other bars last {usual}; bars of one length are expected; read the others apart, or give the "
        f"length of all with --interval {usual}"
    )


def _longer_runs(tables: Sequence[TableRows], interval_ns: int, tz: str | None) -> Iterator[tuple[TableRows, int, str, int]]:
    """For each stretch of longer bars its table, the place of its first row, its symbol, and the length of its bars."""
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
    """Refuse a bar that a table says is over before it can be; one that was imported, as its metadata show, is believed.

    Raises
    ------
    DataError
        Naming the first such row.
    """
    if bars.ts_end is None:
        return
    least = end_times(bars.ts_start, bars.code, bars.interval_ns)
    imported = np.array(["interval_ns" in rows.table.metadata for rows in joined.tables])
    early = (bars.ts_end < least - leeway_ns(bars.interval_ns)) & ~imported[joined.table_index]
    if early.any():
        at = int(np.argmax(early))
        where, names = joined.origin(at)
        raise DataError(
            f"{where}: column '{names['ts_end']}' is {show_time(int(bars.ts_end[at]))}, but the bar lasts until "
            f"{show_time(int(least[at]))}, as it starts at {show_time(int(bars.ts_start[at]))} and bars last "
            f"{show_interval(bars.interval_ns)}; correct the row, or leave the column out"
        )
