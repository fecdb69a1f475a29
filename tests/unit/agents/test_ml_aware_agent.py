import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.agents.base_agent import checked_decision
from alpha_pulse.agents.ml_aware_agent import MLAwareAgent
from alpha_pulse.agents.trend import TrendFollowing
from alpha_pulse.core.durations import HOUR_NS
from alpha_pulse.core.errors import AgentError, ConfigError
from alpha_pulse.core.types import Bar, Example, FeatureVector, MarketView, PredictionContext, Signal
from unit.agents.fakes import FakePredictor, FixedAgent, view

UNIT = st.floats(-1.0, 1.0)
PROBABILITY = st.floats(0.0, 1.0)


def analysed(
    predictor: FakePredictor,
    rule: float = 0.5,
    threshold: float | None = None,
    weights: tuple[float, float] = (0.6, 0.4),
    full_edge: float = 0.1,
) -> Signal:
    agent = MLAwareAgent(FixedAgent(rule), predictor, ml_confidence_threshold=threshold, weights=weights, full_edge=full_edge)
    return checked_decision(agent, view(seq=4))


def test_confident_model_is_mixed_in_at_six_to_four() -> None:
    signal = analysed(FakePredictor(probability=0.46, confidence=0.6))
    assert signal.ml_part == pytest.approx(-0.8)
    assert signal.direction == pytest.approx(0.6 * 0.5 + 0.4 * -0.8)
    assert (signal.rule_part, signal.confidence) == (0.5, 0.6)
    assert signal.prediction_id == f"p/EURUSD/{view(seq=4).bar.ts_event}"
    assert signal.signal_id == "fixed/EURUSD/4"


@given(UNIT, PROBABILITY, PROBABILITY, st.floats(0.01, 1.0))
def test_mix_is_the_weighted_sum_for_any_weights(rule: float, probability: float, rule_weight: float, full_edge: float) -> None:
    weights = (rule_weight, 1.0 - rule_weight)
    signal = analysed(FakePredictor(probability), rule, weights=weights, full_edge=full_edge)
    ml_part = max(-1.0, min(1.0, (2.0 * probability - 1.0) / full_edge))
    assert signal.ml_part == ml_part
    assert signal.direction == pytest.approx(weights[0] * rule + weights[1] * ml_part, abs=1e-12)


def test_edge_beyond_full_is_a_whole_position() -> None:
    assert analysed(FakePredictor(probability=0.99)).ml_part == 1.0
    assert analysed(FakePredictor(probability=0.01)).ml_part == -1.0


@pytest.mark.parametrize(
    ("predictor", "own", "takes_part"),
    [
        (FakePredictor(0.6, confidence=0.55, threshold=0.55), None, True),
        (FakePredictor(0.6, confidence=0.549, threshold=0.55), None, False),
        (FakePredictor(0.6, confidence=0.6, threshold=None), None, False),
        (FakePredictor(0.6, confidence=0.6, threshold=None), 0.58, True),
        (FakePredictor(0.6, confidence=0.6, threshold=0.55), 0.7, False),
        (FakePredictor(0.6, confidence=None, threshold=0.55), None, False),
        (FakePredictor(0.6, confidence=None, threshold=0.55), 0.5, False),
        (FakePredictor(None), None, False),
    ],
)
def test_threshold_decides_who_takes_part(predictor: FakePredictor, own: float | None, takes_part: bool) -> None:
    signal = analysed(predictor, threshold=own)
    assert (signal.ml_part is not None) == takes_part
    assert (signal.prediction_id is not None) == takes_part
    assert signal.rule_part == 0.5
    assert signal.confidence == (predictor.confidence if predictor.probability is not None else None)
    if not takes_part:
        assert signal.direction == 0.5


def test_predictor_is_told_who_asks_for_what() -> None:
    predictor = FakePredictor()
    agent = MLAwareAgent(FixedAgent(), predictor)
    for symbol in ("A", "B", "A"):
        checked_decision(agent, view(symbol=symbol))
    expected = [PredictionContext(symbol, "fixed", f"{symbol}/direction", "direction") for symbol in ("A", "B", "A")]
    assert predictor.contexts == expected


def test_analyze_can_be_awaited() -> None:
    agent = MLAwareAgent(FixedAgent(1.0), FakePredictor(0.5))
    assert asyncio.run(agent.analyze(view())).direction == pytest.approx(0.6)


def test_a_probability_that_is_no_number_is_refused() -> None:
    with pytest.raises(AgentError, match=r"agent 'fixed' is refused.*probability nan"):
        analysed(FakePredictor(probability=float("nan")))


@pytest.mark.parametrize(
    ("threshold", "weights", "full_edge", "sentence"),
    [
        (1.5, (0.6, 0.4), 0.1, "ml_confidence_threshold is 1.5"),
        (float("nan"), (0.6, 0.4), 0.1, "ml_confidence_threshold is nan"),
        (None, (0.6, 0.6), 0.1, "sum to 1"),
        (None, (1.4, -0.4), 0.1, "two numbers >= 0"),
        (None, (float("nan"), 0.4), 0.1, "weights of rules and model"),
        (None, (0.6, 0.4), 0.0, "full_edge is 0.0"),
    ],
)
def test_settings_out_of_range_are_refused(
    threshold: float | None, weights: tuple[float, float], full_edge: float, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        analysed(FakePredictor(), threshold=threshold, weights=weights, full_edge=full_edge)


def test_state_is_the_wrapped_agents() -> None:
    names = ("ret_96", "ema_dist_50", "ema_dist_200")
    inner = TrendFollowing(names)
    agent = MLAwareAgent(inner, FakePredictor())
    checked_decision(agent, view([1.0, 1.0, 1.0]))
    assert agent.snapshot() == inner.snapshot()
    fresh = TrendFollowing(names)
    MLAwareAgent(fresh, FakePredictor()).restore(agent.snapshot())
    assert fresh.held == inner.held != {}


def test_without_a_predictor_it_has_a_serving_service_of_its_own() -> None:
    agent = MLAwareAgent(FixedAgent(-0.5), ml_confidence_threshold=0.55)

    async def steps() -> list[Signal]:
        signals = []
        for step in range(700):
            up = step % 2
            bar = Bar("X", step, HOUR_NS, 1.0, 1.0, 1.0, 1.0, seq=step)
            view = MarketView(bar, FeatureVector("X", step, "own", np.array([2.0 * up - 1.0])))
            signals.append(await agent.analyze(view))
            prediction = agent.predictor.newest("X", "direction")
            await agent.predictor.learning.update_model("X", Example(prediction.prediction_id, up))
        return signals

    signals = asyncio.run(steps())
    assert {signal.ml_part for signal in signals[:500]} == {None}
    assert [signal.direction for signal in signals[-2:]] == pytest.approx([-0.5 * 0.6 - 0.4, -0.5 * 0.6 + 0.4])
