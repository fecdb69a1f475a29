"""The open of the bar that ended at an instant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.journal.block import JournalBlock

Ints = NDArray[np.int64]
NO_TIME = np.iinfo(np.int64).min
"""Stands for null, as in numpy's and polars' times."""


class _Bars:
    """The bars of one symbol: when each ended, and its open, ns."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Ints]] = []

    def add(self, ends: Ints, opens: Ints) -> None:
        self._parts.append((ends, opens))

    @property
    def arrays(self) -> tuple[Ints, Ints]:
        if len(self._parts) > 1:
            self._parts = [
                (np.concatenate([part[0] for part in self._parts]), np.concatenate([part[1] for part in self._parts]))
            ]
        return self._parts[0]


class Opens:
    """Collects the bars of a run, 16 bytes for each."""

    def __init__(self) -> None:
        self._of: dict[str, _Bars] = {}

    def add(self, block: JournalBlock, known: Ints) -> None:
        """Add the bars of a block; ``known`` is the end of each slice, ns."""
        codes, symbols = block.tables["codes"], block.column("codes", "symbol")
        ends = known[block.column("codes", "slice")]
        opens = ends - block.column("codes", "interval_ns")
        starts: list[int] = np.flatnonzero(np.diff(symbols, prepend=-1)).tolist()
        for first, last in zip(starts, [*starts[1:], len(codes)] if starts else [], strict=True):
            self._of.setdefault(block.layout.symbols[symbols[first]], _Bars()).add(ends[first:last], opens[first:last])

    def of(self, symbols: Sequence[str | None], times: Ints) -> Ints:
        """The open of the symbol's bar that ends at each instant (ns) or contains it; `NO_TIME` where there is none."""
        found = np.full(len(times), NO_TIME)
        names = np.array(["" if symbol is None else symbol for symbol in symbols], dtype=object)
        for symbol in set(symbols):
            if symbol is None or symbol not in self._of:
                continue
            chosen = np.flatnonzero(names == symbol)
            ends, opens = self._of[symbol].arrays
            places = np.minimum(ends.searchsorted(times[chosen]), len(ends) - 1)
            inside = (opens[places] < times[chosen]) & (times[chosen] <= ends[places])
            found[chosen] = np.where(inside, opens[places], NO_TIME)
        return found
