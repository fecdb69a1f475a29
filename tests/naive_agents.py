"""Agents and their manager as one would write them down: directions by symbol in dicts, sums in plain loops."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from alpha_pulse.agents.decisions import Decisions
from alpha_pulse.core.types import Contribution, MarketView, Prediction, Signal

Rule = Callable[[dict[str, float], float], float]
"""(features by name, direction held) -> direction wanted."""


def naive_trend(features: dict[str, float], held: float) -> float:
    wanted = math.tanh(0.4 * features["ret_96"] + 0.6 * features["ema_dist_50"] + 0.8 * features["ema_dist_200"])
    return held if -0.25 < wanted - held < 0.25 else wanted


def naive_reversion(features: dict[str, float], held: float) -> float:
    score = 0.5 * features["bollinger_20"] + 0.5 / 0.4 * features["rsi_14"]
    if score >= 1.0:
        return min(held, -min(score / 2.0, 1.0))
    if score <= -1.0:
        return max(held, min(-score / 2.0, 1.0))
    back = held != 0.0 and not (score > 0.25 and held < 0.0) and not (score < -0.25 and held > 0.0)
    return 0.0 if back else held


def clip(value: float) -> float:
    return max(-1.0, min(1.0, value))


class NaiveAgent:
    """One rule, mixed 0.6 to 0.4 with the model where ``mixes``."""

    def __init__(self, name: str, rule: Rule, schema_names: tuple[str, ...], mixes: bool) -> None:
        self.name = name
        self.rule = rule
        self.schema_names = schema_names
        self.mixes = mixes
        self.held: dict[str, float] = {}

    def decide(self, view: MarketView, prediction: Prediction | None, threshold: float | None) -> Signal:
        bar = view.bar
        features = dict(zip(self.schema_names, view.features.values.tolist(), strict=True))
        rule = self.held[bar.symbol] = self.rule(features, self.held.get(bar.symbol, 0.0))
        signal_id = f"{self.name}/{bar.symbol}/{bar.seq}"
        if not self.mixes or prediction is None:
            return Signal(signal_id, self.name, bar.symbol, bar.ts_event, rule, None, rule)
        sure = prediction.confidence
        if sure is None or threshold is None or sure < threshold:
            return Signal(signal_id, self.name, bar.symbol, bar.ts_event, rule, sure, rule)
        model = clip((2.0 * prediction.probability - 1.0) / 0.1)
        direction = clip(0.6 * rule + 0.4 * model)
        return Signal(signal_id, self.name, bar.symbol, bar.ts_event, direction, sure, rule, model, prediction.prediction_id)


class NaiveAgentManager:
    """Weights by fixed share, as in `AgentManager`; every decision and every credited lot is counted."""

    def __init__(self, agents: Sequence[NaiveAgent], learning_rate: float = 0.1, share: float = 0.01) -> None:
        self.agents = agents
        self.weights = {agent.name: 1.0 / len(agents) for agent in agents}
        self.learning_rate = learning_rate
        self.share = share
        self.lots = self.decisions = self.ml_decisions = 0
        self.scale = 0.0

    def decide(self, view: MarketView, prediction: Prediction | None, threshold: float | None) -> Decisions:
        bar = view.bar
        members = tuple(agent.decide(view, prediction, threshold) for agent in self.agents)
        tail = f"/{bar.symbol}/{bar.seq}"
        direction = rule = rules = model = 0.0
        for member in members:
            direction += self.weights[member.agent] * member.direction
            rule += self.weights[member.agent] * member.rule_part
            rules += member.rule_part
        parts = [member.ml_part for member in members if member.ml_part is not None]
        for part in parts:
            model += part
        ids = [member.prediction_id for member in members if member.ml_part is not None]
        sure = next((member.confidence for member in members if member.confidence is not None), None)
        mean = model / len(parts) if parts else None
        self.decisions += 1
        self.ml_decisions += bool(parts)
        contributions = tuple(
            Contribution(member.signal_id, member.agent, member.direction, self.weights[member.agent]) for member in members
        )
        used = ids[0] if ids else None
        return Decisions(
            Signal(
                "combined" + tail, "combined", bar.symbol, bar.ts_event, clip(direction), sure, clip(rule), mean, used,
                contributions,
            ),
            Signal("rules" + tail, "rules", bar.symbol, bar.ts_event, rules / len(members), None, rules / len(members)),
            None if mean is None else Signal("ml" + tail, "ml", bar.symbol, bar.ts_event, mean, sure, 0.0, mean, used),
            members,
        )  # fmt: skip

    def credit(self, contributions: Sequence[Contribution], side: int, return_: float) -> None:
        awake = [contribution.agent for contribution in contributions]
        self.lots += 1
        self.scale += (abs(return_) - self.scale) / self.lots
        outcome = side * return_ / self.scale if self.scale > 0.0 else 0.0
        before = total(self.weights[name] for name in awake)
        for contribution in contributions:
            loss = 0.5 - 0.5 * clip(contribution.direction * outcome)
            self.weights[contribution.agent] *= math.exp(-self.learning_rate * loss)
        after = total(self.weights[name] for name in awake)
        for name in awake:
            self.weights[name] *= before / after
        everything = total(self.weights.values())
        for name, weight in self.weights.items():
            self.weights[name] = (1.0 - self.share) * (weight / everything) + self.share / len(self.weights)


def total(numbers: object) -> float:
    """A sum by one addition after the other: ``sum`` compensates for rounding from Python 3.12 on."""
    result = 0.0
    for number in numbers:  # type: ignore[attr-defined]
        result += number
    return result
