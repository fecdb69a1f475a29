"""The interface of agents: a Signal with a direction from -1 (short) to 1 (long) for each view of the market.

An agent reads features by name and has no access to models, money or orders. Models reach it through `Predictor`, which the
serving service implements.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from alpha_pulse.core.errors import AgentError, NonFiniteError, StateError, did_you_mean
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import FeatureVector, MarketView, Prediction, PredictionContext, Signal


class Predictor(Protocol):
    """The source of an agent's predictions. All agents share one prediction per step, so further calls are cheap."""

    def prediction(self, features: FeatureVector, context: PredictionContext) -> Prediction | None:
        """The prediction for this step. None when there is none; the agent then decides by its rules."""
        ...

    def confidence_threshold(self, symbol: str) -> float | None:
        """The confidence (0 to 1) from which the model takes part for ``symbol``. None while it is unknown; the agent then
        decides by its rules."""
        ...


class BaseAgent(ABC):
    """Turns a view of the market into a Signal.

    A subclass sets ``name``, looks up its features once with `index_of` and implements `rule_based_analysis`. It may store its
    latest direction for each symbol in ``held``, which is saved and restored. An agent with more memory extends `snapshot` and
    `restore`. The same view must always give the same Signal, however often the agent decides. An agent with the method of
    `AdaptationRequester` can request adaptations of the models.

    Parameters
    ----------
    schema_names
        The names of the features, in the order of ``FeatureVector.values``.

    Raises
    ------
    AgentError
        The class has no name, or needs a feature that is not in the schema.

    >>> class FollowLastBar(BaseAgent):
    ...     name = "follow_last_bar"
    ...
    ...     def __init__(self, schema_names):
    ...         super().__init__(schema_names)
    ...         self._last = self.index_of("ret_1")
    ...
    ...     def rule_based_analysis(self, market_data):
    ...         return max(-1.0, min(1.0, market_data.features.values.item(self._last)))
    >>> FollowLastBar(("ret_1", "ret_3")).name
    'follow_last_bar'
    """

    name: str

    def __init__(self, schema_names: tuple[str, ...]) -> None:
        self.schema_names = schema_names
        self.held: dict[str, float] = {}
        if not getattr(self, "name", ""):
            raise AgentError(f"agent class {type(self).__qualname__} has no name; set the class attribute 'name'")

    def index_of(self, feature: str) -> int:
        """The place of ``feature`` in ``FeatureVector.values``. Raises AgentError when the schema lacks it."""
        try:
            return self.schema_names.index(feature)
        except ValueError:
            near = did_you_mean(feature, self.schema_names)
            raise AgentError(
                f"agent {self.name!r} needs feature {feature!r}, which this session's schema lacks{near}"
            ) from None

    @abstractmethod
    def rule_based_analysis(self, market_data: MarketView) -> float:
        """The rules' direction, finite, from -1 to 1. Missing features are 0 and should move it towards 0."""

    def decide(self, market_data: MarketView) -> Signal:
        """The Signal for this view, by rules alone. An override that adds other sources must be deterministic too."""
        bar = market_data.bar
        direction = self.rule_based_analysis(market_data)
        return Signal(f"{self.name}/{bar.symbol}/{bar.seq}", self.name, bar.symbol, bar.ts_event, direction, None, direction)

    async def analyze(self, market_data: MarketView) -> Signal:
        """`decide`, for callers that await. Raises AgentError as `checked_decision` does."""
        return checked_decision(self, market_data)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(scalars={"held": dict(self.held)})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        held = state.scalars.get("held")
        if not isinstance(held, dict) or not all(isinstance(value, float) and -1.0 <= value <= 1.0 for value in held.values()):
            raise StateError(
                f"a saved state of agent {self.name!r} has 'held' {held!r}; expected directions from -1 to 1 by symbol; "
                "restore with the configuration that saved it"
            )
        self.held = dict(held)


@runtime_checkable
class AdaptationRequester(Protocol):
    """An agent that can request adaptations of its symbol's models. It is called in Python, also if it ships a kernel."""

    name: str

    def requested_adaptations(self, market_data: MarketView) -> Mapping[str, str]:
        """The adaptations to begin with the next slice: by target, ``performance`` (learn faster) or ``regime`` (reset).

        Called once for each view, after `BaseAgent.decide`. The same view must always give the same requests. A request has no
        effect during a trial and the cool-down after it, nor with ``adaptation.enabled = false``.
        """
        ...


def checked_decision(agent: BaseAgent, market_data: MarketView) -> Signal:
    """The agent's Signal for this view, checked: what the agent manager uses.

    Raises
    ------
    AgentError
        The agent returned no Signal, a Signal of another symbol, or a direction that is not a number from -1 to 1.
    """
    try:
        signal = agent.decide(market_data)
    except NonFiniteError as error:
        raise refusal(agent.name, error) from error
    if not isinstance(signal, Signal):
        raise AgentError(f"agent {agent.name!r} returned {type(signal).__name__} from decide; expected a Signal")
    if signal.symbol != market_data.bar.symbol:
        raise AgentError(
            f"agent {agent.name!r} returned a Signal of {signal.symbol!r} for a bar of {market_data.bar.symbol!r}; "
            "use the symbol of market_data.bar"
        )
    ml_part = signal.ml_part
    if not -1.0 <= signal.rule_part <= 1.0 or (ml_part is not None and not -1.0 <= ml_part <= 1.0):
        raise AgentError(
            f"agent {agent.name!r} returned rule_part {signal.rule_part!r} and ml_part {ml_part!r}; "
            "expected numbers from -1 to 1 (ml_part may be None)"
        )
    return signal


def refusal(name: str, error: NonFiniteError) -> AgentError:
    """The error of an agent that returned, or received, a value that is not a number."""
    return AgentError(f"agent {name!r} is refused: {error}")
