"""Every agent in the table, bare and wrapped by MLAwareAgent, keeps every promise of the family."""

from collections.abc import Callable

import pytest

from alpha_pulse.agents import AGENTS
from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.agents.ml_aware_agent import MLAwareAgent
from alpha_pulse.core import plugins
from alpha_pulse.core.types import MarketView
from alpha_pulse.testing.agent_checks import AgentFactory, yield_agent_checks
from unit.agents.fakes import FakePredictor

Check = Callable[[AgentFactory], None]
CHECKS = list(yield_agent_checks())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(AGENTS))
class TestRegistry:
    def test_agent(self, name: str, check: Check) -> None:
        check(plugins.load("agents", AGENTS, name))

    def test_agent_with_ml(self, name: str, check: Check) -> None:
        def factory(schema_names: tuple[str, ...]) -> BaseAgent:
            agent = plugins.load("agents", AGENTS, name)(schema_names)
            return MLAwareAgent(agent, FakePredictor(probability=0.53))

        check(factory)


@pytest.mark.parametrize("name", sorted(AGENTS))
def test_table_name_is_agent_name(name: str) -> None:
    assert plugins.load("agents", AGENTS, name).name == name


class Growing(BaseAgent):
    """Breaks three promises: it counts its calls, remembers each, and leaves the range."""

    name = "growing"

    def rule_based_analysis(self, market_data: MarketView) -> float:
        self.held[str(len(self.held))] = 0.0
        return len(self.held) / 100.0


@pytest.mark.parametrize("check", ["direction_in_range", "is_repeatable", "memory_is_bounded"])
def test_checks_catch_a_bad_agent(check: str) -> None:
    by_name = {found.__name__: found for found in CHECKS}
    with pytest.raises(AssertionError, match="growing"):
        by_name[f"check_agent_{check}"](Growing)
