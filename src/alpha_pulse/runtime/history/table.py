"""Append-only tables of numbers that store the newest rows, read in pages or downsampled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alpha_pulse.gateway.messages import Page, Series, Value

BOUND = 200_000
"""The minimum number of stored rows; older rows are dropped in batches."""
SLACK = BOUND // 8
START, LARGE = 1_024, 4_096
WHOLE = frozenset({"seq", "number", "ts_ms", "bar_open_ms"})
"""Columns of whole numbers."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


class HistoryTable:
    """Rows of float64 with a rising ``seq`` first; at least the newest `BOUND` rows are stored.

    Parameters
    ----------
    columns
        Their names; the first is ``seq``.

    >>> table = HistoryTable(("seq", "close"))
    >>> table.extend([[0, 10.0], [1, 11.0], [2, 12.0]])
    >>> table.held, table.column("close").tolist()
    (3, [10.0, 11.0, 12.0])
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self._places = {name: index for index, name in enumerate(columns)}
        self._rows: Floats = np.empty((START, len(columns)))
        self.held = 0
        """The number of rows."""
        self.dropped = 0
        """The number of dropped rows, which is the number of the first stored row."""

    def extend(self, rows: ArrayLike) -> None:
        """Add rows, (n, columns). Which older rows are dropped depends on how many were added, not on how many at once."""
        added, start = np.asarray(rows), 0
        while start < len(added):
            if self.held == len(self._rows):
                self._make_room()
            end = min(len(added), start + len(self._rows) - self.held)
            self._rows[self.held : self.held + end - start] = added[start:end]
            self.held += end - start
            start = end

    def _make_room(self) -> None:
        room, most = len(self._rows), BOUND + SLACK
        if room < most:
            # A large array takes memory only where it is written; copying one would block the event loop for 50 ms.
            larger = np.empty((min(2 * room, most) if room < LARGE else most, len(self.columns)))
            larger[: self.held] = self._rows[: self.held]
            self._rows = larger
        else:
            excess = self.held - BOUND
            for start in range(0, BOUND, excess):
                # In pieces that do not overlap, so that numpy makes no copy.
                size = min(excess, BOUND - start)
                self._rows[start : start + size] = self._rows[start + excess : start + excess + size]
            self.held, self.dropped = BOUND, self.dropped + excess

    @property
    def rows(self) -> Floats:
        """The rows, oldest first: a view."""
        return self._rows[: self.held]

    def column(self, name: str) -> Floats:
        """One column: a view, through which values can be set."""
        return self.rows[:, self._places[name]]

    def find(self, column: str, value: float) -> dict[str, float] | None:
        """The row with ``value`` in ``column``, which must be increasing; None without one."""
        index = int(np.searchsorted(self.column(column), value))
        if index == self.held or self.column(column)[index] != value:
            return None
        return dict(zip(self.columns, self.rows[index].tolist(), strict=True))

    def newest_at(self, seq: int) -> int:
        """The index of the newest row at or before ``seq``; -1 without one."""
        return int(np.searchsorted(self.column("seq"), seq, side="right")) - 1


class PageSlice:
    """The part of a table for a page: rows ``first`` to ``last`` (excluded), and the start of the next page."""

    def __init__(self, table: HistoryTable, page: Page) -> None:
        seq = table.column("seq")
        self.first = int(np.searchsorted(seq, page.from_seq))
        self.last = table.held if page.max_points is not None else min(self.first + page.limit, table.held)
        self.next_seq = int(seq[self.last]) if self.last < table.held else None
        self.from_seq = page.from_seq
        self.to_seq = int(seq[self.last - 1]) if self.last > self.first else None
        self.oldest_seq = int(seq[0]) if table.dropped else None
        self.total = table.held
        self.max_points = page.max_points

    def downsample(self) -> Indices:
        """The indices of the rows for a line: all, or ``max_points`` evenly spaced ones with the first and the last."""
        count = self.last - self.first
        if self.max_points is None or count <= self.max_points:
            return np.arange(self.first, self.last)
        return self.first + downsample(count, self.max_points)

    def buckets(self) -> Indices | None:
        """The start of each bucket of rows, for columns that are aggregated; None when all rows are returned."""
        count = self.last - self.first
        if self.max_points is None or count <= self.max_points:
            return None
        return np.arange(self.max_points) * count // self.max_points

    def series(self, symbol: str | None, columns: dict[str, Floats], **more: str | int) -> Series:
        """The series with its page bounds."""
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


def downsample(count: int, points: int) -> Indices:
    """``points`` indices out of ``count``: the first, then the last of each of ``points - 1`` buckets.

    >>> downsample(10, 4).tolist()
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
