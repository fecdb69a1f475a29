"""The kernels of agents over a block of rows, as a compiled loop calls them, against the services that call them for one."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.agents.agent_manager import AgentManager
from alpha_pulse.agents.decisions import Decisions, make_decisions
from alpha_pulse.agents.ml_aware_agent import MLAwareAgent
from alpha_pulse.agents.reversion import MeanReversion
from alpha_pulse.agents.trend import TrendFollowing
from alpha_pulse.core.types import MarketView, PredictionContext
from alpha_pulse.features.schema import schema_for
from alpha_pulse.kernels.agents import decision, trade_quality
from alpha_pulse.kernels.agents.reversion import reversion_rule
from alpha_pulse.kernels.agents.trend import trend_rule
from alpha_pulse.testing.agent_checks import market_views
from unit.agents.fakes import FakePredictor

NAMES = schema_for(has_volume=True, has_quotes=True).names
BARS = 300


def market() -> list[tuple[MarketView, float, float, float]]:
    """Views with the probability, confidence and threshold that belong to them; NaN for what is not known."""
    generator = np.random.default_rng(3)
    found = []
    for view in market_views(BARS, 2):
        probability, confidence = generator.uniform(0.3, 0.7, size=2)
        confidence = math.nan if generator.random() < 0.2 else 0.3 + confidence
        threshold = math.nan if generator.random() < 0.2 else 0.8
        found.append((view, float(probability), float(confidence), threshold))
    return found


def test_rows_of_a_block_are_decided_as_one_by_one() -> None:
    predictor = FakePredictor()
    agents = TrendFollowing(NAMES), MeanReversion(NAMES)
    manager = AgentManager([MLAwareAgent(agent, predictor) for agent in agents])
    rows = np.full((BARS, decision.HEAD + 2 * decision.COLUMNS), math.nan)
    given, settings = np.zeros((2, decision.GIVEN)), np.array([[1.0, 0.6, 0.4, 0.1]] * 2)
    weights, counts, held = np.full(2, 0.5), np.zeros(decision.COUNTS, dtype=np.int64), np.zeros(2)
    for at, (view, probability, confidence, threshold) in enumerate(market()):
        predictor.probability = probability
        predictor.confidence = None if math.isnan(confidence) else confidence
        predictor.threshold = None if math.isnan(threshold) else threshold
        one = manager.decide(view)
        for agent, rule in enumerate((trend_rule, reversion_rule)):
            held[agent] = rule(view.features.values, agents[agent].places, held[agent])
            rows[at, decision.HEAD + decision.COLUMNS * agent + decision.RULE] = held[agent]
        given[:] = probability, confidence, threshold
        assert decision.decide_row(rows, at, given, settings, weights, counts) == -1
        assert one == of_row(rows[at], view, predictor)
        assert np.isnan(rows[at + 1 :]).all()
    assert counts.tolist() == [0, manager.decisions, manager.ml_decisions]
    assert 0 < manager.ml_decisions < BARS


def of_row(row: NDArray[np.float64], view: MarketView, predictor: FakePredictor) -> Decisions:
    prediction = predictor.prediction(view.features, PredictionContext(view.bar.symbol, "", ""))
    assert prediction is not None
    return make_decisions(row.tolist(), ("trend", "reversion"), view.bar, [None] * 2, [prediction.prediction_id] * 2)


def test_a_row_that_no_decision_may_come_from_is_named_and_not_counted() -> None:
    rows = np.zeros((2, decision.HEAD + 3 * decision.COLUMNS))
    counts = np.zeros(decision.COUNTS, dtype=np.int64)
    given, settings = np.full((3, decision.GIVEN), math.nan), np.array([[1.0, 0.6, 0.4, 0.1]] * 3)
    for agent in range(3):
        rows[1, decision.HEAD + decision.COLUMNS * agent + decision.RULE] = 2.0 if agent == 1 else 0.5
    assert decision.decide_row(rows, 1, given, settings, np.full(3, 1 / 3), counts) == 1
    assert not counts.any()


def test_the_input_of_the_trade_quality_model_is_written_from_any_row_of_a_block() -> None:
    features = np.arange(12.0)
    row = np.zeros(4 + trade_quality.EXTRA_FEATURES)
    trade_quality.write_input(features, 4, -0.5, math.nan, math.nan, row)
    assert row.tolist() == [4.0, 5.0, 6.0, 7.0, -0.5, 0.5, 0.0]
    trade_quality.write_input(features, 8, 0.5, 0.7, -0.2, row)
    assert row.tolist() == [8.0, 9.0, 10.0, 11.0, 0.5, 0.7, -0.2]
