"""Carries out the decisions of the policy: one trial per session at a time, with a control, a cool-down and a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.adaptation import policy
from alpha_pulse.adaptation.policy import AdaptationDecision
from alpha_pulse.adaptation.recovery import RecoveryTracker
from alpha_pulse.core.clock import Clock, ReplayClock
from alpha_pulse.core.config import AdaptationConfig, Config
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import ConfigError, ConflictError, SessionError, did_you_mean
from alpha_pulse.core.stateful import State, Stateful
from alpha_pulse.core.types import AdaptationAction, AlarmResponse, DriftAlarm, ModelHealth, RegimeChange
from alpha_pulse.kernels.base import scores
from alpha_pulse.kernels.base.scores import LABEL
from alpha_pulse.kernels.mixing.ensemble import RAW_ONLINE
from alpha_pulse.kernels.session import layout
from alpha_pulse.learning.commands import EVERY, Command
from alpha_pulse.learning.drift_monitor import ERRORS
from alpha_pulse.learning.online_learning_service import OnlineLearningService
from alpha_pulse.learning.running_system import AdaptationResponse, RunningSystem, request_adaptation
from alpha_pulse.learning.session import ScoredPrediction, Session
from alpha_pulse.learning.session_adaptation import DISABLED, SessionAdaptation

TIMER = "timer"
ACCURACY = "adaptation.accuracy_threshold"
MIN_WINDOW = 200
"""Labels in the window before its health is evaluated."""


class _SessionState(SessionAdaptation):
    """The adaptation of one session, with its recovery and the responses to its alarms."""

    def __init__(self, session: Session, settings: AdaptationConfig) -> None:
        super().__init__(session, settings)
        self.recovery = RecoveryTracker()
        self.head[layout.LOOK_AT] = MIN_WINDOW
        self.responses: list[AlarmResponse] = []
        self.deferred: list[str] = []
        """Ids of the alarms whose response waits for the end of a trial or of a cool-down."""

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={
                "recovery": self.recovery.snapshot().scalars,
                "open": None if self.open is None else msgspec.to_builtins(self.open),
                "actions": self.actions,
                "deferred": list(self.deferred),
            }
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        scalars = state.scalars
        self.recovery.restore(State(scalars["recovery"]))
        self.open = None if scalars["open"] is None else msgspec.convert(scalars["open"], AdaptationAction)
        self.actions = scalars["actions"]
        self.deferred = list(scalars["deferred"])


class AdaptiveModelManager:
    """Adapts models on drift alarms, changes of regime, decay and requests, and rolls back adaptations that did not help.

    An adaptation begins a trial: the adapted model and an unchanged copy (the control) learn the same labels, and their mixture
    is served. After ``boost_labels`` common labels the adapted model is accepted if it saved more log loss than chance would;
    otherwise the control replaces it (rollback). A cool-down of ``cooldown_labels`` follows. A session has one trial at a time.

    In a run it adapts the sessions of the run. Alone it adapts those that callers start in `learning`, at once: on each alarm,
    on requests, and on decay whenever `monitor_and_adapt` is called.

    Parameters
    ----------
    config
        Uses ``adaptation`` (thresholds, length of trial and cool-down in labels, interval of the timer in seconds).
    clock
        Market time (ns), for the timer; by default the time of the newest label of a caller.
    learning
        The sessions; by default a service of its own.

    Examples
    --------
    >>> import asyncio, random
    >>> async def adapt():
    ...     manager = AdaptiveModelManager()
    ...     session_id = await manager.learning.start_session("BTCUSDT", "logistic", {"n_features": 1})
    ...     draw = random.Random(1)
    ...     rows = [[draw.gauss(0.0, 1.0)] for _ in range(3_000)]
    ...     examples = [(row, int(row[0] > 0.0) if i < 2_000 else int(row[0] < 0.0)) for i, row in enumerate(rows)]
    ...     await manager.learning.process_batch(session_id, examples)  # the market turns after 2,000 examples
    ...     (first, *_) = await manager.learning.get_adaptations(session_id)
    ...     return first.kind, first.status, manager.get_model_metrics("BTCUSDT")["direction"].samples
    >>> asyncio.run(adapt())
    ('reset', 'accepted', 1000)

    References
    ----------
    The test at the end of a trial: de la Peña, Lai and Shao (2009), Self-normalized processes, doi:10.1007/978-3-540-85636-8.
    """

    def __init__(
        self, config: Config | None = None, clock: Clock | None = None, learning: OnlineLearningService | None = None
    ) -> None:
        config = Config() if config is None else config
        self._config = config.adaptation
        self._callers_clock = ReplayClock()
        self._clock = self._callers_clock if clock is None else clock
        self.learning = OnlineLearningService(config) if learning is None else learning
        """The service whose callers' sessions are adapted."""
        self._callers: dict[Session, None] = {}
        self._interval_ns = round(self._config.interval_s * SECOND_NS)
        self._next_ns = 0
        self._states: dict[tuple[str, str], _SessionState] = {}
        self._by_session: dict[Session, _SessionState] = {}
        self._running: RunningSystem | None = None
        self.learning.adapt_with(self)

    def attach(self, running: RunningSystem) -> None:
        """Become part of a running system, in which users' requests are journaled commands."""
        self._running = running

    # Settings.

    @property
    def accuracy_threshold(self) -> float:
        """A windowed accuracy this far below that of the whole run counts as decay.

        A change takes effect at the next check by the timer; in a running system it is a journaled command. Raises ConfigError
        unless the value is a number from 0 to 1.
        """
        return self._config.accuracy_threshold

    @accuracy_threshold.setter
    def accuracy_threshold(self, threshold: float) -> None:
        if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0.0 <= threshold <= 1.0:
            raise ConfigError(f"{ACCURACY} is {threshold!r}; expected a number from 0 to 1")
        command = Command("set", EVERY, setting=ACCURACY, value=float(threshold))
        if self._running is None:
            self.apply_command(command, 0)
        else:
            self._running.carry_out(command)

    def apply_command(self, command: Command, ts: int) -> None:
        """Apply a validated command that sets ``accuracy_threshold``."""
        if command.setting == ACCURACY and isinstance(command.value, float):
            self._config = msgspec.structs.replace(self._config, accuracy_threshold=command.value)

    @property
    def drift_threshold(self) -> float | None:
        """The configured detector; read-only, because the detectors and their state depend on it. Setting it raises
        ConflictError."""
        return self._config.drift_threshold

    @drift_threshold.setter
    def drift_threshold(self, threshold: float | None) -> None:
        raise _read_only("drift_threshold", threshold, self._config.drift_threshold)

    @property
    def interval_s(self) -> float:
        """The configured period in seconds; read-only, because the timer fires at multiples of it. Setting it raises
        ConflictError."""
        return self._config.interval_s

    @interval_s.setter
    def interval_s(self, seconds: float) -> None:
        raise _read_only("interval_s", seconds, self._config.interval_s)

    def watch(self, session: Session) -> None:
        """Adapt a session from now on."""
        state = self._by_session[session] = _SessionState(session, self._config)
        self._states[session.spec.symbol, session.spec.target] = state

    # Methods for stage 4 of the pipeline, in the order of their calls for a session.

    def count_labels(self, session: Session, errors: Sequence[float], times: Sequence[int]) -> None:
        """Count scored labels, of the online model: whether each was wrong (0 or 1), and its time."""
        self._by_session[session].recovery.update(errors, times)

    def end_trial_if_due(self, session: Session, ts: int) -> AdaptationAction | None:
        """The closed action when the session's trial has enough labels and ends."""
        state = self._by_session[session]
        closed = state.end_if_due(ts)
        if closed is not None:
            state.recovery.on_result(accepted=closed.status == "accepted")
        return closed

    def on_label(self, scored: ScoredPrediction) -> AdaptationAction | None:
        """Process one scored label: `count_labels`, then `end_trial_if_due`."""
        session, ts, probability = scored.session, scored.example.label_ts, scored.values[RAW_ONLINE]
        if probability == probability:
            wrong = (probability >= 0.5) != (scored.values[LABEL] == 1.0)
            self.count_labels(session, [float(wrong)], [ts])
        return self.end_trial_if_due(session, ts)

    def on_request(self, session: Session, drift_type: str, ts: int) -> AdaptationAction | None:
        """Process a request of a user or an agent; before alarms, whose trials could prevent it."""
        return self._act(self._by_session[session], policy.on_request(drift_type), ts)

    def on_alarm(self, alarm: DriftAlarm) -> AdaptationAction | None:
        """Process a session's drift alarm: one about errors can begin an action. Each gets a response: see `take_responses`."""
        state = self._states[alarm.symbol, alarm.target]
        if alarm.monitored != ERRORS:
            state.responses.append(not_adapted(alarm))
            return None
        state.recovery.on_alarm(alarm)
        state.deferred.append(alarm.alarm_id)
        action = self._act(state, policy.on_alarm(alarm), alarm.ts)
        if action is None and self._config.enabled:
            reason = f"{state.prevented()}; the timer checks the session after that"
            state.responses.append(_response(alarm, "deferred", reason))
        elif action is None:
            self._respond(state, alarm.ts, "skipped", state.prevented())
        state.head[layout.DEFERRED] = len(state.deferred)
        return action

    def take_responses(self, session: Session) -> list[AlarmResponse]:
        """Remove and return the responses to a session's alarms since the last call, also to those that were deferred."""
        state = self._by_session[session]
        responses, state.responses = state.responses, []
        return responses

    def on_regime(self, session: Session, change: RegimeChange) -> AdaptationAction | None:
        """Process a change of regime of the session's symbol: it can begin an action, as ``adaptation.on_regime`` sets."""
        return self._act(self._by_session[session], policy.on_regime(change, self._config.on_regime), change.ts)

    def fire_at_once(self, ts: int) -> None:
        """Let the timer fire at ``ts`` and check every session."""
        self._next_ns = ts
        for state in self._states.values():
            state.head[layout.LOOK_AT] = MIN_WINDOW

    def timer_fires(self, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the timer fires at each of ``times`` (ns, increasing), (n,): once per interval, and at most once each."""
        if not times.size or times[-1] < self._next_ns:
            return np.zeros(len(times), dtype=np.bool_)
        fires = times >= self._next_ns
        interval = times // self._interval_ns
        first = int(fires.argmax())
        fires[first + 1 :] = interval[first + 1 :] > interval[first:-1]
        self._next_ns = (int(interval[fires][-1]) + 1) * self._interval_ns
        return fires

    def check(self, session: Session, ts: int) -> AdaptationAction | None:
        """The timer fires at ``ts``: check a session for decay, unless it rests or was checked a few labels ago."""
        state, labels = self._by_session[session], session.labels_used
        if labels < state.head[layout.LOOK_AT] or labels < state.head[layout.REST_UNTIL] or session.in_trial:
            return None
        state.head[layout.LOOK_AT] = labels + layout.CHECK_EVERY
        action = self._act(state, self._health_decision(session), ts)
        if action is None:
            self._respond(state, ts, "skipped", "after the wait the session's window was within its bounds")
        return action

    @property
    def loss_threshold(self) -> float:
        """Windowed log loss (nats) this far above the base rate's counts as decay."""
        return self._config.loss_threshold

    # Decisions and actions.

    def _health_decision(self, session: Session) -> AdaptationDecision:
        excess, lost = scores.window_health(session.scores)
        return policy.on_health(excess, lost, self._config)

    def _health(self, session: Session) -> ModelHealth:
        sums, filled = session.scores, int(session.scores[scores.FILLED])
        loss, base_loss, hits = (
            float(sums[place]) / filled if filled else None
            for place in (scores.WINDOW_LOSS, scores.WINDOW_BASE_LOSS, scores.WINDOW_HITS)
        )
        last_label_ts = session.last_label_ts
        age = self._clock.now_ns() - last_label_ts if last_label_ts else None
        return ModelHealth(session.spec.symbol, session.spec.target, last_label_ts, filled, loss, base_loss, hits, age)

    def _act(self, state: _SessionState, decision: AdaptationDecision, ts: int) -> AdaptationAction | None:
        if decision.kind == "keep":
            return None
        action = state.begin(decision.kind, decision.cause, decision.reason, ts)
        if action is None:
            return None
        for alarm_id in state.deferred:
            state.recovery.on_action(alarm_id, ts)
        self._respond(state, ts, "acted", action.reason, action.action_id)
        return action

    def _respond(
        self, state: _SessionState, ts: int, status: Literal["acted", "skipped"], reason: str, action_id: str | None = None
    ) -> None:
        """The final response to the deferred alarms."""
        spec = state.session.spec
        state.responses += [
            AlarmResponse(alarm_id, spec.symbol, spec.target, ts, status, reason, action_id) for alarm_id in state.deferred
        ]
        state.deferred.clear()
        state.head[layout.DEFERRED] = 0

    # Sessions of callers; see `alpha_pulse.learning.session_adaptation.Adapter`.

    def adopt(self, session: Session) -> None:
        """Adapt a session whose examples come from its caller."""
        self._callers[session] = None
        self.watch(session)

    def release(self, session: Session) -> None:
        """A caller's session has ended."""
        del self._callers[session]
        del self._by_session[session], self._states[session.spec.symbol, session.spec.target]

    def on_scored(self, scored: ScoredPrediction, alarms: Sequence[DriftAlarm]) -> None:
        """Process one label of a caller's session, and its alarms."""
        self._callers_clock.advance_to(scored.example.label_ts)
        self.on_label(scored)
        for alarm in alarms:
            self.on_alarm(alarm)
        self.take_responses(scored.session)

    def begin_requested(self, session: Session, drift_type: str) -> str:
        """Begin an adaptation of a caller's session. Returns why it cannot begin; empty when it has begun."""
        reason = self._by_session[session].prevented()
        self.on_request(session, drift_type, session.last_label_ts)
        self.take_responses(session)
        return reason

    def adaptations(self, session: Session) -> tuple[AdaptationAction, ...]:
        """The newest actions on a session in this process, oldest first."""
        return tuple(self._by_session[session].record)

    # Methods for users.

    async def monitor_and_adapt(self) -> None:
        """Check every session for decay: callers' sessions at once, those of a run when the timer fires at the next slice.

        Raises ConflictError when there is no session to check, or adaptation is disabled.
        """
        if self._running is None and not self._callers:
            raise ConflictError(
                "no run is in progress, and no caller has started a session in learning, so there is nothing to check"
            )
        if not self._config.enabled:
            raise ConflictError(f"{DISABLED}, so the timer does nothing; set it to true and start a new run")
        for session in self._callers:
            self._by_session[session].head[layout.LOOK_AT] = MIN_WINDOW
            self.check(session, self._clock.now_ns())
            self.take_responses(session)
        if self._running is not None:
            self._running.carry_out(Command("adapt", EVERY, drift_type=TIMER))

    def get_model_metrics(self, symbol: str) -> dict[str, ModelHealth]:
        """The scores of a symbol's sessions in their sliding windows, by target. Raises SessionError for an unknown symbol."""
        return {target: self._health(state.session) for target, state in self._of(symbol).items()}

    def check_drift(self, symbol: str) -> bool:
        """Whether a session of the symbol has drifted and not recovered yet. Raises SessionError for an unknown symbol."""
        return any(episode.recovery_ts is None for state in self._of(symbol).values() for episode in state.recovery.episodes)

    def adapt_model(self, symbol: str) -> tuple[AdaptationResponse, ...]:
        """Request that a symbol's sessions learn faster from the next slice on, or a caller's from its next prediction on.

        Returns the response for each session.
        """
        return self._request(symbol, "performance")

    def retrain_with_new_regime(self, symbol: str) -> tuple[AdaptationResponse, ...]:
        """Request that a symbol's models are reset at the next slice. Returns the response for each session.

        The reset model is accepted only if it is better than a copy from before the reset.
        """
        return self._request(symbol, policy.REGIME)

    def _request(self, symbol: str, drift_type: str) -> tuple[AdaptationResponse, ...]:
        sessions = [state.session for state in self._of(symbol).values()]
        return request_adaptation(self._running, sessions, drift_type, self.begin_requested, self._callers)

    def why_not(self, session_id: str) -> str:
        """Why no action on a session can begin now, and for how long; empty when one can."""
        state = self._states.get(_key(session_id))
        if state is None or state.session in self._callers:
            return f"session {session_id} learns from its caller's examples; only the loop's sessions are adapted"
        return state.prevented()

    def recovery(self, symbol: str, target: str) -> RecoveryTracker:
        """The episodes of drift of one session."""
        return self._states[symbol, target].recovery

    def _of(self, symbol: str) -> dict[str, _SessionState]:
        sessions = {target: state for (name, target), state in self._states.items() if name == symbol}
        if not sessions:
            raise SessionError(f"no session of {symbol!r} is adapted{did_you_mean(symbol, {name for name, _ in self._states})}")
        return sessions

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(scalars={"next_ns": self._next_ns, "accuracy_threshold": self.accuracy_threshold})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._next_ns = state.scalars["next_ns"]
        self._config = msgspec.structs.replace(self._config, accuracy_threshold=state.scalars["accuracy_threshold"])

    def components(self) -> dict[str, Stateful]:
        """Components with state, by name."""
        components: dict[str, Stateful] = {"adaptation": self}
        for (symbol, target), state in self._states.items():
            if state.session in self._callers:
                continue
            components[f"adaptation/{symbol}/{target}"] = state
        return components


def _read_only(name: str, wanted: object, value: object) -> ConflictError:
    return ConflictError(
        f"adaptation.{name} cannot be set to {wanted!r} in a running system: it stays {value!r}; set it in the configuration "
        "and start a new run"
    )


def _key(session_id: str) -> tuple[str, str]:
    symbol, _, target = session_id.rpartition("/")
    return symbol, target


def not_adapted(alarm: DriftAlarm) -> AlarmResponse:
    """The response to an alarm that is about no errors."""
    return _response(
        alarm, "skipped", f"an alarm about {alarm.monitored} is recorded and shown, but does not start an adaptation"
    )


def _response(alarm: DriftAlarm, status: Literal["deferred", "skipped"], reason: str) -> AlarmResponse:
    return AlarmResponse(alarm.alarm_id, alarm.symbol, alarm.target, alarm.ts, status, reason)
