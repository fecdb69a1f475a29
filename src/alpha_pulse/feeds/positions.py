"""The position of a feed: which slices were delivered, and how that is saved and restored."""

from __future__ import annotations

from abc import ABC, abstractmethod

from alpha_pulse.core.errors import DataError, StateError
from alpha_pulse.core.stateful import State
from alpha_pulse.feeds.bar_block import BarBlock, Slice


class PositionedFeed(ABC):
    """A feed whose slices are all known: it delivers them in order, from any position.

    Attributes
    ----------
    position
        How many slices lie before the next one.
    total_slices
        How many there are.
    """

    position: int = 0
    total_slices: int

    @abstractmethod
    def next_block(self, slices: int) -> BarBlock | None:
        """The next ``slices`` slices, fewer at the end of the data, or None there."""

    @abstractmethod
    def slice_end(self, number: int) -> int:
        """The ``ts_event`` of a slice, ns."""

    def next_slice(self) -> Slice | None:
        """The next slice, or None at the end."""
        block = self.next_block(1)
        return None if block is None else block.slice(0)

    def seek(self, position: int) -> None:
        """Continue after the first ``position`` slices. Raises DataError outside 0 .. ``total_slices``."""
        if not 0 <= position <= self.total_slices:
            raise DataError(
                f"position {position} is outside this feed; expected 0 to {self.total_slices}; seek to one of these"
            )
        self.position = position

    def snapshot(self) -> State:
        """The position, and the time of the last slice delivered: nothing of what comes later."""
        return State(scalars={"position": self.position, "ts_event": self._ts_before(self.position)})

    def restore(self, state: State) -> None:
        """Continue where ``state`` was taken. Raises StateError when the bars before that position differ."""
        position = state.scalars.get("position")
        if not isinstance(position, int) or not 0 <= position <= self.total_slices:
            raise StateError(
                f"the saved position is {position!r}, but this feed has {self.total_slices} slices; resume with the same data"
            )
        if state.scalars.get("ts_event") != self._ts_before(position):
            raise StateError(f"the saved feed had another bar at position {position}; resume with the same data")
        self.seek(position)

    def _ts_before(self, position: int) -> int | None:
        """The ``ts_event`` of the slice before ``position``."""
        return None if position == 0 else self.slice_end(position - 1)
