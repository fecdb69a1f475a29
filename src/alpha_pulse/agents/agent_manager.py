"""Combines the agents' Signals into one, by weights that are learned from trade outcomes."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.agents.base_agent import AdaptationRequester, BaseAgent, checked_decision, refusal
from alpha_pulse.agents.decisions import Decisions, make_decisions
from alpha_pulse.agents.kernel_agent import KernelAgent
from alpha_pulse.agents.members import check_members, kernel_form, requester, settings_row
from alpha_pulse.agents.ml_aware_agent import MLAwareAgent
from alpha_pulse.core.errors import AgentError, AlphaPulseError, ConfigError, NonFiniteError, StateError, did_you_mean
from alpha_pulse.core.stateful import State, scalars_as, take_all
from alpha_pulse.core.types import Contribution, MarketView, Signal, finite
from alpha_pulse.core.user_code.calls import raised
from alpha_pulse.kernels.agents.credit import credit_lot
from alpha_pulse.kernels.agents.decision import (
    COLUMNS,
    COUNTS,
    DECISIONS,
    DIRECTION,
    GIVEN,
    HEAD,
    MODEL,
    MODEL_DECISIONS,
    PREDICTION_CONFIDENCE,
    PROBABILITY,
    RULE,
    SURE,
    THRESHOLD,
    decide_row,
)

__all__ = ["AgentManager", "Decisions"]

Row = NDArray[np.float64]
LARGEST = sys.float_info.max
SMALLEST = math.nextafter(0.0, 1.0)
BOUNDS = {"weights": (SMALLEST, 1.0), "scale": (0.0, LARGEST), "counts": (0, sys.maxsize), "held": (-1.0, 1.0)}
"""Of each array of the state."""


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The scalars of a snapshot; ``agents`` holds those of each agent by name."""

    names: list[str]
    symbols: list[str]
    agents: dict[str, dict[str, Any]]


