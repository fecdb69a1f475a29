"""The rows of bars that a symbol's targets are run over: clock, prices and features, in packed arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import Bar, FeatureVector
from alpha_pulse.kernels.session import layout


class BarRows:
    """Arrays of ``rows`` rows, see `alpha_pulse.kernels.session.layout`; ``features`` has all columns of the schema."""

    def __init__(self, n_features: int, rows: int = 1) -> None:
        self.clock: NDArray[np.int64] = np.zeros((rows, layout.CLOCK_COLUMNS), dtype=np.int64)
        self.prices: NDArray[np.float64] = np.zeros((rows, layout.PRICE_COLUMNS))
        self.features: NDArray[np.float64] = np.zeros((rows, n_features))

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """By their names in the table of a target."""
        return {"clock": self.clock, "prices": self.prices, "features": self.features}

    def put_bar(self, row: int, bar: Bar, number: int, realised: float) -> None:
        """The part of a row that its labels need. ``number`` counts the symbol's bars, ``realised`` is its volatility."""
        self.clock[row] = bar.ts_event, bar.seq, number, 0
        prices = self.prices
        prices[row, layout.OPEN], prices[row, layout.CLOSE], prices[row, layout.REALISED] = bar.open, bar.close, realised

    def put_features(self, row: int, vector: FeatureVector, trailing_median: float) -> None:
        """The part of a row that is served."""
        self.features[row] = vector.values
        self.prices[row, layout.MEDIAN] = trailing_median
        self.clock[row, layout.HAS_FEATURES] = 1
