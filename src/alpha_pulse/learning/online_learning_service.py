"""Sessions by (symbol, target): start, predict, learn, drift, metrics. The core is synchronous; users have async methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, SessionError, did_you_mean
from alpha_pulse.core.numbers import a_row
from alpha_pulse.core.stateful import State, Stateful
from alpha_pulse.core.types import AdaptationAction, DriftAlarm, Example, FeatureVector, Prediction
from alpha_pulse.learning.caller_input import LabelledExample, SessionSettings, checked_examples, session_settings
from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.dedup_window import DedupWindow
from alpha_pulse.learning.drift_monitor import DriftMonitor
from alpha_pulse.learning.model_budget import ModelBudget
from alpha_pulse.learning.prediction_streams import PredictionStream, PredictionStreams
from alpha_pulse.learning.running_system import AdaptationResponse, RunningSystem, request_adaptation
from alpha_pulse.learning.session import ScoredPrediction, Session, SessionSpec
from alpha_pulse.learning.session_adaptation import DRIFT_TYPES, Adapter, RequestedAdaptations
from alpha_pulse.learning.session_metrics import SessionMetrics, session_metrics
from alpha_pulse.models.base import Row


class OnlineLearningService:
    """All learning sessions of one system, with their drift monitors.

    A session predicts and stores; when the label comes it scores the stored prediction, then learns from the stored features
    (`alpha_pulse.learning.session.Session`). The pipeline serves the sessions of the run; callers may start their own, also
    without a run.

    Parameters
    ----------
    config
        Uses ``learning`` (default model, horizons in bars, window in labels), ``adaptation`` (detectors) and ``seed``.
    n_features
        Gives the length of a feature row for (symbol, target); without it, each session states its own.

    Examples
    --------
    >>> import asyncio
    >>> async def learn():
    ...     learning = OnlineLearningService()
    ...     session_id = await learning.start_session("BTCUSDT", "logistic", {"n_features": 2})
    ...     for step in range(400):
    ...         up = step % 2
    ...         await learning.predict(session_id, [2.0 * up - 1.0, 0.5], prediction_id=f"p{step}")
    ...         await learning.update_model("BTCUSDT", Example(f"p{step}", up))
    ...     return await learning.predict(session_id, [1.0, 0.5])
    >>> asyncio.run(learn()) > 0.7
    True

    References
    ----------
    Scoring before learning (prequential evaluation): Dawid (1984), Statistical theory: the prequential approach, JRSS A 147(2).
    """

    def __init__(self, config: Config | None = None, n_features: Callable[[str, str], int] | None = None) -> None:
        self._config = config = Config() if config is None else config
        self._n_features = n_features
        self._sessions: dict[tuple[str, str], Session] = {}
        self.models = ModelBudget(config.seed)
        self._monitors: dict[tuple[str, str], DriftMonitor] = {}
        self._ingested: dict[tuple[str, str], DedupWindow] = {}
        self._streams = PredictionStreams()
        self.listeners = self._streams.listeners
        """By symbol, where predictions are published to."""
        self.on_scored: list[Callable[[ScoredPrediction], None]] = []
        """Called with each label of a caller's session, after it was learned."""
        self.callers: dict[Session, None] = {}
        """The sessions that callers started, whose examples the journal does not contain."""
        self._adapter: Adapter = RequestedAdaptations(config.adaptation)
        self.requests: list[tuple[str, str]] = []
        """Adaptations that users or agents requested, (session id, drift type); stage 4 handles them in order."""
        self._running: RunningSystem | None = None

    def attach(self, running: RunningSystem) -> None:
        """Become part of a running system, in which requested adaptations are journaled commands."""
        self._running = running

    def adapt_with(self, adapter: Adapter) -> None:
        """Let ``adapter`` adapt the sessions that callers start from now on, in place of requests alone."""
        self._adapter = adapter

    # Methods for the pipeline.

    def open_session(
        self,
        symbol: str,
        target: str,
        model_type: str | None = None,
        horizon: int | None = None,
        n_features: int | None = None,
        *,
        ordered: bool = True,
        engine_owned: bool = False,
    ) -> Session:
        """Start a session.

        Parameters
        ----------
        symbol, target
            The key of the session; ``symbol/target`` is its id.
        model_type
            A name of the table of online models (default: ``learning.model``).
        horizon
            Steps until a label (default: the target's, in bars; 1 for a target without one).
        n_features
            Length of a feature row (default: the schema's length for this target).
        ordered
            Whether each prediction gets one label, ``horizon`` steps later; see `SessionSpec`.
        engine_owned
            Whether the pipeline serves the session.

        Raises
        ------
        SessionError
            (symbol, target) runs already.
        ConfigError
            Its model does not fit into a checkpoint together with the others, or the length of its rows is not known.
        UnknownNameError
            There is no such model.
        """
        key = (symbol, target)
        if key in self._sessions:
            raise SessionError(f"session {symbol}/{target} runs already; stop it first, or use it")
        learning = self._config.learning
        if horizon is None:
            horizon = {"volatility": learning.volatility_horizon_bars, "direction": learning.direction_horizon_bars}.get(
                target, 1
            )
        name = model_type or learning.model
        if n_features is None and self._n_features is not None:
            n_features = self._n_features(symbol, target)
        if n_features is None:
            raise ConfigError(
                f"session config: session {symbol}/{target} needs n_features, the length of its feature rows, such as "
                "{'n_features': 5}"
            )
        spec = SessionSpec(symbol, target, name, horizon, n_features, learning.window, ordered)
        self._sessions[key] = session = Session(spec, self.models.maker(name, n_features, horizon), engine_owned=engine_owned)
        self.models.add(key, session.model)
        self._monitors[key] = DriftMonitor(symbol, target, horizon, self._config.adaptation, ordered=ordered)
        return session

    def session(self, symbol: str, target: str = "direction") -> Session:
        """The running session of (symbol, target). Raises SessionError when there is none."""
        session = self._sessions.get((symbol, target))
        if session is None:
            known = [s.session_id for s in self._sessions.values()]
            raise SessionError(f"no session runs for {symbol}/{target}{did_you_mean(f'{symbol}/{target}', known)}")
        return session

    def detect(self, scored: ScoredPrediction) -> list[DriftAlarm]:
        """Pass one scored label to the session's drift monitor; returns its alarms."""
        spec = scored.session.spec
        return self._monitors[spec.symbol, spec.target].observe(scored)

    def apply_command(self, command: Command, ts: int) -> None:
        """Apply a validated command at market time ``ts`` (ns). An adaptation waits for the next slice."""
        symbol, _, target = command.session_id.rpartition("/")
        if command.kind == "start":
            self.open_session(symbol, target, command.model_type, command.horizon, command.n_features)
            self._ingested[symbol, target] = DedupWindow()
        elif command.kind == "stop":
            self._close(symbol, target)
        elif command.kind == "adapt":
            self.requests.append((command.session_id, command.drift_type or DRIFT_TYPES[0]))
        elif command.kind == "update":
            session, seen = self._sessions[symbol, target], self._ingested[symbol, target]
            for example in command.examples or ():
                seen.add(example.id, example.content)
                prediction_id = f"{command.session_id}/{example.id}"
                row = np.array(example.features, dtype=np.float64)
                session.predict_alone(prediction_id, FeatureVector(symbol, ts, "", row))
                self._apply_label(session, Example(prediction_id, example.label, ts, example.weight))

    def take_requests(self) -> list[tuple[str, str]]:
        """The adaptations that were requested since the last call."""
        requests, self.requests = self.requests, []
        return requests

    def ingested(self, session_id: str) -> DedupWindow | None:
        """The ids learned by an external session that is updated by commands; None for every other session."""
        symbol, _, target = session_id.rpartition("/")
        return self._ingested.get((symbol, target))

    @property
    def ingested_ids(self) -> int:
        """Number of stored ids, over all external sessions."""
        return sum(len(seen) for seen in self._ingested.values())

    def all_sessions(self) -> list[Session]:
        """Every running session, in the order in which they were started."""
        return list(self._sessions.values())

    def monitor(self, symbol: str, target: str) -> DriftMonitor:
        """The drift monitor of a running session."""
        return self._monitors[symbol, target]

    def publish(self, prediction: Prediction) -> None:
        """Pass a committed prediction to the listeners of its symbol; a full listener loses its oldest one."""
        self._streams.publish(prediction)

    def components(self) -> dict[str, Stateful]:
        """Components with state, by name. Sessions that learn by `process_batch` are not journaled and not included."""
        components: dict[str, Stateful] = {"learning": self}
        for (symbol, target), session in self._sessions.items():
            seen = self._ingested.get((symbol, target))
            if seen is not None:
                components[f"fed/{symbol}/{target}"] = seen
            if session.engine_owned or seen is not None:
                components[f"session/{symbol}/{target}"] = session
                components[f"drift/{symbol}/{target}"] = self._monitors[symbol, target]
        return components

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`: the requests, and the sessions that learn by commands."""
        scalars: dict[str, Any] = {"requests": [list(request) for request in self.requests]}
        if self._ingested:
            specs = [self._sessions[key].spec for key in self._ingested]
            scalars["fed"] = [[spec.symbol, spec.target, spec.model_type, spec.horizon, spec.n_features] for spec in specs]
        return State(scalars=scalars)

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self.requests = [(symbol, drift_type) for symbol, drift_type in state.scalars["requests"]]
        for key in list(self._ingested):
            self._close(*key)
        for symbol, target, model_type, horizon, n_features in state.scalars.get("fed", ()):
            self.open_session(symbol, target, model_type, horizon, n_features)
            self._ingested[symbol, target] = DedupWindow()

    # Methods for users.

    async def start_session(self, symbol: str, model_type: str | None = None, config: Mapping[str, Any] | None = None) -> str:
        """Start a session whose examples come from the caller; returns its id.

        Parameters
        ----------
        symbol
            Any name; it need not be one of the run.
        model_type
            A name of the table of online models (default: ``learning.model``).
        config
            May contain ``target`` (default ``direction``), ``horizon`` (events until a label, at least 1) and ``n_features``
            (length of a feature row; default in a run: that of its schema).

        Raises
        ------
        ConfigError
            An unknown key, a number that is not a whole number from 1 on, or ``n_features`` is needed.
        SessionError
            The session runs already.
        UnknownNameError
            There is no such model.
        """
        return self.start(symbol, model_type, session_settings(config)).session_id

    def start(self, symbol: str, model_type: str | None, settings: SessionSettings, *, ordered: bool = True) -> Session:
        """`start_session`, for callers that do not await; returns the session. ``ordered`` as in `open_session`."""
        target, horizon, n_features = settings
        session = self.open_session(symbol, target, model_type, horizon, n_features, ordered=ordered)
        self.callers[session] = None
        self._adapter.adopt(session)
        return session

    def has_active_session(self, symbol: str, target: str = "direction") -> bool:
        """Whether a session runs for (symbol, target)."""
        return (symbol, target) in self._sessions

    async def predict(
        self, session_id: str, features: Row | Sequence[float], prediction_id: str | None = None, ts: int = 0
    ) -> float:
        """P(label = 1) by the online model of a session.

        Parameters
        ----------
        session_id
            ``symbol/target``.
        features
            Finite numbers, in the order of the session's schema.
        prediction_id
            None: a query, which is neither stored nor counted. Else the prediction is stored under this id until `update_model`
            gives its label (the newest 10,000 are), and passed to `stream_predictions`; only for sessions that callers started.
        ts
            The time of a stored prediction, in ns, from which the age of the model is measured.

        Raises
        ------
        SessionError
            There is no such session, the id is pending already, or the session learns from the loop or from commands.
        DataError
            The features are not a list of numbers of this length; NonFiniteError if one is not finite.
        """
        session = self._by_id(session_id)
        row = a_row(f"the features for session {session_id}", features, session.spec.n_features)
        if prediction_id is None:
            return session.query(row)
        self._check_caller_feeds(session)
        session.query(row)
        return self._predict(session, prediction_id, row, ts)

    def _predict(self, session: Session, prediction_id: str, row: Row, ts: int) -> float:
        spec = session.spec
        probability = session.predict_alone(prediction_id, FeatureVector(spec.symbol, ts, "", row))
        self.publish(Prediction(prediction_id, spec.symbol, ts, spec.target, spec.horizon, probability, None))
        return probability

    async def update_model(self, symbol: str, example: Example) -> bool:
        """Apply the label of a pending prediction of a session whose examples come from its caller. Returns False for a tie or
        weight 0.

        Raises
        ------
        SessionError
            No prediction of the symbol is pending under that id, or the loop or commands label it.
        DataError
            The label is not 0, 1 or None; NonFiniteError for a weight that is not finite.
        """
        if example.label is not None:
            example = msgspec.structs.replace(example, label=int(example.label), weight=float(example.weight))
        for session in self._sessions.values():
            if session.spec.symbol == symbol and example.prediction_id in session.pending:
                self._check_caller_feeds(session)
                return self._apply_label(session, example) is not None
        raise SessionError(
            f"no prediction of {symbol} is pending under the id {example.prediction_id!r}; it has its label, or was never made"
        )

    def _apply_label(self, session: Session, example: Example) -> ScoredPrediction | None:
        scored = session.apply_label(example)
        if scored is not None:
            self.process_scored(scored)
        return scored

    def process_scored(self, scored: ScoredPrediction) -> None:
        """Detect and adapt after a label of a caller's session was learned."""
        alarms = self.detect(scored)
        if scored.session in self.callers:
            self._adapter.on_scored(scored, alarms)
        for listener in self.on_scored:
            listener(scored)

    async def process_batch(self, session_id: str, examples: Sequence[LabelledExample]) -> list[float]:
        """For each example predict, score, then learn; returns the predictions, each made before its label was learned.

        An example is a `LabelledRow`, or a tuple: (features, label) or (features, label, weight).

        Raises
        ------
        SessionError
            The session learns from the loop or from commands.
        DataError
            A row has another length, or a value is not a number, label or weight; NonFiniteError if one is not finite. No
            example is learned then.
        """
        session = self._by_id(session_id)
        self._check_caller_feeds(session)
        checked = checked_examples(session_id, examples, session.spec.n_features)
        predictions = []
        for row, label, weight in checked:
            prediction_id = f"{session_id}/batch/{session.labels_used}"
            predictions.append(self._predict(session, prediction_id, row, 0))
            self._apply_label(session, Example(prediction_id, label, 0, weight))
        return predictions

    async def get_session_metrics(self, session_id: str) -> SessionMetrics:
        """The scores of a session so far. Raises SessionError when there is no such session."""
        return session_metrics(self._by_id(session_id))

    async def trigger_adaptation(self, symbol: str, drift_type: str = "performance") -> tuple[AdaptationResponse, ...]:
        """Request an adaptation of a symbol's sessions: ``performance`` (learn faster) or ``regime`` (reset the model).

        An adaptation of a caller's session begins at once. Returns, for each other session, whether the adaptation will begin
        with the next slice. If not, it says why: a trial, a cool-down, ``adaptation.enabled = false``, or a session that is not
        part of a run. Accepted requests to a run are journaled and durable.

        Raises
        ------
        SessionError
            The symbol has no session.
        ConfigError
            An unknown ``drift_type``.
        """
        if not any(key[0] == symbol for key in self._sessions):
            raise SessionError(f"no session runs for {symbol}{did_you_mean(symbol, {key[0] for key in self._sessions})}")
        if drift_type not in DRIFT_TYPES:
            raise ConfigError(f"{drift_type!r} is not a drift type{did_you_mean(drift_type, DRIFT_TYPES)}")
        sessions = [session for session in self._sessions.values() if session.spec.symbol == symbol]
        return request_adaptation(self._running, sessions, drift_type, self._adapter.begin_requested, self.callers)

    async def get_adaptations(self, session_id: str) -> tuple[AdaptationAction, ...]:
        """The newest adaptations of a caller's session, oldest first, with the effect of those that have ended.

        Raises SessionError for every other session: the journal contains the adaptations of a run.
        """
        session = self._by_id(session_id)
        self._check_caller_feeds(session)
        return self._adapter.adaptations(session) if session in self.callers else ()

    async def get_drift_summary(self) -> dict[str, dict[str, Any]]:
        """For each session id: alarms so far, the newest one, and the number of blocks of errors in the detector's window."""
        return {self._sessions[key].session_id: monitor.summary() for key, monitor in self._monitors.items()}

    def stream_predictions(self, symbol: str) -> PredictionStream:
        """The predictions of a symbol from this call on, to be iterated with ``async for``: those of a run as their steps are
        committed to the journal, those of callers as they are made. A slow listener loses the oldest."""
        return self._streams.stream(symbol)

    async def stop_session(self, session_id: str) -> None:
        """End a session whose examples come from its caller. Raises SessionError for a session that learns from the loop or
        from commands."""
        session = self._by_id(session_id)
        self._check_caller_feeds(session)
        self._close(session.spec.symbol, session.spec.target)

    def _close(self, symbol: str, target: str) -> None:
        session = self._sessions[symbol, target]
        if session in self.callers:
            del self.callers[session]
            self._adapter.release(session)
        self.models.remove((symbol, target))
        del self._sessions[symbol, target], self._monitors[symbol, target]
        self._ingested.pop((symbol, target), None)

    def _by_id(self, session_id: str) -> Session:
        symbol, _, target = session_id.rpartition("/")
        return self.session(symbol, target)

    def _check_caller_feeds(self, session: Session) -> None:
        """Raise SessionError for a session that the journal feeds: a direct change of it would not be journaled."""
        if session.engine_owned:
            raise SessionError(
                f"session {session.session_id} is served by the running loop, and only the loop can update or stop it; "
                "start a session of another target for your own examples"
            )
        if (session.spec.symbol, session.spec.target) in self._ingested:
            raise SessionError(
                f"session {session.session_id} learns from commands, which the journal contains; update and stop it by "
                "commands too, or start a session of another target"
            )
