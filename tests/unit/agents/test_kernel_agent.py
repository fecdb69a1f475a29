import math
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from alpha_pulse.agents.agent_manager import AgentManager
from alpha_pulse.agents.kernel_agent import KernelAgent, ships_kernel
from alpha_pulse.agents.ml_aware_agent import MLAwareAgent
from alpha_pulse.agents.trend import TrendFollowing
from alpha_pulse.core.errors import AgentError, StateError
from alpha_pulse.core.stateful import State, digest
from alpha_pulse.core.types import MarketView
from alpha_pulse.kernels.base.jit import kernel
from unit.agents.fakes import FakePredictor, FixedAgent, view

NAMES = ("ret_96", "ema_dist_50", "ema_dist_200")
UP, DOWN = (1.0, 1.0, 1.0), (-1.0, -1.0, -1.0)


class Contrary(TrendFollowing):
    """Has a newer Python form than its kernel."""

    def rule_based_analysis(self, market_data: MarketView) -> float:
        return -super().rule_based_analysis(market_data)


class Called(TrendFollowing):
    """Decides as its kernel does, but has a Python form below it."""

    def rule_based_analysis(self, market_data: MarketView) -> float:
        return super().rule_based_analysis(market_data)


@kernel
def echo_rule(features: NDArray[np.float64], places: NDArray[np.int64], held: float) -> float:
    return float(features[places[0]] + 0.0 * held)


class Echo(KernelAgent):
    """Wants the number of its feature, whatever it is."""

    name = "echo"
    features = ("ret_96",)
    rule = staticmethod(echo_rule)


class EchoContrary(Contrary):
    """Ships a kernel below the Python form, so that it counts again."""

    features: ClassVar[tuple[str, ...]] = ("ret_96",)  # type: ignore[assignment]
    rule = staticmethod(echo_rule)


def test_the_python_form_calls_the_kernel_and_keeps_what_is_held_by_symbol() -> None:
    agent = TrendFollowing(NAMES)
    assert agent.rule_based_analysis(view(UP, "A")) == -agent.rule_based_analysis(view(DOWN, "B"))
    assert sorted(agent.held) == ["A", "B"]
    assert agent.places.tolist() == [0, 1, 2]


def test_a_subclass_that_overrides_the_python_form_is_called() -> None:
    assert [ships_kernel(agent) for agent in (TrendFollowing(NAMES), Contrary(NAMES), EchoContrary(NAMES))] == [
        True,
        False,
        True,
    ]
    manager = AgentManager([Contrary(NAMES)])
    assert manager.decide(view(UP)).combined.direction < -0.9


@pytest.mark.parametrize("number", [float("nan"), 1.5, -math.inf])
def test_a_kernel_that_leaves_the_range_is_refused_and_not_counted(number: float) -> None:
    for agent in (Echo(NAMES), MLAwareAgent(Echo(NAMES), FakePredictor())):
        manager = AgentManager([FixedAgent(0.5, "fixed"), agent])
        with pytest.raises(AgentError, match=r"agent 'echo' is refused: signal echo/EURUSD/3 has direction .*from -1 to 1"):
            manager.decide(view([number, 0.0, 0.0], seq=3))
        assert manager.decisions == 0


def test_a_prediction_that_is_none_is_the_agents_error() -> None:
    manager = AgentManager([MLAwareAgent(TrendFollowing(NAMES), FakePredictor(probability=float("nan")))])
    with pytest.raises(AgentError, match=r"agent 'trend' is refused.*probability nan"):
        manager.decide(view(UP))


def test_a_manager_goes_on_from_what_an_agent_holds() -> None:
    agent = TrendFollowing(NAMES)
    held = agent.rule_based_analysis(view(UP))
    near = [value * 0.9 for value in UP]
    assert AgentManager([agent]).decide(view(near)).combined.direction == held
    assert AgentManager([TrendFollowing(NAMES)]).decide(view(near)).combined.direction != held


def test_a_state_goes_to_agents_and_symbols_by_name() -> None:
    saved = AgentManager([TrendFollowing(NAMES), Echo(NAMES)], ("A", "B"))
    for symbol, row in (("A", UP), ("B", (0.5, 0.0, 0.0))):
        saved.credit(saved.decide(view(row, symbol)).combined.contributions, 1, 0.02)
    other = AgentManager([Echo(NAMES), TrendFollowing(NAMES)], ("B", "A"))
    other.restore(saved.snapshot())
    assert other.weights == dict(reversed(saved.weights.items()))
    assert other.arrays["held"].tolist() == saved.arrays["held"][::-1, ::-1].tolist()


@pytest.mark.parametrize(
    ("key", "value"),
    [("weights", 0.0), ("weights", 1.5), ("scale", math.inf), ("counts", -1), ("held", 2.0), ("held", math.nan)],
)
def test_arrays_out_of_range_are_refused(key: str, value: float) -> None:
    manager = AgentManager([TrendFollowing(NAMES)], ("A",))
    state, before = manager.snapshot(), digest({"agents": manager.snapshot()})
    state.arrays[key].flat[0] = value
    with pytest.raises(StateError, match=f"array '{key}'"):
        manager.restore(state)
    assert digest({"agents": manager.snapshot()}) == before


def test_a_state_follows_an_agent_to_its_kernel_but_not_back() -> None:
    called, by_kernel = AgentManager([Called(NAMES)]), AgentManager([TrendFollowing(NAMES)])
    for manager in (called, by_kernel):
        manager.decide(view(UP))
    fresh = AgentManager([TrendFollowing(NAMES)])
    fresh.restore(called.snapshot())
    assert fresh.arrays["held"].tolist() == by_kernel.arrays["held"].tolist()
    with pytest.raises(StateError, match="agent 'trend' was run by its kernel, but has none now"):
        called.restore(fresh.snapshot())


def test_a_state_without_an_array_is_refused() -> None:
    state = AgentManager([TrendFollowing(NAMES)]).snapshot()
    short = {key: array for key, array in state.arrays.items() if key != "held"}
    with pytest.raises(StateError, match="array 'held' of a saved state is missing"):
        AgentManager([TrendFollowing(NAMES)]).restore(State(scalars=state.scalars, arrays=short))
