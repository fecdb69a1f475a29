"""The trade-quality models in the loop: they learn from closed lots, which decisions make, at the slices that close some.

For these sessions it does what the learning pass does for the others: stages 2 to 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.adaptation import AdaptiveModelManager
from alpha_pulse.core.types import AdaptationAction, DriftAlarm, RegimeChange, TradeOutcome
from alpha_pulse.engine.events import ALARMED, ENDED, QUALITY_, REGIME, REQUESTED, TIMED, Events, Place
from alpha_pulse.engine.symbol_state import SymbolState
from alpha_pulse.execution.execution_service import ExecutionService
from alpha_pulse.feedback import TradingFeedbackService
from alpha_pulse.feedback.trade_quality import TARGET
from alpha_pulse.journal.records import scored_trade
from alpha_pulse.kernels.session import layout
from alpha_pulse.learning.online_learning_service import OnlineLearningService
from alpha_pulse.learning.session import ScoredPrediction, Session

RANK = 1_000_000
"""After the symbol's other sessions."""


class QualityPass:
    """Learns, detects and adapts for the trade-quality sessions of a run.

    Parameters
    ----------
    symbols
        By name.
    learning, execution, feedback, manager
        The services.
    """

    def __init__(
        self,
        symbols: Mapping[str, SymbolState],
        learning: OnlineLearningService,
        execution: ExecutionService,
        feedback: TradingFeedbackService,
        manager: AdaptiveModelManager,
    ) -> None:
        self._symbols = symbols
        self._learning = learning
        self._execution = execution
        self._feedback = feedback
        self._manager = manager

    def begin(
        self, times: NDArray[np.int64], fires: NDArray[np.bool_], requests: Sequence[tuple[str, str]]
    ) -> NDArray[np.int64]:
        """Begin a block of slices; returns at which of them (1) `process` is due whatever is traded.

        Parameters
        ----------
        times, fires
            Of each slice: when it is, ns; whether the timer fires.
        requests
            Adaptations that were requested before the block: (session id, drift type).
        """
        self._times, self._fires, self._requests = times, fires, requests
        self._external = self._feedback.external_outcomes(int(times[0]))
        self.planned = np.zeros(len(times), dtype=np.int64)
        self.planned[0] = bool(self._external) or bool(requests)
        self._changes: dict[int, list[tuple[SymbolState, list[RegimeChange]]]] = {}
        for state in self._symbols.values():
            for slice_, changes in state.changes_by_slice.items():
                self.planned[slice_] = 1
                self._changes.setdefault(slice_, []).append((state, changes))
        self._unchecked = {symbol for symbol in self._symbols if self._is_unchecked(self._session(symbol))}
        self._plan_checks(0)
        return self.planned

    def _plan_checks(self, first: int) -> None:
        """Plan the next slice with which the timer fires where a session has used enough labels since its last check."""
        if self._unchecked:
            following = np.flatnonzero(self._fires[first:])
            if following.size:
                self.planned[first + following[0]] = 1

    @staticmethod
    def _is_unchecked(session: Session) -> bool:
        labels, head = session.labels_used, session.head
        return not session.in_trial and labels >= head[layout.LOOK_AT] and labels >= head[layout.REST_UNTIL]

    def process(self, index: int, outcomes: Sequence[TradeOutcome], events: Events) -> None:
        """Stages 2 to 4 at a slice: learn from the lots that it closed, detect, and adapt."""
        every = [*self._external, *outcomes] if index == 0 else outcomes
        scored = self._learn(index, every, events)
        alarms = self._detect(index, scored, events)
        self._adapt(index, alarms, events)
        self._plan_checks(index + 1)

    def _learn(self, index: int, outcomes: Sequence[TradeOutcome], events: Events) -> list[ScoredPrediction]:
        scored: list[ScoredPrediction] = []
        for outcome in outcomes:
            if (quality := self._feedback.apply_outcome(outcome)) is not None:
                events.add(index, "scored_trades", (len(scored),), scored_trade(outcome, quality))
                scored.append(quality)
        for symbol in {outcome.lot.symbol for outcome in outcomes}:
            self._feedback.quality(symbol).keep_only(self._execution.open_signals(symbol))
        return scored

    def _detect(self, index: int, scored: Sequence[ScoredPrediction], events: Events) -> list[tuple[Place, DriftAlarm]]:
        alarms: list[tuple[Place, DriftAlarm]] = [
            ((QUALITY_, number, place), alarm)
            for number, each in enumerate(scored)
            for place, alarm in enumerate(self._learning.detect(each))
        ]
        for place, alarm in alarms:
            events.add(index, "alarms", place, alarm)
        for number, each in enumerate(scored):
            events.add(index, "adaptations", (ENDED, QUALITY_, number), self._manager.on_label(each))
            self._note(each.session)
        return alarms

    def _adapt(self, index: int, alarms: Sequence[tuple[Place, DriftAlarm]], events: Events) -> None:
        """Requests, alarms, changes of regime and the timer, in that order."""
        manager, ts = self._manager, int(self._times[index])
        for number, (session_id, drift_type) in enumerate(self._requests if index == 0 else ()):
            symbol, _, target = session_id.rpartition("/")
            if target == TARGET:
                session = self._session(symbol)
                self._act(events, session, index, (REQUESTED, number), manager.on_request(session, drift_type, ts))
        for place, alarm in alarms:
            self._act(events, self._session(alarm.symbol), index, (ALARMED, *place), manager.on_alarm(alarm))
        for state, changes in self._changes.get(index, ()):
            session = self._session(state.symbol)
            for number, change in enumerate(changes):
                self._act(events, session, index, (REGIME, state.index, number, RANK), manager.on_regime(session, change))
        due = [self._symbols[symbol] for symbol in self._unchecked] if self._fires[index] else []
        for state in sorted(due, key=lambda each: each.index):
            session = self._session(state.symbol)
            self._act(events, session, index, (TIMED, state.index, RANK), manager.check(session, ts))

    def _session(self, symbol: str) -> Session:
        return self._learning.session(symbol, TARGET)

    def _act(self, events: Events, session: Session, index: int, place: Place, action: AdaptationAction | None) -> None:
        events.add(index, "adaptations", place, action)
        events.respond(index, place, self._manager.take_responses(session))
        self._note(session)

    def _note(self, session: Session) -> None:
        """Keep in mind whether the timer is to check a session."""
        if self._is_unchecked(session):
            self._unchecked.add(session.spec.symbol)
        else:
            self._unchecked.discard(session.spec.symbol)
