from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.adaptation.recovery import Episode
from alpha_pulse.reporting.adaptation_speed import adaptation_speed

SECOND = 1_000_000_000


def episode(
    change: int, alarm: int, action: int | None = None, recovery: int | None = None, *, accepted: bool | None = None
) -> Episode:
    """A label a second."""
    return Episode(
        f"a{alarm}", change, alarm, change * SECOND, alarm * SECOND, 0.4,
        action_sample=action, action_ts=None if action is None else action * SECOND, accepted=accepted,
        recovery_sample=recovery, recovery_ts=None if recovery is None else recovery * SECOND,
    )  # fmt: skip


def test_means_are_over_the_same_episodes_and_an_action_never_precedes_its_alarm() -> None:
    # Detection was slow in the episode that nobody acted on: it must not enter the time to the alarm of the others.
    found = adaptation_speed([episode(0, 1_300), episode(2_000, 2_020, 2_030, accepted=False)])
    assert (found.drifts, found.acted.episodes) == (2, 1)
    assert (found.acted.samples_to_alarm, found.acted.samples_to_action) == (20.0, 30.0)
    assert (found.acted.market_s_to_alarm, found.acted.market_s_to_action) == (20.0, 30.0)
    assert (found.acted.samples_to_recovery, found.acted.market_s_to_recovery) == (None, None)


def test_an_action_that_was_rolled_back_did_not_make_anything_recover() -> None:
    accepted = episode(0, 40, 40, 400, accepted=True)
    rolled_back = episode(1_000, 1_050, 1_050, 1_500, accepted=False)
    on_trial = episode(2_000, 2_050, 2_050, 2_500)
    no_action = episode(3_000, 3_060, recovery=3_700)
    found = adaptation_speed([accepted, rolled_back, on_trial, no_action])
    assert (found.accepted, found.recovered.episodes, found.recovered_without_adaptation.episodes) == (1, 1, 2)
    assert (found.recovered.samples_to_alarm, found.recovered.samples_to_action) == (40.0, 40.0)
    assert found.recovered.samples_to_recovery == 400.0
    without = found.recovered_without_adaptation
    assert (without.samples_to_alarm, without.samples_to_recovery) == (55.0, 600.0)
    assert found.recovered_without_adaptation.samples_to_action is None


@given(
    st.lists(
        st.tuples(*(st.integers(0, 500) for _ in range(3)), st.booleans(), st.booleans(), st.sampled_from([None, True, False])),
        max_size=12,
    )
)
def test_the_steps_of_each_kind_come_in_their_order(drawn: list[tuple[int, int, int, bool, bool, bool | None]]) -> None:
    episodes = []
    for to_alarm, to_action, to_recovery, acted, over, accepted in drawn:
        alarm = 100 + to_alarm
        action = alarm + to_action if acted else None
        end = (action or alarm) + to_recovery
        episodes.append(episode(100, alarm, action, end if over else None, accepted=accepted if acted else None))
    found = adaptation_speed(episodes)
    for speed in (found.acted, found.recovered, found.recovered_without_adaptation):
        for unit in ("samples", "market_s"):
            steps = [getattr(speed, f"{unit}_to_{step}") for step in ("alarm", "action", "recovery")]
            known = [step for step in steps if step is not None]
            assert known == sorted(known)
            assert bool(known) == bool(speed.episodes)
        if speed.episodes:
            assert speed.samples_to_alarm == pytest.approx(speed.market_s_to_alarm)
    assert found.recovered.episodes + found.recovered_without_adaptation.episodes <= found.drifts
