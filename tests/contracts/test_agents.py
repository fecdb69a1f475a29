"""Every agent in the table, bare and wrapped by MLAwareAgent, keeps every promise of the family."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from alpha_pulse.agents import AGENTS
from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.agents.kernel_agent import KernelAgent
from alpha_pulse.agents.ml_aware_agent import MLAwareAgent
from alpha_pulse.core import plugins
from alpha_pulse.core.types import MarketView
from alpha_pulse.kernels.base.jit import kernel
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


@kernel
def reaching_rule(features: NDArray[np.float64], places: NDArray[np.int64], held: float) -> float:
    return float(features[places[0]])


@kernel
def staring_rule(features: NDArray[np.float64], places: NDArray[np.int64], held: float) -> float:
    return math.tanh(features[places[0] + 1])


@kernel
def writing_rule(features: NDArray[np.float64], places: NDArray[np.int64], held: float) -> float:
    places[0] = 0
    return held


def plain_rule(features: NDArray[np.float64], places: NDArray[np.int64], held: float) -> float:
    return held


class Listed(KernelAgent):
    """Reads one feature."""

    name = "listed"
    features = ("ret_3",)


class Reaching(Listed):
    """Leaves the range."""

    rule = staticmethod(reaching_rule)


class Staring(Listed):
    """Reads a feature that it does not list."""

    rule = staticmethod(staring_rule)


class Writing(Listed):
    """Changes an array that it was given."""

    rule = staticmethod(writing_rule)


class Plain(Listed):
    """Is not compiled."""

    rule = staticmethod(plain_rule)


class TwoMinded(Listed):
    """Wants otherwise in its Python form."""

    rule = staticmethod(staring_rule)

    def rule_based_analysis(self, market_data: MarketView) -> float:
        return 0.5


class Forgetful(Listed):
    """Does not hold what it wants."""

    rule = staticmethod(staring_rule)

    def rule_based_analysis(self, market_data: MarketView) -> float:
        return self.rule(market_data.features.values, self.places, 0.0)


@pytest.mark.parametrize(
    ("agent", "check", "sentence"),
    [
        (Reaching, "direction_in_range", "expected -1 to 1"),
        (Staring, "is_pure", "only the features that it names"),
        (Writing, "is_pure", "changed an array"),
        (Plain, "equals_python", "is not compiled"),
        (TwoMinded, "equals_python", "the Python form 0.5"),
        (Forgetful, "equals_python", "is held from then on"),
    ],
)
def test_checks_catch_a_bad_kernel(agent: AgentFactory, check: str, sentence: str) -> None:
    by_name = {found.__name__: found for found in CHECKS}
    with pytest.raises(AssertionError, match=f"listed: .*{sentence}"):
        by_name[f"check_agent_kernel_{check}"](agent)


@pytest.mark.parametrize("check", ["direction_in_range", "is_repeatable", "memory_is_bounded"])
def test_checks_catch_a_bad_agent(check: str) -> None:
    by_name = {found.__name__: found for found in CHECKS}
    with pytest.raises(AssertionError, match="growing"):
        by_name[f"check_agent_{check}"](Growing)
