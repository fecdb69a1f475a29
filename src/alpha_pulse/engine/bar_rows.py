"""The bars of one symbol in a block, and what they give: the arrays that the targets of a symbol share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.engine.row_kernels import take_rows
from alpha_pulse.feeds.bar_block import PRICES, BarBlock
from alpha_pulse.feeds.notes import show_time
from alpha_pulse.kernels.session import layout

MARKET = 4


class BarRows:
    """Arrays of at most ``capacity`` rows; what is read from them is cut to the rows of the newest block.

    Attributes
    ----------
    clock, prices, given, features
        See `alpha_pulse.kernels.session.layout`; ``features`` has all of the schema.
    bars
        Prices, volume and quotes, see `alpha_pulse.feeds.bar_block`.
    market
        High, low, close and the mean log return of the other symbols, as the regime detector takes them.
    ts
        Ends of the bars, ns.
    slices
        The slice of each row.
    """

    def __init__(self, n_features: int, capacity: int) -> None:
        self.arrays: dict[str, NDArray[Any]] = {
            "clock": np.zeros((capacity, layout.CLOCK_COLUMNS), dtype=np.int64),
            "prices": np.zeros((capacity, layout.PRICE_COLUMNS)),
            "given": np.full((capacity, layout.GIVEN_COLUMNS), np.nan),
            "features": np.zeros((capacity, n_features)),
        }
        """Of ``capacity`` rows, by their names in the table of a target."""
        self._bars, self._market = np.zeros((capacity, PRICES)), np.zeros((capacity, MARKET))
        self._times, self._slices = np.zeros((2, capacity), dtype=np.int64)
        self._cut(0)

    def _cut(self, n: int) -> None:
        self._count = n
        self.clock: NDArray[np.int64] = self.arrays["clock"][:n]
        self.prices: NDArray[np.float64] = self.arrays["prices"][:n]
        self.given: NDArray[np.float64] = self.arrays["given"][:n]
        self.features: NDArray[np.float64] = self.arrays["features"][:n]
        self.bars: NDArray[np.float64] = self._bars[:n]
        self.market: NDArray[np.float64] = self._market[:n]
        self.ts: NDArray[np.int64] = self._times[:n]
        self.slices: NDArray[np.int64] = self._slices[:n]

    def __len__(self) -> int:
        """Rows of the block."""
        return self._count

    def load(
        self, block: BarBlock, symbol: int, others: NDArray[np.float64], fires: NDArray[np.bool_], bars_before: int
    ) -> None:
        """Take the bars of a symbol; see `alpha_pulse.engine.row_kernels.take_rows`. ValueError for more than ``capacity``."""
        rows = block.rows_of[symbol]
        if len(rows) > len(self._times):  # kernels check no bounds
            raise ValueError(
                f"a block has {len(rows)} bars of {block.symbols[symbol]}, more than the {len(self._times)} of a run"
            )
        if len(rows) != self._count:
            self._cut(len(rows))
        take_rows(
            block.ts_event, block.prices, block.slice_of_row, block.seq, others, fires, rows, bars_before,
            self.clock, self.prices, self.bars, self.market, self.ts, self.slices,
        )  # fmt: skip

    def place(self, row: int, symbol: str) -> str:
        """The bar of a row, in words."""
        return f"bar {self.clock[row, layout.BAR_NUMBER]:,} of {symbol}, which ends at {show_time(int(self.ts[row]))}"

    def row_of(self, slice_: int) -> int:
        """The first row at or after a slice."""
        return int(self.slices.searchsorted(slice_))
