"""A block of consecutive slices as arrays; single bars are built when somebody looks at one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import Bar

Slice = tuple[Bar, ...]
"""All bars that share one ``ts_event``, ordered by symbol; never empty."""
OPEN, HIGH, LOW, CLOSE, VOLUME, BID, ASK = range(7)
PRICES = 7


class BarBlock:
    """Slices in order of time; rows are their bars, slice by slice.

    Parameters
    ----------
    symbols
        Of the feed, sorted.
    seq
        The number of the first slice.
    starts
        (slices + 1,): the first row of each slice, and the number of rows.
    code, ts_event, interval_ns
        Of each row (int64): place in ``symbols``, end of the bar and its length in ns.
    prices
        Of each row (float64, `PRICES` columns); NaN where the feed has no such column.

    >>> block = BarBlock.of([(Bar("X", 60, 60, 1.0, 2.0, 0.5, 1.5, seq=7),)], ("X",))
    >>> len(block), block.seq, block.slice(0)[0].close
    (1, 7, 1.5)
    """

    def __init__(
        self,
        symbols: tuple[str, ...],
        seq: int,
        starts: NDArray[np.int64],
        code: NDArray[np.int64],
        ts_event: NDArray[np.int64],
        interval_ns: NDArray[np.int64],
        prices: NDArray[np.float64],
    ) -> None:
        self.symbols = symbols
        self.seq = seq
        self.starts = starts
        self.code = code
        self.ts_event = ts_event
        self.interval_ns = interval_ns
        self.prices = prices
        self._slices: dict[int, Slice] = {}

    @classmethod
    def of(cls, slices: Sequence[Slice], symbols: tuple[str, ...]) -> BarBlock:
        """A block of slices that exist already."""
        bars = [bar for each in slices for bar in each]
        code = {symbol: place for place, symbol in enumerate(symbols)}
        integers = np.array([(code[bar.symbol], bar.ts_event, bar.interval_ns) for bar in bars], dtype=np.int64).reshape(-1, 3)
        prices = np.array(
            [
                (bar.open, bar.high, bar.low, bar.close, *(_number(value) for value in (bar.volume, bar.bid, bar.ask)))
                for bar in bars
            ]
        ).reshape(-1, PRICES)
        starts = np.cumsum([0, *(len(each) for each in slices)])
        columns = np.ascontiguousarray(integers.T)
        block = cls(symbols, slices[0][0].seq if slices else 0, starts, columns[0], columns[1], columns[2], prices)
        block._slices = dict(enumerate(slices))
        return block

    @classmethod
    def joined(cls, blocks: Sequence[BarBlock]) -> BarBlock:
        """Blocks that follow each other, at least one, as one block.

        >>> bars = [Bar("X", end, 60, 1.0, 2.0, 0.5, 1.5, seq=end // 60) for end in (60, 120)]
        >>> joined = BarBlock.joined([BarBlock.of([(bar,)], ("X",)) for bar in bars])
        >>> joined.seq, joined.times.tolist()
        (1, [60, 120])
        """
        rows = np.cumsum([0, *(len(block.code) for block in blocks)])
        starts = [block.starts[:-1] + before for block, before in zip(blocks, rows, strict=False)]
        columns = (
            np.concatenate([getattr(block, name) for block in blocks]) for name in ("code", "ts_event", "interval_ns", "prices")
        )
        return cls(blocks[0].symbols, blocks[0].seq, np.concatenate([*starts, rows[-1:]]), *columns)

    def __len__(self) -> int:
        """How many slices."""
        return len(self.starts) - 1

    def part(self, first: int, last: int) -> BarBlock:
        """The slices ``first`` up to ``last``; it shares the arrays."""
        if first == 0 and last == len(self):
            return self
        low, high = self.starts[first], self.starts[last]
        return BarBlock(
            self.symbols, self.seq + first, self.starts[first : last + 1] - low, self.code[low:high], self.ts_event[low:high],
            self.interval_ns[low:high], self.prices[low:high],
        )  # fmt: skip

    @cached_property
    def times(self) -> NDArray[np.int64]:
        """``ts_event`` of each slice."""
        return self.ts_event[self.starts[:-1]]

    @cached_property
    def slice_of_row(self) -> NDArray[np.int64]:
        """The slice that each row is part of."""
        if len(self) == 1:
            return np.zeros(len(self.code), dtype=np.int64)
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    @cached_property
    def rows_of(self) -> list[NDArray[np.int64]]:
        """The rows of each symbol, in order."""
        if len(self.symbols) == 1:
            return [np.arange(len(self.code))]
        order = np.argsort(self.code, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.code, minlength=len(self.symbols)))[:-1])

    def bar(self, row: int) -> Bar:
        """The bar of one row. Raises NonFiniteError for one that holds no finite number."""
        index = int(self.slice_of_row[row])
        if index in self._slices:
            return self._slices[index][row - int(self.starts[index])]
        return self._bar(row, self.seq + index)

    def slice(self, index: int) -> Slice:
        """The bars of one slice, ordered by symbol. Raises NonFiniteError for one that holds no finite number."""
        if index not in self._slices:
            first, last = self.starts[index : index + 2].tolist()
            self._slices[index] = tuple(self._bar(row, self.seq + index) for row in range(first, last))
        return self._slices[index]

    def _bar(self, row: int, seq: int) -> Bar:
        opened, high, low, close, *others = self.prices[row].tolist()
        volume, bid, ask = (None if math.isnan(value) else value for value in others)
        times = int(self.ts_event[row]), int(self.interval_ns[row])
        return Bar(self.symbols[self.code[row]], *times, opened, high, low, close, volume, bid, ask, seq)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
