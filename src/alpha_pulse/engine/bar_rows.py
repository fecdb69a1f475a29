"""The rows of bars of one symbol that its targets are run over: clock, prices and features, in packed arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.feeds.bar_block import CLOSE, OPEN, BarBlock
from alpha_pulse.kernels.session import layout


class BarRows:
    """Arrays of at most ``capacity`` rows, see `alpha_pulse.kernels.session.layout`; ``features`` has all of the schema."""

    def __init__(self, n_features: int, capacity: int) -> None:
        self.clock: NDArray[np.int64] = np.zeros((capacity, layout.CLOCK_COLUMNS), dtype=np.int64)
        self.prices: NDArray[np.float64] = np.zeros((capacity, layout.PRICE_COLUMNS))
        self.features: NDArray[np.float64] = np.zeros((capacity, n_features))
        self.bars: NDArray[np.float64] = np.zeros((0, 7))
        """Prices, volume and quotes of the rows of the block."""
        self.slices: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        """The slice of each row of the block."""

    def __len__(self) -> int:
        """Rows of the block."""
        return len(self.slices)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """By their names in the table of a target."""
        return {"clock": self.clock, "prices": self.prices, "features": self.features}

    def load(self, block: BarBlock, rows: NDArray[np.int64], bars_before: int) -> None:
        """Take the bars of one symbol: the ``rows`` of the block. ``bars_before`` counts the symbol's bars before it."""
        n = len(rows)
        self.slices = block.slice_of_row[rows]
        self.bars = np.ascontiguousarray(block.prices[rows])
        clock = self.clock[:n]
        clock[:, layout.TS] = block.ts_event[rows]
        clock[:, layout.SEQ] = block.seq + self.slices
        clock[:, layout.BAR_NUMBER] = np.arange(bars_before + 1, bars_before + n + 1)
        clock[:, layout.HAS_FEATURES :] = 0
        self.prices[:n, layout.OPEN], self.prices[:n, layout.CLOSE] = self.bars[:, OPEN], self.bars[:, CLOSE]

    def row_of(self, slice_: int) -> int:
        """The first row at or after a slice."""
        return int(self.slices.searchsorted(slice_))

    def ts(self, row: int) -> int:
        """When the bar of a row ended, ns."""
        return int(self.clock[row, layout.TS])
