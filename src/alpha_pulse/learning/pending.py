"""Predictions that wait for their labels, by id: features, the model's outputs and the row of probabilities."""

from __future__ import annotations

from itertools import islice

import msgspec
import numpy as np

from alpha_pulse.core.errors import SessionError, StateError
from alpha_pulse.core.stateful import State
from alpha_pulse.kernels.mixing.ensemble import ADAPTED, CONTROL, ROW
from alpha_pulse.models.base import Row

MAX_PENDING = 10_000
"""Predictions of a caller that wait for their labels, at most."""


class PendingPrediction(msgspec.Struct, gc=False):
    """One served prediction.

    Float64 ``features`` (n_features,), ``outputs`` and ``control_outputs`` (n_outputs,), ``row`` (ROW,).
    """

    features: Row
    outputs: Row
    row: Row
    control_outputs: Row | None = None


class Pending:
    """Predictions that wait for their labels, oldest first.

    Parameters
    ----------
    n_features, n_outputs
        Lengths of a stored feature row and of a model's outputs row.
    """

    def __init__(self, n_features: int, n_outputs: int) -> None:
        self._widths = {"features": n_features, "parts": n_outputs, "control_parts": n_outputs, "rows": ROW}
        self._waiting: dict[str, PendingPrediction] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, prediction_id: str) -> bool:
        return prediction_id in self._waiting

    def add(self, prediction_id: str, pending: PendingPrediction) -> None:
        """Add a prediction. Raises SessionError when the id is pending already."""
        if prediction_id in self._waiting:
            raise SessionError(f"prediction {prediction_id!r} is pending already and waits for its label; ids must differ")
        self._waiting[prediction_id] = pending

    def get(self, prediction_id: str) -> PendingPrediction:
        """A pending prediction, which stays pending. Raises SessionError when there is none under that id."""
        pending = self._waiting.get(prediction_id)
        if pending is None:
            raise self._unknown(prediction_id)
        return pending

    def pop(self, prediction_id: str) -> PendingPrediction:
        """Remove and return a pending prediction. Raises SessionError when there is none under that id."""
        pending = self._waiting.pop(prediction_id, None)
        if pending is None:
            raise self._unknown(prediction_id)
        return pending

    @property
    def excess(self) -> list[str]:
        """The ids of the oldest predictions, where more than `MAX_PENDING` wait."""
        return list(islice(self._waiting, max(0, len(self._waiting) - MAX_PENDING)))

    def _unknown(self, prediction_id: str) -> SessionError:
        return SessionError(
            f"no prediction is pending under the id {prediction_id!r}: it was never made here, or has its label already"
        )

    def end_control(self, *, keep: bool) -> None:
        """End a trial: drop the control's outputs; without ``keep``, they replace the adapted model's outputs."""
        for pending in self._waiting.values():
            if pending.control_outputs is not None:
                if not keep:
                    pending.outputs = pending.control_outputs
                pending.control_outputs = None
                pending.row[ADAPTED] = pending.row[CONTROL] = np.nan

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        waiting = list(self._waiting.values())
        absent = np.full(self._widths["parts"], np.nan)
        columns = {
            "features": [w.features for w in waiting],
            "parts": [w.outputs for w in waiting],
            "control_parts": [absent if w.control_outputs is None else w.control_outputs for w in waiting],
            "rows": [w.row for w in waiting],
        }
        arrays = {name: np.array(rows, dtype=np.float64).reshape(-1, self._widths[name]) for name, rows in columns.items()}
        return State(scalars={"ids": list(self._waiting)}, arrays=arrays)

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        ids = state.scalars["ids"]
        for name, width in self._widths.items():
            if state.arrays[name].shape != (len(ids), width):
                raise StateError(
                    f"saved pending predictions contain {name} of shape {list(state.arrays[name].shape)}, but this session "
                    f"needs {[len(ids), width]}; restore with the configuration that saved them"
                )
        self._waiting = {}
        for i, prediction_id in enumerate(ids):
            control = state.arrays["control_parts"][i].copy()
            self._waiting[prediction_id] = PendingPrediction(
                state.arrays["features"][i].copy(),
                state.arrays["parts"][i].copy(),
                state.arrays["rows"][i].copy(),
                None if np.isnan(control).all() else control,
            )
