"""The ledger of predictions: each served prediction is labelled, pending or expired, and the counts add up."""

from __future__ import annotations

from collections import deque

import msgspec

from alpha_pulse.core.errors import SessionError
from alpha_pulse.core.stateful import State
from alpha_pulse.feedback.labels import PendingLabel


class Counts(msgspec.Struct, frozen=True):
    """The counts of one ledger. ``ties`` are labelled predictions whose label was a tie."""

    predictions: int
    labelled: int
    pending: int
    expired: int
    ties: int = 0


class Ledger:
    """Predictions of one (symbol, target), first in first due.

    Parameters
    ----------
    name
        For errors.
    horizon
        Bars after which a prediction is due.
    tolerance_ns
        A prediction expires when its bar comes later than this after it was expected; None: never.
    """

    def __init__(self, name: str, horizon: int, tolerance_ns: int | None) -> None:
        self.name = name
        self.horizon = horizon
        self.ties = 0
        self._tolerance_ns = tolerance_ns
        self._served = 0
        self._labelled = 0
        self._expired = 0
        self._waiting: deque[PendingLabel] = deque()

    def add(self, prediction_id: str, ts: int, bar: int, reference: float) -> None:
        """Add a prediction that was served at the symbol's ``bar``-th bar, at market time ``ts`` (ns)."""
        self._served += 1
        self._waiting.append(PendingLabel(prediction_id, ts, bar + self.horizon, reference))

    def note_open(self, price: float) -> None:
        """Store the first price after the newest prediction, at which it could have been traded."""
        if self._waiting and not self._waiting[-1].next_open:
            self._waiting[-1].next_open = price

    def due(self, bar: int) -> PendingLabel | None:
        """Remove and return the prediction that is due at the symbol's ``bar``-th bar; see `expires`."""
        waiting = self._waiting
        if not waiting or waiting[0].due_bar > bar:
            return None
        first = waiting.popleft()
        if first.due_bar < bar:
            raise SessionError(
                f"prediction {first.prediction_id!r} of {self.name} was due at bar {first.due_bar}, but bar {bar} came"
            )
        return first

    def expires(self, first: PendingLabel, ts: int, interval_ns: int) -> bool:
        """Count a prediction that is due; whether its bar, at ``ts``, came too late for a label."""
        tolerance = self._tolerance_ns
        if tolerance is not None and ts > first.ts + self.horizon * interval_ns + tolerance:
            self._expired += 1
            return True
        self._labelled += 1
        return False

    @property
    def counts(self) -> Counts:
        """predictions = labelled + pending + expired, always."""
        return Counts(self._served, self._labelled, len(self._waiting), self._expired, self.ties)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={
                "served": self._served,
                "labelled": self._labelled,
                "expired": self._expired,
                "ties": self.ties,
                "waiting": msgspec.to_builtins(list(self._waiting)),
            }
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        scalars = state.scalars
        self._served, self._labelled = scalars["served"], scalars["labelled"]
        self._expired, self.ties = scalars["expired"], scalars["ties"]
        self._waiting = deque(msgspec.convert(scalars["waiting"], list[PendingLabel]))
