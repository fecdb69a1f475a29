"""The interface of change detectors."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.stateful import Stateful

Domain = Literal["binary", "bounded", "real"]
"""The values that a detector accepts: 0 and 1 only, numbers from 0 to 1, or any finite number."""


class Detection(msgspec.Struct, frozen=True):
    """The result of a detector for its newest value.

    ``score`` is the size of the change in the units of the values: positive for a rise, 0 without a drift. ``sample`` is the
    number of values seen, the newest included. The first ``change_sample`` of them came before the change; without a drift,
    they came before the window with which the detector compares.
    """

    score: float
    warning: bool
    drift: bool
    sample: int
    change_sample: int


@runtime_checkable
class Detector(Stateful, Protocol):
    """Detects a lasting change in the level of a stream of numbers.

    A result concerns the newest value only: one change gives one alarm, not a series of alarms. The state is bounded, and
    bit-equal after it is saved and restored. Equal streams give equal results.
    """

    domain: Domain

    @property
    def last(self) -> Detection:
        """The result for the newest value; before the first value, no drift and ``sample`` 0."""
        ...

    def update(self, value: float) -> bool:
        """Process one value; True for a drift. Raises NonFiniteError, without a change of state, for a value out of range."""
        ...

    def update_many(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Process ``values`` (n,) one by one; whether each gave a drift, (n,). Bit-equal to the same calls of `update`.

        Raises NonFiniteError, and processes none, when one of them is out of range.
        """
        ...
