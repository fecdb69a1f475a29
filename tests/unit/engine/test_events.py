from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.types import AlarmResponse, RegimeChange
from alpha_pulse.engine.events import (
    ALARMED,
    ENDED,
    FEATURES_,
    QUALITY_,
    REGIME,
    REQUESTED,
    TARGETS_,
    TIMED,
    TRAINED,
    Events,
)
from alpha_pulse.engine.journal import StepRecord

PLACES = [
    (ENDED, TARGETS_, 0, 0), (ENDED, TARGETS_, 0, 1), (ENDED, TARGETS_, 1, 0), (ENDED, QUALITY_, 0), (REQUESTED, 0),
    (REQUESTED, 2), (ALARMED, TARGETS_, 0, 0, 0), (ALARMED, TARGETS_, 0, 0, 1), (ALARMED, TARGETS_, 0, 1, 0),
    (ALARMED, QUALITY_, 3), (ALARMED, FEATURES_, 1), (REGIME, 0, 0, 0), (REGIME, 0, 0, 1), (REGIME, 0, 1, 0), (TIMED, 0, 0),
    (TIMED, 1, 1), (TRAINED, 0, 0),
]  # fmt: skip
"""In the order of the stages."""


def response(name: str) -> AlarmResponse:
    return AlarmResponse(name, "X", "direction", 1, "skipped", "a reason")


@given(st.permutations(range(len(PLACES))), st.integers(0, 3))
def test_events_come_in_the_order_of_the_stages_whatever_the_order_they_were_found_in(order: list[int], slice_: int) -> None:
    events = Events()
    for number in order:
        events.respond(slice_, PLACES[number], [response(f"{number}a"), response(f"{number}b")])
    step, other = StepRecord(), StepRecord()
    events.into(slice_ + 1, other)
    assert other == StepRecord()
    events.into(slice_, step)
    found = [each.alarm_id for each in step.alarm_responses]
    assert found == [f"{number}{each}" for number in range(len(PLACES)) for each in "ab"]


def test_events_of_one_place_stay_in_the_order_they_were_found_in_and_fields_apart() -> None:
    events, step = Events(), StepRecord()
    changes = [RegimeChange(f"r{n}", "X", 1, "trend", "calm", "normal", 0.9, 0, 1.0, (0.1, 0.9, 0.0)) for n in (2, 0, 1)]
    for change in changes:
        events.add(0, "regimes", (0, 0), change)
    events.add(0, "alarm_responses", (0, 0), response("a"))
    events.add(0, "adaptations", (0, 0), None)
    events.into(0, step)
    assert step.regimes == changes
    assert [each.alarm_id for each in step.alarm_responses] == ["a"]
    assert step.adaptations == []


def test_events_are_recorded_once() -> None:
    events = Events()
    events.respond(2, (0,), [response("a")])
    first, second = StepRecord(), StepRecord()
    events.into(2, first)
    events.into(2, second)
    assert (len(first.alarm_responses), len(second.alarm_responses)) == (1, 0)
