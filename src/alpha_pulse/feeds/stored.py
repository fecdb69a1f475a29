"""The bars that a store contains, as the feed of the run that wrote them."""

from __future__ import annotations

import numpy as np

from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.feeds.base import FeedInfo
from alpha_pulse.feeds.positions import PositionedFeed


class StoredFeed(PositionedFeed):
    """The slices of a run from its first one on; see `alpha_pulse.feeds.base.Feed`.

    Parameters
    ----------
    bars
        All slices. The feed of the run may have had more, which are not known here.
    info
        The same as those of the run's feed.
    identity
        That of the run's feed, SHA-256 in hex.

    >>> from alpha_pulse.core.types import Bar
    >>> bars = BarBlock.of([(Bar("X", 60, 60, 1.0, 2.0, 0.5, 1.5, seq=0),)], ("X",))
    >>> feed = StoredFeed(bars, FeedInfo(60, has_volume=False, has_quotes=False), "c0ffee")
    >>> feed.total_bars, feed.bar_open("X", 60), feed.next_slice()[0].close, feed.next_slice()
    (1, 0, 1.5, None)
    """

    def __init__(self, bars: BarBlock, info: FeedInfo, identity: str) -> None:
        self.bars = bars
        self.symbols = bars.symbols
        self.interval_ns = info.interval_ns
        self.has_volume = info.has_volume
        self.has_quotes = info.has_quotes
        self.identity = identity
        self.total_bars = len(bars.code)
        self.total_slices = len(bars)

    def next_block(self, slices: int) -> BarBlock | None:
        """The next ``slices`` slices, fewer at the end of the data, or None there."""
        first, last = self.position, min(self.position + slices, self.total_slices)
        if last == first:
            return None
        self.position = last
        return self.bars.part(first, last)

    def slice_end(self, number: int) -> int:
        """The ``ts_event`` of a slice, ns."""
        return int(self.bars.times[number])

    def bar_open(self, symbol: str, ts_event: int) -> int:
        """When the bar of ``symbol`` that ends at ``ts_event`` began; one interval before where there is no such bar."""
        low, high = (int(self.bars.ts_event.searchsorted(ts_event, side)) for side in ("left", "right"))
        code = self.symbols.index(symbol) if symbol in self.symbols else -1
        matches = low + np.flatnonzero(self.bars.code[low:high] == code)
        return ts_event - (int(self.bars.interval_ns[matches[0]]) if matches.size else self.interval_ns)
