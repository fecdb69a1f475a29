"""The common base of detectors whose state is one packed array, with the newest result in its header."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import NonFiniteError, StateError
from alpha_pulse.core.stateful import State, take
from alpha_pulse.detectors.base import Detection, Domain
from alpha_pulse.kernels.detection.detection import CHANGE, DRIFT, FLAG, LARGEST, REFUSED, SCORE, SEEN, THRESHOLD, WARNING

Packed = NDArray[np.float64]
Step = Callable[[Packed, float], int]
Steps = Callable[[Packed, Packed, NDArray[np.int64]], None]
EXPECTED = {"binary": "0 or 1", "bounded": "a value within [0, 1]", "real": f"a finite value of at most {LARGEST:g}"}


class PackedDetector:
    """A detector whose state is one float64 array with the header of `alpha_pulse.kernels.detection.detection`."""

    domain: ClassVar[Domain]
    title: ClassVar[str]
    """Its name in messages."""

    def __init__(self, state: Packed, step: Step, steps: Steps) -> None:
        self._state = state
        self._step = step
        self._steps = steps

    @property
    def last(self) -> Detection:
        """The result for the newest value."""
        state = self._state
        flag = state[FLAG]
        return Detection(
            score=float(state[SCORE]),
            warning=bool(flag == WARNING),
            drift=bool(flag == DRIFT),
            sample=int(state[SEEN]),
            change_sample=int(state[CHANGE]),
        )

    def update(self, value: float) -> bool:
        """Process one value of the detector's ``domain``; True for a drift.

        Raises
        ------
        NonFiniteError
            The value is not in the ``domain``; the state does not change.
        """
        flag = self._step(self._state, float(value))
        if flag < 0:
            raise NonFiniteError(f"the value for {self.title} is {value!r}; expected {EXPECTED[self.domain]}")
        return flag == DRIFT

    def update_many(self, values: Packed) -> NDArray[np.bool_]:
        """Process ``values`` (n,) one by one; whether each gave a drift, (n,). Bit-equal to the same calls of `update`.

        Raises NonFiniteError, and processes none, when one is not in the ``domain``; DataError for another shape or type.
        """
        check_array(f"the values for {self.title}", values, (None,))
        state = self._state.copy()
        flags = np.empty(len(values), dtype=np.int64)
        self._steps(state, values, flags)
        if (flags == REFUSED).any():
            index = int(np.argmax(flags == REFUSED))
            raise NonFiniteError(
                f"value {index} for {self.title} is {float(values[index])!r}; expected {EXPECTED[self.domain]}"
            )
        self._state[...] = state
        drifts: NDArray[np.bool_] = flags == DRIFT
        return drifts

    def snapshot(self) -> State:
        """The packed state, including its parameters."""
        return State(arrays={"state": self._state.copy()})

    def restore(self, state: State) -> None:
        """Restore a packed state. Raises StateError, without a change, for the state of another detector or threshold."""
        packed = self._state.copy()
        take(packed, state, "state")
        check_same_threshold(self.title, float(packed[THRESHOLD]), float(self._state[THRESHOLD]))
        self._state[...] = packed


def check_same_threshold(title: str, saved: float, own: float) -> None:
    """Raise StateError for a state that was saved with another threshold."""
    if saved != own:
        raise StateError(
            f"a state of {title} was saved with the threshold {saved:g}, but the threshold is {own:g} now; restore it with the "
            "version and the settings that saved it"
        )
