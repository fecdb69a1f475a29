"""Carries out what the policy decides: one trial per session at a time, with a control, a cool-down and a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from alpha_pulse.adaptation import policy
from alpha_pulse.adaptation.policy import AdaptationDecision
from alpha_pulse.adaptation.recovery import RecoveryTracker
from alpha_pulse.core.clock import Clock
from alpha_pulse.core.config import Config
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import ConfigError, ConflictError, SessionError, did_you_mean
from alpha_pulse.core.stateful import State, Stateful
from alpha_pulse.core.types import AdaptationAction, AlarmResponse, DriftAlarm, ModelHealth, RegimeChange
from alpha_pulse.kernels.base import scores
from alpha_pulse.kernels.base.scores import LABEL
from alpha_pulse.kernels.mixing.ensemble import RAW_ONLINE
from alpha_pulse.learning.commands import EVERY, Command
from alpha_pulse.learning.drift_monitor import ERRORS
from alpha_pulse.learning.running_system import AdaptationResponse, RunningSystem, request_adaptation
from alpha_pulse.learning.session import ScoredPrediction, Session
from alpha_pulse.learning.trial import MIN_BLOCKS

TIMER = "timer"
ACCURACY = "adaptation.accuracy_threshold"
DISABLED = "adaptation.enabled is false"
MIN_WINDOW = 200
"""Labels in the window before its health is judged."""
LOOK_EVERY = 10
"""New labels between two looks of the timer at a session: fewer cannot move its window."""


class _Watched:
    """One session: its trial's record, its cool-down, its recovery."""

    def __init__(self, session: Session, trial_labels: int) -> None:
        self.session = session
        self.trial_labels = trial_labels
        self.recovery = RecoveryTracker()
        self.open: AdaptationAction | None = None
        self.actions = 0
        self.rest_until = 0
        self.look_at = MIN_WINDOW
        self.deferred: list[str] = []
        """Ids of the alarms that wait for the end of a trial or of a cool-down."""

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={
                "recovery": self.recovery.snapshot().scalars,
                "open": None if self.open is None else msgspec.to_builtins(self.open),
                "actions": self.actions,
                "rest_until": self.rest_until,
                "look_at": self.look_at,
                "deferred": list(self.deferred),
            }
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        scalars = state.scalars
        self.recovery.restore(State(scalars["recovery"]))
        self.open = None if scalars["open"] is None else msgspec.convert(scalars["open"], AdaptationAction)
        self.actions, self.rest_until, self.look_at = scalars["actions"], scalars["rest_until"], scalars["look_at"]
        self.deferred = list(scalars["deferred"])


