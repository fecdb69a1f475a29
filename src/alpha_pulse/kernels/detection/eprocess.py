"""Evidence that one of two learners has the smaller mean loss, valid at all times and with overlapping labels.

Each label is known h steps after its prediction, so the differences of losses are dependent. Every h-th difference is not: it
is new, given the information at the time of its prediction. So there are h interleaved series, each with its own process. With
differences d_i from -1 to 1, their sum S, and V = sum (d_i - m_i)^2, where m_i is the mean of those before, but at most 0 (so
that d_i - m_i is at least -1),

    exp(l S - psi(l) V),    psi(l) = -log(1 - l) - l,    0 < l < 1,

has an expectation of at most 1 at every stopping time of the series when the average of the conditional expectations of the
d_i is at most 0 (Howard et al., theorem 4; Choe & Ramdas). The evidence of a series is the mean of that over a grid of l;
by Ville's inequality its running maximum M* exceeds 1/p with a probability of at most p: 1/M* is a p-value at all
times at once. The p-values of the h series depend on each other in unknown ways; e times their geometric mean is a p-value
(Vovk & Wang, after Mattner). Each of them only falls, so this also holds at all times at once. The mean of the h processes is
not valid: it could be stopped with knowledge of labels that are still pending.

Layout: head, then per series a block of ``BLOCK`` places.

Sources: Howard, Ramdas, McAuliffe & Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of
Statistics 49 (2021), https://doi.org/10.1214/20-AOS1991; Choe & Ramdas, "Comparing sequential forecasters", Operations Research
(2023), https://doi.org/10.1287/opre.2021.0792; Vovk & Wang, "Combining p-values via averaging", Biometrika 107 (2020),
https://doi.org/10.1093/biomet/asaa027; on lags Arnold, Henzi & Ziegel, "Sequentially valid tests for forecast calibration",
Annals of Applied Statistics 17 (2023), https://doi.org/10.1214/22-AOAS1697
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

HORIZON, SEEN, TOTAL, EVIDENCE_UP, EVIDENCE_DOWN = range(5)
"""``EVIDENCE_*``: log M*, summed over the series, for a positive and for a negative average."""
HEAD = 5
COUNT, SUM, SQUARES_UP, SQUARES_DOWN, UP, DOWN = range(6)
"""``*_DOWN``: of the same differences with their signs turned."""
BLOCK = 6
GRID = 9
LARGEST = 0.9
"""The largest l; the others are halves of the one before."""


@kernel
def size(horizon: int) -> int:
    """Size of the state, in floats."""
    return HEAD + horizon * BLOCK


PSI = tuple(-math.log1p(-(LARGEST * 0.5**k)) - LARGEST * 0.5**k for k in range(GRID))
"""psi of each l of the grid, the largest first."""


@kernel
def _largest_exponent(total: float, squares: float) -> float:
    largest = -math.inf
    rate = LARGEST
    for k in range(GRID):
        largest = max(largest, rate * total - PSI[k] * squares)
        rate *= 0.5
    return largest


@kernel
def log_evidence(total: float, squares: float) -> float:
    """The logarithm of the mean of exp(l total - psi(l) squares) over the grid of l.

    >>> log_evidence(0.0, 0.0)
    0.0
    """
    largest = _largest_exponent(total, squares)
    evidence = 0.0
    rate = LARGEST
    for k in range(GRID):
        evidence += math.exp(rate * total - PSI[k] * squares - largest)
        rate *= 0.5
    return largest + math.log(evidence / GRID)


@kernel
def _raise_evidence(state: NDArray[np.float64], merged: int, place: int, total: float, squares: float) -> None:
    """Raise the running maximum at ``place``, and the sum over the series, where the evidence is above it.

    A mean is at most the largest of its terms, and no exponent is above ``LARGEST`` times the sum, so most differences need no
    exponential, and half of them no exponent.
    """
    if LARGEST * total <= state[place]:
        return
    if _largest_exponent(total, squares) <= state[place]:
        return
    evidence = log_evidence(total, squares)
    if evidence > state[place]:
        state[merged] += evidence - state[place]
        state[place] = evidence


@kernel
def step(state: NDArray[np.float64], difference: float) -> None:
    """Process the next difference of losses, from -1 to 1, in the order of the predictions."""
    horizon = int(state[HORIZON])
    block = HEAD + (int(state[SEEN]) % horizon) * BLOCK
    before = state[block + SUM] / state[block + COUNT] if state[block + COUNT] > 0.0 else 0.0
    state[SEEN] += 1.0
    state[TOTAL] += difference
    state[block + COUNT] += 1.0
    state[block + SUM] += difference
    state[block + SQUARES_UP] += (difference - min(before, 0.0)) ** 2
    state[block + SQUARES_DOWN] += (difference - max(before, 0.0)) ** 2
    _raise_evidence(state, EVIDENCE_UP, block + UP, state[block + SUM], state[block + SQUARES_UP])
    _raise_evidence(state, EVIDENCE_DOWN, block + DOWN, -state[block + SUM], state[block + SQUARES_DOWN])


@kernel
def log_p(state: NDArray[np.float64], index: int) -> float:
    """The logarithm of the one-sided p-value from ``state[index]``, `EVIDENCE_UP` or `EVIDENCE_DOWN`; at most 0."""
    horizon = state[HORIZON]
    merged = 1.0 if horizon > 1.0 else 0.0
    return float(min(merged - state[index] / horizon, 0.0))


@kernel
def decide(state: NDArray[np.float64], decision: NDArray[np.int64], difference: float, log_alpha: float) -> None:
    """`step`, and the first time that a p-value is at most alpha: ``decision`` (2,) becomes (1 or -1, differences until then).

    1 stands for a positive average. If both p-values first reach alpha at the same difference, it is 1.
    """
    step(state, difference)
    if decision[0] != 0:
        return
    if log_p(state, EVIDENCE_UP) <= log_alpha:
        decision[0], decision[1] = 1, int(state[SEEN])
    elif log_p(state, EVIDENCE_DOWN) <= log_alpha:
        decision[0], decision[1] = -1, int(state[SEEN])


@kernel
def steps(state: NDArray[np.float64], differences: NDArray[np.float64], log_alpha: float) -> tuple[int, int]:
    """`step` on each. Returns the numbers of differences after which the p-values of a positive and of a negative average were
    first at most alpha.

    A number is 0 if the p-value never was. Bit-equal to the same calls of `step`.
    """
    positive, negative = 0, 0
    for i in range(differences.size):
        step(state, differences[i])
        if positive == 0 and log_p(state, EVIDENCE_UP) <= log_alpha:
            positive = int(state[SEEN])
        if negative == 0 and log_p(state, EVIDENCE_DOWN) <= log_alpha:
            negative = int(state[SEEN])
    return positive, negative


@kernel
def lower_bound(state: NDArray[np.float64], alpha: float, sign: float) -> float:
    """A lower bound of the average of ``sign`` (1 or -1) times the expected differences, valid with a probability of at least 1
    - alpha.

    It holds at all times at once.
    Each series has a bound at alpha / h, at the best l of the grid, all of which hold together at alpha / h / `GRID`.
    """
    horizon = int(state[HORIZON])
    needed = math.log(GRID * horizon / alpha)
    total = 0.0
    squares = SQUARES_UP if sign > 0.0 else SQUARES_DOWN
    for series in range(horizon):
        block = HEAD + series * BLOCK
        if state[block + COUNT] == 0.0:
            continue
        width = math.inf
        rate = LARGEST
        for k in range(GRID):
            width = min(width, (needed + PSI[k] * state[block + squares]) / rate)
            rate *= 0.5
        total += max(sign * state[block + SUM] - width, -state[block + COUNT])
    return total / state[SEEN] if state[SEEN] > 0.0 else -1.0
