"""The features of a symbol's first bars: kept once, for all batch members that will be trained on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.stateful import State
from alpha_pulse.models.base import Row


class FeatureHistory:
    """Rows of features, one for each bar from a symbol's first on.

    >>> history = FeatureHistory()
    >>> history.add(np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> history.rows(np.array([2, 1]), 1).tolist()
    [[3.0], [1.0]]
    """

    def __init__(self) -> None:
        self._blocks: list[Row] = []

    def add(self, block: Row) -> None:
        """Add the rows of the next bars, (n, features). The array is kept, not copied."""
        self._blocks.append(block)

    def rows(self, bars: NDArray[np.int64], width: int) -> Row:
        """The first ``width`` features of bars, which are counted from 1: (n, width)."""
        return np.ascontiguousarray(self._whole()[bars - 1, :width]) if len(bars) else np.zeros((0, width))

    def _whole(self) -> Row:
        if len(self._blocks) > 1:
            self._blocks = [np.concatenate(self._blocks)]
        return self._blocks[0]

    def clear(self) -> None:
        """Forget all rows: everybody is trained."""
        self._blocks.clear()

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(arrays={"features": self._whole()} if self._blocks else {})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._blocks = list(state.arrays.values())
