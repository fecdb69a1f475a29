"""Views, agents and predictors for the tests of this family."""

from collections.abc import Sequence

import numpy as np

from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.core.types import Bar, FeatureVector, MarketView, Prediction, PredictionContext

HOUR_NS = 3_600_000_000_000


def view(values: Sequence[float] = (0.0,), symbol: str = "EURUSD", seq: int = 0) -> MarketView:
    ts = (seq + 1) * HOUR_NS
    bar = Bar(symbol, ts, HOUR_NS, 1.1, 1.2, 1.0, 1.15, seq=seq)
    return MarketView(bar, FeatureVector(symbol, ts, "test", np.array(values, dtype=np.float64)))


class FixedAgent(BaseAgent):
    """Always wants the same; ``direction`` may be anything, to see it refused."""

    def __init__(self, direction: float = 0.5, name: str = "fixed") -> None:
        self.name = name
        super().__init__(())
        self.direction = direction

    def rule_based_analysis(self, market_data: MarketView) -> float:
        return self.direction


class EchoAgent(FixedAgent):
    """Wants what the first feature says."""

    def rule_based_analysis(self, market_data: MarketView) -> float:
        return float(market_data.features.values[0])


class FakePredictor:
    """One prediction for every step; ``probability`` None: nothing is available."""

    def __init__(self, probability: float | None = 0.5, confidence: float | None = 0.6, threshold: float | None = 0.55) -> None:
        self.probability = probability
        self.confidence = confidence
        self.threshold = threshold
        self.contexts: list[PredictionContext] = []

    def prediction(self, features: FeatureVector, context: PredictionContext) -> Prediction | None:
        self.contexts.append(context)
        if self.probability is None:
            return None
        prediction_id = f"p/{context.symbol}/{features.ts}"
        return Prediction(prediction_id, context.symbol, features.ts, context.target, 3, self.probability, self.confidence)

    def confidence_threshold(self, symbol: str) -> float | None:
        return self.threshold
