from __future__ import annotations

import pytest

from alpha_pulse.execution.session_breaks import DAY_NS, NEAR_NS, SessionBreaks

HOUR = 3_600_000_000_000
CLOSE = 20 * HOUR


def told(starts: list[int]) -> list[bool]:
    breaks = SessionBreaks()
    return [breaks.usual(start) for start in starts]


def test_from_the_third_night_on_a_night_is_usual() -> None:
    assert told([day * DAY_NS + CLOSE for day in range(6)]) == [False, False, True, True, True, True]


def test_bars_that_are_missing_at_another_time_of_day_are_not_usual_and_leave_the_nights_so() -> None:
    nights = [day * DAY_NS + CLOSE for day in range(6)]
    starts = sorted([*nights, 3 * DAY_NS + 14 * HOUR, 4 * DAY_NS + 11 * HOUR])
    found = dict(zip(starts, told(starts), strict=True))
    assert [found[start] for start in nights[2:]] == [True] * 4
    assert not found[3 * DAY_NS + 14 * HOUR]
    assert not found[4 * DAY_NS + 11 * HOUR]


@pytest.mark.parametrize(("moved", "usual"), [(NEAR_NS, True), (-NEAR_NS, True), (NEAR_NS + 1, False)])
def test_clocks_may_be_put_forward_and_back_by_an_hour(moved: int, usual: bool) -> None:
    assert told([CLOSE, DAY_NS + CLOSE, 2 * DAY_NS + CLOSE + moved])[-1] is usual


def test_midnight_is_no_seam() -> None:
    late, early = DAY_NS - HOUR // 4, DAY_NS + DAY_NS + HOUR // 4
    assert told([late, late + DAY_NS, early + DAY_NS])[-1] is True


def test_what_is_saved_goes_on_alike() -> None:
    one, two = SessionBreaks(), SessionBreaks()
    for day in range(2):
        one.usual(day * DAY_NS + CLOSE)
    two.load(one.dump())
    assert two.usual(2 * DAY_NS + CLOSE)
