"""Adaptive conformal intervals: how far from a forecast the truth will lie, at a coverage that holds while things change.

State (float64): head | working miscoverage of each expert | weight of each expert | sliding window of scores, ring and sorted
(see `kernels.median`). A score says how wrong a forecast was: |target - forecast|.

Each of ``EXPERTS`` keeps its own working miscoverage and moves it, by a step of its own, up after a hit and down after a miss
(adaptive conformal inference). They are mixed by exponential weights with a fixed share, judged by the pinball loss of the
score's conformal p-value (dynamically tuned ACI), so that no step size has to be chosen. A score costs O(log W) compares and
one move of at most W numbers.

Sources: Gibbs & Candès, "Adaptive conformal inference under distribution shift", NeurIPS (2021); Gibbs & Candès, "Conformal
inference for online prediction with arbitrary distribution shifts", JMLR 25 (2024): the grid of steps, eta and sigma.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.median import median_push, median_size

ALPHA, WINDOW, ETA, SIGMA = range(4)
HEAD = 4
EXPERTS = 8
FIRST_STEP = 0.001
"""Of the slowest expert; each next one's is twice as large, up to 0.128."""
LEVELS = HEAD
WEIGHTS = LEVELS + EXPERTS
SCORES = WEIGHTS + EXPERTS
HORIZON = 500
"""Scores over which a shift should be followed; sets eta and sigma as the source does."""
MAX_SCORE = 1e300


@kernel
def size(window: int) -> int:
    """How many floats a state over ``window`` scores takes.

    >>> size(100)
    221
    """
    return SCORES + median_size(window)


@kernel
def start(state: NDArray[np.float64], alpha: float, window: int) -> None:
    """All experts at the miscoverage asked for, with equal weights; no score known."""
    state[:] = 0.0
    state[ALPHA] = alpha
    state[WINDOW] = window
    spread = (1.0 - alpha) ** 2 * alpha**3 + alpha**2 * (1.0 - alpha) ** 3
    state[ETA] = math.sqrt(3.0 / HORIZON * (math.log(HORIZON * EXPERTS) + 2.0) / spread)
    state[SIGMA] = 1.0 / (2.0 * HORIZON)
    state[LEVELS : LEVELS + EXPERTS] = alpha
    state[WEIGHTS : WEIGHTS + EXPERTS] = 1.0 / EXPERTS


@kernel
def level(state: NDArray[np.float64]) -> float:
    """The working miscoverage: the experts' weighted mean. Below 0 after many misses, above the target after many hits."""
    mean = 0.0
    for k in range(EXPERTS):
        mean += state[WEIGHTS + k] * state[LEVELS + k]
    return mean


@kernel
def radius(state: NDArray[np.float64]) -> float:
    """The score that the next one should not exceed; infinite while the window cannot promise the coverage."""
    window = int(state[WINDOW])
    held = min(int(state[SCORES]), window)
    place = math.ceil((held + 1) * (1.0 - level(state)))
    if place > held:
        return math.inf
    if place < 1:
        return 0.0
    return float(state[SCORES + 1 + window + place - 1])


@kernel
def p_value(state: NDArray[np.float64], score: float) -> float:
    """The share of scores, this one among them, that are at least ``score``."""
    window = int(state[WINDOW])
    held = min(int(state[SCORES]), window)
    first = SCORES + 1 + window
    low, high = 0, held
    while low < high:
        middle = (low + high) // 2
        if state[first + middle] < score:
            low = middle + 1
        else:
            high = middle
    return (held - low + 1.0) / (held + 1.0)


@kernel
def learn(state: NDArray[np.float64], score: float) -> None:
    """One settled score (not negative): levels and weights of the experts, then the window."""
    alpha = state[ALPHA]
    score = min(score, MAX_SCORE)
    beta = p_value(state, score)
    total = 0.0
    step = FIRST_STEP
    for k in range(EXPERTS):
        gap = beta - state[LEVELS + k]
        state[WEIGHTS + k] *= math.exp(-state[ETA] * (alpha * gap - min(gap, 0.0)))
        total += state[WEIGHTS + k]
        state[LEVELS + k] += step * (alpha - (1.0 if gap <= 0.0 else 0.0))
        step *= 2.0
    for k in range(EXPERTS):
        state[WEIGHTS + k] = (1.0 - state[SIGMA]) * state[WEIGHTS + k] / total + state[SIGMA] / EXPERTS
    median_push(state, SCORES, int(state[WINDOW]), score)


@kernel
def radius_learn_rows(state: NDArray[np.float64], scores: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """For each score the radius that it met, then learn it."""
    for i in range(scores.shape[0]):
        out[i] = radius(state)
        learn(state, scores[i])
