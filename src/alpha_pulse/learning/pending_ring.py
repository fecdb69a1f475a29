"""The predictions of one (symbol, target) of a run that wait for their labels: a ring in packed arrays.

Every bar adds at most one prediction and removes the one that is due, so ``horizon + 1`` slots suffice. The kernels of
`alpha_pulse.kernels.session` add and remove predictions; see its layout.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.stateful import State, take_all
from alpha_pulse.kernels.mixing.ensemble import ADAPTED, CONTROL, ROW
from alpha_pulse.kernels.session import layout
from alpha_pulse.models.base import Row


class Counts(msgspec.Struct, frozen=True):
    """The predictions of one (symbol, target). ``ties`` are labelled predictions whose label was a tie."""

    predictions: int
    labelled: int
    pending: int
    expired: int
    ties: int = 0


class PendingRing:
    """Predictions that wait for their labels, first in first due.

    Parameters
    ----------
    session_id
        ``symbol/target``; a prediction's id is ``symbol/target/step``, where the step is its bar's ``seq``.
    horizon
        Bars after which a prediction is due.
    n_features, n_outputs
        Lengths of a feature row and of the model's output row.
    head
        The counters of the session (int64), which the ring shares.
    """

    def __init__(self, session_id: str, horizon: int, n_features: int, n_outputs: int, head: NDArray[np.int64]) -> None:
        self._session_id = session_id
        self._head = head
        self._n_features, self._n_outputs = n_features, n_outputs
        self.slots: NDArray[np.int64] = np.zeros((horizon + 1, layout.SLOT_COLUMNS), dtype=np.int64)
        self.pending: Row = np.zeros((horizon + 1, layout.pending_width(n_features, n_outputs)))

    def __len__(self) -> int:
        return int(self._head[layout.WAITING])

    def __contains__(self, prediction_id: str) -> bool:
        session_id, _, step = prediction_id.rpartition("/")
        return session_id == self._session_id and step.isdecimal() and int(step) in self._steps()

    def _steps(self) -> list[int]:
        return [int(self.slots[slot, layout.STEP]) for slot in self._waiting()]

    def _waiting(self) -> list[int]:
        first, count = int(self._head[layout.FIRST]), len(self)
        return [(first + k) % len(self.slots) for k in range(count)]

    @property
    def counts(self) -> Counts:
        """predictions = labelled + pending + expired, always."""
        labelled, expired = int(self._head[layout.LABELLED]), int(self._head[layout.EXPIRED_COUNT])
        return Counts(labelled + len(self) + expired, labelled, len(self), expired, int(self._head[layout.TIES]))

    def prediction_id(self, slot: int) -> str:
        """The id of the prediction in a slot."""
        return f"{self._session_id}/{self.slots[slot, layout.STEP]}"

    def row(self, slot: int) -> Row:
        """A view of a prediction's row of probabilities, see `alpha_pulse.kernels.mixing.ensemble`."""
        return self.pending[slot, layout.ROW_PLACE : layout.ROW_PLACE + ROW]

    def features(self, slot: int) -> Row:
        """A view of a prediction's features."""
        return self.pending[slot, layout.FEATURES_PLACE : layout.FEATURES_PLACE + self._n_features]

    def outputs(self, slot: int, *, control: bool = False) -> Row:
        """A view of the outputs of the model, or of the control of a trial, in addition to its probability."""
        first = layout.FEATURES_PLACE + self._n_features + (self._n_outputs if control else 0)
        return self.pending[slot, first : first + self._n_outputs]

    def end_control(self, *, keep: bool) -> None:
        """End a trial: drop the control's outputs; without ``keep``, they replace the adapted model's outputs."""
        for slot in self._waiting():
            if self.slots[slot, layout.HAS_CONTROL]:
                if not keep:
                    self.outputs(slot)[:] = self.outputs(slot, control=True)
                self.slots[slot, layout.HAS_CONTROL] = 0
                self.row(slot)[[ADAPTED, CONTROL]] = np.nan

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The packed state, without the counters."""
        return {"slots": self.slots, "pending": self.pending}

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(arrays={name: array.copy() for name, array in self.arrays.items()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        take_all(self.arrays, state)
