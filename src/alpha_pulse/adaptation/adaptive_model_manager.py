"""Carries out what the policy decides: one trial per session at a time, with a control, a cool-down and a record."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alpha_pulse.adaptation import policy
from alpha_pulse.adaptation.policy import Verdict
from alpha_pulse.adaptation.recovery import RecoveryTracker
from alpha_pulse.core.clock import Clock
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import SessionError, did_you_mean
from alpha_pulse.core.stateful import State, Stateful
from alpha_pulse.core.types import AdaptationAction, DriftAlarm, ModelHealth, RegimeChange
from alpha_pulse.kernels import scores
from alpha_pulse.kernels.ensemble import RAW_ONLINE
from alpha_pulse.kernels.scores import LABEL
from alpha_pulse.learning.drift_monitor import ERRORS
from alpha_pulse.learning.session import Session, Settled
from alpha_pulse.learning.trial import MIN_BLOCKS

SECOND_NS = 1_000_000_000
EVERY, TIMER = "*", "timer"
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

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={
                "recovery": self.recovery.snapshot().scalars,
                "open": None if self.open is None else msgspec.to_builtins(self.open),
                "actions": self.actions,
                "rest_until": self.rest_until,
                "look_at": self.look_at,
            }
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        scalars = state.scalars
        self.recovery.restore(State(scalars["recovery"]))
        self.open = None if scalars["open"] is None else msgspec.convert(scalars["open"], AdaptationAction)
        self.actions, self.rest_until, self.look_at = scalars["actions"], scalars["rest_until"], scalars["look_at"]


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

    Attributes
    ----------
    accuracy_threshold, drift_threshold, interval_s
        As configured.
    """

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config.adaptation
        self._clock = clock
        self.accuracy_threshold = self._config.accuracy_threshold
        self.drift_threshold = self._config.drift_threshold
        self.interval_s = self._config.interval_s
        self._interval_ns = round(self._config.interval_s * SECOND_NS)
        self._next_ns = 0
        self._watched: dict[tuple[str, str], _Watched] = {}
        self._by_session: dict[Session, _Watched] = {}
        self.requests: list[tuple[str, str]] = []
        """What users asked for, (symbol, drift type); stage 4 journals it and carries it out."""

    def watch(self, session: Session) -> None:
        """Look after a session from now on."""
        enough = max(self._config.boost_labels, MIN_BLOCKS * session.spec.horizon)
        watched = self._by_session[session] = _Watched(session, enough)
        self._watched[session.spec.symbol, session.spec.target] = watched

    # What the pipeline calls at stage 4, in this order.

    def observe(self, settled: Settled) -> AdaptationAction | None:
        """One scored label: follow the recovery; close the trial when it has seen enough."""
        watched = self._by_session[settled.session]
        said = settled.values[RAW_ONLINE]
        if said == said:
            wrong = (said >= 0.5) != (settled.values[LABEL] == 1.0)
            watched.recovery.observe(float(wrong), settled.example.label_ts)
        session = watched.session
        if not session.in_trial or session.trial_samples < watched.trial_labels:
            return None
        return self._close(watched, settled.example.label_ts)

    def on_alarm(self, alarm: DriftAlarm) -> AdaptationAction | None:
        """A drift alarm; only one about a session's errors is a reason to act."""
        if alarm.watched != ERRORS:
            return None
        watched = self._watched[alarm.symbol, alarm.target]
        watched.recovery.alarmed(alarm)
        action = self._act(watched, policy.on_alarm(alarm), alarm.ts)
        if action is not None:
            watched.recovery.acted(alarm.alarm_id, alarm.ts)
        return action

    def on_regimes(self, changes: Sequence[RegimeChange]) -> list[AdaptationAction]:
        """Changes of the market: reasons to act for each session of their symbols, or for none, as is configured."""
        found = []
        for change in changes:
            verdict = policy.on_regime(change, self._config.on_regime)
            for (symbol, _), watched in self._watched.items():
                action = self._act(watched, verdict, change.ts) if symbol == change.symbol else None
                if action is not None:
                    found.append(action)
        return found

    def on_requests(self, requests: Sequence[tuple[str, str]], ts: int) -> list[AdaptationAction]:
        """What was asked for from outside: (symbol or session id, drift type)."""
        found = []
        for symbol, drift_type in requests:
            if symbol == EVERY:
                self._next_ns = ts
                for watched in self._watched.values():
                    watched.look_at = MIN_WINDOW
                continue
            for (name, _), watched in self._watched.items():
                meant = symbol in (name, watched.session.session_id)
                action = self._act(watched, policy.on_request(drift_type), ts) if meant else None
                if action is not None:
                    found.append(action)
        return found

    def on_timer(self, ts: int) -> list[AdaptationAction]:
        """The timer: at most once per slice, at the first slice at or after it is due."""
        if ts < self._next_ns:
            return []
        self._next_ns = ts - ts % self._interval_ns + self._interval_ns
        found = []
        for watched in self._watched.values():
            session = watched.session
            if session.learnt < watched.look_at or session.learnt < watched.rest_until or session.in_trial:
                continue
            watched.look_at = session.learnt + LOOK_EVERY
            verdict = self._verdict(session)
            if verdict.kind != "keep":
                action = self._act(watched, verdict, ts)
                if action is not None:
                    found.append(action)
        return found

    # Deciding and acting.

    def _verdict(self, session: Session) -> Verdict:
        excess, lost = scores.window_health(session.scores)
        return policy.on_health(excess, lost, self._config)

    def _health(self, session: Session) -> ModelHealth:
        sums, filled = session.scores, int(session.scores[scores.FILLED])
        loss, base_loss, hits = (
            float(sums[at]) / filled if filled else None
            for at in (scores.WINDOW_LOSS, scores.WINDOW_BASE_LOSS, scores.WINDOW_HITS)
        )
        learnt_ts = session.last_learnt_ts
        age = self._clock.now_ns() - learnt_ts if learnt_ts else None
        return ModelHealth(session.spec.symbol, session.spec.target, learnt_ts, filled, loss, base_loss, hits, age)

    def _act(self, watched: _Watched, verdict: Verdict, ts: int) -> AdaptationAction | None:
        session = watched.session
        if verdict.kind == "keep" or not self._config.enabled or session.in_trial or session.learnt < watched.rest_until:
            return None
        watched.actions += 1
        action = AdaptationAction(
            action_id=f"{session.session_id}/action/{watched.actions}",
            kind=verdict.kind,
            symbol=session.spec.symbol,
            target=session.spec.target,
            ts=ts,
            cause=verdict.cause,
            reason=verdict.reason,
        )
        session.begin_trial(boost=self._config.boost_factor if verdict.kind == "boost" else None)
        watched.open = action
        return action

    def _close(self, watched: _Watched, ts: int) -> AdaptationAction | None:
        if watched.open is None:
            return None
        verdict = watched.session.end_trial()
        closed = msgspec.structs.replace(
            watched.open,
            status="kept" if verdict.kept else "undone",
            closed_ts=ts,
            effect=verdict.effect,
            effect_samples=verdict.samples,
        )
        watched.recovery.judged(kept=verdict.kept)
        watched.open = None
        watched.rest_until = watched.session.learnt + self._config.cooldown_labels
        return closed

    # What users call.

    async def monitor_and_adapt(self) -> None:
        """Have the timer fire at the next slice, whenever it is due."""
        self.requests.append((EVERY, TIMER))

    def get_model_metrics(self, symbol: str) -> dict[str, ModelHealth]:
        """How each of a symbol's sessions does lately, by target."""
        return {target: self._health(watched.session) for target, watched in self._of(symbol).items()}

    def check_drift(self, symbol: str) -> bool:
        """Whether one of a symbol's sessions has drifted and not recovered yet."""
        return any(
            episode.recovery_ts is None for watched in self._of(symbol).values() for episode in watched.recovery.episodes
        )

    def adapt_model(self, symbol: str) -> None:
        """Have every session of a symbol that is not in a trial or cooling down learn faster, from the next slice on."""
        self._of(symbol)
        self.requests.append((symbol, "performance"))

    def retrain_with_new_regime(self, symbol: str) -> None:
        """Have a symbol's sessions learn anew from the next slice on; kept only where that beats the model as it was."""
        self._of(symbol)
        self.requests.append((symbol, policy.REGIME))

    def recovery(self, symbol: str, target: str) -> RecoveryTracker:
        """The episodes of drift of one session."""
        return self._watched[symbol, target].recovery

    def _of(self, symbol: str) -> dict[str, _Watched]:
        found = {target: watched for (name, target), watched in self._watched.items() if name == symbol}
        if not found:
            raise SessionError(
                f"no session of {symbol!r} is watched{did_you_mean(symbol, {name for name, _ in self._watched})}"
            )
        return found

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(scalars={"next_ns": self._next_ns, "requests": [list(request) for request in self.requests]})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._next_ns = state.scalars["next_ns"]
        self.requests = [(symbol, drift_type) for symbol, drift_type in state.scalars["requests"]]

    def components(self) -> dict[str, Stateful]:
        """Everything here that has memory, by name."""
        found: dict[str, Stateful] = {"adaptation": self}
        for (symbol, target), watched in self._watched.items():
            found[f"adaptation/{symbol}/{target}"] = watched
        return found
