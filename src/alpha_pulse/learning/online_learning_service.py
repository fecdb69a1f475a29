"""Sessions by (symbol, target): start, predict, learn, drift, metrics. Synchronous inside, thin async doors at the edge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, SessionError, did_you_mean
from alpha_pulse.core.numbers import a_class, a_row, a_weight
from alpha_pulse.core.plugins import load
from alpha_pulse.core.stateful import State, Stateful
from alpha_pulse.core.types import DriftAlarm, Example, FeatureVector, Prediction
from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.dedup_window import DedupWindow
from alpha_pulse.learning.drift_monitor import DriftMonitor
from alpha_pulse.learning.running_system import AdaptationResponse, RunningSystem, request_adaptation
from alpha_pulse.learning.session import ScoredPrediction, Session, SessionSpec
from alpha_pulse.metrics import streaming as metrics
from alpha_pulse.metrics.comparison import Comparison
from alpha_pulse.models import ONLINE
from alpha_pulse.models.base import OnlineModel, Row

STREAM_BUFFER = 1_024
"""Predictions a slow listener of `stream_predictions` may lag behind before the oldest are dropped."""


DRIFT_TYPES = ("performance", "regime")
"""What an adaptation can be asked for because of."""

COPIES = 3
"""How often a checkpoint may hold a session's model: itself, its last good state, and in a trial its control."""
MAX_STATE_BYTES = 900_000_000
"""Of all models in a checkpoint, which is one value of the store; SQLite holds values of up to 10**9 bytes."""


class LabelledRow(msgspec.Struct, frozen=True):
    """An example that brings its own features, from a caller that serves nothing through the loop."""

    features: Row
    label: int
    weight: float = 1.0


class SessionMetrics(msgspec.Struct, frozen=True):
    """How a session does: whole run and sliding window, each member beside the baselines.

    ``against_base`` compares what was served (first) with the base rate (second), at alpha = 5 % at all times at once; None for
    trades, whose labels come in no order of their own.
    """

    session_id: str
    model_type: str
    learnt: int
    pending: int
    ties: int
    quarantines: int
    age_mean_ns: float | None
    age_max_ns: int | None
    whole_run: dict[str, metrics.MemberMetrics]
    window: dict[str, metrics.MemberMetrics]
    against_base: Comparison | None


