"""The trade-quality model: the probability that a signal makes a net profit, learned from every closed lot of the primary
book."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import SessionError
from alpha_pulse.core.stateful import State, take_all
from alpha_pulse.core.types import Contribution, Example, FeatureVector, Missing, Signal, TradeOutcome
from alpha_pulse.feedback.entered_signals import EnteredSignals
from alpha_pulse.kernels.agents import trade_quality
from alpha_pulse.learning.pending import PendingPrediction
from alpha_pulse.learning.session import ScoredPrediction
from alpha_pulse.models.base import OnlineModel, Row

TARGET = "trade_quality"
MODEL = "logistic"


class QualitySession(Protocol):
    """The part of the learning session (symbol, trade_quality) that is used here."""

    model: OnlineModel

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

    def __init__(self, session: QualitySession, symbol: str) -> None:
        self._session = session
        self._entered = EnteredSignals(symbol)
        self._record: Row = np.zeros(trade_quality.RECORD)
        trade_quality.start_record(self._record)

    @property
    def lots(self) -> int:
        """Closed lots that were learned."""
        return int(self._record[trade_quality.LOTS])

    @property
    def wins(self) -> int:
        """Closed lots with net P&L above 0."""
        return int(self._record[trade_quality.WINS])

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The packed state: ``record`` (see `alpha_pulse.kernels.agents.trade_quality`) and that of the entered signals."""
        return {"record": self._record, **self._entered.arrays}

    @property
    def model(self) -> OnlineModel:
        """The model of its session; in a trial the adapted one."""
        return self._session.model

    def knows(self, signal_id: str) -> bool:
        """Whether outcomes of that signal can be learned: it became an order, and its features are still stored."""
        return signal_id in self._entered

    def _input(self, features: FeatureVector, signal: Signal) -> Row:
        row = np.empty(len(features.values) + trade_quality.EXTRA_FEATURES)
        confidence = math.nan if signal.confidence is None else signal.confidence
        ml_part = math.nan if signal.ml_part is None else signal.ml_part
        trade_quality.write_input(features.values, 0, signal.direction, confidence, ml_part, row)
        return row

    def probability(self, features: FeatureVector, signal: Signal) -> float:
        """The probability, 0 to 1, that a trade on the signal makes a net profit; nothing is stored."""
        return self._session.query(self._input(features, signal))

    def scale(self, features: FeatureVector, signal: Signal) -> float:
        """The factor on a size, from 0.5 to 1.5: 1 plus twice the difference between the probability of a profit and the win
        rate of all lots so far; 1 before 200 closed lots."""
        if self.lots < trade_quality.LOTS_BEFORE_SCALING:
            return 1.0
        return trade_quality.size_scale(self._record, self.probability(features, signal))

    def on_entry(self, features: FeatureVector, signal: Signal) -> None:
        """Store the features and the prediction of a signal that became an order, under the signal's id."""
        known = FeatureVector(features.symbol, features.ts, features.schema_id, self._input(features, signal))
        trade_quality.write_served(self._record, self._session.predict(signal.signal_id, known)[0].row)
        self._entered.enter(signal.signal_id, signal.contributions)

    def apply_outcome(self, outcome: TradeOutcome) -> tuple[ScoredPrediction | None, tuple[Contribution, ...]]:
        """Learn one closed lot, once; returns the scored prediction, and the contributions to its signal.

        Raises SessionError for a lot that was learned already, or whose signal is not known.
        """
        contributions = self._entered.apply(outcome.signal_id, outcome.lot.lot_id)
        if contributions is None:
            raise SessionError(
                f"the outcome of lot {outcome.lot.lot_id!r} was learned already, or its signal {outcome.signal_id!r} "
                "never became an order; every closed lot counts once"
            )
        label = 1 if outcome.pnl > 0 else 0
        scored = self._session.apply_label(Example(outcome.signal_id, label, outcome.closed_ts), keep=True)
        trade_quality.count_lot(self._record, label)
        return scored, contributions

    def keep_only(self, signal_ids: set[str]) -> None:
        """Drop the signals that no longer have an open lot or an order. The newest one is always kept."""
        for signal_id in self._entered.keep_only(signal_ids):
            self._session.drop(signal_id)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        entered = self._entered.snapshot()
        return State(entered.scalars, {**entered.arrays, "record": self._record.copy()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        take_all({"record": self._record}, state)
        self._entered.restore(state)
