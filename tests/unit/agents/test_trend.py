import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.agents.trend import TrendFollowing
from alpha_pulse.core.errors import AgentError
from alpha_pulse.kernels.agents.trend import BAND
from unit.agents.fakes import view

NAMES = ("ema_dist_200", "ret_96", "ema_dist_50")
FEATURE = st.floats(-10.0, 10.0)


def directions(*levels: float) -> list[float]:
    agent = TrendFollowing(NAMES)
    return [agent.rule_based_analysis(view([level] * 3, seq=seq)) for seq, level in enumerate(levels)]


def test_follows_the_trend_and_flat_means_nothing() -> None:
    assert directions(0.0) == [0.0]
    assert directions(1.0)[0] > 0.9
    assert directions(-1.0)[0] == -directions(1.0)[0]


def test_features_are_found_by_name_whatever_their_order() -> None:
    agent, other = TrendFollowing(NAMES), TrendFollowing(("x", *reversed(NAMES)))
    assert agent.rule_based_analysis(view([0.3, 0.2, 0.1])) == other.rule_based_analysis(view([9.0, 0.1, 0.2, 0.3]))


def test_small_changes_leave_the_position_alone() -> None:
    first, second, third, last = directions(0.5, 0.4, 0.6, -0.5)
    assert first == second == third > 0.5
    assert last < -0.5


@given(st.lists(st.tuples(FEATURE, FEATURE, FEATURE), min_size=1, max_size=60))
def test_held_direction_is_never_a_band_away_and_moves_only_by_a_band(rows: list[tuple[float, float, float]]) -> None:
    agent = TrendFollowing(NAMES)
    held = 0.0
    for seq, row in enumerate(rows):
        far, slow, near = row
        wanted = math.tanh(0.4 * slow + 0.6 * near + 0.8 * far)
        found = agent.rule_based_analysis(view(row, seq=seq))
        assert abs(found - wanted) < BAND
        assert found == held or abs(found - held) >= BAND
        held = found


def test_symbols_do_not_touch_each_other() -> None:
    agent = TrendFollowing(NAMES)
    up = agent.rule_based_analysis(view([0.5] * 3, "A"))
    agent.rule_based_analysis(view([-2.0] * 3, "B"))
    assert agent.rule_based_analysis(view([0.45] * 3, "A", seq=1)) == up


def test_missing_feature_is_refused() -> None:
    with pytest.raises(AgentError, match="agent 'trend' needs feature 'ema_dist_200'"):
        TrendFollowing(("ret_96", "ema_dist_50"))
