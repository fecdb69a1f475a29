"""What was served and waits for its label: features, members' parts and probabilities, by prediction id."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.errors import SessionError, StateError
from alpha_pulse.core.stateful import State
from alpha_pulse.kernels.ensemble import CONTROL, ROW
from alpha_pulse.models.base import Row


class Pending:
    """A bounded-by-need store of slots; a slot is claimed when a prediction is served and released with its label.

    Parameters
    ----------
    n_features, n_parts
        Lengths of a stored feature row and of a model's parts row.
    capacity
        Slots to begin with; doubled when all are taken.

    Attributes
    ----------
    features, parts, control_parts, rows
        Lists of row views by slot: float64 of shapes (n_features,), (n_parts,), (n_parts,) and (ROW,).
    """

    def __init__(self, n_features: int, n_parts: int, capacity: int = 16) -> None:
        self._features: Row = np.zeros((0, n_features))
        self._parts: Row = np.zeros((0, n_parts))
        self._control_parts: Row = np.zeros((0, n_parts))
        self._rows: Row = np.zeros((0, ROW))
        self._slots: dict[str, int] = {}
        self._free: list[int] = []
        self._grow(capacity)

    def _grow(self, capacity: int) -> None:
        old = len(self._rows)

        def longer(array: Row) -> Row:
            return np.concatenate([array, np.zeros((capacity - old, array.shape[1]))])

        self._features, self._parts = longer(self._features), longer(self._parts)
        self._control_parts, self._rows = longer(self._control_parts), longer(self._rows)
        self._rows[old:] = np.nan
        self.features, self.parts = list(self._features), list(self._parts)
        self.control_parts, self.rows = list(self._control_parts), list(self._rows)
        self._free.extend(range(capacity - 1, old - 1, -1))

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, prediction_id: str) -> bool:
        return prediction_id in self._slots

    def claim(self, prediction_id: str) -> int:
        """A slot for a prediction that is being served. Raises SessionError when the id waits already."""
        if prediction_id in self._slots:
            raise SessionError(f"prediction {prediction_id!r} was served already and waits for its label; ids must differ")
        if not self._free:
            self._grow(2 * len(self._rows))
        slot = self._free.pop()
        self._slots[prediction_id] = slot
        return slot

    def slot(self, prediction_id: str) -> int:
        """Where a waiting prediction is kept. Raises SessionError when none waits under that id."""
        slot = self._slots.get(prediction_id)
        if slot is None:
            raise SessionError(
                f"no prediction waits under the id {prediction_id!r}: it was never served here, or has its label already"
            )
        return slot

    def release(self, prediction_id: str) -> int:
        """Give a slot back; its rows stay readable until the next claim."""
        slot = self.slot(prediction_id)
        del self._slots[prediction_id]
        self._free.append(slot)
        return slot

    def end_control(self, keep: bool) -> None:
        """The trial is over: forget the control's parts, or, with ``keep`` False, let them take the served model's place."""
        controlled = ~np.isnan(self._rows[:, CONTROL])
        if not keep:
            self._parts[controlled] = self._control_parts[controlled]
        self._rows[controlled, CONTROL] = np.nan

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`; slots are ordered by age, so equal contents give equal bytes."""
        order = list(self._slots.values())
        return State(
            scalars={"ids": list(self._slots)},
            arrays={
                "features": self._features[order],
                "parts": self._parts[order],
                "control_parts": self._control_parts[order],
                "rows": self._rows[order],
            },
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        ids = state.scalars["ids"]
        own = {"features": self._features, "parts": self._parts, "control_parts": self._control_parts, "rows": self._rows}
        for key, array in own.items():
            if state.arrays[key].shape != (len(ids), array.shape[1]):
                raise StateError(
                    f"saved pending predictions hold {key} of shape {list(state.arrays[key].shape)}, but this session needs "
                    f"{[len(ids), array.shape[1]]}; restore with the configuration that saved them"
                )
        self._slots, self._free = {}, list(range(len(self._rows) - 1, -1, -1))
        for i, prediction_id in enumerate(ids):
            slot = self.claim(prediction_id)
            self.features[slot][:] = state.arrays["features"][i]
            self.parts[slot][:] = state.arrays["parts"][i]
            self.control_parts[slot][:] = state.arrays["control_parts"][i]
            self.rows[slot][:] = state.arrays["rows"][i]