class AdaptiveModelManager:
    """Acts on drift alarms, decay and requests; judges each action against its control and undoes what did not help.

    An action opens a trial: the adapted model and the model as it was learn the same examples, and their mixture serves. After
    ``boost_labels`` common labels the adapted one goes on if it saved more than luck would, else the other; the record is
    closed with the difference.

    Parameters
    ----------
    config
        Of it: ``adaptation``.
    clock
        Market time, for the timer.
    """

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config.adaptation
        self._clock = clock
        self._interval_ns = round(self._config.interval_s * SECOND_NS)
        self._next_ns = 0
        self._watched: dict[tuple[str, str], _Watched] = {}
        self._by_session: dict[Session, _Watched] = {}
        self._responses: list[AlarmResponse] = []
        self._running: RunningSystem | None = None

    def attach(self, running: RunningSystem) -> None:
        """Become part of a running system: what users request is then a journaled command."""
        self._running = running

    # Settings.

    @property
    def accuracy_threshold(self) -> float:
        """Windowed accuracy this far below the whole run's counts as decay.

        Setting it acts at the timer's next look; in a running system it is a journaled command.
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
        """Carry out a command that sets ``accuracy_threshold``; it was checked before."""
        if command.setting == ACCURACY and isinstance(command.value, float):
            self._config = msgspec.structs.replace(self._config, accuracy_threshold=command.value)

    @property
    def drift_threshold(self) -> float | None:
        """As configured; it cannot be set, for the detectors and what they remember were made for it."""
        return self._config.drift_threshold

    @drift_threshold.setter
    def drift_threshold(self, threshold: float | None) -> None:
        raise _read_only("drift_threshold", threshold, self._config.drift_threshold)

    @property
    def interval_s(self) -> float:
        """As configured; it cannot be set, for the times at which the timer fires are multiples of it."""
        return self._config.interval_s

    @interval_s.setter
    def interval_s(self, seconds: float) -> None:
        raise _read_only("interval_s", seconds, self._config.interval_s)

    def watch(self, session: Session) -> None:
        """Look after a session from now on."""
        enough = max(self._config.boost_labels, MIN_BLOCKS * session.spec.horizon)
        watched = self._by_session[session] = _Watched(session, enough)
        self._watched[session.spec.symbol, session.spec.target] = watched

    # What the pipeline calls at stage 4, in this order.

    def on_label(self, scored: ScoredPrediction) -> AdaptationAction | None:
        """One scored label: follow the recovery; close the trial when it has seen enough."""
        watched = self._by_session[scored.session]
        probability = scored.values[RAW_ONLINE]
        if probability == probability:
            wrong = (probability >= 0.5) != (scored.values[LABEL] == 1.0)
            watched.recovery.update(float(wrong), scored.example.label_ts)
        session = watched.session
        if not session.in_trial or session.trial_samples < watched.trial_labels:
            return None
        return self._close(watched, scored.example.label_ts)

    def on_alarm(self, alarm: DriftAlarm) -> AdaptationAction | None:
        """A drift alarm; only one about a session's errors is a reason to act. Each gets a response: see `take_responses`."""
        if alarm.monitored != ERRORS:
            reason = f"an alarm about {alarm.monitored} is recorded and shown, and no reason to adapt"
            self._responses.append(_response(alarm, "skipped", reason))
            return None
        watched = self._watched[alarm.symbol, alarm.target]
        watched.recovery.on_alarm(alarm)
        watched.deferred.append(alarm.alarm_id)
        action = self._act(watched, policy.on_alarm(alarm), alarm.ts)
        if action is None and self._config.enabled:
            reason = f"{self._prevented(watched)}; after that the timer looks at the session"
            self._responses.append(_response(alarm, "deferred", reason))
        elif action is None:
            self._respond(watched, alarm.ts, "skipped", self._prevented(watched))
        return action

    def take_responses(self) -> list[AlarmResponse]:
        """The responses to alarms since the last call: to new ones, and to those that were deferred before."""
        responses, self._responses = self._responses, []
        return responses

    def on_regimes(self, changes: Sequence[RegimeChange]) -> list[AdaptationAction]:
        """Changes of the market: reasons to act for each session of their symbols, or for none, as is configured."""
        actions = []
        for change in changes:
            decision = policy.on_regime(change, self._config.on_regime)
            for (symbol, _), watched in self._watched.items():
                action = self._act(watched, decision, change.ts) if symbol == change.symbol else None
                if action is not None:
                    actions.append(action)
        return actions

    def on_requests(self, requests: Sequence[tuple[str, str]], ts: int) -> list[AdaptationAction]:
        """What was asked for from outside: (session id, drift type). It comes before alarms, which could prevent it."""
        actions = []
        for session_id, drift_type in requests:
            if session_id == EVERY:
                self._next_ns = ts
                for watched in self._watched.values():
                    watched.look_at = MIN_WINDOW
                continue
            action = self._act(self._watched[_key(session_id)], policy.on_request(drift_type), ts)
            if action is not None:
                actions.append(action)
        return actions

    def on_timer(self, ts: int) -> list[AdaptationAction]:
        """The timer: at most once per slice, at the first slice at or after it is due."""
        if ts < self._next_ns:
            return []
        self._next_ns = ts - ts % self._interval_ns + self._interval_ns
        actions = []
        for watched in self._watched.values():
            session = watched.session
            if session.learnt < watched.look_at or session.learnt < watched.rest_until or session.in_trial:
                continue
            watched.look_at = session.learnt + LOOK_EVERY
            decision = self._verdict(session)
            action = self._act(watched, decision, ts)
            if action is not None:
                actions.append(action)
            else:
                self._respond(watched, ts, "skipped", "after the wait the session's window was within its bounds")
        return actions

    # Deciding and acting.

    def _verdict(self, session: Session) -> AdaptationDecision:
        excess, lost = scores.window_health(session.scores)
        return policy.on_health(excess, lost, self._config)

    def _health(self, session: Session) -> ModelHealth:
        sums, filled = session.scores, int(session.scores[scores.FILLED])
        loss, base_loss, hits = (
            float(sums[place]) / filled if filled else None
            for place in (scores.WINDOW_LOSS, scores.WINDOW_BASE_LOSS, scores.WINDOW_HITS)
        )
        learnt_ts = session.last_learnt_ts
        age = self._clock.now_ns() - learnt_ts if learnt_ts else None
        return ModelHealth(session.spec.symbol, session.spec.target, learnt_ts, filled, loss, base_loss, hits, age)

    def _act(self, watched: _Watched, decision: AdaptationDecision, ts: int) -> AdaptationAction | None:
        session = watched.session
        if decision.kind == "keep" or self._prevented(watched):
            return None
        watched.actions += 1
        action = AdaptationAction(
            action_id=f"{session.session_id}/action/{watched.actions}",
            kind=decision.kind,
            symbol=session.spec.symbol,
            target=session.spec.target,
            ts=ts,
            cause=decision.cause,
            reason=decision.reason,
        )
        session.begin_trial(boost=self._config.boost_factor if decision.kind == "boost" else None)
        watched.open = action
        for alarm_id in watched.deferred:
            watched.recovery.on_action(alarm_id, ts)
        self._respond(watched, ts, "acted", action.reason, action.action_id)
        return action

    def _respond(
        self, watched: _Watched, ts: int, status: Literal["acted", "skipped"], reason: str, action_id: str | None = None
    ) -> None:
        """The final response to the alarms that wait."""
        spec = watched.session.spec
        self._responses += [
            AlarmResponse(alarm_id, spec.symbol, spec.target, ts, status, reason, action_id) for alarm_id in watched.deferred
        ]
        watched.deferred.clear()

    def _prevented(self, watched: _Watched) -> str:
        """Why no action can begin now, and until when; empty when one can."""
        session = watched.session
        if not self._config.enabled:
            return DISABLED
        if session.in_trial:
            wanted, seen = watched.trial_labels, session.trial_samples
            trial = "an adaptation" if watched.open is None else watched.open.action_id
            return (
                f"the trial of {trial} runs: {seen} of {wanted} labels, then {self._config.cooldown_labels} labels of cool-down"
            )
        left = watched.rest_until - session.learnt
        return f"session {session.session_id} cools down after a trial for {left} more labels" if left > 0 else ""

    def _close(self, watched: _Watched, ts: int) -> AdaptationAction | None:
        if watched.open is None:
            return None
        result = watched.session.end_trial()
        closed = msgspec.structs.replace(
            watched.open,
            status="accepted" if result.accepted else "rolled_back",
            closed_ts=ts,
            effect=result.effect,
            effect_samples=result.samples,
        )
        watched.recovery.on_result(accepted=result.accepted)
        watched.open = None
        watched.rest_until = watched.session.learnt + self._config.cooldown_labels
        return closed

    # What users call.

    async def monitor_and_adapt(self) -> None:
        """Have the timer fire at the next slice, whenever it is due. ConflictError when nothing could come of it."""
        if self._running is None:
            raise ConflictError("no run is going on, so no slice follows at which the timer could fire")
        if not self._config.enabled:
            raise ConflictError(f"{DISABLED}, so the timer does nothing; set it to true and start a new run")
        self._running.carry_out(Command("adapt", EVERY, drift_type=TIMER))

    def get_model_metrics(self, symbol: str) -> dict[str, ModelHealth]:
        """How each of a symbol's sessions does lately, by target."""
        return {target: self._health(watched.session) for target, watched in self._of(symbol).items()}

    def check_drift(self, symbol: str) -> bool:
        """Whether one of a symbol's sessions has drifted and not recovered yet."""
        return any(
            episode.recovery_ts is None for watched in self._of(symbol).values() for episode in watched.recovery.episodes
        )

    def adapt_model(self, symbol: str) -> tuple[AdaptationResponse, ...]:
        """Have a symbol's sessions learn faster from the next slice on; for each session, whether that will happen."""
        return self._request(symbol, "performance")

    def retrain_with_new_regime(self, symbol: str) -> tuple[AdaptationResponse, ...]:
        """Have a symbol's sessions learn anew from the next slice on; for each session, whether that will happen.

        It is accepted only where it beats the model as it was.
        """
        return self._request(symbol, policy.REGIME)

    def _request(self, symbol: str, drift_type: str) -> tuple[AdaptationResponse, ...]:
        sessions = [watched.session.session_id for watched in self._of(symbol).values()]
        return request_adaptation(self._running, sessions, drift_type)

    def why_not(self, session_id: str) -> str:
        """Why no action on a session can begin now, and until when; empty when one can."""
        watched = self._watched.get(_key(session_id))
        if watched is None:
            return f"session {session_id} is fed by its caller; only the loop's sessions are adapted"
        return self._prevented(watched)

    def recovery(self, symbol: str, target: str) -> RecoveryTracker:
        """The episodes of drift of one session."""
        return self._watched[symbol, target].recovery

    def _of(self, symbol: str) -> dict[str, _Watched]:
        sessions = {target: watched for (name, target), watched in self._watched.items() if name == symbol}
        if not sessions:
            raise SessionError(
                f"no session of {symbol!r} is watched{did_you_mean(symbol, {name for name, _ in self._watched})}"
            )
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
        for (symbol, target), watched in self._watched.items():
            components[f"adaptation/{symbol}/{target}"] = watched
        return components


def _read_only(name: str, wanted: object, value: object) -> ConflictError:
    return ConflictError(
        f"adaptation.{name} cannot be set to {wanted!r} in a running system: it stays {value!r}; set it in the configuration "
        "and start a new run"
    )


def _key(session_id: str) -> tuple[str, str]:
    symbol, _, target = session_id.rpartition("/")
    return symbol, target


def _response(alarm: DriftAlarm, status: Literal["deferred", "skipped"], reason: str) -> AlarmResponse:
    return AlarmResponse(alarm.alarm_id, alarm.symbol, alarm.target, alarm.ts, status, reason)
