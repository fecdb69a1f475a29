"""The trade-quality model: how probable a net profit of a signal is, learned from every closed lot of the primary book."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from alpha_pulse.core.errors import SessionError
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import Contribution, Example, FeatureVector, Missing, Signal, TradeOutcome
from alpha_pulse.kernels.base.scores import BASE, LABEL, LAST_KNOWN, NO_CHANGE, ONLINE, SERVED
from alpha_pulse.kernels.mixing.ensemble import RAW_ONLINE
from alpha_pulse.learning.pending import PendingPrediction
from alpha_pulse.learning.session import ScoredPrediction
from alpha_pulse.models.base import Row

TARGET = "trade_quality"
EXTRA_FEATURES = 3
"""Signal direction, confidence and ML part follow the served features."""
LOTS_BEFORE_SCALING = 200
"""Closed lots before the model may scale a size."""


class QualitySession(Protocol):
    """The part of the learning session (symbol, trade_quality) that is used here."""

    def predict(self, prediction_id: str, features: FeatureVector) -> tuple[PendingPrediction, Missing | None]:
        """Predict, and store the prediction under its id."""
        ...

    def query(self, features: Row) -> float:
        """Predict without storing."""
        ...

    def apply_label(self, example: Example, *, keep: bool = False) -> ScoredPrediction | None:
        """Score and learn a label; ``keep`` the stored prediction for further lots of the same signal."""
        ...

    def drop(self, prediction_id: str) -> None:
        """Remove a stored prediction."""
        ...


class TradeQuality:
    """One symbol's trade-quality model and the signals whose lots are still open."""

    def __init__(self, session: QualitySession) -> None:
        self._session = session
        self._entered: dict[str, tuple[Contribution, ...]] = {}
        self._applied: dict[str, list[str]] = {}
        self._wins = 0
        self._lots = 0
        self._last_label = 0.5

    @property
    def lots(self) -> int:
        """Closed lots that were learned."""
        return self._lots

    @property
    def wins(self) -> int:
        """Closed lots with net P&L above 0."""
        return self._wins

    def knows(self, signal_id: str) -> bool:
        """Whether outcomes of that signal can be learned: it became an order, and its features are still stored."""
        return signal_id in self._entered

    def _row(self, features: FeatureVector, signal: Signal) -> Row:
        row = np.empty(len(features.values) + EXTRA_FEATURES)
        row[:-EXTRA_FEATURES] = features.values
        row[-3] = signal.direction
        row[-2] = 0.5 if signal.confidence is None else signal.confidence
        row[-1] = 0.0 if signal.ml_part is None else signal.ml_part
        return row

    def scale(self, features: FeatureVector, signal: Signal) -> float:
        """0.5 to 1.5: 1 plus twice the probability of a profit above that of all lots so far; 1 before 200 closed lots."""
        if self._lots < LOTS_BEFORE_SCALING:
            return 1.0
        scale = 1.0 + 2.0 * (self._session.query(self._row(features, signal)) - self._base_rate)
        return 0.5 if scale < 0.5 else 1.5 if scale > 1.5 else scale

    @property
    def _base_rate(self) -> float:
        return (self._wins + 1) / (self._lots + 2)

    def on_entry(self, features: FeatureVector, signal: Signal) -> None:
        """A signal became an order: store its features and the prediction, under the signal's id."""
        known = FeatureVector(features.symbol, features.ts, features.schema_id, self._row(features, signal))
        row = self._session.predict(signal.signal_id, known)[0].row
        row[ONLINE] = row[RAW_ONLINE]
        row[BASE] = row[NO_CHANGE] = self._base_rate
        row[SERVED] = row[BASE] if np.isnan(row[ONLINE]) else row[ONLINE]
        row[LABEL], row[LAST_KNOWN] = np.nan, self._last_label
        self._entered[signal.signal_id] = signal.contributions
        self._applied[signal.signal_id] = []

    def apply_outcome(self, outcome: TradeOutcome) -> tuple[ScoredPrediction | None, tuple[Contribution, ...]]:
        """Learn one closed lot, once; returns the scored prediction, and the contributions to its signal.

        Raises SessionError for a lot that was learned already, or whose signal is not known.
        """
        applied_lots = self._applied.get(outcome.signal_id)
        if applied_lots is None or outcome.lot.lot_id in applied_lots:
            raise SessionError(
                f"the outcome of lot {outcome.lot.lot_id!r} was learned already, or its signal {outcome.signal_id!r} "
                "never became an order; every closed lot counts once"
            )
        applied_lots.append(outcome.lot.lot_id)
        label = 1 if outcome.pnl > 0 else 0
        scored = self._session.apply_label(Example(outcome.signal_id, label, outcome.closed_ts), keep=True)
        self._lots += 1
        self._wins += label
        self._last_label = float(label)
        return scored, self._entered[outcome.signal_id]

    def keep_only(self, signal_ids: set[str]) -> None:
        """Drop the signals that have no open lot and no order any more; the newest one always stays."""
        for signal_id in list(self._entered)[:-1]:
            if signal_id not in signal_ids:
                del self._entered[signal_id], self._applied[signal_id]
                self._session.drop(signal_id)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        entered = [
            [signal_id, [[c.signal_id, c.agent, c.direction, c.weight] for c in contributions]]
            for signal_id, contributions in self._entered.items()
        ]
        return State(
            scalars={
                "entered": entered,
                "wins": self._wins,
                "lots": self._lots,
                "last": self._last_label,
                "settled": {signal_id: list(lots) for signal_id, lots in self._applied.items()},
            }
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        scalars = state.scalars
        self._entered = {signal_id: tuple(Contribution(*c) for c in parts) for signal_id, parts in scalars["entered"]}
        self._applied = {signal_id: list(lots) for signal_id, lots in scalars["settled"].items()}
        self._wins, self._lots, self._last_label = scalars["wins"], scalars["lots"], scalars["last"]
