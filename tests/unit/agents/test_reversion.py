import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.agents.reversion import MeanReversion
from alpha_pulse.core.errors import AgentError
from alpha_pulse.kernels.agents.reversion import ENTER, LEAVE, OVERBOUGHT_RSI
from unit.agents.fakes import view

NAMES = ("rsi_14", "bollinger_20")


def row(score: float) -> list[float]:
    """Features whose score is ``score``, both in step."""
    return [score * OVERBOUGHT_RSI, score]


def directions(*scores: float) -> list[float]:
    agent = MeanReversion(NAMES)
    return [agent.rule_based_analysis(view(row(score), seq=seq)) for seq, score in enumerate(scores)]


def test_fades_both_extremes_alike() -> None:
    assert directions(1.5) == pytest.approx([-0.75])
    assert directions(-1.5) == pytest.approx([0.75])
    assert directions(5.0) == [-1.0]


def test_nothing_happens_short_of_an_extreme() -> None:
    assert directions(0.9, -0.9, 0.5, 0.0) == [0.0] * 4


def test_holds_deepens_and_closes_near_the_middle() -> None:
    assert directions(1.2, 0.8, 1.6, 1.1, 0.3, 0.2, 0.8) == pytest.approx([-0.6, -0.6, -0.8, -0.8, -0.8, 0.0, 0.0])


def test_a_jump_across_closes_or_turns() -> None:
    assert directions(1.2, -0.5) == pytest.approx([-0.6, 0.0])
    assert directions(1.2, -1.4) == pytest.approx([-0.6, 0.7])


def test_one_measure_alone_must_be_twice_as_extreme() -> None:
    agent = MeanReversion(NAMES)
    assert agent.rule_based_analysis(view([0.0, 1.9])) == 0.0
    assert agent.rule_based_analysis(view([0.0, 2.1])) < 0.0


@given(st.lists(st.floats(-4.0, 4.0), min_size=1, max_size=80))
def test_never_with_the_move_and_only_three_ways_to_change(scores: list[float]) -> None:
    held = 0.0
    for score, found in zip(scores, directions(*scores), strict=True):
        exact = 0.5 * score + 0.5 / OVERBOUGHT_RSI * (score * OVERBOUGHT_RSI)
        assert found * exact <= 0.0
        if found != held:
            assert abs(exact) >= ENTER or found == 0.0
        if held == 0.0 and abs(exact) < ENTER:
            assert found == 0.0
        if abs(exact) <= LEAVE:
            assert found == 0.0
        held = found


def test_symbols_do_not_touch_each_other() -> None:
    agent = MeanReversion(NAMES)
    short = agent.rule_based_analysis(view(row(1.5), "A"))
    agent.rule_based_analysis(view(row(0.0), "B"))
    assert agent.rule_based_analysis(view(row(0.5), "A", seq=1)) == short


def test_missing_feature_is_refused() -> None:
    with pytest.raises(AgentError, match=r"agent 'reversion' needs feature 'rsi_14'.*did you mean 'rsi_50'"):
        MeanReversion(("rsi_50", "bollinger_20"))
