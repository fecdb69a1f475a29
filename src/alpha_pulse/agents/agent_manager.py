"""Combines the agents' Signals into one, by weights that are learned from trade outcomes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from alpha_pulse.agents.base_agent import BaseAgent, checked_decision
from alpha_pulse.core.errors import AgentError, ConfigError, StateError, did_you_mean
from alpha_pulse.core.stateful import State, scalars_as
from alpha_pulse.core.types import Contribution, MarketView, Signal, finite

RESERVED = ("combined", "rules", "ml")
"""The agent names of the manager's own Signals."""


class Decisions(msgspec.Struct, frozen=True):
    """The Signals of one step for one symbol.

    ``combined`` mixes the members by their learned weights. ``rules`` mixes their rule parts by equal weights: the decision if
    no model existed. ``ml`` is the mean of their model parts; None where the model took no part.
    """

    combined: Signal
    rules: Signal
    ml: Signal | None
    members: tuple[Signal, ...]


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The scalars of a snapshot; ``agents`` holds those of each agent by name."""

    weights: dict[str, Annotated[float, Meta(gt=0, le=1)]]
    lots: Annotated[int, Meta(ge=0)]
    scale: Annotated[float, Meta(ge=0)]
    decisions: Annotated[int, Meta(ge=0)]
    ml_decisions: Annotated[int, Meta(ge=0)]
    agents: dict[str, dict[str, Any]]


class AgentManager:
    """Lets every agent decide on one view and combines the Signals; the weights follow the outcomes of their trades.

    The weights follow fixed share: each closed lot gives an agent a loss between 0 (its direction was profitable) and 1 (the
    opposite direction was), and a small fraction of all weight is spread evenly each time, so that no weight vanishes. The
    weight of an agent that took no part in a lot does not change. Only ``combined`` uses these weights: outcomes depend on the
    model, so that ``rules`` would not be a counterfactual if it did.

    Parameters
    ----------
    agents
        At least one, each with a name of its own; none of `RESERVED`.
    learning_rate
        How strongly one loss changes the weights, > 0.
    share
        The fraction of all weight that is spread evenly at each lot, > 0, at most 1.

    Raises
    ------
    AgentError
        No agent, a name taken twice or reserved, or something that is no `BaseAgent`.
    ConfigError
        A rate out of its range.

    References
    ----------
    Herbster and Warmuth (1998), Tracking the best expert, doi:10.1023/A:1007424614876. Sleeping members: Freund, Schapire,
    Singer and Warmuth (1997), Using and combining predictors that specialize, doi:10.1145/258533.258616.

    >>> import numpy as np
    >>> from alpha_pulse.agents.trend import TrendFollowing
    >>> from alpha_pulse.core.types import Bar, FeatureVector
    >>> manager = AgentManager([TrendFollowing(("ret_96", "ema_dist_50", "ema_dist_200"))])
    >>> bar = Bar("EURUSD", 0, 3_600_000_000_000, 1.1, 1.1, 1.1, 1.1, seq=7)
    >>> decisions = manager.decide(MarketView(bar, FeatureVector("EURUSD", 0, "s", np.ones(3))))
    >>> decisions.combined.signal_id, round(decisions.combined.direction, 3), decisions.ml
    ('combined/EURUSD/7', 0.947, None)
    >>> manager.credit(decisions.combined.contributions, side=1, return_=0.01)
    >>> manager.weights
    {'trend': 1.0}
    """

    def __init__(self, agents: Sequence[BaseAgent], *, learning_rate: float = 0.1, share: float = 0.01) -> None:
        if not (0.0 < learning_rate < math.inf and 0.0 < share <= 1.0):
            raise ConfigError(
                f"the agents' learning_rate is {learning_rate!r} and share {share!r}; expected a rate above 0 and a share "
                "above 0 and at most 1"
            )
        _check_members(agents)
        self.decisions = 0
        self.ml_decisions = 0
        self._agents = tuple(agents)
        self._names = tuple(agent.name for agent in agents)
        self._weights = [1.0 / len(agents)] * len(agents)
        self._learning_rate = learning_rate
        self._share = share
        self._lots = 0
        self._scale = 0.0

    @property
    def weights(self) -> dict[str, float]:
        """The agents' learned weights by name: positive, together 1."""
        return dict(zip(self._names, self._weights, strict=True))

    @property
    def ml_fraction(self) -> float | None:
        """The share of decisions in which the model took part; None before the first."""
        return self.ml_decisions / self.decisions if self.decisions else None

    def decide(self, view: MarketView) -> Decisions:
        """Let every agent decide, and combine their Signals. AgentError when one of them breaks its contract."""
        bar = view.bar
        symbol, ts = bar.symbol, bar.ts_event
        tail = f"/{symbol}/{bar.seq}"
        members: list[Signal] = []
        contributions: list[Contribution] = []
        direction = rule_part = rules = ml_part = 0.0
        ml_count = 0
        confidence: float | None = None
        prediction_id: str | None = None
        for agent, name, weight in zip(self._agents, self._names, self._weights, strict=True):
            signal = checked_decision(agent, view)
            members.append(signal)
            wanted, rule = signal.direction, signal.rule_part
            contributions.append(Contribution(signal.signal_id, name, wanted, weight))
            direction += weight * wanted
            rule_part += weight * rule
            rules += rule
            if signal.ml_part is not None:
                ml_part += signal.ml_part
                ml_count += 1
                prediction_id = prediction_id or signal.prediction_id
            if confidence is None:
                confidence = signal.confidence
        self.decisions += 1
        ml: Signal | None = None
        ml_mean: float | None = None
        if ml_count:
            self.ml_decisions += 1
            ml_mean = ml_part / ml_count
            ml = Signal("ml" + tail, "ml", symbol, ts, ml_mean, confidence, 0.0, ml_mean, prediction_id)
        # Rounding may carry a weighted mean of ones just past 1; a plain mean cannot pass it.
        direction = 1.0 if direction > 1.0 else -1.0 if direction < -1.0 else direction
        rule_part = 1.0 if rule_part > 1.0 else -1.0 if rule_part < -1.0 else rule_part
        rules /= len(members)
        combined = Signal(
            signal_id="combined" + tail,
            agent="combined",
            symbol=symbol,
            ts=ts,
            direction=direction,
            confidence=confidence,
            rule_part=rule_part,
            ml_part=ml_mean,
            prediction_id=prediction_id,
            contributions=tuple(contributions),
        )
        return Decisions(combined, Signal("rules" + tail, "rules", symbol, ts, rules, None, rules), ml, tuple(members))

    def credit(self, contributions: Sequence[Contribution], side: int, return_: float) -> None:
        """Update the weights from one closed lot.

        Parameters
        ----------
        contributions
            Of the combined Signal that opened the lot.
        side
            1 for a lot that was held long, -1 for one held short.
        return_
            Net P&L over the value at the opening, finite.

        Raises
        ------
        AgentError
            ``side`` is neither, or a contribution names no agent of this manager, or one twice.
        NonFiniteError
            ``return_`` is not finite.
        """
        finite("the return of a closed lot", return_)
        if side not in (1, -1):
            raise AgentError(f"the side of a closed lot is {side!r}; expected 1 (held long) or -1 (held short)")
        awake = self._places(contributions)
        self._lots += 1
        self._scale += (abs(return_) - self._scale) / self._lots
        outcome = side * return_ / self._scale if self._scale > 0.0 else 0.0
        weights = self._weights
        before = sum(weights[place] for place in awake)
        for place, contribution in zip(awake, contributions, strict=True):
            agreed = max(-1.0, min(1.0, contribution.direction * outcome))
            weights[place] *= math.exp(-self._learning_rate * (0.5 - 0.5 * agreed))
        after = sum(weights[place] for place in awake)
        for place in awake:
            weights[place] *= before / after
        total = sum(weights)
        floor = self._share / len(weights)
        for place, weight in enumerate(weights):
            weights[place] = (1.0 - self._share) * (weight / total) + floor

    def _places(self, contributions: Sequence[Contribution]) -> list[int]:
        places: list[int] = []
        for contribution in contributions:
            if contribution.agent not in self._names:
                near = did_you_mean(contribution.agent, self._names)
                raise AgentError(f"a closed lot credits agent {contribution.agent!r}, which takes no part in this run{near}")
            place = self._names.index(contribution.agent)
            if place in places:
                raise AgentError(f"a closed lot credits agent {contribution.agent!r} twice; pass each contribution once")
            places.append(place)
        return places

    def snapshot(self) -> State:
        """The weights, the counters and every agent's state. See `alpha_pulse.core.stateful.Stateful`."""
        states = {name: agent.snapshot() for name, agent in zip(self._names, self._agents, strict=True)}
        saved = _Saved(
            weights=self.weights,
            lots=self._lots,
            scale=self._scale,
            decisions=self.decisions,
            ml_decisions=self.ml_decisions,
            agents={name: state.scalars for name, state in states.items()},
        )
        return State(
            scalars=msgspec.structs.asdict(saved),
            arrays={f"{name}/{key}": array for name, state in states.items() for key, array in state.arrays.items()},
        )

    def restore(self, state: State) -> None:
        """Take over ``state``. Raises StateError when it was saved with other agents."""
        saved = scalars_as(_Saved, state, "the agent manager")
        if not set(saved.weights) == set(saved.agents) == set(self._names):
            raise StateError(
                f"a saved state of the agent manager holds {', '.join(sorted(saved.weights))}, but this configuration runs "
                f"{', '.join(sorted(self._names))}; restore with the configuration that saved it"
            )
        for name, agent in zip(self._names, self._agents, strict=True):
            prefix = f"{name}/"
            arrays = {key.removeprefix(prefix): array for key, array in state.arrays.items() if key.startswith(prefix)}
            agent.restore(State(scalars=saved.agents[name], arrays=arrays))
        self._weights = [saved.weights[name] for name in self._names]
        self._lots, self._scale = saved.lots, saved.scale
        self.decisions, self.ml_decisions = saved.decisions, saved.ml_decisions


def _check_members(agents: Sequence[BaseAgent]) -> None:
    if not agents:
        raise AgentError("there is no agent to decide; name at least one in agents.members")
    for agent in agents:
        if not isinstance(agent, BaseAgent):
            raise AgentError(
                f"{type(agent).__qualname__} is not an agent; derive it from alpha_pulse.agents.base_agent.BaseAgent"
            )
        if agent.name in RESERVED or "/" in agent.name:
            raise AgentError(
                f"an agent is named {agent.name!r}; choose a name without '/' that is none of {', '.join(RESERVED)}"
            )
    name, times = Counter(agent.name for agent in agents).most_common(1)[0]
    if times > 1:
        raise AgentError(f"{times} agents are named {name!r}; list each agent once in agents.members")
