"""Bars as arrays."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from alpha_pulse.feeds.arrays import Floats, Integers, Mask
from alpha_pulse.feeds.bar_times import end_times
from alpha_pulse.feeds.notes import show_place

PRICES = ("open", "high", "low", "close")


class BarColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of one interval as arrays of shape (n,).

    Parameters
    ----------
    symbols
        Sorted; ``code`` is each bar's index in it.
    interval_ns
        The length of a bar; calendar lengths are multiples of `alpha_pulse.core.bar_times.MONTH_NS`.
    ts_start
        The bar's start, nanoseconds since the Unix epoch (UTC).
    ts_end
        When the bar ends and becomes known; None: computed by `alpha_pulse.feeds.bar_times.end_times`.
    volume, bid, ask
        None where there is no such column. ``bid`` and ``ask`` are the quotes at the close.
    """

    symbols: tuple[str, ...]
    interval_ns: int
    code: Integers
    ts_start: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    ts_end: Integers | None = None
    volume: Floats | None = None
    bid: Floats | None = None
    ask: Floats | None = None

    def pick(self, index: Integers | slice) -> BarColumns:
        """The bars at ``index``, in that order."""
        arrays = {name: array[index] for name, array in self.arrays().items()}
        return msgspec.structs.replace(self, **arrays)

    def with_ends(self) -> BarColumns:
        """The same bars; ``ts_end`` is set only if a bar is not as long as the interval."""
        ends = self.ends()
        even = bool((ends == self.ts_start + self.interval_ns).all())
        return msgspec.structs.replace(self, ts_end=None if even else ends)

    def ends(self) -> Integers:
        """When each bar ends."""
        return end_times(self.ts_start, self.code, self.interval_ns) if self.ts_end is None else self.ts_end

    def arrays(self) -> dict[str, Integers | Floats]:
        """The arrays that are not None, by name, in the order of the fields."""
        names = ("code", "ts_start", "ts_end", *PRICES, "volume", "bid", "ask")
        return {name: array for name in names if (array := getattr(self, name)) is not None}

    @property
    def has_quotes(self) -> bool:
        """Whether each bar carries the bid and the ask at its close."""
        return self.bid is not None and self.ask is not None

    def sorted_by_symbol(self) -> BarColumns:
        """The bars sorted by symbol; the bars of each symbol keep their order."""
        if len(self.symbols) == 1 or np.all(np.diff(self.code) >= 0):
            return self
        return self.pick(np.argsort(self.code, kind="stable"))

    def symbol_slices(self) -> Iterator[tuple[str, slice]]:
        """Each symbol that has bars, with the slice of its bars; the bars must be sorted by symbol."""
        bounds = np.searchsorted(self.code, np.arange(len(self.symbols) + 1))
        for symbol, low, high in zip(self.symbols, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            if high > low:
                yield symbol, slice(low, high)

    def first_of_symbol(self) -> Mask:
        """Which bars are the first of their symbol; the bars must be sorted by symbol."""
        first: Mask = np.diff(self.code, prepend=-1) != 0
        return first

    def describe(self, index: int) -> str:
        """The bar at ``index`` as notes name it: its symbol and its start."""
        return show_place(self.symbols[int(self.code[index])], int(self.ts_start[index]))
