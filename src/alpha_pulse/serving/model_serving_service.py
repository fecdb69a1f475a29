"""The source of all predictions: online and batch members, calibrated, mixed, and memoised per step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, did_you_mean
from alpha_pulse.core.numbers import a_row
from alpha_pulse.core.stateful import Stateful
from alpha_pulse.core.types import AdaptationAction, FeatureVector, Prediction, PredictionContext
from alpha_pulse.learning.caller_input import SessionSettings
from alpha_pulse.learning.commands import EVERY, MEMBER_KINDS, Command
from alpha_pulse.learning.online_learning_service import OnlineLearningService
from alpha_pulse.learning.running_system import RunningSystem
from alpha_pulse.learning.session import ScoredPrediction, Session, SessionSpec
from alpha_pulse.learning.training import BatchMember
from alpha_pulse.models.calibration import make_calibrator
from alpha_pulse.serving import member_commands
from alpha_pulse.serving.challengers import check_challengers
from alpha_pulse.serving.further_members import FurtherMembers, Given, MemberSpec
from alpha_pulse.serving.member_mix import STRATEGIES, MemberMix
from alpha_pulse.serving.predictions import DENSITY
from alpha_pulse.serving.served_target import CALIBRATED, ServedTarget

MakeBatch = Callable[[Session], BatchMember]
STRATEGY = "serving.strategy"
BUILT_IN = "platt"
"""The calibration that is part of the mixture's kernel; any other calibration is a separate pair of calibrators."""


