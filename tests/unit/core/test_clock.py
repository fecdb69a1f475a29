from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.clock import ReplayClock, elapsed_ns, wall_ns


@given(st.lists(st.integers(0, 2**62)))
def test_replayed_time_never_runs_backwards(times: list[int]) -> None:
    clock = ReplayClock()
    newest = 0
    for ts in times:
        clock.advance_to(ts)
        newest = max(newest, ts)
        assert clock.now_ns() == newest


def test_a_replay_stands_still_by_itself() -> None:
    clock = ReplayClock()
    clock.advance_to(9)
    assert clock.now_ns() == clock.now_ns() == 9


def test_the_system_tells_a_time_of_this_century_and_durations_do_not_shrink() -> None:
    assert wall_ns() > 1_700_000_000 * 10**9
    first = elapsed_ns()
    assert elapsed_ns() >= first
