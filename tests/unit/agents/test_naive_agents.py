"""The built-in agents and the manager against their naive twins, bit for bit."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.agents.agent_manager import AgentManager
from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.agents.kernel_agent import KernelAgent
from alpha_pulse.agents.ml_aware_agent import MLAwareAgent
from alpha_pulse.agents.reversion import MeanReversion
from alpha_pulse.agents.trend import TrendFollowing
from alpha_pulse.core.types import MarketView, PredictionContext
from naive_agents import NaiveAgent, NaiveAgentManager, naive_reversion, naive_trend
from unit.agents.fakes import FakePredictor, view

NAMES = ("ret_96", "ema_dist_50", "ema_dist_200", "bollinger_20", "rsi_14")
SYMBOLS = ("A", "B")
FEATURE = st.floats(-3.0, 3.0) | st.sampled_from([0.0, -0.0, 1e300, -1e300, 0.25, 1.0])
CHANCE = st.floats(0.0, 1.0)
SURE = st.none() | st.floats(0.0, 1.0)
Step = tuple[tuple[float, ...], str, float | None, float | None, float | None, tuple[int, float] | None]
"""Features, symbol, probability, confidence, threshold, and side and return of a lot that is closed."""
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.tuples(*[FEATURE] * 5), st.sampled_from(SYMBOLS), st.none() | CHANCE, SURE, SURE,
        st.none() | st.tuples(st.sampled_from([1, -1]), st.floats(-2.0, 2.0) | st.just(0.0)),
    ),
    min_size=1,
    max_size=25,
)  # fmt: skip


class PythonTrend(BaseAgent):
    """The trend rule without a kernel."""

    name = "python_trend"

    def rule_based_analysis(self, market_data: MarketView) -> float:
        symbol = market_data.bar.symbol
        features = dict(zip(NAMES, market_data.features.values.tolist(), strict=True))
        self.held[symbol] = naive_trend(features, self.held.get(symbol, 0.0))
        return self.held[symbol]


@given(st.lists(st.tuples(*[FEATURE] * 5), min_size=1, max_size=30))
def test_the_rules_agree_with_their_naive_twins(rows: list[tuple[float, ...]]) -> None:
    for made, naive in ((TrendFollowing, naive_trend), (MeanReversion, naive_reversion)):
        agent: KernelAgent = made(NAMES)
        held = 0.0
        for seq, row in enumerate(rows):
            held = naive(dict(zip(NAMES, row, strict=True)), held)
            assert bits(agent.rule_based_analysis(view(row, seq=seq))) == bits(held)


@settings(max_examples=150)
@given(STEPS, st.lists(st.sampled_from(["trend", "reversion", "python_trend", "bare"]), min_size=1, max_size=4, unique=True))
def test_the_manager_agrees_with_its_naive_twin(steps: list[Step], chosen: list[str]) -> None:
    predictor = FakePredictor()
    built: dict[str, tuple[BaseAgent, NaiveAgent]] = {
        "trend": (MLAwareAgent(TrendFollowing(NAMES), predictor), NaiveAgent("trend", naive_trend, NAMES, True)),
        "reversion": (MLAwareAgent(MeanReversion(NAMES), predictor), NaiveAgent("reversion", naive_reversion, NAMES, True)),
        "python_trend": (MLAwareAgent(PythonTrend(NAMES), predictor), NaiveAgent("python_trend", naive_trend, NAMES, True)),
        "bare": (Bare(NAMES), NaiveAgent("bare", naive_reversion, NAMES, False)),
    }
    manager = AgentManager([built[name][0] for name in chosen], SYMBOLS[:1])
    naive = NaiveAgentManager([built[name][1] for name in chosen])
    for seq, (row, symbol, probability, confidence, threshold, lot) in enumerate(steps):
        seen = view(row, symbol, seq)
        predictor.probability, predictor.confidence, predictor.threshold = probability, confidence, threshold
        prediction = predictor.prediction(seen.features, PredictionContext(symbol, "twin", "twin"))
        one, two = manager.decide(seen), naive.decide(seen, prediction, predictor.threshold)
        assert msgspec.json.encode(one) == msgspec.json.encode(two)
        if lot is not None:
            side, return_ = lot
            # One that slept through the lot: the last of several.
            awake = one.combined.contributions[: max(1, len(chosen) - seq % 2)]
            manager.credit(awake, side, return_)
            naive.credit(awake, side, return_)
        assert {name: bits(weight) for name, weight in manager.weights.items()} == {
            name: bits(weight) for name, weight in naive.weights.items()
        }
    assert manager.arrays["counts"].tolist() == [naive.lots, naive.decisions, naive.ml_decisions]
    assert manager.arrays["scale"].tolist() == [naive.scale]
    for agent, name in enumerate(chosen):
        for place, symbol in enumerate(manager.snapshot().scalars["symbols"]):
            if name != "python_trend":
                assert bits(manager.arrays["held"][place, agent]) == bits(built[name][1].held.get(symbol, 0.0))


class Bare(MeanReversion):
    """Run by its kernel, and never given a prediction."""

    name = "bare"


def bits(value: float) -> bytes:
    return np.float64(value).tobytes()