class OnlineLearningService:
    """All sessions of one system.

    Parameters
    ----------
    config
        Horizons, windows, the default model.
    n_features
        Length of a feature row for (symbol, target).
    """

    def __init__(self, config: Config, n_features: Callable[[str, str], int]) -> None:
        self._config = config
        self._n_features = n_features
        self._sessions: dict[tuple[str, str], Session] = {}
        self._monitors: dict[tuple[str, str], DriftMonitor] = {}
        self._ingested: dict[tuple[str, str], DedupWindow] = {}
        self._listeners: dict[str, list[asyncio.Queue[Prediction]]] = {}
        self.requests: list[tuple[str, str]] = []
        """Adaptations asked for from outside, (session id, drift type); stage 4 takes them in order."""
        self._running: RunningSystem | None = None

    def attach(self, running: RunningSystem) -> None:
        """Become part of a running system: adaptations that are requested are then journaled commands."""
        self._running = running

    # What the pipeline calls.

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
        """Start a session; SessionError when (symbol, target) runs already. ``ordered``: see `SessionSpec`."""
        key = (symbol, target)
        if key in self._sessions:
            raise SessionError(f"session {symbol}/{target} runs already; stop it first, or use it")
        learning = self._config.learning
        if horizon is None:
            horizon = {"volatility": learning.volatility_horizon_bars, "direction": learning.direction_horizon_bars}.get(
                target, 1
            )
        name = model_type or learning.model
        width = self._n_features(symbol, target) if n_features is None else n_features
        spec = SessionSpec(symbol, target, name, horizon, width, learning.window, ordered)
        self._sessions[key] = session = Session(spec, self.maker(name, width, horizon), engine_owned=engine_owned)
        self._monitors[key] = DriftMonitor(symbol, target, horizon, self._config.adaptation, ordered=ordered)
        return session

    def maker(self, model_type: str, n_features: int, horizon: int) -> Callable[[], OnlineModel]:
        """What makes the models of a session, once one of them is known to fit into a checkpoint beside all others.

        Raises
        ------
        ConfigError
            It does not fit.
        UnknownNameError
            There is no such model.
        """
        make = load("models", ONLINE, model_type)

        def make_model() -> OnlineModel:
            model: OnlineModel = make(n_features=n_features, horizon=horizon, seed=self._config.seed)
            return model

        needed = COPIES * make_model().memory_bytes
        others = sum(COPIES * session.model.memory_bytes for session in self._sessions.values())
        if others + needed > MAX_STATE_BYTES:
            raise ConfigError(
                f"a session of {model_type} with {n_features} features may need {needed / 1e6:,.0f} MB of a checkpoint beside "
                f"{others / 1e6:,.0f} MB of {len(self._sessions)} other sessions, but a checkpoint holds "
                f"{MAX_STATE_BYTES / 1e6:,.0f} MB; choose a smaller model, fewer features or fewer symbols"
            )
        return make_model

    def session(self, symbol: str, target: str = "direction") -> Session:
        """The running session of (symbol, target); SessionError when there is none."""
        session = self._sessions.get((symbol, target))
        if session is None:
            known = [s.session_id for s in self._sessions.values()]
            raise SessionError(f"no session runs for {symbol}/{target}{did_you_mean(f'{symbol}/{target}', known)}")
        return session

    def learn(self, symbol: str, target: str, example: Example) -> ScoredPrediction | None:
        """Join, score, learn one label; None for a tie."""
        return self._sessions[symbol, target].apply_label(example)

    def detect(self, scored: ScoredPrediction) -> list[DriftAlarm]:
        """Show one scored label to the session's drift monitor; what it found to have changed."""
        spec = scored.session.spec
        return self._monitors[spec.symbol, spec.target].observe(scored)

    def apply_command(self, command: Command, ts: int) -> None:
        """Carry out a command for a session at market time ``ts``; it was checked before. An adaptation waits for a slice."""
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
        """The adaptations asked for since the last call."""
        requests, self.requests = self.requests, []
        return requests

    def ingested(self, session_id: str) -> DedupWindow | None:
        """The examples learnt so far of a session that its caller feeds by commands; None for every other session."""
        symbol, _, target = session_id.rpartition("/")
        return self._ingested.get((symbol, target))

    @property
    def ingested_ids(self) -> int:
        """Ids of examples that are remembered, over all sessions that callers feed."""
        return sum(len(seen) for seen in self._ingested.values())

    def all_sessions(self) -> list[Session]:
        """Every running session, in the order in which they were started."""
        return list(self._sessions.values())

    def monitor(self, symbol: str, target: str) -> DriftMonitor:
        """The drift monitor of a running session."""
        return self._monitors[symbol, target]

    def publish(self, prediction: Prediction) -> None:
        """Hand a committed prediction to those who stream its symbol; a full listener loses its oldest."""
        for queue in self._listeners.get(prediction.symbol, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(prediction)

    def components(self) -> dict[str, Stateful]:
        """Everything with memory that is journaled, by name; sessions fed by `process_batch` are their callers' own."""
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
        """What was asked for and is not carried out yet, and which sessions are fed by commands: `restore` opens those.

        See `alpha_pulse.core.stateful.Stateful`.
        """
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

    # What users call.

    async def start_session(self, symbol: str, model_type: str, config: Mapping[str, Any] | None = None) -> str:
        """Start learning for a symbol. ``config`` may name ``target`` (default ``direction``) and ``horizon`` (events)."""
        settings = dict(config or {})
        unknown = set(settings) - {"target", "horizon"}
        if unknown:
            name = min(unknown)
            raise ConfigError(f"session config: unknown key {name!r}{did_you_mean(name, ['target', 'horizon'])}")
        horizon = settings.get("horizon")
        if horizon is not None and (type(horizon) is not int or horizon < 1):
            raise ConfigError(f"session config: horizon is {horizon!r}, but a whole number of events from 1 on is needed")
        return self.open_session(symbol, settings.get("target", "direction"), model_type, horizon).session_id

    def has_active_session(self, symbol: str, target: str = "direction") -> bool:
        """Whether a session runs for (symbol, target)."""
        return (symbol, target) in self._sessions

    async def predict(self, session_id: str, features: Row | Sequence[float], prediction_id: str | None = None) -> float:
        """P(label = 1) by the online model of a session.

        Without ``prediction_id`` a query, neither stored nor counted. With one, the prediction waits under that id for its
        label (see `update_model`); that is for sessions that their callers feed.
        """
        session = self._by_id(session_id)
        row = a_row(f"the features for session {session_id}", features, session.spec.n_features)
        if prediction_id is None:
            return session.query(row)
        self._refuse_journaled(session)
        session.query(row)
        return session.predict_alone(prediction_id, FeatureVector(session.spec.symbol, 0, "", row))

    async def update_model(self, symbol: str, example: Example) -> bool:
        """Give the label of a prediction that waits in a session its caller feeds; False for a tie.

        SessionError when none waits under that id, or the loop labels it itself; `Example` refuses a label that is none.
        """
        if example.label is not None:
            example = msgspec.structs.replace(example, label=int(example.label), weight=float(example.weight))
        for session in self._sessions.values():
            if session.spec.symbol == symbol and example.prediction_id in session.pending:
                self._refuse_journaled(session)
                return self._apply_label(session, example) is not None
        raise SessionError(
            f"no prediction of {symbol} waits under the id {example.prediction_id!r}; it has its label, or was never served"
        )

    def _apply_label(self, session: Session, example: Example) -> ScoredPrediction | None:
        scored = session.apply_label(example)
        if scored is not None:
            self.detect(scored)
        return scored

    async def process_batch(self, session_id: str, examples: Sequence[LabelledRow]) -> list[float]:
        """For each example predict, score, then learn; the predictions made before learning.

        Raises SessionError for sessions of the loop; DataError for rows of another length and what is no number, label or
        weight; NonFiniteError for numbers that are not finite; nothing is learnt then.
        """
        session = self._by_id(session_id)
        self._refuse_journaled(session)
        width, what = session.spec.n_features, f"for session {session_id}"
        checked = [
            (
                a_row(f"the features of example {i} {what}", example.features, width),
                a_class(f"the label of example {i} {what}", example.label, 2),
                a_weight(f"the weight of example {i} {what}", example.weight),
            )
            for i, example in enumerate(examples)
        ]
        predictions = []
        for row, label, weight in checked:
            prediction_id = f"{session_id}/batch/{session.learnt}"
            predictions.append(session.predict_alone(prediction_id, FeatureVector(session.spec.symbol, 0, "", row)))
            self._apply_label(session, Example(prediction_id, label, 0, weight))
        return predictions

    async def get_session_metrics(self, session_id: str) -> SessionMetrics:
        """Scores of a session so far."""
        session = self._by_id(session_id)
        mean, largest = session.age_ns
        compared = None if session.against_base is None else session.against_base.result
        return SessionMetrics(
            session_id, session.spec.model_type, session.learnt, len(session.pending), session.ties, session.quarantines,
            mean, largest, metrics.whole_run(session.scores), metrics.window(session.scores), compared,
        )  # fmt: skip

    async def trigger_adaptation(self, symbol: str, drift_type: str = "performance") -> tuple[AdaptationResponse, ...]:
        """Ask for an adaptation of a symbol's sessions: ``performance`` (learn faster) or ``regime`` (learn anew).

        Returns, for each session, whether it will begin with the next slice, and if not, why: a trial or a cool-down,
        ``adaptation.enabled = false``, or that no run is going on. What will begin is journaled and durable.
        """
        if not any(key[0] == symbol for key in self._sessions):
            raise SessionError(f"no session runs for {symbol}{did_you_mean(symbol, {key[0] for key in self._sessions})}")
        if drift_type not in DRIFT_TYPES:
            raise ConfigError(f"{drift_type!r} is no type of drift{did_you_mean(drift_type, DRIFT_TYPES)}")
        sessions = [session.session_id for session in self._sessions.values() if session.spec.symbol == symbol]
        return request_adaptation(self._running, sessions, drift_type)

    async def get_drift_summary(self) -> dict[str, dict[str, Any]]:
        """For each session: alarms so far, the newest one, and how many blocks of errors the newest are compared with."""
        return {
            self._sessions[key].session_id: {
                "alarms": monitor.alarms,
                "last_alarm": None if monitor.last_alarm is None else msgspec.to_builtins(monitor.last_alarm),
                "window_blocks": monitor.width,
            }
            for key, monitor in self._monitors.items()
        }

    async def stream_predictions(self, symbol: str) -> AsyncIterator[Prediction]:
        """Served predictions of a symbol as their steps are committed."""
        queue: asyncio.Queue[Prediction] = asyncio.Queue(STREAM_BUFFER)
        listeners = self._listeners.setdefault(symbol, [])
        listeners.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            listeners.remove(queue)

    async def stop_session(self, session_id: str) -> None:
        """End a session that its caller feeds. SessionError for one that the running loop serves: stop the run instead."""
        session = self._by_id(session_id)
        self._refuse_journaled(session)
        self._close(session.spec.symbol, session.spec.target)

    def _close(self, symbol: str, target: str) -> None:
        del self._sessions[symbol, target], self._monitors[symbol, target]
        self._ingested.pop((symbol, target), None)

    def _by_id(self, session_id: str) -> Session:
        symbol, _, target = session_id.rpartition("/")
        return self.session(symbol, target)

    def _refuse_journaled(self, session: Session) -> None:
        """What the loop or commands feed is in the journal; a change from outside would be no part of that."""
        if session.engine_owned:
            raise SessionError(
                f"session {session.session_id} is served by the running loop, which alone feeds and ends it; "
                "start a session of another target for your own examples"
            )
        if (session.spec.symbol, session.spec.target) in self._ingested:
            raise SessionError(
                f"session {session.session_id} is fed by commands, which the journal holds; feed and end it the same way, or "
                "start a session of another target"
            )
