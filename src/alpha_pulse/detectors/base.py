"""What a change detector promises."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.stateful import Stateful

Domain = Literal["binary", "bounded", "real"]
"""What a detector takes: 0 and 1 only, numbers from 0 to 1, or any finite number."""


class Detection(msgspec.Struct, frozen=True):
    """A detector's verdict on its newest value.

    ``score`` is the size of the change in the units of the values, positive when they rose, 0 without a drift.
    ``sample`` counts the values seen, the newest included; of these, the first ``change_sample`` came before the change
    (without one: before the window that the detector now compares with).
    """

    score: float
    warning: bool
    drift: bool
    sample: int
    change_sample: int


@runtime_checkable
class Detector(Stateful, Protocol):
    """Watches a stream of numbers for a lasting change of level.

    A verdict is about the newest value only and never sticks: one change gives one alarm, not an alarm that stays on.
    State is bounded, and bit-equal after a snapshot round trip; equal streams give equal verdicts.
    """

    domain: Domain

    @property
    def last(self) -> Detection:
        """The verdict on the newest value; before any, a quiet one with ``sample`` 0."""
        ...

    def update(self, value: float) -> bool:
        """Take one value; True when it gave a drift. Raises NonFiniteError, remembering nothing, for a value out of range."""
        ...

    def update_many(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Take ``values`` (n,) one by one; whether each gave a drift, (n,). Bit-equal to the same calls of `update`.

        Raises NonFiniteError, taking none, when one of them is out of range.
        """
        ...
