"""Combines a rule-based agent with the model's prediction if its confidence is high enough."""

from __future__ import annotations

import math
from typing import Any

from alpha_pulse.agents import PREDICTORS
from alpha_pulse.agents.base_agent import BaseAgent, Predictor
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.plugins import load
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import MarketView, Prediction, PredictionContext, Signal
from alpha_pulse.kernels.agents.decision import mix_model


class MLAwareAgent(BaseAgent):
    """Wraps ``agent``: 0.6 rules + 0.4 model when the model is confident, else the rules alone.

    The model's direction is ``(2p - 1) / full_edge``, clipped to -1 to 1: a probability of ``(1 + full_edge) / 2`` is a whole
    position. It takes part when the prediction's confidence reaches the threshold. It never changes ``rule_part``, so the
    decision of the rules alone stays known.

    Parameters
    ----------
    agent
        The agent to wrap; name and saved state are its own.
    predictor
        The source of predictions and of the learned threshold; by default an
        `alpha_pulse.serving.model_serving_service.ModelServingService` of its own. It starts a session for each symbol, and
        learns from the labels that `predictor.learning.update_model` is given; the model takes part after 500 labels.
    ml_confidence_threshold
        The confidence (0 to 1) from which the model takes part; None: the threshold of the predictor, by symbol.
    weights
        Of the rules and of the model, each >= 0, together 1.
    full_edge
        The edge ``2p - 1`` at which the model wants a whole position, > 0, at most 1.

    Raises
    ------
    ConfigError
        A setting is out of its range.

    >>> from alpha_pulse.agents.trend import TrendFollowing
    >>> import numpy as np
    >>> from alpha_pulse.core.types import Bar, FeatureVector, Prediction
    >>> class Sure:
    ...     def prediction(self, features, context):
    ...         return Prediction("p1", context.symbol, features.ts, context.target, 3, probability=0.525, confidence=0.6)
    ...
    ...     def confidence_threshold(self, symbol):
    ...         return 0.55
    >>> agent = MLAwareAgent(TrendFollowing(("ret_96", "ema_dist_50", "ema_dist_200")), Sure())
    >>> bar = Bar("EURUSD", 0, 3_600_000_000_000, 1.1, 1.1, 1.1, 1.1)
    >>> signal = agent.decide(MarketView(bar, FeatureVector("EURUSD", 0, "s", np.zeros(3))))
    >>> signal.rule_part, round(signal.ml_part, 6), round(signal.direction, 6), signal.prediction_id
    (0.0, 0.5, 0.2, 'p1')
    """

    def __init__(
        self,
        agent: BaseAgent,
        predictor: Predictor | None = None,
        *,
        ml_confidence_threshold: float | None = None,
        weights: tuple[float, float] = (0.6, 0.4),
        full_edge: float = 0.1,
    ) -> None:
        _check(ml_confidence_threshold, weights, full_edge)
        self.name = agent.name
        super().__init__(agent.schema_names)
        self.agent = agent
        self.ml_confidence_threshold = ml_confidence_threshold
        self.weights = (float(weights[0]), float(weights[1]))
        self.full_edge = float(full_edge)
        self.predictor: Any = load("predictors", PREDICTORS, "serving")() if predictor is None else predictor
        """The source of predictions; of any type that fulfils `alpha_pulse.agents.base_agent.Predictor`."""
        # The context of a symbol never changes, so it is created once; it is not part of the state.
        self._contexts: dict[str, PredictionContext] = {}

    def rule_based_analysis(self, market_data: MarketView) -> float:
        """The wrapped agent's direction, without the model."""
        return self.agent.rule_based_analysis(market_data)

    def decide(self, market_data: MarketView) -> Signal:
        """The Signal for this view, with both parts. ``prediction_id`` is set only where the model took part."""
        bar = market_data.bar
        prediction, threshold = self.ask(market_data)
        rule_part = self.agent.rule_based_analysis(market_data)
        signal_id = f"{self.name}/{bar.symbol}/{bar.seq}"
        if prediction is None:
            return Signal(signal_id, self.name, bar.symbol, bar.ts_event, rule_part, None, rule_part)
        confidence = prediction.confidence
        sure = math.nan if confidence is None else confidence
        ml_part, direction = mix_model(float(rule_part), prediction.probability, sure, threshold, *self.weights, self.full_edge)
        if math.isnan(ml_part):
            return Signal(signal_id, self.name, bar.symbol, bar.ts_event, rule_part, confidence, rule_part)
        return Signal(
            signal_id, self.name, bar.symbol, bar.ts_event, direction, confidence, rule_part, ml_part, prediction.prediction_id
        )

    def ask(self, market_data: MarketView) -> tuple[Prediction | None, float]:
        """The prediction for this view, if there is one, and the confidence from which it takes part (NaN while unknown)."""
        symbol = market_data.bar.symbol
        prediction = self.predictor.prediction(market_data.features, self._context(symbol))
        threshold = self.ml_confidence_threshold
        if threshold is None and prediction is not None:
            threshold = self.predictor.confidence_threshold(symbol)
        return prediction, math.nan if threshold is None else threshold

    def _context(self, symbol: str) -> PredictionContext:
        context = self._contexts.get(symbol)
        if context is None:
            context = self._contexts[symbol] = PredictionContext(symbol, self.name, f"{symbol}/direction")
        return context

    def snapshot(self) -> State:
        """The wrapped agent's state; the wrapper has no state of its own."""
        return self.agent.snapshot()

    def restore(self, state: State) -> None:
        """Restore ``state`` in the wrapped agent."""
        self.agent.restore(state)


def _check(threshold: float | None, weights: tuple[float, float], full_edge: float) -> None:
    if threshold is not None and not 0.0 < threshold < 1.0:
        raise ConfigError(
            f"ml_confidence_threshold is {threshold!r}; expected a number between 0 and 1, or None to choose it from scores"
        )
    if not (min(weights) >= 0.0 and math.isclose(sum(weights), 1.0, abs_tol=1e-9)):
        raise ConfigError(
            f"the weights of rules and model are {weights[0]!r} and {weights[1]!r}; expected two numbers >= 0 that sum to 1: "
            "set agents.rule_weight and agents.ml_weight together"
        )
    if not 0.0 < full_edge <= 1.0:
        raise ConfigError(f"full_edge is {full_edge!r}; expected a number above 0 and at most 1")