class ModelServingService:
    """Serves one prediction per (symbol, target, step): all agents share it, and further calls return the same one.

    A prediction mixes the online model, the batch model and the base rate, each calibrated, by weights learned from the labels.
    Other strategies let one member make it alone; see docs/serving.md.

    Parameters
    ----------
    config
        Uses ``serving``, and ``learning.window``: the labels after which a loss counts 1/e.
    learning
        The sessions that are served; by default a service of its own, in which a symbol's session is started by the first
        prediction for it.
    make_batch
        Builds the batch member of a session; None if batch models are disabled.

    Examples
    --------
    >>> import asyncio
    >>> from alpha_pulse.core.types import Example
    >>> async def serve():
    ...     serving = ModelServingService()
    ...     for step in range(600):
    ...         up = step % 2
    ...         prediction = await serving.get_prediction([2.0 * up - 1.0, 0.5], "BTCUSDT")
    ...         await serving.learning.update_model("BTCUSDT", Example(prediction.prediction_id, up))
    ...     return prediction
    >>> prediction = asyncio.run(serve())
    >>> prediction.probability > 0.9, prediction.confidence > 0.9, [member.source for member in prediction.members]
    (True, True, ['online', 'base'])

    References
    ----------
    The weights: Herbster and Warmuth (1998), Tracking the best expert, doi:10.1023/A:1007424614876. Calibration by slope and
    offset of the log odds: Platt (1999), Probabilistic outputs for support vector machines.
    """

    def __init__(
        self,
        config: Config | None = None,
        learning: OnlineLearningService | None = None,
        make_batch: MakeBatch | None = None,
    ) -> None:
        config = Config() if config is None else config
        self._starts_sessions = learning is None
        self.learning = OnlineLearningService(config) if learning is None else learning
        """The service whose sessions are served."""
        self._strategy: str = config.serving.strategy
        self._running: RunningSystem | None = None
        self.queries = 0
        check_challengers(config)
        self._config = config
        self._calibration = config.serving.calibration
        self._make_batch = make_batch
        self._members: dict[tuple[str, str], ServedTarget] = {}
        self.learning.on_scored.append(self._on_scored)

    def attach(self, running: RunningSystem) -> None:
        """Become part of a running system, in which a new strategy is a journaled command."""
        self._running = running

    @property
    def serving_strategy(self) -> str:
        """The strategy that combines members into the served probability, one of `STRATEGIES`.

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

    def apply_command(self, command: Command, ts: int) -> list[AdaptationAction]:
        """Apply a validated command that sets ``serving_strategy``, or is about who serves, at market time ``ts`` (ns).

        Returns what moved on the ladders of champions.
        """
        if command.setting == STRATEGY:
            self._strategy = str(command.value)
            for member in self._members.values():
                member.mix.strategy = self._strategy
                member_commands.retire_stopped(member)
        if command.kind in MEMBER_KINDS:
            return member_commands.apply(command, self.served, ts)
        return []

    @property
    def served(self) -> dict[str, ServedTarget]:
        """What serves each session of the run."""
        members = self._members.values()
        return {member.session.session_id: member for member in members if member.session.engine_owned}

    def add_session(self, symbol: str, target: str) -> None:
        """Begin to serve a running session, with a new mixture."""
        session = self.learning.session(symbol, target)
        self._add(session, None if self._make_batch is None else self._make_batch(session))

    def _add(self, session: Session, batch: BatchMember | None) -> ServedTarget:
        spec = session.spec
        challengers = self._further(spec) if session.engine_owned else []
        config = msgspec.structs.replace(self._config.serving, strategy=self._strategy)
        names = [each.name for each in challengers]
        mix = MemberMix(spec.horizon, config, self._config.learning.window, names, batch=batch is not None)
        further = FurtherMembers(challengers, spec.horizon + 1, spec.horizon)
        calibrators = [make_calibrator(self._calibration, spec.horizon) for _ in CALIBRATED if self._calibration != BUILT_IN]
        member = self._members[spec.symbol, spec.target] = ServedTarget(session, batch, mix, calibrators, further)
        return member

    def _further(self, spec: SessionSpec) -> list[MemberSpec]:
        """The density, where ``volatility`` has one, and the challengers of a target.

        Raises ConfigError or UnknownNameError where one cannot be made.
        """
        has_density = spec.target == "volatility" and self._config.volatility.preset != "none"
        density = [MemberSpec(DENSITY, Given)] if has_density else []
        return density + [
            MemberSpec(name, self.learning.models.maker(each.model, spec.n_features, spec.horizon, each.parameters))
            for name, each in self._config.serving.challengers.items()
            if not each.targets or spec.target in each.targets
        ]

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
        """The prediction of this step, which all agents share. None without a session.

        For other features it is a query of a session of the run, and a new prediction of a caller's session, which waits for
        its label (`alpha_pulse.learning.online_learning_service.OnlineLearningService.update_model`).
        """
        member = self._member(context, len(features.values))
        if member is None:
            return None
        known = member.of_step(features.ts)
        return self._predict(member, features, is_step=True) if known is None else known

    async def get_prediction(
        self, features: FeatureVector | Sequence[float], context: PredictionContext | str
    ) -> Prediction | None:
        """`prediction`, for callers that await. Plain numbers are a step of their own, without a time; a text is a symbol.

        Raises
        ------
        DataError
            The features are no list of numbers; NonFiniteError if one is not finite.
        SessionError
            They are not as many as the session has.
        """
        context = PredictionContext(context) if isinstance(context, str) else context
        if isinstance(features, FeatureVector):
            return self.prediction(features, context)
        n = len(features) if hasattr(features, "__len__") else 0
        row = a_row(f"the features for {context.symbol}/{context.target}", features, n)
        member = self._member(context, n)
        return None if member is None else self._predict(member, FeatureVector(context.symbol, 0, "", row), is_step=False)

    def _predict(self, member: ServedTarget, features: FeatureVector, *, is_step: bool) -> Prediction:
        if member.session.engine_owned:
            return self.query(member.session.spec.target, features)
        member.session.check_width(features.values)
        prediction = member.serve_caller(features, is_step=is_step)
        self.learning.publish(prediction)
        return prediction

    def _member(self, context: PredictionContext, n_features: int) -> ServedTarget | None:
        """What serves a prediction: of the run, or of a session that a caller has started, or that is started now."""
        symbol, target = context.symbol, context.target
        member = self._members.get((symbol, target))
        if member is not None and (member.session.engine_owned or member.session in self.learning.callers):
            return member
        if self.learning.has_active_session(symbol, target):
            session = self.learning.session(symbol, target)
            return self._add(session, None) if session in self.learning.callers else None
        if not self._starts_sessions:
            return None
        return self._add(self.learning.start(symbol, None, SessionSettings(target, None, n_features)), None)

    def _on_scored(self, scored: ScoredPrediction) -> None:
        spec = scored.session.spec
        member = self._members.get((spec.symbol, spec.target))
        if member is not None and member.session is scored.session:
            member.learn(scored)

    def confidence_threshold(self, symbol: str) -> float | None:
        """The confidence (0 to 1) from which the model takes part in decisions; None before 500 labels."""
        member = self._members.get((symbol, "direction"))
        return None if member is None else member.threshold

    def components(self) -> dict[str, Stateful]:
        """Components with state, by name. Those of callers' sessions are not journaled and not included."""
        components: dict[str, Stateful] = {}
        for (symbol, target), member in self._members.items():
            if not member.session.engine_owned:
                continue
            components[f"mix/{symbol}/{target}"] = member.mix
            for calibrator, (name, _, _) in zip(member.calibrators, CALIBRATED, strict=False):
                components[f"calibration/{symbol}/{target}/{name}"] = calibrator
            if member.batch is not None:
                components[f"batch/{symbol}/{target}"] = member.batch
            components[f"challengers/{symbol}/{target}"] = member.further
        return components
