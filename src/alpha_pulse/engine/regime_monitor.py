"""Passes each bar of a run to its symbol's regime detector, with the mean return of the other symbols in the same slice."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.stateful import State, Stateful, take
from alpha_pulse.core.types import Bar, RegimeChange
from alpha_pulse.detectors.regime import RegimeDetector, block_of
from alpha_pulse.feeds.bar_block import CLOSE, BarBlock
from alpha_pulse.kernels.regimes.other_returns import mean_other_returns


class RegimeMonitor:
    """The regime detectors of a run, one per symbol.

    Parameters
    ----------
    symbols
        Of the run; with more than one, correlation is with the mean return of the others.
    interval_ns
        The length of a bar: a detector's block is a day of them.

    Attributes
    ----------
    detectors
        By symbol.
    arrays
        The states of the detectors, by name; the first axis is that of the symbols.
    """

    def __init__(self, symbols: Sequence[str], interval_ns: int) -> None:
        block, self._together = block_of(interval_ns), len(symbols) > 1
        self.detectors = {symbol: RegimeDetector(symbol, block, together=self._together) for symbol in symbols}
        first = self.detectors[symbols[0]].arrays
        self.arrays = {name: np.zeros((len(symbols), *array.shape), array.dtype) for name, array in first.items()}
        for index, detector in enumerate(self.detectors.values()):
            detector.place_in({name: array[index] for name, array in self.arrays.items()})
        self._index = {symbol: index for index, symbol in enumerate(symbols)}
        self._last_closes = np.zeros(len(symbols))
        self._partials = np.zeros(len(symbols))
        self._closes, self._others = np.zeros((2, 1, len(symbols)))

    def observe(self, bars: Sequence[Bar]) -> list[RegimeChange]:
        """Process the bars of one slice; returns the changes of regime that they show."""
        changes: list[RegimeChange] = []
        others = self._others_of(bars) if self._together else None
        for bar in bars:
            high, low, close = bar.high, bar.low, bar.close
            if not low <= close <= high:  # the feed has warned about it; it is no reason to stop
                high, low = max(high, close), min(low, close)
            other = math.nan if others is None else others[self._index[bar.symbol]]
            changes += self.detectors[bar.symbol].update(bar.ts_event, high, low, close, other)
        return changes

    def _others_of(self, bars: Sequence[Bar]) -> list[float]:
        self._closes.fill(math.nan)
        for bar in bars:
            self._closes[0, self._index[bar.symbol]] = bar.close
        mean_other_returns(self._last_closes, self._closes, self._partials, self._others)
        others: list[float] = self._others[0].tolist()
        return others

    def others_of_rows(self, block: BarBlock) -> NDArray[np.float64]:
        """For each row of a block the mean log return of the other symbols in its slice; NaN without any."""
        if not self._together:
            return np.full(len(block.code), math.nan)
        closes = np.full((len(block), len(self.detectors)), math.nan)
        closes[block.slice_of_row, block.code] = block.prices[:, CLOSE]
        return self.others(closes)[block.slice_of_row, block.code]

    def others(self, closes: NDArray[np.float64]) -> NDArray[np.float64]:
        """For each slice and symbol the mean log return of the other symbols, (n, s); the closes are remembered.

        Parameters
        ----------
        closes
            Of each slice, (n, s), in the order of the run's symbols; NaN where a slice has no bar of a symbol.

        Returns
        -------
        ndarray
            NaN for a symbol without a return, and for all where fewer than two have one.
        """
        others = np.empty_like(closes)
        mean_other_returns(self._last_closes, closes, self._partials, others)
        return others

    def observe_block(
        self, symbol: str, ts: NDArray[np.int64], prices: NDArray[np.float64], others: NDArray[np.float64]
    ) -> list[tuple[int, RegimeChange]]:
        """Process bars of one symbol; returns the changes, each with the row of its bar. Bit-equal to calls of `observe`.

        Parameters
        ----------
        ts
            Times at which the bars are known, ns, (n,).
        prices
            High, low and close of each bar, (n, 3).
        others
            The column of the symbol in the result of `others`, without the slices that have no bar of it, (n,).
        """
        high, low, close = prices.T
        bars = np.column_stack([np.maximum(high, close), np.minimum(low, close), close, others])
        return self.detectors[symbol].update_many(ts, bars)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(arrays={"closes": self._last_closes.copy()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        take(self._last_closes, state, "closes")

    def components(self) -> dict[str, Stateful]:
        """Components with state, by name."""
        return {"regimes": self, **{f"regimes/{symbol}": detector for symbol, detector in self.detectors.items()}}
