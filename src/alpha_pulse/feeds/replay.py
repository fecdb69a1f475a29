"""Replays bars in the order in which they became knowable."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds import reading
from alpha_pulse.feeds.bar_block import PRICES, BarBlock
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.market_data import FileReport, MarketData, Note, ReadOptions
from alpha_pulse.feeds.positions import PositionedFeed
from alpha_pulse.feeds.quality.validation import check_bars

GATHERED_BARS = 512
"""Bars that are gathered ahead: enough to spread the cost of numpy calls over single slices, and they take far below 1 ms."""


class ReplayFeed(PositionedFeed):
    """Bars from arrays or a file, one slice per ``ts_event``; see `alpha_pulse.feeds.base.Feed`.

    In ``columns`` bars have the time of their start; ``ts_event`` is their end (`BarColumns.ends`), and ``interval_ns`` the
    time between. The attribute ``columns`` contains them in the order of delivery.

    Parameters
    ----------
    columns
        The bars, in any order in which each symbol's time increases; they are checked here.
    interval_inferred
        Whether the length of a bar was inferred, for reports.
    ignored_columns
        Columns of the file that were not used, for reports.

    Raises
    ------
    DataError
        A bar could not have happened; see `alpha_pulse.feeds.quality.validation.check_bars`.

    >>> from alpha_pulse.data import DEFAULT, bundled
    >>> feed = ReplayFeed.from_file(bundled()[DEFAULT])
    >>> feed.symbols, feed.total_bars, feed.next_slice()[0].close
    (('EURUSD',), 6225, 1.05227)
    """

    def __init__(
        self,
        columns: BarColumns,
        *,
        interval_inferred: bool = False,
        ignored_columns: tuple[str, ...] = (),
        where: str = "the arrays",
    ) -> None:
        check_bars(columns, where)
        columns, ends = columns.with_ends(), columns.ends()
        order = np.lexsort((columns.code, ends))
        self.columns, self._ends = columns.pick(order), ends[order]
        starts = np.flatnonzero(np.diff(self._ends, prepend=-1))
        self._starts = np.append(starts, self._ends.size)
        self._identity: str | None = None
        self.position = 0
        self._held = BarBlock.of((), columns.symbols)
        self._held_first = 0
        self.symbols = columns.symbols
        self.interval_ns = columns.interval_ns
        self.interval_inferred = interval_inferred
        self.ignored_columns = ignored_columns
        self.files: tuple[FileReport, ...] = ()
        self.notes: tuple[Note, ...] = ()
        self.has_volume = columns.volume is not None
        self.has_quotes = columns.has_quotes
        self.total_bars = int(self.columns.ts_start.size)
        self.total_slices = int(starts.size)
        self.first_ts, self.last_ts = int(self._ends[0]), int(self._ends[-1])
        self.first_open_ts, self.last_open_ts = int(self.columns.ts_start[0]), int(self.columns.ts_start[-1])

    @staticmethod
    def from_file(path: Path, interval: str | None = None, tz: str | None = None, symbols: Sequence[str] = ()) -> ReplayFeed:
        """Bars from one file; errors as in `alpha_pulse.feeds.reading.read`."""
        return ReplayFeed.from_data(reading.read([path], ReadOptions(interval=interval, tz=tz, symbols=tuple(symbols))))

    @staticmethod
    def from_data(data: MarketData) -> ReplayFeed:
        """A feed of bars that were read, with the reports on their files (``files``) and the notes (``notes``)."""
        ignored = dict.fromkeys(name for file in data.files for name in file.ignored)
        feed = ReplayFeed(data.bars, interval_inferred=data.interval_inferred, ignored_columns=tuple(ignored))
        feed.files, feed.notes = data.files, data.notes
        return feed

    @property
    def identity(self) -> str:
        """SHA-256, in hex, of symbols, interval and every number."""
        if self._identity is None:
            arrays = self.columns.arrays()
            header = [list(self.symbols), self.interval_ns, list(arrays)]
            digest = hashlib.sha256(msgspec.json.encode(header) + b"\n")
            for array in arrays.values():
                digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
            self._identity = digest.hexdigest()
        return self._identity

    def bar_open(self, symbol: str, ts_event: int) -> int:
        """When the bar of ``symbol`` that ends at ``ts_event`` began; one interval before where there is no such bar."""
        if self.columns.ts_end is not None and symbol in self.symbols:
            low, high = (int(self._ends.searchsorted(ts_event, side)) for side in ("left", "right"))
            matches = np.flatnonzero(self.columns.code[low:high] == self.symbols.index(symbol))
            if matches.size:
                return int(self.columns.ts_start[low + int(matches[0])])
        return ts_event - self.interval_ns

    @property
    def bars_done(self) -> int:
        """How many bars lie before the next slice."""
        return int(self._starts[self.position])

    def next_block(self, slices: int) -> BarBlock | None:
        """The next ``slices`` slices, fewer at the end of the data, or None there."""
        first = self.position
        last = min(first + slices, self.total_slices)
        if last == first:
            return None
        if not self._held_first <= first <= last <= self._held_first + len(self._held):
            ahead = int(self._starts.searchsorted(self._starts[first] + GATHERED_BARS))
            self._held, self._held_first = self._gather(first, max(last, min(ahead, self.total_slices))), first
        self.position = last
        return self._held.part(first - self._held_first, last - self._held_first)

    def _gather(self, first: int, last: int) -> BarBlock:
        """The slices ``first`` up to ``last`` in one block."""
        low, high = int(self._starts[first]), int(self._starts[last])
        columns = self.columns.pick(slice(low, high))
        prices = np.full((high - low, PRICES), np.nan)
        named = (columns.open, columns.high, columns.low, columns.close, columns.volume, columns.bid, columns.ask)
        for place, column in enumerate(named):
            if column is not None:
                prices[:, place] = column
        ends, starts = self._ends[low:high], self._starts[first : last + 1] - low
        intervals = ends - columns.ts_start if columns.ts_end is not None else np.full(high - low, self.interval_ns)
        return BarBlock(self.symbols, first, starts, columns.code.astype(np.int64), ends, intervals, prices)

    def slice_end(self, number: int) -> int:
        """The ``ts_event`` of a slice, ns."""
        return int(self._ends[self._starts[number]])

    def cut(self, slices: int) -> ReplayFeed:
        """A feed of the first ``slices`` slices only, at its beginning; at least one."""
        if not 1 <= slices <= self.total_slices:
            raise DataError(f"a feed of {slices} slices cannot be made; expected 1 to {self.total_slices}; use one of these")
        return ReplayFeed(self.columns.pick(slice(0, int(self._starts[slices]))), interval_inferred=self.interval_inferred)
