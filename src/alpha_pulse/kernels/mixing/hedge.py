"""Mixtures of experts by fixed share, over weights packed anywhere in a state array.

The exponential-weights update raises each expert's likelihood to ``exponent`` (1/h for labels that overlap over h bars: at full
weight they would make the mixture overconfident), then shares a little weight among all, so that no weight vanishes.
Regret against the best sequence of experts with k switches is O(k log n) under immediate feedback; with labels that arrive d
events late this bound holds for each of the d interleaved streams, so the total is at most d times the bound.

Sources: Vovk (1990); Herbster & Warmuth, "Tracking the best expert", Machine Learning 32 (1998), doi 10.1023/A:1007424614876;
Joulani, György & Szepesvári, "Online learning under delayed feedback", ICML (2013).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

PROBABILITY_FLOOR = 1e-6
"""Smallest distance of a scored probability from 0 and 1."""


@kernel
def log_loss(probability: float, label: int) -> float:
    """-log of the probability of the label, in nats, bounded so that it is finite.

    >>> round(log_loss(0.5, 1), 4)
    0.6931
    """
    p = min(max(probability, PROBABILITY_FLOOR), 1.0 - PROBABILITY_FLOOR)
    return -math.log(p if label == 1 else 1.0 - p)


@kernel
def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), without overflow.

    >>> sigmoid(0.0)
    0.5
    """
    e = math.exp(-x if x >= 0.0 else x)
    return (1.0 if x >= 0.0 else e) / (1.0 + e)


@kernel
def mixture(state: NDArray[np.float64], first: int, probabilities: NDArray[np.float64], n: int) -> float:
    """Sum of weight times probability, over the ``n`` weights that start at ``state[first]``.

    An expert whose probability is NaN is absent (asleep), and the others' weights are renormalised. A NaN weight makes the
    mixture NaN.
    """
    total = 0.0
    awake = 0.0
    for k in range(n):
        p = probabilities[k]
        if not math.isnan(p):
            total += state[first + k] * p
            awake += state[first + k]
    return 0.5 if awake == 0.0 else total / awake


@kernel
def fixed_share(
    state: NDArray[np.float64],
    first: int,
    probabilities: NDArray[np.float64],
    n: int,
    label: int,
    exponent: float,
    share: float,
) -> None:
    """One update of the ``n`` weights from ``state[first]`` on, by the label and the experts' probabilities.

    A sleeping expert (NaN) receives the mixture's own loss, so that its relative weight does not change (Freund et al. 1997).
    """
    mixed = mixture(state, first, probabilities, n)
    total = 0.0
    for k in range(n):
        p = probabilities[k]
        if math.isnan(p):
            p = mixed
        state[first + k] *= math.exp(-exponent * log_loss(p, label))
        total += state[first + k]
    even = share / n
    for k in range(n):
        state[first + k] = (1.0 - share) * state[first + k] / total + even
