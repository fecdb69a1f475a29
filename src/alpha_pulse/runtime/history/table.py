"""Append-only tables of numbers that store the newest rows, read in pages or downsampled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.gateway.messages import Page, Series, Value

BOUND = 200_000
"""The minimum number of stored rows; older rows are dropped in batches."""
SLACK = BOUND // 8
START, LARGE = 1_024, 16_384
BLOCK = 64
"""Rows packed at once: one at a time costs ten times as much, 512 block the event loop for more than a millisecond."""
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
    >>> for seq in range(3):
    ...     table.append([seq, 10.0 + seq])
    >>> table.held, table.column("close").tolist()
    (3, [10.0, 11.0, 12.0])
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self._places = {name: index for index, name in enumerate(columns)}
        self._packed: Floats = np.empty((START, len(columns)))
        self._count = 0
        self._loose: list[list[float]] = []
        self.dropped = 0
        """The number of dropped rows, which is the number of the first stored row."""

    @property
    def held(self) -> int:
        """The number of rows."""
        return self._count + len(self._loose)

    def append(self, row: list[float]) -> None:
        """Add one row, which the caller must not change later. It is packed into an array by the next reader."""
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
            # A large array takes memory only where it is written; copying one would block the event loop for 50 ms.
            packed = np.empty((min(2 * room, most) if room < LARGE else most, len(self.columns)))
            packed[: self._count] = self._packed[: self._count]
            self._packed = packed
        else:
            excess = self._count - BOUND
            for start in range(0, BOUND, excess):
                # In pieces that do not overlap, so that numpy makes no copy.
                size = min(excess, BOUND - start)
                self._packed[start : start + size] = self._packed[start + excess : start + excess + size]
            self._count, self.dropped = BOUND, self.dropped + excess

    def set(self, number: int, column: str, value: float) -> None:
        """Set one value of row ``number``, counted from the first row ever added; a dropped row is ignored."""
        index = number - self.dropped
        if index >= self._count:
            self._loose[index - self._count][self._places[column]] = value
        elif index >= 0:
            self._packed[index, self._places[column]] = value

    @property
    def rows(self) -> Floats:
        """The rows, oldest first: a view."""
        if self._loose:
            self._pack()
        return self._packed[: self._count]

    def column(self, name: str) -> Floats:
        """One column: a view."""
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
