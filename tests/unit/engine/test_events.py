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
from alpha_pulse.journal.block import RowCollector
from alpha_pulse.journal.rows import Row, from_row

PLACES = [
    (TRAINED, 0, 0), (ENDED, TARGETS_, 0, 0), (ENDED, TARGETS_, 0, 1), (ENDED, TARGETS_, 1, 0), (ENDED, QUALITY_, 0),
    (REQUESTED, 0), (REQUESTED, 2), (ALARMED, TARGETS_, 0, 0, 0), (ALARMED, TARGETS_, 0, 0, 1), (ALARMED, TARGETS_, 0, 1, 0),
    (ALARMED, QUALITY_, 3), (ALARMED, FEATURES_, 1), (REGIME, 0, 0, 0), (REGIME, 0, 0, 1), (REGIME, 0, 1, 0), (TIMED, 0, 0),
    (TIMED, 1, 1),
]  # fmt: skip
"""In the order of the stages."""


def response(name: str) -> AlarmResponse:
    return AlarmResponse(name, "X", "direction", 1, "skipped", "a reason")


def rows_of(events: Events, slices: int, first_seq: int = 100) -> dict[str, list[Row]]:
    into = RowCollector()
    events.put(first_seq, slices, into)
    return into.rows


@given(st.permutations(range(len(PLACES))), st.integers(0, 3))
def test_events_come_in_the_order_of_the_stages_whatever_the_order_they_were_found_in(order: list[int], slice_: int) -> None:
    events = Events()
    for number in order:
        events.respond(slice_, PLACES[number], [response(f"{number}a"), response(f"{number}b")])
    found = rows_of(events, slice_ + 1)["alarm_responses"]
    assert [row[2] for row in found] == [f"{number}{each}" for number in range(len(PLACES)) for each in "ab"]
    assert [row[:2] for row in found] == [(100 + slice_, position) for position in range(2 * len(PLACES))]
    assert rows_of(events, slice_) == {}


def test_events_of_one_place_stay_in_the_order_they_were_found_in_and_tables_apart() -> None:
    events = Events()
    changes = [RegimeChange(f"r{n}", "X", 1, "trend", "calm", "normal", 0.9, 0, 1.0, (0.1, 0.9, 0.0)) for n in (2, 0, 1)]
    for change in changes:
        events.add(0, "regimes", (0, 0), change)
    events.add(0, "alarm_responses", (0, 0), response("a"))
    events.add(0, "adaptations", (0, 0), None)
    rows = rows_of(events, 1)
    assert set(rows) == {"regimes", "alarm_responses"}
    assert [from_row("regimes", row) for row in rows["regimes"]] == changes
    assert [from_row("alarm_responses", row) for row in rows["alarm_responses"]] == [response("a")]


def test_events_of_all_symbols_come_by_their_slices() -> None:
    events, other = Events(), Events()
    events.respond(2, (0,), [response("c")])
    other.respond(0, (0,), [response("a")])
    other.respond(2, (1,), [response("d")])
    events.respond(1, (0,), [response("b")])
    events.take(other)
    found = rows_of(events, 3)["alarm_responses"]
    assert [row[:3] for row in found] == [(100, 0, "a"), (101, 0, "b"), (102, 0, "c"), (102, 1, "d")]
