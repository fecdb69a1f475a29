"""What the detectors over one packed array have in common: a step, a verdict in the header, and a state that is the array."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import ConfigError, NonFiniteError, StateError
from alpha_pulse.core.stateful import State, take
from alpha_pulse.detectors.base import Detection, Domain
from alpha_pulse.kernels.detection.detection import CHANGE, DRIFT, FLAG, LARGEST, REFUSED, SCORE, SEEN, THRESHOLD, WARNING

Packed = NDArray[np.float64]
Step = Callable[[Packed, float], int]
Steps = Callable[[Packed, Packed, NDArray[np.int64]], None]
EXPECTED = {"binary": "0 or 1", "bounded": "a value within [0, 1]", "real": f"a finite value of at most {LARGEST:g}"}


class PackedDetector:
    """A detector whose memory is one float64 array that begins as `alpha_pulse.kernels.detection.detection` says."""

    domain: ClassVar[Domain]
    title: ClassVar[str]
    """Its name in messages."""

    def __init__(self, state: Packed, step: Step, steps: Steps) -> None:
        self._state = state
        self._step = step
        self._steps = steps

    @property
    def last(self) -> Detection:
        """The verdict on the newest value."""
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
        """Take one value of the detector's ``domain``; True when it gave a drift.

        Raises
        ------
        NonFiniteError
            The value is none of the ``domain``; it is not taken.
        """
        flag = self._step(self._state, float(value))
        if flag < 0:
            raise NonFiniteError(f"{self.title} was given {value!r}, but {EXPECTED[self.domain]} is needed")
        return flag == DRIFT

    def update_many(self, values: Packed) -> NDArray[np.bool_]:
        """Take ``values`` (n,) one by one; whether each gave a drift, (n,). Bit-equal to the same calls of `update`.

        Raises NonFiniteError, taking none, when one of them is none of the ``domain``, DataError for another shape or type.
        """
        check_array(f"the values for {self.title}", values, (None,))
        state = self._state.copy()
        flags = np.empty(len(values), dtype=np.int64)
        self._steps(state, values, flags)
        if (flags == REFUSED).any():
            index = int(np.argmax(flags == REFUSED))
            raise NonFiniteError(
                f"{self.title} was given {float(values[index])!r} as value {index}, but {EXPECTED[self.domain]} is needed"
            )
        self._state[...] = state
        drifts: NDArray[np.bool_] = flags == DRIFT
        return drifts

    def snapshot(self) -> State:
        """The packed state, its parameters included."""
        return State(arrays={"state": self._state.copy()})

    def restore(self, state: State) -> None:
        """Take over a packed state. Raises StateError, taking nothing, when it is of another detector or threshold."""
        packed = self._state.copy()
        take(packed, state, "state")
        check_same_threshold(self.title, float(packed[THRESHOLD]), float(self._state[THRESHOLD]))
        self._state[...] = packed


def check_same_threshold(title: str, saved: float, own: float) -> None:
    """Raise StateError for a state that was saved with another threshold."""
    if saved != own:
        raise StateError(
            f"a state of {title} was saved with the threshold {saved:g}, but {own:g} is set now; go on with the version and "
            "the settings that saved it"
        )


def check_range(what: str, value: float, low: float, high: float, usual: str) -> None:
    """Raise ConfigError for a parameter that is not strictly between ``low`` and ``high``."""
    if not low < value < high:
        raise ConfigError(f"{what} is {value!r}, but a number between {low:g} and {high:g} is needed; {usual} is usual")


def check_minimum(what: str, value: float, least: int, usual: str) -> None:
    """Raise ConfigError for a parameter that is no whole number from ``least`` on."""
    if value != int(value) or value < least:
        raise ConfigError(f"{what} is {value!r}, but a whole number from {least} on is needed; {usual} is usual")
