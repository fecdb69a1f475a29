"""The rare events of a block of slices: kept by slice, and added to the journal in the order of the stages."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from alpha_pulse.core.types import AlarmResponse
from alpha_pulse.journal.block import RowCollector

TARGETS_, QUALITY_, FEATURES_ = range(3)
"""Who: the targets of the symbols, their trade-quality models, their features."""
TRAINED, MOVED, ENDED, REQUESTED, ALARMED, REGIME, TIMED = range(7)
"""Training rounds, which are before the slice, and the steps of stage 4, in their order."""

Place = tuple[int, ...]


class Events:
    """Events by slice. A symbol's events are found in any order of slices; `put` sorts them.

    A place says where in its slice an event belongs: the step of a stage, then who, the place of the symbol among those of
    the run, and a number.
    """

    def __init__(self) -> None:
        self._by_slice: dict[int, list[tuple[Place, str, msgspec.Struct]]] = {}

    def add(self, slice_: int, table: str, place: Place, event: msgspec.Struct | None) -> None:
        """Add an event to a table of the journal (`alpha_pulse.journal.rows`); None is no event."""
        if event is not None:
            self._by_slice.setdefault(slice_, []).append((place, table, event))

    def respond(self, slice_: int, place: Place, responses: Iterable[AlarmResponse]) -> None:
        """Add the responses to alarms that an event of that place brought."""
        for response in responses:
            self.add(slice_, "alarm_responses", place, response)

    def take(self, other: Events) -> None:
        """Add the events of another symbol."""
        for slice_, events in other._by_slice.items():
            self._by_slice.setdefault(slice_, []).extend(events)

    def put(self, first_seq: int, slices: int, into: RowCollector) -> None:
        """Add the rows of the first ``slices`` slices, whose first step is ``first_seq``."""
        for slice_ in sorted(self._by_slice):
            if slice_ < slices:
                for _, table, event in sorted(self._by_slice[slice_], key=lambda each: each[0]):
                    into.add(table, first_seq + slice_, event)
