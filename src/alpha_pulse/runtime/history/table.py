"""Columns of numbers that grow by a row at a time, keep the newest, and are read in pages or thinned out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.runtime.messages import Page, Series, Value

BOUND = 200_000
"""Rows of a table that are always held; older ones are let go of in batches."""
SLACK = BOUND // 8
START, LARGE = 1_024, 16_384
BLOCK = 64
"""Rows that are packed at once: one at a time costs ten times as much, 512 hold the event loop for more than a millisecond."""
WHOLE = frozenset({"seq", "number", "ts_ms", "bar_open_ms"})
"""Columns that hold whole numbers."""

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class Table:
    """Rows of float64, ``seq`` first and rising; the newest `BOUND` rows at least are held.

    Parameters
    ----------
    columns
        Their names; the first is ``seq``.

    >>> table = Table(("seq", "close"))
    >>> for seq in range(3):
    ...     table.append([seq, 10.0 + seq])
    >>> table.held, table.column("close").tolist()
    (3, [10.0, 11.0, 12.0])
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self._places = {name: place for place, name in enumerate(columns)}
        self._packed: Floats = np.empty((START, len(columns)))
        self._count = 0
        self._loose: list[list[float]] = []
        self.dropped = 0
        """Rows that were let go of: the first one held is the table's ``dropped``-th."""

    @property
    def held(self) -> int:
        """How many rows there are."""
        return self._count + len(self._loose)

    def append(self, row: list[float]) -> None:
        """Add one row, which is then the table's own; packing it into an array is left to the next reader."""
        self._loose.append(row)
        if len(self._loose) == BLOCK:
            self._pack()

    def _pack(self) -> None:
        loose, self._loose = self._loose, []
        while self._count + len(loose) > len(self._packed):
            self._make_room()
        self._packed[self._count : self._count + len(loose)] = loose
        self._count += len(loose)

    def _make_room(self) -> None:
        room, most = len(self._packed), BOUND + SLACK
        if room < most:
            # Of a large array only what is written takes memory, while to copy one holds the event loop for 50 ms.
            packed = np.empty((min(2 * room, most) if room < LARGE else most, len(self.columns)))
            packed[: self._count] = self._packed[: self._count]
            self._packed = packed
        else:
            excess = self._count - BOUND
            for at in range(0, BOUND, excess):
                # In pieces that do not overlap, none of which needs memory of its own.
                size = min(excess, BOUND - at)
                self._packed[at : at + size] = self._packed[at + excess : at + excess + size]
            self._count, self.dropped = BOUND, self.dropped + excess

    def set(self, number: int, column: str, value: float) -> None:
        """Change one value of the table's ``number``-th row, counted from its very first; a row let go of is passed over."""
        at = number - self.dropped
        if at >= self._count:
            self._loose[at - self._count][self._places[column]] = value
        elif at >= 0:
            self._packed[at, self._places[column]] = value

    @property
    def rows(self) -> Floats:
        """The rows held, oldest first: a view."""
        if self._loose:
            self._pack()
        return self._packed[: self._count]

    def column(self, name: str) -> Floats:
        """One column of the rows held: a view."""
        return self.rows[:, self._places[name]]

    def find(self, column: str, value: float) -> dict[str, float] | None:
        """The row whose ``column``, which must rise, holds ``value``."""
        at = int(np.searchsorted(self.column(column), value))
        if at == self.held or self.column(column)[at] != value:
            return None
        return dict(zip(self.columns, self.rows[at].tolist(), strict=True))

    def newest_at(self, seq: int) -> int:
        """The place among the rows held of the newest row at or before ``seq``; -1 when there is none."""
        return int(np.searchsorted(self.column("seq"), seq, side="right")) - 1


class PageSlice:
    """The part of a table that a page asks for: rows ``first`` to ``last`` (excluded), and where the next page begins."""

    def __init__(self, table: Table, page: Page) -> None:
        seq = table.column("seq")
        self.first = int(np.searchsorted(seq, page.from_seq))
        self.last = table.held if page.max_points is not None else min(self.first + page.limit, table.held)
        self.next_seq = int(seq[self.last]) if self.last < table.held else None
        self.from_seq = page.from_seq
        self.to_seq = int(seq[self.last - 1]) if self.last > self.first else None
        self.oldest_seq = int(seq[0]) if table.dropped else None
        self.total = table.held
        self.max_points = page.max_points

    def thinned(self) -> Places:
        """The places to show of a line: all, or the first, the last, and evenly between them."""
        count = self.last - self.first
        if self.max_points is None or count <= self.max_points:
            return np.arange(self.first, self.last)
        return self.first + thinned(count, self.max_points)

    def buckets(self) -> Places | None:
        """Where each bucket of rows begins, for what is summed up rather than left out; None when all rows are shown."""
        count = self.last - self.first
        if self.max_points is None or count <= self.max_points:
            return None
        return np.arange(self.max_points) * count // self.max_points

    def series(self, symbol: str | None, columns: dict[str, Floats], **more: str | int) -> Series:
        """The answer."""
        return Series(
            symbol=symbol,
            from_seq=self.from_seq,
            to_seq=self.to_seq,
            next_seq=self.next_seq,
            total=self.total,
            columns={name: values_of(name, column) for name, column in columns.items()},
            oldest_seq=self.oldest_seq,
            **more,  # type: ignore[arg-type]
        )


def thinned(count: int, points: int) -> Places:
    """``points`` places out of ``count``: the first, then the last of each of ``points - 1`` buckets.

    >>> thinned(10, 4).tolist()
    [0, 3, 6, 9]
    """
    return np.arange(points) * (count - 1) // (points - 1)


def values_of(name: str, column: Floats) -> list[Value]:
    """A column as JSON values: NaN becomes None."""
    if name in WHOLE:
        whole: list[Value] = column.astype(np.int64).tolist()
        return whole
    values: list[Value] = [None if value != value else value for value in column.tolist()]
    return values
