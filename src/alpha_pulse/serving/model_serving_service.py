"""The source of all predictions: online and batch members, calibrated, mixed, and memoised per step."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import Protocol

import numpy as np

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, did_you_mean
from alpha_pulse.core.stateful import Stateful
from alpha_pulse.core.types import FeatureVector, MemberPrediction, Missing, Prediction, PredictionContext
from alpha_pulse.kernels.base.scores import BASE, BATCH, LABEL, ONLINE, SERVED
from alpha_pulse.kernels.mixing.ensemble import CONFIDENT, RAW_BATCH, RAW_ONLINE, ROW, SERVING_WEIGHTS
from alpha_pulse.learning.commands import EVERY, Command
from alpha_pulse.learning.running_system import RunningSystem
from alpha_pulse.learning.session import ScoredPrediction, Session
from alpha_pulse.learning.training import BatchMember, ModelReady
from alpha_pulse.models.base import Row
from alpha_pulse.models.calibration import Calibrator, make_calibrator
from alpha_pulse.serving.member_mix import STRATEGIES, MemberMix

MakeBatch = Callable[[Session], BatchMember]
STRATEGY = "serving.strategy"
BUILT_IN = "platt"
"""The calibration that is part of the mixture's kernel; any other is a pair of calibrators beside it."""
CALIBRATED = (("online", RAW_ONLINE, ONLINE), ("batch", RAW_BATCH, BATCH))
"""Members that are calibrated before they are mixed: name, place of the raw probability, place of the calibrated one."""


class SessionLookup(Protocol):
    """The part of the learning service that serving needs."""

    def session(self, symbol: str, target: str = "direction") -> Session:
        """The running session of (symbol, target)."""
        ...


class _Member:
    """One (symbol, target): its session, its batch member if any, its mixture, and the newest prediction.

    ``calibrators`` replace those of the mixture, for the online and the batch member; empty for the built-in ones.
    """

    def __init__(self, session: Session, batch: BatchMember | None, mix: MemberMix, calibrators: list[Calibrator]) -> None:
        self.session = session
        self.batch = batch
        self.mix = mix
        self.calibrators = calibrators
        self.newest: Prediction | None = None

    def calibrate(self, row: Row) -> None:
        """Fill in the calibrated probabilities, unless the mixture calibrates them."""
        for calibrator, (_, raw, place) in zip(self.calibrators, CALIBRATED, strict=False):
            if not isnan(row[raw]):
                row[place] = calibrator.calibrate(float(row[raw]))

    def update(self, scored: ScoredPrediction) -> None:
        """Update mixture and calibrators with one label, from the raw probabilities that were stored with the prediction."""
        self.mix.update(scored)
        for calibrator, (_, raw, _) in zip(self.calibrators, CALIBRATED, strict=False):
            if not isnan(scored.row[raw]):
                calibrator.learn(float(scored.row[raw]), int(scored.row[LABEL]))


