"""The interface of feeds: every bar once, in one total order, and repeatable from any position."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec

from alpha_pulse.core.stateful import State
from alpha_pulse.feeds.bar_block import BarBlock, Slice

__all__ = ["Feed", "FeedInfo", "Slice"]


class FeedInfo(msgspec.Struct, frozen=True):
    """What a run knows of a feed beside its symbols and bars; the fields are those of `Feed`."""

    interval_ns: int
    has_volume: bool
    has_quotes: bool


@runtime_checkable
class Feed(Protocol):
    """A source of bars.

    - ``ts_event`` strictly increases from slice to slice; within a slice it is the same, ordered by symbol.
    - ``seq`` is the number of the bar's slice, counted from 0, wherever reading started.
    - A bar has the time at which it becomes known: its end.
    - `next_slice` never blocks and never skips; None means the end, and stays so until `seek`.
    - `seek(n)` makes the next slice the (n+1)-th, bit-equal to what it was the first time.
    """

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols that can occur, sorted."""
        ...

    @property
    def interval_ns(self) -> int:
        """The length of a bar, in nanoseconds; single bars may be longer or shorter (`alpha_pulse.core.bar_times`)."""
        ...

    @property
    def has_volume(self) -> bool:
        """Whether each bar carries a volume."""
        ...

    @property
    def has_quotes(self) -> bool:
        """Whether each bar carries the bid and the ask at its close."""
        ...

    @property
    def total_bars(self) -> int:
        """The total number of bars, delivered or not."""
        ...

    @property
    def identity(self) -> str:
        """SHA-256, in hex, of the whole content."""
        ...

    def bar_open(self, symbol: str, ts_event: int) -> int:
        """The open of the bar of ``symbol`` that ends at ``ts_event``."""
        ...

    @property
    def position(self) -> int:
        """How many slices lie before the next one."""
        ...

    def next_slice(self) -> Slice | None:
        """The next slice, or None at the end."""
        ...

    def next_block(self, slices: int) -> BarBlock | None:
        """The next ``slices`` slices as arrays: fewer at the end of the data, or None there."""
        ...

    def seek(self, position: int) -> None:
        """Continue after the first ``position`` slices. Raises DataError unless it is from 0 to the number of slices."""
        ...

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`: the delivered bars only, nothing about later ones."""
        ...

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`. Raises StateError when the bars delivered before differ."""
        ...
