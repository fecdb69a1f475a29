"""The history of a run in memory, built from blocks of the journal: new ones, and those that are read back at the start.

It can be rebuilt from the journal at any time, and no decision depends on it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from alpha_pulse.engine.symbol_state import TARGETS
from alpha_pulse.journal.block import JournalBlock
from alpha_pulse.journal.joining import joined
from alpha_pulse.runtime.history.run_history import RunHistory

RECENT = 2_048
"""Newest steps whose blocks are kept, for streaming."""
MOST_WAITING = 128
"""Steps that wait to be added, at most, unless one block has more. Adding one costs about 0.25 ms, adding 128 at once 1 ms, and
the event loop waits meanwhile."""
READ_AT_ONCE = 1_024
"""As `MOST_WAITING`, while a stored journal is read and nobody is served from it yet."""


class History:
    """Takes committed blocks. Their content is added when somebody asks for it, or when enough steps have come.

    ``seq`` is the newest step; ``slices`` and ``bars`` count those so far; ``first_ts`` and ``last_ts`` are the market time of
    the first and the newest slice, ns.

    Parameters
    ----------
    symbols, books
        The symbols and books of the run.
    volatility_horizon, window, targets, challengers
        See `alpha_pulse.runtime.history.symbol.SymbolHistory`.
    """

    def __init__(
        self,
        symbols: Iterable[str],
        books: Iterable[str],
        *,
        volatility_horizon: int,
        window: int,
        targets: Iterable[str] = TARGETS,
        challengers: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._content = RunHistory(
            symbols, books, volatility_horizon=volatility_horizon, window=window, targets=targets, challengers=challengers
        )
        self._waiting: list[JournalBlock] = []
        self._steps_waiting = 0
        self._recent: deque[JournalBlock] = deque()
        self.seq = -1
        self.slices = self.bars = 0
        self.first_ts = self.last_ts = 0

    def read_back(self, blocks: Iterable[JournalBlock]) -> Iterator[int]:
        """Take the blocks of a stored journal; yields the newest step after each."""
        for block in blocks:
            self._take(block, READ_AT_ONCE)
            yield self.seq

    def take_block(self, block: JournalBlock) -> None:
        """Take the next block of the journal. Of one with commands, only what they moved is shown."""
        self._take(block, MOST_WAITING)

    def _take(self, block: JournalBlock, most_waiting: int) -> None:
        self.seq = block.first_seq + block.steps - 1
        if not block.tables:
            self._add_waiting()
            self._content.add_commands(block)
            return
        if self._waiting and self._waiting[0].layout is not block.layout:
            self._add_waiting()
        self._waiting.append(block)
        self._steps_waiting += block.steps
        if not self.slices:
            self.first_ts = block.first_ts
        self.last_ts = block.last_ts
        self.slices += block.steps
        self.bars += len(block.tables["codes"])
        if self._steps_waiting >= most_waiting:
            self._add_waiting()

    @property
    def content(self) -> RunHistory:
        """What has been taken so far."""
        self._add_waiting()
        return self._content

    def _add_waiting(self) -> None:
        if not self._waiting:
            return
        block = joined(self._waiting)
        self._waiting, self._steps_waiting = [], 0
        self._content.add(block)
        self._recent.append(block)
        while self._recent[0].first_seq + self._recent[0].steps <= self.oldest_recent:
            self._recent.popleft()

    @property
    def oldest_recent(self) -> int:
        """The oldest step of which `recent` has the block."""
        return max(0, self.seq - RECENT + 1)

    def recent(self, first: int, last: int) -> list[JournalBlock]:
        """The blocks of slices that contain the steps ``first`` to ``last``, of the newest ``RECENT`` steps."""
        self._add_waiting()
        return [block for block in self._recent if block.first_seq <= last and first < block.first_seq + block.steps]
