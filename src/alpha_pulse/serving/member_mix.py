"""Who serves one (symbol, target): weights and calibrators of the members, the ladder, confidence and its threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import ServingConfig
from alpha_pulse.core.stateful import State, take_all
from alpha_pulse.kernels.mixing import ensemble, serving, strategies
from alpha_pulse.kernels.session import layout
from alpha_pulse.kernels.session.target import note_confidence
from alpha_pulse.models.base import Row
from alpha_pulse.serving.ladder import Ladder

STRATEGIES = {
    "ensemble": strategies.ENSEMBLE,
    "fixed": strategies.FIXED,
    "faded": strategies.FADED,
    "champion_challenger": strategies.CHAMPION,
    "best_recent": strategies.BEST_RECENT,
    "fallback": strategies.FALLBACK,
}
"""The strategies that combine members into the served probability: pure functions of what was learned and of who is present."""
FIRST = ("online", "batch", "base")
"""The names of the members that every target has; challengers follow."""
EVEN_CHANCE = 0.5
"""The threshold is at least this: a model that is more likely wrong than right does not take part."""


class MemberMix:
    """The learned state of serving.

    Parameters
    ----------
    horizon
        Bars over which labels overlap.
    config
        The strategy, and what each strategy needs.
    window
        Labels after which a loss counts 1/e, in strategies that prefer recent losses.
    challengers
        The names of the members that follow `FIRST`.
    batch
        Whether there is a batch member.
    """

    def __init__(
        self,
        horizon: int,
        config: ServingConfig | None = None,
        window: int = 1_000,
        challengers: Sequence[str] = (),
        *,
        batch: bool = True,
    ) -> None:
        config = ServingConfig() if config is None else config
        self.names = (*FIRST, *challengers)
        n = len(self.names)
        self._horizon, self._config, self._batch = horizon, config, batch
        self._calibrators: Row = np.zeros(ensemble.SIZE)
        ensemble.start(self._calibrators, horizon)
        self._statistics: Row = np.zeros(strategies.size(n))
        strategies.start(self._statistics, n, horizon, config.fixed_share, window)
        self._configure(n)
        self.ladder = self._new_ladder()
        self.ready: NDArray[np.int64] = np.ones(n, dtype=np.int64)
        """0 for a member that may not serve; it is scored all the same."""
        self.mixed: Row = np.full((2, n), np.nan)
        """The newest probabilities and weights, see `alpha_pulse.kernels.mixing.ensemble`; not part of the state."""
        self._confidences: Row = np.zeros(layout.CONFIDENCES)
        self._confidences[layout.THRESHOLD] = np.nan
        self._strategy: str = config.strategy

    def _configure(self, n: int) -> None:
        """Enter the configured weights, and the order in which members are asked; the base rate comes last."""
        weights, order = self._config.weights, self._config.order or FIRST[:2]
        if weights:
            first = strategies.place(strategies.CONFIGURED, n)
            self._statistics[first : first + n] = [weights.get(name, 0.0) for name in self.names]
        first = strategies.place(strategies.ORDER, n)
        asked = [self.names.index(name) for name in (*order, FIRST[2]) if name in self.names]
        self._statistics[first : first + n] = [*asked, *[strategies.NOBODY] * (n - len(asked))]

    @property
    def strategy(self) -> str:
        """The strategy that combines members into the served probability, one of `STRATEGIES`.

        It may be changed between two predictions. With ``champion_challenger`` the ladder starts anew: the online
        model serves, and the levels of earlier comparisons remain spent.
        """
        return self._strategy

    @strategy.setter
    def strategy(self, strategy: str) -> None:
        if strategy == "champion_challenger" != self._strategy:
            self.ladder = self._new_ladder(self.ladder.spent)
        self._strategy = strategy

    def _new_ladder(self, spent: int = 0) -> Ladder:
        online, batch, _, *challengers = self.names
        challenging = [batch, *challengers] if self._batch else challengers
        return Ladder(self.names, online, challenging, self._horizon, self._config, spent)

    @property
    def code(self) -> int:
        """The number of the strategy, see `alpha_pulse.kernels.mixing.strategies`."""
        return STRATEGIES[self._strategy]

    @property
    def weights(self) -> Row:
        """The weights of fixed share, of each member, a view of the state."""
        return self._statistics[strategies.HEAD : strategies.HEAD + len(self.names)]

    @property
    def champion(self) -> str | None:
        """The member that serves with ``champion_challenger``; None with another strategy."""
        return self.ladder.champion if self.code == strategies.CHAMPION else None

    def mix(self, row: Row, step: int = 0) -> list[float]:
        """Fill ``row`` from the members' raw probabilities for a step; returns it as a list (see `kernels.mixing.ensemble`)."""
        ensemble.calibrate(self._calibrators, row, self.mixed)
        ladder = self.ladder.arrays["promotion"]
        serving.serve(self._calibrators, self._statistics, ladder, self.ready, self.code, step, row, self.mixed)
        values: list[float] = row.tolist()
        return values

    def update(self, row: Row, step: int = 0) -> int:
        """Learn from a row that `mix` has filled for a step, completed by its label; returns what happened on the ladder."""
        ladder = self.ladder.arrays["promotion"]
        event = serving.learn(self._calibrators, self._statistics, ladder, self.code, step, row, self.mixed)
        if note_confidence(self._confidences, row):
            self.choose_threshold()
        return event

    @property
    def threshold(self) -> float | None:
        """The confidence from which the model takes part in decisions; None before 500 labels."""
        threshold = float(self._confidences[layout.THRESHOLD])
        return None if threshold != threshold else threshold

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The packed state, which kernels change in place; those of the ladder are replaced when it starts anew."""
        return {**self._own_arrays, **self.ladder.arrays}

    @property
    def _own_arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "mix": self._calibrators, "statistics": self._statistics, "ready": self.ready, "confidences": self._confidences,
        }  # fmt: skip

    def choose_threshold(self) -> None:
        """Choose the threshold from the confidences of the newest 500 labels: their median, so half of them reach it.

        A threshold that is chosen once does not follow a model whose edge changes: chosen on the first labels, it admitted the
        model to 0.1 % of the decisions on SPY hourly and to 97 % on BTCUSDT 5m. It is therefore chosen again every 500 labels.
        """
        confidences = ensemble.confidences(self._calibrators, self._confidences, layout.CONFIDENCE_SCORES)
        self._confidences[layout.THRESHOLD] = max(median_of_even(confidences), EVEN_CHANCE)

    def choose_threshold_if_due(self) -> None:
        """`choose_threshold` after every 500th label."""
        if self._confidences[layout.SCORED] == 0.0:
            self.choose_threshold()

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        scalars = {"strategy": self.strategy, **self.ladder.snapshot().scalars}
        return State(scalars, {name: array.copy() for name, array in self.arrays.items()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self.strategy = state.scalars["strategy"]
        take_all(self._own_arrays, state)
        self.ladder.restore(state)


def median_of_even(values: Row) -> float:
    """The median of an even number of values; bit-equal to `numpy.quantile`, which costs ten times as much for a few hundred.

    >>> median_of_even(np.array([4.0, 1.0, 2.0, 8.0]))
    3.0
    """
    upper = len(values) // 2
    below, above = np.partition(values, (upper - 1, upper))[upper - 1 : upper + 1].tolist()
    median: float = above - (above - below) * 0.5
    return median
