"""The trade-quality model of a symbol as one would write it down: counts in whole numbers, rows filled place by place."""

from __future__ import annotations

import math

import numpy as np

from alpha_pulse.core.types import Contribution, Example, FeatureVector, Signal, TradeOutcome
from alpha_pulse.feedback.trade_quality import QualitySession
from alpha_pulse.kernels.base.scores import BASE, LABEL, LAST_KNOWN, NO_CHANGE, ONLINE, SERVED
from alpha_pulse.kernels.mixing.ensemble import RAW_ONLINE
from alpha_pulse.learning.session import ScoredPrediction


class NaiveTradeQuality:
    """Takes what `TradeQuality` takes; it does not check that each lot counts once."""

    def __init__(self, session: QualitySession, lots_before_scaling: int) -> None:
        self.session = session
        self.entered: dict[str, tuple[Contribution, ...]] = {}
        self.lots_before_scaling = lots_before_scaling
        self.wins = self.lots = 0
        self.newest = 0.5

    def features(self, features: FeatureVector, signal: Signal) -> FeatureVector:
        extra = [signal.direction, signal.confidence, signal.ml_part]
        extra[1] = 0.5 if signal.confidence is None else signal.confidence
        extra[2] = 0.0 if signal.ml_part is None else signal.ml_part
        values = np.array([*features.values.tolist(), *extra])
        return FeatureVector(features.symbol, features.ts, features.schema_id, values)

    def scale(self, features: FeatureVector, signal: Signal) -> float:
        if self.lots < self.lots_before_scaling:
            return 1.0
        probability = self.session.query(self.features(features, signal).values)
        return min(max(1.0 + 2.0 * (probability - (self.wins + 1) / (self.lots + 2)), 0.5), 1.5)

    def on_entry(self, features: FeatureVector, signal: Signal) -> None:
        row = self.session.predict(signal.signal_id, self.features(features, signal))[0].row
        rate, online = (self.wins + 1) / (self.lots + 2), float(row[RAW_ONLINE])
        row[[ONLINE, BASE, NO_CHANGE, SERVED]] = online, rate, rate, rate if math.isnan(online) else online
        row[[LABEL, LAST_KNOWN]] = math.nan, self.newest
        self.entered[signal.signal_id] = signal.contributions

    def apply_outcome(self, outcome: TradeOutcome) -> tuple[ScoredPrediction | None, tuple[Contribution, ...]]:
        label = int(outcome.pnl > 0)
        scored = self.session.apply_label(Example(outcome.signal_id, label, outcome.closed_ts), keep=True)
        self.lots += 1
        self.wins += label
        self.newest = label
        return scored, self.entered[outcome.signal_id]

    def keep_only(self, signal_ids: set[str]) -> None:
        for signal_id in [*self.entered][:-1]:
            if signal_id not in signal_ids:
                del self.entered[signal_id]
                self.session.drop(signal_id)


class NaiveEnteredSignals:
    """The signals in the order in which they were entered, and the lots of each that were learned."""

    def __init__(self) -> None:
        self.parts: dict[str, tuple[Contribution, ...]] = {}
        self.lots: dict[str, set[str]] = {}

    def enter(self, signal_id: str, contributions: tuple[Contribution, ...]) -> None:
        self.parts[signal_id], self.lots[signal_id] = contributions, set()

    def apply(self, signal_id: str, lot_id: str) -> bool:
        if signal_id not in self.parts or lot_id in self.lots[signal_id]:
            return False
        self.lots[signal_id].add(lot_id)
        return True

    def keep_only(self, signal_ids: set[str]) -> list[str]:
        gone = [signal_id for signal_id in [*self.parts][:-1] if signal_id not in signal_ids]
        for signal_id in gone:
            del self.parts[signal_id], self.lots[signal_id]
        return gone
