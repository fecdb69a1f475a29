"""The two forecasts that every model must beat: the running base rate and no-change, in five slots of any state array."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

POSITIVES, LABELS, LAST, REPEATS, CHANCES = range(5)
SIZE = 5
UNKNOWN = 0.5
"""Stands for the last known label while none is known."""


@kernel
def start(state: NDArray[np.float64], at: int) -> None:
    """Nothing known yet."""
    state[at : at + SIZE] = 0.0
    state[at + LAST] = UNKNOWN


@kernel
def base_rate(state: NDArray[np.float64], at: int) -> float:
    """The running share of label 1, with one label of each kind assumed before any came (Laplace)."""
    return float((state[at + POSITIVES] + 1.0) / (state[at + LABELS] + 2.0))


@kernel
def last_known(state: NDArray[np.float64], at: int) -> float:
    """The last label known by now: 0, 1, or 0.5 before the first."""
    return float(state[at + LAST])


@kernel
def no_change(state: NDArray[np.float64], at: int) -> float:
    """P(label = 1) from how often a label equalled the last one known when it was predicted."""
    if state[at + LAST] == UNKNOWN:
        return 0.5
    repeat = float((state[at + REPEATS] + 1.0) / (state[at + CHANCES] + 2.0))
    return repeat if state[at + LAST] == 1.0 else 1.0 - repeat


@kernel
def learn(state: NDArray[np.float64], at: int, label: int, known: float, share: float) -> None:
    """One settled label, counted as ``share`` (> 0) of one; ``known`` is what `last_known` was when it was predicted."""
    state[at + LABELS] += share
    state[at + POSITIVES] += share * label
    if known != UNKNOWN:
        state[at + CHANCES] += share
        if known == label:
            state[at + REPEATS] += share
    state[at + LAST] = label
