"""The rows of one symbol in a block of the journal."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.journal.block import JournalBlock
from alpha_pulse.runtime.history.events import MS
from alpha_pulse.runtime.history.table import Indices


class SymbolRows:
    """The bars of one symbol in a block, in order of time; all arrays have one element per bar.

    ``seq`` are their steps, ``ts`` and ``ts_ms`` the ends of the bars (ns and ms), ``numbers`` those of their slices in the
    feed.

    Parameters
    ----------
    block
        Of slices.
    first, last
        The rows of the symbol, without ``last``.
    """

    def __init__(self, block: JournalBlock, first: int, last: int) -> None:
        self.block = block
        self._rows = slice(first, last)
        slices: Indices = self.column("codes", "slice")
        self.seq: Indices = slices + block.first_seq
        self.ts: Indices = block.column("slices", "ts_event_ns")[slices]
        self.ts_ms: Indices = self.ts // MS
        self.numbers: Indices = block.column("slices", "number")[slices]

    def __len__(self) -> int:
        return self._rows.stop - self._rows.start

    @cached_property
    def rows(self) -> Indices:
        """The rows of the block's tables."""
        return np.arange(self._rows.start, self._rows.stop)

    def places(self, rows: Indices) -> Indices:
        """The number of each row of the block's tables among these bars; others are negative, or not below their number."""
        return rows - self._rows.start

    def column(self, table: str, name: str) -> NDArray[Any]:
        """One column of a table."""
        column: NDArray[Any] = self.block.column(table, name)[self._rows]
        return column

    def of_target(self, target: str, table: str, name: str) -> NDArray[Any]:
        """One column of a target."""
        return self.column(table, f"{target}.{name}")
