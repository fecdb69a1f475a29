"""The population stability index of two counts, also of the known and missing values of a feature.

Where half or more of the newest values of a feature are missing, the others are too few to compare. The index then compares
the numbers of known and of missing rows, with the design effect of the missing ones in the reference.

Sources: those of `alpha_pulse.kernels.detection.covariate`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection.covariate_layout import BLOCK, REFERENCE, WINDOW, missing_of
from alpha_pulse.kernels.detection.covariate_reference import effect_of_two, unseen_effect
from alpha_pulse.kernels.detection.covariate_tails import f_tail

NOISE = 4.0
"""The estimation error of a design effect is that of a chi-square with this many times (blocks - 1) degrees of freedom."""
PRIOR = 0.5
"""Values added to each bin, so that the logarithm of an empty bin is defined. For the p-value they count as independent values,
and are scaled by the design effect; otherwise a bin that is empty by chance would have too much influence.
"""


@kernel
def psi(old: NDArray[np.float64], new: NDArray[np.float64], prior: float) -> float:
    """The population stability index of two counts over the same bins, (bins,) each, with ``prior`` added to each: the sum of
    (q - p) log(q / p) over the fractions p and q.

    >>> round(psi(np.array([50.0, 50.0]), np.array([50.0, 50.0]), 0.5), 6)
    0.0
    >>> round(psi(np.array([500.0, 500.0]), np.array([300.0, 700.0]), 0.0), 3)
    0.169
    """
    n, m, total = old.sum() + prior * old.size, new.sum() + prior * new.size, 0.0
    for k in range(old.size):
        p, q = (old[k] + prior) / n, (new[k] + prior) / m
        total += (q - p) * math.log(q / p)
    return total


@kernel
def index_p_value(old: NDArray[np.float64], new: NDArray[np.float64], effect: float, freedom: float, noise: float) -> float:
    """The p-value of the index of two counts whose values contain as much information as one in ``effect`` independent
    values."""
    n, m = old.sum(), new.sum()
    scaled = psi(old, new, PRIOR * effect) * n * m / (n + m) / effect / freedom
    return f_tail(scaled, freedom, NOISE * noise)


@kernel
def known_and_missing(state: NDArray[np.float64], j: int) -> NDArray[np.float64]:
    """Numbers of rows of the reference with and without a value of feature ``j``."""
    missing = missing_of(state)[j].sum()
    return np.array([state[REFERENCE] - missing, missing])


@kernel
def compare_missing(state: NDArray[np.float64], j: int, known: float) -> tuple[float, float, float]:
    """(index, difference of fractions, p-value) for the missing values of feature ``j``; ``known`` is the number of known
    values in the window.
    """
    reference, block = int(state[REFERENCE]), int(state[BLOCK])
    old, new = known_and_missing(state, j), np.array([known, state[WINDOW] - known])
    effect = effect_of_two(missing_of(state)[j], old, block) if old[1] > 0.0 else unseen_effect(state)
    p_value = index_p_value(old, new, effect, 1.0, reference / block - 1.0)
    return psi(old, new, PRIOR), abs(new[1] / new.sum() - old[1] / old.sum()), p_value