class AgentManager:
    """Lets every agent decide on one view, and combines the Signals with weights that follow the outcomes of their trades.

    The weights follow fixed share: each closed lot gives an agent a loss between 0 (its direction was profitable) and 1 (the
    opposite direction was), and a small fraction of all weight is spread evenly each time, so that no weight vanishes. The
    weight of an agent that took no part in a lot does not change. Only ``combined`` uses these weights: outcomes depend on the
    model, so that ``rules`` would not be a counterfactual if it used them.

    Parameters
    ----------
    agents
        At least one, with different names, none of them in `members.RESERVED`. An agent that ships a kernel (`KernelAgent`),
        alone or in an `MLAwareAgent`, is run by its kernel, and the manager stores the directions it holds. Any other agent is
        called for its Signal.
    symbols
        The symbols of the run, in its order. Any other symbol is added when it is first seen.
    learning_rate
        How strongly one loss changes the weights, > 0.
    share
        The fraction of all weight that is spread evenly at each lot, > 0, at most 1.

    Raises
    ------
    AgentError
        There is no agent, a name is used twice or reserved, or an object is not a `BaseAgent`.
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

    def __init__(
        self, agents: Sequence[BaseAgent], symbols: Sequence[str] = (), *, learning_rate: float = 0.1, share: float = 0.01
    ) -> None:
        if not (0.0 < learning_rate < math.inf and 0.0 < share <= 1.0):
            raise ConfigError(
                f"the agents' learning_rate is {learning_rate!r} and share {share!r}; expected a rate above 0 and a share "
                "above 0 and at most 1"
            )
        check_members(agents)
        n = len(agents)
        self._names = tuple(agent.name for agent in agents)
        self._forms = tuple((agent, kernel_form(agent)) for agent in agents)
        self.requesters: tuple[AdaptationRequester, ...] = tuple(
            found for agent in agents if (found := requester(agent)) is not None
        )
        """The agents that can request adaptations."""
        self._learning_rate, self._share = float(learning_rate), float(share)
        self._weights: Row = np.full(n, 1.0 / n)
        self._scale: Row = np.zeros(1)
        self._counts = np.zeros(COUNTS, dtype=np.int64)
        self._held: Row = np.zeros((0, n))
        self._symbols: dict[str, int] = {}
        for symbol in symbols:
            self._symbol_place(symbol)
        self._take_over()
        # Scratch of one decision, which the next one overwrites.
        self._rows: Row = np.zeros((1, HEAD + COLUMNS * n))
        self._row = self._rows[0]
        self._given: Row = np.full((n, GIVEN), math.nan)
        self._settings: Row = np.array([settings_row(agent) for agent in agents], dtype=np.float64)
        self._directions: Row = np.zeros(n)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The packed state: ``weights`` (n_agents,), ``scale`` (1,), ``counts`` and ``held`` (n_symbols, n_agents)."""
        return {"weights": self._weights, "scale": self._scale, "counts": self._counts, "held": self._held}

    @property
    def names(self) -> tuple[str, ...]:
        """The agents' names, in their order."""
        return self._names

    @property
    def forms(self) -> tuple[tuple[BaseAgent, KernelAgent | None], ...]:
        """Each agent, with the one whose kernel takes its place in the loop; None where it is called in Python."""
        return self._forms

    @property
    def settings(self) -> Row:
        """Of each agent, (n_agents, `SETTINGS`), see `alpha_pulse.kernels.agents.decision`."""
        return self._settings

    @property
    def weights(self) -> dict[str, float]:
        """The agents' learned weights by name: positive, together 1."""
        return dict(zip(self._names, self._weights.tolist(), strict=True))

    @property
    def decisions(self) -> int:
        """Decisions so far."""
        return int(self._counts[DECISIONS])

    @property
    def ml_decisions(self) -> int:
        """Decisions in which the model took part."""
        return int(self._counts[MODEL_DECISIONS])

    @property
    def ml_fraction(self) -> float | None:
        """The fraction of decisions in which the model took part; None before the first."""
        return self.ml_decisions / self.decisions if self.decisions else None

    def decide(self, view: MarketView) -> Decisions:
        """Let every agent decide, and combine their Signals. Raises AgentError when an agent violates its contract."""
        place, values = self._symbol_place(view.bar.symbol), view.features.values
        called: list[Signal | None] = []
        prediction_ids: list[str | None] = []
        for number, (agent, kernel_agent) in enumerate(self._forms):
            if kernel_agent is None:
                called.append(self.call(number, view, self._row))
                prediction_ids.append(None)
                continue
            called.append(None)
            prediction_ids.append(self._ask(number, agent, view) if isinstance(agent, MLAwareAgent) else None)
            wanted = kernel_agent.rule(values, kernel_agent.places, self._held.item(place, number))
            self._held[place, number] = self._row[HEAD + COLUMNS * number + RULE] = wanted
        decide_row(self._rows, 0, self._given, self._settings, self._weights, self._counts)
        return make_decisions(self._row.tolist(), self._names, view.bar, called, prediction_ids)

    def call(self, number: int, view: MarketView, row: Row) -> Signal:
        """The Signal of an agent without a kernel; its numbers go into ``row``, see `alpha_pulse.kernels.agents.decision`.

        Raises AgentError when the agent raises an error or violates its contract.
        """
        agent = self._forms[number][0]
        try:
            signal = checked_decision(agent, view)
        except AlphaPulseError:
            raise
        except Exception as error:  # what a user's code raises is not known
            raise AgentError(f"agent {agent.name!r} {raised(error)}") from error
        first = HEAD + COLUMNS * number
        row[first + RULE], row[first + DIRECTION] = signal.rule_part, signal.direction
        row[first + MODEL] = math.nan if signal.ml_part is None else signal.ml_part
        row[first + SURE] = math.nan if signal.confidence is None else signal.confidence
        return signal

    def _ask(self, number: int, agent: MLAwareAgent, view: MarketView) -> str | None:
        """Write the prediction that an agent is given, and its threshold; returns the prediction's id."""
        try:
            prediction, threshold = agent.ask(view)
        except NonFiniteError as error:
            raise refusal(agent.name, error) from error
        given, confidence = self._given, None if prediction is None else prediction.confidence
        given[number, THRESHOLD] = threshold
        given[number, PREDICTION_CONFIDENCE] = math.nan if confidence is None else confidence
        if prediction is None:
            return None
        given[number, PROBABILITY] = prediction.probability
        return prediction.prediction_id

    def _symbol_place(self, symbol: str) -> int:
        place = self._symbols.get(symbol)
        if place is None:
            place = self._symbols[symbol] = len(self._symbols)
            self._held = np.vstack([self._held, np.zeros(len(self._names))])
        return place

    def _take_over(self) -> None:
        """Move the directions that agents with a kernel hold into the array."""
        for number, (_, kernel_agent) in enumerate(self._forms):
            if kernel_agent is not None:
                for symbol, direction in kernel_agent.held.items():
                    place = self._symbol_place(symbol)
                    self._held[place, number] = direction
                kernel_agent.held = {}

    def credit(self, contributions: Sequence[Contribution], side: int, return_: float) -> None:
        """Update the weights from one closed lot.

        Parameters
        ----------
        contributions
            The contributions to the combined Signal that opened the lot.
        side
            1 for a lot that was held long, -1 for one held short.
        return_
            Net P&L over the value at the opening, finite.

        Raises
        ------
        AgentError
            ``side`` is neither 1 nor -1, a contribution names an unknown agent, or an agent is named twice.
        NonFiniteError
            ``return_`` is not finite.
        """
        finite("the return of a closed lot", return_)
        if side not in (1, -1):
            raise AgentError(f"the side of a closed lot is {side!r}; expected 1 (long) or -1 (short)")
        places = self._places(contributions)
        self._directions[:] = math.nan
        for place, contribution in zip(places, contributions, strict=True):
            self._directions[place] = contribution.direction
        credit_lot(
            self._weights, self._scale, self._counts, self._directions,
            int(side), float(return_), self._learning_rate, self._share,
        )  # fmt: skip

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
        """The arrays, and the state of every agent. See `alpha_pulse.core.stateful.Stateful`."""
        states = {agent.name: agent.snapshot() for agent, _ in self._forms}
        scalars = _Saved(list(self._names), list(self._symbols), {name: state.scalars for name, state in states.items()})
        arrays = {key: array.copy() for key, array in self.arrays.items()}
        arrays |= {f"{name}/{key}": array for name, state in states.items() for key, array in state.arrays.items()}
        return State(scalars=msgspec.structs.asdict(scalars), arrays=arrays)

    def restore(self, state: State) -> None:
        """Restore ``state``. Raises StateError when it was saved with other agents."""
        saved = scalars_as(_Saved, state, "the agent manager")
        if not set(saved.names) == set(saved.agents) == set(self._names):
            raise StateError(
                f"a saved state of the agent manager contains {', '.join(sorted(saved.names))}, but this configuration runs "
                f"{', '.join(sorted(self._names))}; restore with the configuration that saved it"
            )
        arrays = {key: np.empty_like(array) for key, array in self.arrays.items()}
        arrays["held"] = np.empty((len(saved.symbols), len(self._names)))
        take_all(arrays, state)
        _check_arrays(arrays)
        order = [saved.names.index(name) for name in self._names]
        held = arrays["held"][:, order]
        for number, (agent, kernel_agent) in enumerate(self._forms):
            if kernel_agent is None and held[:, number].any():
                raise _unfit(f"agent {agent.name!r} was run by its kernel, but has none now")
        for agent, _ in self._forms:
            prefix = f"{agent.name}/"
            own = {key.removeprefix(prefix): array for key, array in state.arrays.items() if key.startswith(prefix)}
            agent.restore(State(scalars=saved.agents[agent.name], arrays=own))
        places = [self._symbol_place(symbol) for symbol in saved.symbols]
        self._weights[:] = arrays["weights"][order]
        self._scale[:], self._counts[:], self._held[:] = arrays["scale"], arrays["counts"], 0.0
        self._held[places] = held
        self._take_over()


def _unfit(reason: str) -> StateError:
    return StateError(f"the saved state of the agent manager does not fit: {reason}; use an older checkpoint")


def _check_arrays(arrays: Mapping[str, NDArray[Any]]) -> None:
    for key, (least, most) in BOUNDS.items():
        if not ((arrays[key] >= least) & (arrays[key] <= most)).all():
            raise _unfit(f"array {key!r} is {arrays[key].tolist()}; expected numbers from {least} to {most}")
