"""The source of all predictions: online and batch members, calibrated, mixed, and memoised per step."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import Protocol

import numpy as np

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, did_you_mean
from alpha_pulse.core.stateful import Stateful
from alpha_pulse.core.types import FeatureVector, Missing, Prediction, PredictionContext
from alpha_pulse.kernels.base.scores import BATCH, ONLINE
from alpha_pulse.kernels.mixing.ensemble import RAW_BATCH, RAW_ONLINE, ROW
from alpha_pulse.learning.commands import EVERY, Command
from alpha_pulse.learning.running_system import RunningSystem
from alpha_pulse.learning.session import Session
from alpha_pulse.learning.training import BatchMember
from alpha_pulse.models.base import Row
from alpha_pulse.models.calibration import Calibrator, make_calibrator
from alpha_pulse.serving.member_mix import STRATEGIES, MemberMix
from alpha_pulse.serving.predictions import ServedBy, ServedRow, Serving, make_prediction

MakeBatch = Callable[[Session], BatchMember]
STRATEGY = "serving.strategy"
BUILT_IN = "platt"
"""The calibration that is part of the mixture's kernel; any other calibration is a separate pair of calibrators."""
CALIBRATED = (("online", RAW_ONLINE, ONLINE), ("batch", RAW_BATCH, BATCH))
"""Members that are calibrated before they are mixed: name, place of the raw probability, place of the calibrated one."""


class SessionLookup(Protocol):
    """The part of the learning service that serving needs."""

    def session(self, symbol: str, target: str = "direction") -> Session:
        """The running session of (symbol, target)."""
        ...


class ServedTarget:
    """One (symbol, target): its session, its batch member if any, its mixture, and the newest prediction.

    ``calibrators`` replace those of the mixture, for the online and the batch member; empty for the built-in ones.
    """

    def __init__(self, session: Session, batch: BatchMember | None, mix: MemberMix, calibrators: list[Calibrator]) -> None:
        self.session = session
        self.batch = batch
        self.mix = mix
        self.calibrators = calibrators
        self._served: ServedRow | None = None
        self._newest: Prediction | None = None

    def serve(self, row: ServedRow) -> None:
        """Note the newest prediction; it is made when somebody asks for it."""
        self._served, self._newest = row, None

    @property
    def newest(self) -> Prediction | None:
        """The newest prediction that was served by this process."""
        if self._newest is None and self._served is not None:
            served = self._served
            self._newest = self.prediction(f"{self.session.session_id}/{served.number}", served.serving, served.online)
        return self._newest

    @property
    def threshold(self) -> float | None:
        """The threshold of the confidence when the newest prediction was served."""
        return None if self._served is None else self._served.threshold

    def query(self, features: Row, ts: int) -> Serving:
        """Serve ``features`` without storing anything."""
        row: Row = np.full(ROW, np.nan)
        row[RAW_ONLINE] = self.session.query(features)
        status = None if self.batch is None else self.batch.status
        if self.batch is not None and self.batch.status.missing(ts) is None:
            row[RAW_BATCH] = self.batch.predict(features)
        for calibrator, (_, raw, place) in zip(self.calibrators, CALIBRATED, strict=False):
            if not isnan(row[raw]):
                row[place] = calibrator.calibrate(float(row[raw]))
        session = self.session
        return Serving(ts, self.mix.mix(row), self.mix.threshold, session.labels_used, session.last_label_ts, status)

    def prediction(self, prediction_id: str, at: Serving, online: Missing | None) -> Prediction:
        """The prediction that was served; ``online`` is why the online model is missing, or None."""
        spec = self.session.spec
        by = ServedBy(spec.symbol, spec.target, spec.horizon, spec.model_type)
        return make_prediction(prediction_id, by, at, online)


class ModelServingService:
    """Serves one prediction per (symbol, target, step): all agents share it, and further calls return the same one.

    A prediction mixes the online model, the batch model and the base rate, each calibrated, by weights learned from the labels.
    With ``champion_challenger`` the member with the largest weight makes the prediction alone.

    Parameters
    ----------
    config
        The section ``serving`` is used (strategy, fraction of the weights that is spread evenly, calibration).
    sessions
        The learning service.
    make_batch
        Builds the batch member of a session; None if batch models are disabled.

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
        self._members: dict[tuple[str, str], ServedTarget] = {}

    def attach(self, running: RunningSystem) -> None:
        """Become part of a running system, in which a new strategy is a journaled command."""
        self._running = running

    @property
    def serving_strategy(self) -> str:
        """The strategy that combines members into the served probability: ``ensemble`` or ``champion_challenger``.

        A change takes effect with the next prediction; in a running system it is a journaled command. Raises ConfigError for an
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
        """Begin to serve a running session, with a new mixture."""
        session = self._sessions.session(symbol, target)
        batch = self._make_batch(session) if self._make_batch is not None else None
        mix = MemberMix(session.spec.horizon, self._share, self._strategy)
        calibrators = [
            make_calibrator(self._calibration, session.spec.horizon) for _ in CALIBRATED if self._calibration != BUILT_IN
        ]
        self._members[symbol, target] = ServedTarget(session, batch, mix, calibrators)

    def target(self, symbol: str, target: str) -> ServedTarget:
        """The members and the mixture of (symbol, target), for the loop."""
        return self._members[symbol, target]

    def query(self, target: str, features: FeatureVector) -> Prediction:
        """The prediction for ``features`` without serving it: it is not stored and never labelled, and counts in
        ``queries``."""
        member = self._members[features.symbol, target]
        self.queries += 1
        at = member.query(features.values[: member.session.spec.n_features], features.ts)
        return member.prediction(f"query/{self.queries}", at, None)

    def newest(self, symbol: str, target: str) -> Prediction | None:
        """The newest prediction served for (symbol, target) by this process."""
        member = self._members.get((symbol, target))
        return None if member is None else member.newest

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
        return None if member is None else member.threshold

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
