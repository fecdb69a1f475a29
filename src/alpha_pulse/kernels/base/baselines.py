"""The two baselines, base rate and no-change, in five numbers of a state array from ``offset`` on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

POSITIVES, LABELS, LAST, REPEATS, CHANCES = range(5)
SIZE = 5
UNKNOWN = 0.5
"""Stands for the last known label while none is known."""


@kernel
def start(state: NDArray[np.float64], offset: int) -> None:
    """The initial state."""
    state[offset : offset + SIZE] = 0.0
    state[offset + LAST] = UNKNOWN


@kernel
def base_rate(state: NDArray[np.float64], offset: int) -> float:
    """The running fraction of label 1, with one label of each kind added (Laplace)."""
    return float((state[offset + POSITIVES] + 1.0) / (state[offset + LABELS] + 2.0))


@kernel
def last_known(state: NDArray[np.float64], offset: int) -> float:
    """The last known label: 0, 1, or 0.5 before the first."""
    return float(state[offset + LAST])


@kernel
def no_change(state: NDArray[np.float64], offset: int) -> float:
    """P(label = 1) from the frequency with which a label equalled the last one known at its prediction."""
    if state[offset + LAST] == UNKNOWN:
        return 0.5
    repeat = float((state[offset + REPEATS] + 1.0) / (state[offset + CHANCES] + 2.0))
    return repeat if state[offset + LAST] == 1.0 else 1.0 - repeat


@kernel
def learn(state: NDArray[np.float64], offset: int, label: int, known: float, share: float) -> None:
    """Learn one label, counted as a fraction ``share`` (> 0) of one. ``known`` is `last_known` at the time of its
    prediction."""
    state[offset + LABELS] += share
    state[offset + POSITIVES] += share * label
    if known != UNKNOWN:
        state[offset + CHANCES] += share
        if known == label:
            state[offset + REPEATS] += share
    state[offset + LAST] = label
