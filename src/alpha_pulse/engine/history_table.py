"""Columns of numbers that grow by a row at a time, keep the newest, and are read in pages or thinned out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.engine.gateway_run import Page, Series, Value

BOUND = 200_000
"""Rows of a table that are always held; older ones are let go of in batches."""
SLACK = BOUND // 8
START = 1_024
WHOLE = frozenset({"seq", "ts_ms"})
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
        self._rows: Floats = np.empty((START, len(columns)))
        self.held = 0
        self.dropped = 0
        """Rows that were let go of: the first one held is the table's ``dropped``-th."""

    def append(self, row: Sequence[float]) -> None:
        """Add one row."""
        if self.held == len(self._rows):
            self._make_room()
        self._rows[self.held] = row
        self.held += 1

    def _make_room(self) -> None:
        if self.held < BOUND + SLACK:
            rows = np.empty((min(2 * self.held, BOUND + SLACK), len(self.columns)))
            rows[: self.held] = self._rows
            self._rows = rows
        else:
            excess = self.held - BOUND
            self._rows[:BOUND] = self._rows[excess:].copy()
            self.held, self.dropped = BOUND, self.dropped + excess

    def set(self, number: int, column: str, value: float) -> None:
        """Change one value of the table's ``number``-th row, counted from its very first; a row let go of is passed over."""
        if number >= self.dropped:
            self._rows[number - self.dropped, self._places[column]] = value

    @property
    def rows(self) -> Floats:
        """The rows held, oldest first: a view."""
        return self._rows[: self.held]

    def column(self, name: str) -> Floats:
        """One column of the rows held: a view."""
        return self._rows[: self.held, self._places[name]]

    def find(self, column: str, value: float) -> dict[str, float] | None:
        """The row whose ``column``, which must rise, holds ``value``."""
        at = int(np.searchsorted(self.column(column), value))
        if at == self.held or self.column(column)[at] != value:
            return None
        return dict(zip(self.columns, self._rows[at].tolist(), strict=True))

    def newest_at(self, seq: int) -> int:
        """The place among the rows held of the newest row at or before ``seq``; -1 when there is none."""
        return int(np.searchsorted(self.column("seq"), seq, side="right")) - 1


class Cut:
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
