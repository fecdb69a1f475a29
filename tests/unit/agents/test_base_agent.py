import asyncio
from typing import Any

import pytest

from alpha_pulse.agents.base_agent import BaseAgent, checked_decision
from alpha_pulse.core.errors import AgentError, StateError
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import MarketView, Signal
from unit.agents.fakes import FixedAgent, view


def signal_for(market_data: MarketView, symbol: str | None = None, **parts: Any) -> Signal:
    bar = market_data.bar
    return Signal(f"s/{bar.seq}", "odd", symbol or bar.symbol, bar.ts_event, 0.25, None, **{"rule_part": 0.25, **parts})


class Odd(FixedAgent):
    """Runs whatever ``decide`` a test gives it."""

    def __init__(self, answer: Any) -> None:
        super().__init__(name="odd")
        self.answer = answer

    def decide(self, market_data: MarketView) -> Signal:
        signal: Signal = self.answer(market_data)
        return signal


def test_default_analysis_is_rules_alone() -> None:
    signal = checked_decision(FixedAgent(0.5), view(seq=3))
    assert (signal.signal_id, signal.agent, signal.symbol) == ("fixed/EURUSD/3", "fixed", "EURUSD")
    assert (signal.direction, signal.rule_part, signal.ml_part) == (0.5, 0.5, None)
    assert (signal.confidence, signal.prediction_id) == (None, None)


def test_analyze_is_decide_for_those_who_await() -> None:
    assert asyncio.run(Odd(signal_for).analyze(view())) == signal_for(view())


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda market: 0.5, "agent 'odd' returned float from decide; expected a Signal"),
        (lambda market: None, "agent 'odd' returned NoneType from decide; expected a Signal"),
        (lambda market: signal_for(market, "GBPUSD"), "agent 'odd' returned a Signal of 'GBPUSD' for a bar of 'EURUSD'"),
        (lambda market: signal_for(market, rule_part=float("nan")), "rule_part nan; expected numbers from -1 to 1"),
        (lambda market: signal_for(market, ml_part=1.5), "ml_part 1.5; expected numbers from -1 to 1"),
    ],
)
def test_broken_answers_are_refused_by_sentence(answer: Any, sentence: str) -> None:
    with pytest.raises(AgentError) as caught:
        checked_decision(Odd(answer), view())
    assert sentence in str(caught.value)


@pytest.mark.parametrize("direction", [float("nan"), float("inf"), -1.01, 2.0])
def test_direction_out_of_range_names_the_agent(direction: float) -> None:
    with pytest.raises(AgentError, match="agent 'fixed' is refused: signal fixed/EURUSD/0 has direction"):
        checked_decision(FixedAgent(direction), view())


def test_an_agents_own_error_is_not_swallowed() -> None:
    def broken(market_data: MarketView) -> Signal:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        checked_decision(Odd(broken), view())


def test_missing_feature_is_named_with_the_nearest() -> None:
    agent = FixedAgent()
    agent.schema_names = ("ret_1", "ret_96")
    assert agent.index_of("ret_96") == 1
    with pytest.raises(AgentError, match=r"agent 'fixed' needs feature 'ret_69'.*did you mean 'ret_96'\?"):
        agent.index_of("ret_69")


def test_an_agent_without_a_name_is_refused() -> None:
    class Nameless(BaseAgent):
        def rule_based_analysis(self, market_data: MarketView) -> float:
            return 0.0

    with pytest.raises(AgentError, match="Nameless has no name"):
        Nameless(())


@pytest.mark.parametrize("scalars", [{}, {"held": [1.0]}, {"held": {"EURUSD": 2.0}}, {"held": {"EURUSD": "up"}}])
def test_a_state_that_does_not_fit_is_refused(scalars: dict[str, Any]) -> None:
    with pytest.raises(StateError, match="agent 'fixed'"):
        FixedAgent().restore(State(scalars=scalars))