class ModelServingService:
    """Serves one prediction per (symbol, target, step): all agents share it, and further calls return the same one.

    A prediction mixes the online model, the batch model and the base rate, each calibrated, by weights learned from the labels.
    With ``champion_challenger`` the member of the largest weight serves alone.

    Parameters
    ----------
    config
        Of it: ``serving`` (strategy, share of the weights that is spread evenly, calibration).
    sessions
        The learning service.
    make_batch
        Builds the batch member of a session; None where batch models are off.

    References
    ----------
    The weights: Herbster and Warmuth (1998), Tracking the best expert, doi:10.1023/A:1007424614876. Calibration by slope and
    offset of the log odds: Platt (1999), Probabilistic outputs for support vector machines.
    """

    def __init__(self, config: Config, sessions: SessionLookup, make_batch: MakeBatch | None = None) -> None:
        self._strategy: str = config.serving.strategy
        self._running: RunningSystem | None = None
        self.queries = 0
        self._share = config.serving.fixed_share
        self._calibration = config.serving.calibration
        self._sessions = sessions
        self._make_batch = make_batch
        self._members: dict[tuple[str, str], _Member] = {}
        self._by_session: dict[Session, _Member] = {}
        self._batch_members: dict[str, list[BatchMember]] = {}

    def attach(self, running: RunningSystem) -> None:
        """Become part of a running system: a new strategy is then a journaled command."""
        self._running = running

    @property
    def serving_strategy(self) -> str:
        """How members become the served probability: ``ensemble`` or ``champion_challenger``.

        A change takes effect with the next prediction; in a running system it is a journaled command. ConfigError for an
        unknown name.
        """
        return next((member.mix.strategy for member in self._members.values()), self._strategy)

    @serving_strategy.setter
    def serving_strategy(self, strategy: str) -> None:
        if str(strategy) not in STRATEGIES:
            raise ConfigError(f"{STRATEGY} is {strategy!r}{did_you_mean(str(strategy), STRATEGIES)}")
        command = Command("set", EVERY, setting=STRATEGY, value=str(strategy))
        if self._running is None:
            self.apply_command(command, 0)
        else:
            self._running.carry_out(command)

    def apply_command(self, command: Command, ts: int) -> None:
        """Apply a validated command that sets ``serving_strategy``."""
        if command.setting == STRATEGY:
            self._strategy = str(command.value)
            for member in self._members.values():
                member.mix.strategy = self._strategy

    def add_session(self, symbol: str, target: str) -> None:
        """Begin to serve a running session, with a mixture of its own."""
        session = self._sessions.session(symbol, target)
        batch = self._make_batch(session) if self._make_batch is not None else None
        if batch is not None:
            self._batch_members.setdefault(symbol, []).append(batch)
        mix = MemberMix(session.spec.horizon, self._share, self._strategy)
        calibrators = [
            make_calibrator(self._calibration, session.spec.horizon) for _ in CALIBRATED if self._calibration != BUILT_IN
        ]
        self._members[symbol, target] = self._by_session[session] = _Member(session, batch, mix, calibrators)

    def serve(self, prediction_id: str, target: str, features: FeatureVector) -> Prediction:
        """Make the prediction of this step, and store it in its session until the label comes.

        Parameters
        ----------
        prediction_id
            ``symbol/target/seq``, unique in the run.
        target
            Of the session.
        features
            Of the newest bar.

        Raises
        ------
        NonFiniteError
            A feature is not finite.
        SessionError
            The id is pending already.
        """
        member = self._members[features.symbol, target]
        pending, quarantined = member.session.predict(prediction_id, features)
        member.newest = self._predict(member, prediction_id, features.ts, pending.features, pending.row, quarantined)
        return member.newest

    def query(self, target: str, features: FeatureVector) -> Prediction:
        """The prediction for ``features`` without serving it: not stored, never labelled, counted in ``queries``."""
        member = self._members[features.symbol, target]
        self.queries += 1
        row = np.full(ROW, np.nan)
        values = features.values[: member.session.spec.n_features]
        row[RAW_ONLINE] = member.session.query(values)
        return self._predict(member, f"query/{self.queries}", features.ts, values, row, None)

    def _predict(
        self, member: _Member, prediction_id: str, ts: int, features: Row, row: Row, quarantined: Missing | None
    ) -> Prediction:
        spec, batch = member.session.spec, member.batch
        missing = () if quarantined is None else (quarantined,)
        if batch is not None:
            probability = batch.predict(features, ts)
            if isinstance(probability, Missing):
                missing = (*missing, probability)
            else:
                row[RAW_BATCH] = probability
        member.calibrate(row)
        values = member.mix.mix(row)
        return Prediction(
            prediction_id,
            spec.symbol,
            ts,
            spec.target,
            spec.horizon,
            values[SERVED],
            None if member.mix.threshold is None else values[CONFIDENT],
            self._member_predictions(member, values, ts),
            quarantined is not None,
            missing,
        )

    def _member_predictions(self, member: _Member, values: list[float], ts: int) -> tuple[MemberPrediction, ...]:
        session, batch = member.session, member.batch
        last_label_ts = session.last_label_ts
        age = ts - last_label_ts if last_label_ts else None
        base = MemberPrediction("base_rate", "", "base", values[BASE], values[SERVING_WEIGHTS + BASE], age)
        name, version = session.spec.model_type, str(session.labels_used)
        online = MemberPrediction(name, version, "online", values[ONLINE], values[SERVING_WEIGHTS + ONLINE], age)
        if batch is None or batch.ready is None or isnan(values[BATCH]):
            return (base,) if isnan(values[ONLINE]) else (online, base)
        ready = batch.ready
        weight = values[SERVING_WEIGHTS + BATCH]
        frozen = MemberPrediction(ready.model_id, batch.short_version, "batch", values[BATCH], weight, ts - ready.trained_ts)
        return (frozen, base) if isnan(values[ONLINE]) else (online, frozen, base)

    def update(self, scored: ScoredPrediction) -> None:
        """Update mixture, calibrators and confidence with one scored label; an untrained batch member collects it."""
        member = self._by_session[scored.session]
        member.update(scored)
        if member.batch is not None and member.batch.gathering:
            member.batch.gather(scored)

    def train_if_due(self, symbol: str, bars: int, ts: int) -> list[ModelReady]:
        """Train the batch members of a symbol that are due at ``bars``; returns what is ready, and from when it predicts."""
        models: list[ModelReady] = []
        for member in self._batch_members.get(symbol, ()):
            ready = member.train_if_due(bars, ts)
            if ready is not None:
                models.append(ready)
        return models

    def newest(self, symbol: str, target: str) -> Prediction | None:
        """The newest prediction served for (symbol, target) by this process."""
        member = self._members.get((symbol, target))
        return None if member is None else member.newest

    def served_at(self, symbol: str, target: str, ts: int) -> Prediction | None:
        """The prediction served for (symbol, target) at ``ts``, and never an older one; None where none was."""
        newest = self.newest(symbol, target)
        return newest if newest is not None and newest.ts == ts else None

    def prediction(self, features: FeatureVector, context: PredictionContext) -> Prediction | None:
        """The prediction of this step, which all agents share; for other features, a query. None without a session."""
        member = self._members.get((context.symbol, context.target))
        if member is None:
            return None
        newest = member.newest
        if newest is not None and newest.ts == features.ts:
            return newest
        return self.query(context.target, features)

    async def get_prediction(self, features: FeatureVector, context: PredictionContext) -> Prediction | None:
        """`prediction`, for callers that await."""
        return self.prediction(features, context)

    def confidence_threshold(self, symbol: str) -> float | None:
        """The confidence (0 to 1) from which the model takes part in decisions; None before 500 labels."""
        member = self._members.get((symbol, "direction"))
        return None if member is None else member.mix.threshold

    def components(self) -> dict[str, Stateful]:
        """Components with state, by name."""
        components: dict[str, Stateful] = {}
        for (symbol, target), member in self._members.items():
            components[f"mix/{symbol}/{target}"] = member.mix
            for calibrator, (name, _, _) in zip(member.calibrators, CALIBRATED, strict=False):
                components[f"calibration/{symbol}/{target}/{name}"] = calibrator
            if member.batch is not None:
                components[f"batch/{symbol}/{target}"] = member.batch
        return components
