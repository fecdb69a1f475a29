"""The rare events of a block of slices: kept by slice, and put into the records in the order of the stages."""

from __future__ import annotations

from collections.abc import Iterable

from alpha_pulse.core.types import AlarmResponse
from alpha_pulse.engine.journal import StepRecord

TARGETS_, QUALITY_, FEATURES_ = range(3)
"""Who: the targets of the symbols, their trade-quality models, their features."""
ENDED, REQUESTED, ALARMED, REGIME, TIMED, TRAINED = range(6)
"""The steps of stage 4, in their order."""

Place = tuple[int, ...]


class Events:
    """Events by slice. A symbol's events are found in any order of slices; `into` sorts them.

    A place says where in its slice an event belongs: the step of a stage, then who, the place of the symbol among those of
    the run, and a number.
    """

    def __init__(self) -> None:
        self._by_slice: dict[int, list[tuple[Place, str, object]]] = {}

    def add(self, slice_: int, field: str, place: Place, event: object | None) -> None:
        """Add an event to a field of `StepRecord`; None is no event."""
        if event is not None:
            self._by_slice.setdefault(slice_, []).append((place, field, event))

    def respond(self, slice_: int, place: Place, responses: Iterable[AlarmResponse]) -> None:
        """Add the responses to alarms that an event of that place brought."""
        for response in responses:
            self.add(slice_, "alarm_responses", place, response)

    def take(self, other: Events) -> None:
        """Add the events of another symbol."""
        for slice_, events in other._by_slice.items():
            self._by_slice.setdefault(slice_, []).extend(events)

    def into(self, slice_: int, step: StepRecord) -> None:
        """Put the events of a slice into its record."""
        found = self._by_slice.pop(slice_, None)
        if found is None:
            return
        for _, field, event in sorted(found, key=lambda each: each[0]):
            getattr(step, field).append(event)
