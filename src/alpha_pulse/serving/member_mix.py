"""The mixture of one (symbol, target): weights and calibrators of the members, confidence and its threshold."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.stateful import State, take
from alpha_pulse.kernels.base.scores import SERVED
from alpha_pulse.kernels.mixing import ensemble
from alpha_pulse.learning.session import ScoredPrediction
from alpha_pulse.models.base import Row

STRATEGIES = {"ensemble": ensemble.ensemble_weights, "champion_challenger": ensemble.champion_weights}
"""How members become the served probability: pure functions of the learned weights and of the members that are present."""
CONFIDENCE_SCORES = 500
"""Labels before a confidence is stated, and between two choices of its threshold."""
THRESHOLD_QUANTILE = 0.5
"""The model takes part in this upper fraction of the decisions on which the threshold is chosen."""
EVEN_CHANCE = 0.5
"""The threshold is at least this: a model that is more likely wrong than right does not take part."""


class MemberMix:
    """The learned state of serving. ``weights`` are those of (online, batch, base rate), a view of the state.

    ``strategy``, one of `STRATEGIES`, may be changed between two predictions.
    """

    def __init__(self, horizon: int, share: float, strategy: str) -> None:
        self._state: Row = np.zeros(ensemble.SIZE)
        ensemble.start(self._state, horizon, share)
        self.strategy = strategy
        self.weights = self._state[ensemble.WEIGHTS : ensemble.WEIGHTS + ensemble.N_MIXED]
        self.threshold: float | None = None
        self._served: Row = np.zeros(CONFIDENCE_SCORES)
        self._scored = 0

    @property
    def strategy(self) -> str:
        """How members become the served probability."""
        return self._strategy

    @strategy.setter
    def strategy(self, strategy: str) -> None:
        self._strategy = strategy
        self._champion = STRATEGIES[strategy] is ensemble.champion_weights

    def mix(self, row: Row) -> list[float]:
        """Fill ``row`` from the members' raw probabilities; returns it as a list (see `kernels.mixing.ensemble`)."""
        ensemble.mix(self._state, row, self._champion)
        values: list[float] = row.tolist()
        return values

    def update(self, scored: ScoredPrediction) -> None:
        """Learn from a labelled row: weights, calibrators, confidence; choose the threshold again every 500 labels.

        A threshold that is chosen once does not follow a model whose edge changes: chosen on the first labels, it let the model
        into 0.1 % of the decisions on SPY hourly and into 97 % on BTCUSDT 5m. So it is chosen again every 500 labels.
        """
        ensemble.update(self._state, scored.row)
        self._served[self._scored] = scored.values[SERVED]
        self._scored += 1
        if self._scored == CONFIDENCE_SCORES:
            self._scored = 0
            confidences = [ensemble.confidence(self._state, float(p)) for p in self._served]
            self.threshold = max(float(np.quantile(confidences, THRESHOLD_QUANTILE)), EVEN_CHANCE)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        scalars = {"threshold": self.threshold, "scored": self._scored, "strategy": self.strategy}
        return State(scalars, {"state": self._state.copy(), "served": self._served.copy()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        take(self._state, state, "state")
        take(self._served, state, "served")
        self.threshold, self._scored = state.scalars["threshold"], state.scalars["scored"]
        self.strategy = state.scalars["strategy"]
