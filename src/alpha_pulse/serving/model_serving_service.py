"""The one place predictions come from: online and batch members, mixed, calibrated, memoised per step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from alpha_pulse.core.config import Config
from alpha_pulse.core.stateful import Stateful
from alpha_pulse.core.types import FeatureVector, Missing, Prediction, PredictionContext, PredictionPart
from alpha_pulse.kernels.ensemble import N_MIXED, RAW_BATCH, RAW_ONLINE, ROW
from alpha_pulse.kernels.scores import BASE, BATCH, ONLINE, SERVED
from alpha_pulse.learning.session import Session, Settled
from alpha_pulse.learning.training import BatchMember, ModelReady
from alpha_pulse.models.base import Row
from alpha_pulse.serving.member_mix import MemberMix
from alpha_pulse.serving.strategies import STRATEGIES, ensemble

MakeBatch = Callable[[Session], BatchMember]


class Sessions(Protocol):
    """What serving needs of learning."""

    def session(self, symbol: str, target: str = "direction") -> Session:
        """The running session of (symbol, target)."""
        ...


class _Member:
    """One (symbol, target): its session, its batch member if any, its mixture, and the newest prediction."""

    def __init__(self, session: Session, batch: BatchMember | None, mix: MemberMix) -> None:
        self.session = session
        self.batch = batch
        self.mix = mix
        self.newest: Prediction | None = None


class ModelServingService:
    """Serves one prediction per (symbol, target, step), whoever asks and however often.

    Parameters
    ----------
    config
        Of it: ``serving``.
    sessions
        The learning service.
    make_batch
        Builds the batch member of a session, or None where batch models are off.
    """

    def __init__(self, config: Config, sessions: Sessions, make_batch: MakeBatch | None = None) -> None:
        self.serving_strategy: str = config.serving.strategy
        self.queries = 0
        self._strategy = STRATEGIES[config.serving.strategy]
        self._share = config.serving.share
        self._sessions = sessions
        self._make_batch = make_batch
        self._members: dict[tuple[str, str], _Member] = {}

    def open(self, symbol: str, target: str) -> None:
        """Begin to serve a running session."""
        session = self._sessions.session(symbol, target)
        batch = self._make_batch(session) if self._make_batch is not None else None
        self._members[symbol, target] = _Member(session, batch, MemberMix(session.spec.horizon, self._share))

    def serve(self, prediction_id: str, target: str, features: FeatureVector) -> Prediction:
        """Make this step's prediction and store all that its label will need."""
        member = self._members[features.symbol, target]
        row, quarantined = member.session.serve(prediction_id, features)
        member.newest = self._predict(member, prediction_id, features, row, quarantined)
        return member.newest

    def query(self, target: str, features: FeatureVector) -> Prediction:
        """What would be served for ``features``: pure, counted apart, in no ledger, never labelled."""
        member = self._members[features.symbol, target]
        self.queries += 1
        row = np.full(ROW, np.nan)
        row[RAW_ONLINE] = member.session.query(features.values[: member.session.spec.n_features])
        return self._predict(member, f"query/{self.queries}", features, row, None)

    def _predict(
        self, member: _Member, prediction_id: str, features: FeatureVector, row: Row, quarantined: Missing | None
    ) -> Prediction:
        session, batch = member.session, member.batch
        missing = () if quarantined is None else (quarantined,)
        if batch is not None:
            said = batch.predict(features.values[: session.spec.n_features], features.ts)
            if isinstance(said, Missing):
                missing = (*missing, said)
            else:
                row[RAW_BATCH] = said
        probability = member.mix.serve(row)
        values = row.tolist()
        weights = self._strategy(values[:N_MIXED], member.mix.weights.tolist())
        if self._strategy is not ensemble:
            row[SERVED] = probability = sum(w * p for w, p in zip(weights, values, strict=False) if w > 0.0)
        return Prediction(
            prediction_id,
            features.symbol,
            features.ts,
            session.spec.target,
            session.spec.horizon,
            probability,
            member.mix.confidence(probability),
            self._parts(member, values, weights, features.ts),
            quarantined is None,
            missing,
        )

    def _parts(self, member: _Member, row: list[float], weights: tuple[float, ...], ts: int) -> tuple[PredictionPart, ...]:
        session, batch = member.session, member.batch
        online_age = ts - session.last_learnt_ts if session.last_learnt_ts else 0
        parts: list[PredictionPart] = []
        if row[RAW_ONLINE] == row[RAW_ONLINE]:
            learnt = str(session.learnt)
            parts.append(PredictionPart(session.spec.model_type, learnt, "online", row[ONLINE], weights[ONLINE], online_age))
        if batch is not None and batch.ready is not None and row[RAW_BATCH] == row[RAW_BATCH]:
            ready = batch.ready
            age = ts - ready.trained_ts
            parts.append(PredictionPart(ready.model_id, ready.version, "batch", row[BATCH], weights[BATCH], age))
        parts.append(PredictionPart("base_rate", "", "base", row[BASE], weights[BASE], online_age))
        return tuple(parts)

    def observe(self, settled: Settled) -> None:
        """Let mixture, calibrators and confidence learn from a settled prediction; keep it for training while wanted."""
        spec = settled.session.spec
        member = self._members[spec.symbol, spec.target]
        member.mix.observe(settled.row)
        if member.batch is not None and member.batch.gathering:
            member.batch.gather(settled)

    def train_if_due(self, symbol: str, bars: int, ts: int) -> list[ModelReady]:
        """Train the batch members of a symbol whose bars are there; what is ready, and from when it serves."""
        found = []
        for (name, _), member in self._members.items():
            if name == symbol and member.batch is not None and member.batch.gathering:
                ready = member.batch.train_if_due(bars, ts)
                if ready is not None:
                    found.append(ready)
        return found

    def newest(self, symbol: str, target: str) -> Prediction | None:
        """The newest prediction served for (symbol, target)."""
        member = self._members.get((symbol, target))
        return None if member is None else member.newest

    async def get_prediction(self, features: FeatureVector, context: PredictionContext) -> Prediction | None:
        """This step's prediction, which all agents share; for other features, a query. None: nothing serves, decide by rules."""
        member = self._members.get((context.symbol, context.target))
        if member is None:
            return None
        newest = member.newest
        if newest is not None and newest.ts == features.ts:
            return newest
        return self.query(context.target, features)

    def confidence_threshold(self, symbol: str) -> float | None:
        """The confidence from which the model takes part in decisions; None before 500 scores."""
        member = self._members.get((symbol, "direction"))
        return None if member is None else member.mix.threshold

    def components(self) -> dict[str, Stateful]:
        """Everything here that has memory, by name."""
        found: dict[str, Stateful] = {}
        for (symbol, target), member in self._members.items():
            found[f"mix/{symbol}/{target}"] = member.mix
            if member.batch is not None:
                found[f"batch/{symbol}/{target}"] = member.batch
        return found
