"""Queries of learning sessions, and the checks of commands for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import (
    ConfigError,
    ConflictError,
    DataError,
    NonFiniteError,
    NotFoundError,
    UnknownNameError,
    did_you_mean,
)
from alpha_pulse.core.numbers import a_class, a_row, a_weight, shown
from alpha_pulse.core.plugins import is_own
from alpha_pulse.core.types import ABSURD, FeatureVector, finite
from alpha_pulse.engine.system import System
from alpha_pulse.gateway.messages import (
    AlarmBrief,
    BatchModelStatus,
    DriftStatus,
    Features,
    PredictResponse,
    SessionConfig,
    SessionScores,
    SessionStatus,
)
from alpha_pulse.kernels.base import scores as kernels
from alpha_pulse.learning.commands import Command, LabelledExample
from alpha_pulse.learning.dedup_window import MOST_IDS, DedupWindow
from alpha_pulse.learning.session import Session
from alpha_pulse.learning.session_adaptation import DRIFT_TYPES
from alpha_pulse.metrics import streaming as metrics
from alpha_pulse.models import ONLINE
from alpha_pulse.runtime.history.events import MS
from alpha_pulse.runtime.history.history import History
from alpha_pulse.runtime.inspector import members_out

MAX_NAME = 64
MAX_ID = 128
MAX_FEATURES = 1_000
MAX_HORIZON = 100_000
MAX_EXTERNAL_SESSIONS = 64
"""Maximum number of external sessions at the same time; each takes a few hundred kilobytes of every checkpoint."""
RECENT_LABELS = 200
"""Number of labels after an alarm during which an external session counts as drifting. A session of the engine counts as
drifting until its errors recover."""
EXTERNAL_SOURCE = "api"


class SessionCommands:
    """Reads sessions and creates checked commands, which the runner executes. It changes no state.

    Parameters
    ----------
    system, history
        The system and the history of the run.
    """

    def __init__(self, system: System, history: History) -> None:
        self._system = system
        self._history = history

    # Reading.

    def sessions(self, *, ended: bool) -> list[SessionStatus]:
        """All sessions, those of the engine first. ``ended``: the run has finished or failed, so no session learns."""
        return [self._status(session, ended) for session in self._system.learning.all_sessions()]

    def _status(self, session: Session, ended: bool) -> SessionStatus:
        spec, now = session.spec, self._system.clock.now_ns()
        alarm = self._system.learning.monitor(spec.symbol, spec.target).last_alarm
        model = self._history.content.models.get(session.session_id)
        actions = [
            action.ts
            for _, action in self._history.content.actions.values()
            if (action.symbol, action.target) == (spec.symbol, spec.target)
        ]
        filled, opened = session.scores[kernels.FILLED] > 0, self._history.content.bar_open_ms
        return SessionStatus(
            session_id=session.session_id,
            symbol=spec.symbol,
            target=spec.target,
            model_type=spec.model_type,
            version=str(session.labels_used),
            source="loop" if session.engine_owned else "api",
            state="ended" if ended else self._state(session),
            horizon=spec.horizon,
            n_features=spec.n_features,
            labels_used=session.labels_used,
            pending=len(session.pending),
            ties=session.ties,
            quarantines=session.quarantines,
            age_s=(now - session.last_label_ts) / SECOND_NS if session.last_label_ts else None,
            last_drift_ms=None if alarm is None else alarm.ts // MS,
            last_drift_bar_open_ms=None if alarm is None else opened(spec.symbol, alarm.ts),
            last_adaptation_ms=max(actions) // MS if actions else None,
            last_adaptation_bar_open_ms=opened(spec.symbol, max(actions)) if actions else None,
            batch_model=None
            if model is None
            else BatchModelStatus(model.model_id, model.version, model.trained_ts // MS, opened(spec.symbol, model.trained_ts)),
            skill_millinats=-1_000.0 * kernels.window_health(session.scores)[0] if filled else None,
        )

    def _state(self, session: Session) -> Literal["learning", "in_trial", "quarantined"]:
        if session.in_trial:
            return "in_trial"
        newest = self._system.serving.newest(session.spec.symbol, session.spec.target) if session.engine_owned else None
        return "quarantined" if newest is not None and newest.quarantined else "learning"

    def scores(self, session_id: str) -> SessionScores:
        """One session's scores, whole run and window."""
        session = self._session(session_id)
        mean, largest = session.age_ns
        return SessionScores(
            session_id,
            session.spec.model_type,
            session.labels_used,
            len(session.pending),
            session.ties,
            session.quarantines,
            None if mean is None else mean / SECOND_NS,
            None if largest is None else largest / SECOND_NS,
            metrics.whole_run(session.scores),
            metrics.window(session.scores),
        )

    def drift(self) -> list[DriftStatus]:
        """The drift monitor of every session."""
        return [self._drift(session) for session in self._system.learning.all_sessions()]

    def _drift(self, session: Session) -> DriftStatus:
        spec = session.spec
        monitor = self._system.learning.monitor(spec.symbol, spec.target)
        alarm = monitor.last_alarm
        if session.engine_owned:
            episodes = self._system.adaptation.recovery(spec.symbol, spec.target).episodes
            drifting = any(episode.recovery_ts is None for episode in episodes)
        else:
            rise = monitor.last_rise
            drifting = rise is not None and session.labels_used - rise.sample < RECENT_LABELS
        brief = None
        if alarm is not None:
            opened = self._history.content.bar_open_ms
            brief = AlarmBrief(
                alarm.alarm_id, alarm.ts // MS, opened(spec.symbol, alarm.ts), alarm.detector, alarm.score,
                alarm.change_ts // MS, opened(spec.symbol, alarm.change_ts), alarm.sample, alarm.monitored,
            )  # fmt: skip
        return DriftStatus(session.session_id, monitor.alarms, brief, monitor.width, "drifting" if drifting else "stable")

    # Predicting.

    def predict(self, session_id: str, features: Features) -> PredictResponse:
        """Predict without a change of state: with all members for a session of the engine, with the model alone for an external
        one."""
        session = self._session(session_id)
        spec, now = session.spec, self._system.clock.now_ns()
        row = np.array(self._row(session, features, f"the features for session {session_id}"), dtype=np.float64)
        names = self._names(session)
        schema_id = None if names is None or spec.symbol not in self._system.symbols else self._schema_id(spec.symbol)
        if session.engine_owned and spec.target in self._system.targets:
            vector = FeatureVector(spec.symbol, now, schema_id or "", row)
            served = self._system.serving.query(spec.target, vector)
            members = members_out(served.members)
            return PredictResponse(
                session_id, served.probability, served.confidence, members, schema_id, str(session.labels_used)
            )
        probability = session.query(row)
        if not 0.0 <= probability <= 1.0:
            raise NonFiniteError(
                f"session {session_id} has no finite prediction for these features, which are too large; scale them to about 1"
            )
        return PredictResponse(session_id, probability, None, [], schema_id, str(session.labels_used))

    def _schema_id(self, symbol: str) -> str:
        return self._system.symbols[symbol].extractor.schema.schema_id

    def _names(self, session: Session) -> tuple[str, ...] | None:
        """The names of the features if the session uses the schema of the feed, otherwise None."""
        spec, symbols = session.spec, self._system.symbols
        symbol_state = symbols.get(spec.symbol) or next(iter(symbols.values()))
        names = symbol_state.extractor.schema.names
        if session.engine_owned:
            return names[: spec.n_features] if spec.target in self._system.targets else None
        return names if len(names) == spec.n_features else None

    def _row(self, session: Session, features: Features, subject: str) -> list[float]:
        """Features in their order. Raises DataError for a wrong number or names, NonFiniteError for values out of range."""
        width = session.spec.n_features
        if isinstance(features, dict):
            names = self._names(session)
            if names is None:
                raise DataError(f"{subject} have names, but this session's have none; send a list of {width} numbers")
            for name in features:
                if name not in names:
                    raise DataError(f"{subject} contain the unknown name {name!r}{did_you_mean(name, names)}")
            missing = [name for name in names if name not in features]
            if missing:
                raise DataError(
                    f"{subject} lack {missing[0]!r} and {len(missing) - 1} others; send all {width}, 0 for a missing one"
                )
            features = [features[name] for name in names]
        row: list[float] = a_row(subject, features, width).tolist()
        for index, value in enumerate(row):
            if not abs(value) < ABSURD:
                raise NonFiniteError(
                    f"{subject} contain {value!r} at index {index}, but a finite number below {ABSURD:g} is needed"
                )
        return row

    # Checking commands.

    def start_command(self, symbol: str, model_type: str, config: SessionConfig) -> Command:
        """The command that starts an external session. Raises as `Gateway.start_session` does."""
        _check_name("symbol", symbol)
        _check_name("target", config.target)
        if "/" in config.target:
            raise ConfigError(
                f"the target {config.target!r} contains a '/', which separates symbol and target; choose another name"
            )
        if config.source not in (None, EXTERNAL_SOURCE):
            raise ConfigError(f"the source is {config.source!r}; only a session with the source 'api' can be started")
        symbols = self._system.feed.symbols
        if symbol not in symbols and config.source != EXTERNAL_SOURCE:
            raise NotFoundError(
                f"the feed has no symbol {symbol!r}, and only a session with the source 'api' may use another"
                f"{did_you_mean(symbol, symbols)}"
            )
        learning = self._system.learning
        session_id = f"{symbol}/{config.target}"
        if learning.has_active_session(symbol, config.target):
            raise ConflictError(f"session {session_id} runs already; stop it first, or choose another target")
        if sum(not session.engine_owned for session in learning.all_sessions()) >= MAX_EXTERNAL_SESSIONS:
            raise ConflictError(f"{MAX_EXTERNAL_SESSIONS} external sessions run already, which is the maximum; stop one first")
        symbol_states = self._system.symbols
        symbol_state = symbol_states.get(symbol) or next(iter(symbol_states.values()))
        width = len(symbol_state.extractor.schema.names) if config.n_features is None else config.n_features
        _check_count("n_features", width, MAX_FEATURES)
        horizon = 1 if config.horizon is None else config.horizon
        _check_count("horizon", horizon, MAX_HORIZON)
        if is_own(ONLINE, model_type):
            raise ConfigError(
                f"model_type: {model_type!r} is a class of a user's module, which only the configuration can name; choose a "
                "model by its name"
            )
        try:
            learning.models.maker(model_type, width, horizon)
        except (ConfigError, UnknownNameError) as error:
            raise type(error)(f"model_type: {error}") from None
        return Command("start", session_id, model_type, horizon, width)

    def checked(self, session_id: str, examples: Sequence[LabelledExample], indices: range) -> list[LabelledExample]:
        """The checked examples at some indices. Raises DataError for an invalid one."""
        session = self._session(session_id)
        self._external_ids(session)
        checked = []
        for index in indices:
            example, subject = examples[index], f"example {index} for session {session_id}"
            if not isinstance(example.id, str) or not 0 < len(example.id) <= MAX_ID:
                raise DataError(f"{subject} has the id {shown(example.id)}; expected a string of 1 to {MAX_ID} characters")
            label = a_class(f"the label of {subject}", example.label, 2)
            weight = a_weight(f"the weight of {subject}", example.weight)
            finite(f"the weight of {subject}", weight)
            row = self._row(session, example.features, f"the features of {subject}")
            checked.append(LabelledExample(example.id, row, label, weight))
        return checked

    def check_new(self, session_id: str, checked: Sequence[LabelledExample]) -> None:
        """Raise ConflictError for an id sent before with other content, or when the maximum number of ids is exceeded."""
        fresh = len(self._new(session_id, checked))
        stored = self._system.learning.ingested_ids
        if fresh and stored + fresh > MOST_IDS:
            raise ConflictError(
                f"this run stores the ids of {stored:,} examples, at most {MOST_IDS:,}, so the {fresh:,} new examples of this "
                "request are not learned; stop a session whose examples are not sent again, or start another run"
            )

    def update_command(self, session_id: str, checked: Sequence[LabelledExample]) -> Command | None:
        """The command that learns the new examples; None when all were learned before."""
        width = self._session(session_id).spec.n_features
        if any(len(example.features) != width for example in checked):
            raise ConflictError(
                f"session {session_id} was restarted with another number of features; send the remaining examples again"
            )
        fresh = self._new(session_id, checked)
        return Command("update", session_id, examples=fresh) if fresh else None

    def _new(self, session_id: str, checked: Sequence[LabelledExample]) -> list[LabelledExample]:
        """The examples that were not learned yet, each id once. Raises ConflictError for an id sent with other content."""
        seen = self._external_ids(self._session(session_id))
        fresh: dict[str, LabelledExample] = {}
        for example in checked:
            if example.id in seen:
                same = seen.repeats(example.id, example.content)
            else:
                same = fresh.setdefault(example.id, example).content == example.content
            if not same:
                raise ConflictError(
                    f"session {session_id} has learned example {shown(example.id)} with other features, label or weight; "
                    "repeat it unchanged, or give the new example another id"
                )
        return list(fresh.values())

    def stop_command(self, session_id: str) -> Command:
        """The command that ends a session."""
        self._external_ids(self._session(session_id))
        return Command("stop", session_id)

    def adapt_command(self, session_id: str, drift_type: str) -> Command:
        """The command that starts an adaptation at the next slice."""
        self._session(session_id)
        if drift_type not in DRIFT_TYPES:
            raise ConfigError(f"drift_type: {drift_type!r} is not a drift type{did_you_mean(drift_type, DRIFT_TYPES)}")
        if reason := self._system.why_not_adapt(session_id):
            raise ConflictError(reason)
        return Command("adapt", session_id, drift_type=drift_type)

    def labels_used(self, session_id: str) -> int:
        """The number of labels that a session has learned."""
        return self._session(session_id).labels_used

    def _session(self, session_id: str) -> Session:
        for session in self._system.learning.all_sessions():
            if session.session_id == session_id:
                return session
        known = [session.session_id for session in self._system.learning.all_sessions()]
        raise NotFoundError(f"no session {session_id[:200]!r} runs{did_you_mean(session_id, known)}")

    def _external_ids(self, session: Session) -> DedupWindow:
        seen = self._system.learning.ingested(session.session_id)
        if seen is None:
            raise ConflictError(
                f"session {session.session_id} is served by the running loop, and only the loop can update or stop it; "
                "start a session of another target for your own examples"
            )
        return seen


def _check_name(field: str, name: str) -> None:
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        raise ConfigError(f"the {field} is {name[:MAX_NAME]!r}; give it 1 to {MAX_NAME} printable characters")


def _check_count(field: str, value: int, most: int) -> None:
    if type(value) is not int or not 1 <= value <= most:
        raise ConfigError(f"session config: {field} is {value!r}, but a whole number from 1 to {most:,} is needed")
