from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from alpha_pulse.agents.base_agent import checked_decision
from alpha_pulse.agents.rule_agent import RuleAgent
from alpha_pulse.core.errors import AgentError
from alpha_pulse.core.types import Bar, FeatureVector, MarketView
from alpha_pulse.testing.checks import AgentFactory, yield_agent_checks


class RangeBreakout(RuleAgent):
    features = ("range_pos_96",)

    def rule(self, held: float, position: float) -> float:
        if abs(position) >= 0.95:
            return math.copysign(1.0, position)
        return held if held * position >= 0.5 else 0.0


class Far(RuleAgent):
    name = "another_name"
    features = ("b", "a")

    def rule(self, held: float, b: float, a: float) -> float:
        return 10.0 * b - a


class Undefined(RuleAgent):
    def rule(self, held: float) -> float:
        return math.nan


@pytest.mark.parametrize("check", list(yield_agent_checks()), ids=lambda check: check.__name__)
def test_a_few_lines_fulfil_the_contract(check: Callable[[AgentFactory], None]) -> None:
    check(RangeBreakout)


def view(*values: float) -> MarketView:
    bar = Bar("X", 0, 3_600_000_000_000, 1.0, 1.0, 1.0, 1.0)
    return MarketView(bar, FeatureVector("X", 0, "s", np.array(values)))


def test_it_holds_its_direction_and_has_the_name_of_its_class() -> None:
    agent = RangeBreakout(("ret_1", "range_pos_96"))
    assert agent.name == "range_breakout"
    assert [agent.rule_based_analysis(view(9.0, position)) for position in (0.9, 1.0, 0.7, 0.3, 0.7)] == [0, 1, 1, 0, 0]
    assert agent.held == {"X": 0.0}


def test_features_come_in_the_order_of_the_class_and_a_direction_is_cut() -> None:
    agent = Far(("a", "b"))
    assert agent.name == "another_name"
    assert [agent.rule_based_analysis(view(a, b)) for a, b in ((0.5, 0.0), (0.0, 1.0), (1.0, -1.0))] == [-0.5, 1.0, -1.0]


def test_a_direction_that_is_not_a_number_is_refused_and_not_held() -> None:
    agent = Undefined(())
    with pytest.raises(AgentError, match="'undefined'"):
        checked_decision(agent, view())
    assert agent.held == {}


def test_an_unknown_feature_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(AgentError, match=r"'range_breakout' needs feature 'range_pos_96'.*did you mean 'range_pos_24'"):
        RangeBreakout(("range_pos_24",))


class Failing(RuleAgent):
    features = ("a",)

    def rule(self, held: float, a: float) -> float:
        return 1.0 / a


class Silent(RuleAgent):
    def rule(self, held: float) -> float:
        return None  # type: ignore[return-value]  # the fault it shows


class Unlisted(RuleAgent):
    features = "range_pos_96"  # type: ignore[assignment]  # the fault it shows

    def rule(self, held: float, position: float) -> float:
        return position


class TooManyValues(RuleAgent):
    features = ("a", "b")

    def rule(self, held: float, a: float) -> float:
        return a


def test_mistakes_of_a_class_are_named() -> None:
    with pytest.raises(AgentError, match="'silent': its rule returned None; expected a number from -1 to 1"):
        Silent(()).rule_based_analysis(view())
    with pytest.raises(AgentError, match=r"'unlisted': features is a text; expected a tuple of names: \('range_pos_96',\)"):
        Unlisted(("range_pos_96",))
    with pytest.raises(AgentError, match=r"its rule raised TypeError: .* takes 3 positional arguments but 4 were given$"):
        TooManyValues(("a", "b")).rule_based_analysis(view(0.0, 0.0))


def test_an_error_of_the_rule_is_one_sentence_with_its_place() -> None:
    with pytest.raises(AgentError, match=r"'failing': its rule raised ZeroDivisionError: .* \(test_rule_agent.py, line \d+\)"):
        Failing(("a",)).rule_based_analysis(view(0.0))
