"""The header of every change detector's state, and the flags that its step returns.

ADWIN has a different header, because learners keep hundreds of them in their own state.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

REFUSED = -1
"""The value is out of range; the state did not change."""
NOTHING = 0
WARNING = 1
DRIFT = 2

SEEN = 0
"""Number of values processed."""
FLAG = 1
"""The flag of the newest value."""
SCORE = 2
"""For a drift the mean after the change minus the mean before it; else 0."""
CHANGE = 3
"""Number of values before the change; without a drift, before the values that the newest are compared with."""
THRESHOLD = 4
HEADER = 5
LARGEST = 1e100
"""Larger values are refused, because their squares could make the sums infinite."""


@kernel
def is_error(value: float) -> bool:
    """Whether a value is 0 or 1."""
    return value == 0.0 or value == 1.0


@kernel
def is_number(value: float) -> bool:
    """Whether a value is finite and at most `LARGEST` in size."""
    return abs(value) <= LARGEST


@kernel
def answer(state: NDArray[np.float64], flag: int, score: float, change: float) -> int:
    """Write a result to the header and return its flag."""
    state[FLAG] = flag
    state[SCORE] = score if flag == DRIFT else 0.0
    state[CHANGE] = change
    return flag
