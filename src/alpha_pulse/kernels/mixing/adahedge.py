"""Hedge and AdaHedge: exponential weights at the rate 1, or at a rate that adapts to the cumulative mixability gap.

The mixability gap of a round is the mean loss of the experts under their weights minus their mix loss; the rate is log(n)
over the sum of the gaps. If one expert is always best, the gaps stop growing and its weight goes to 1. If the best expert keeps
changing, the rate falls and the regret stays O(sqrt(L log n)).

State of one mixture of n experts (float64): weight[n] | loss[n] (minus the smallest) | sum of gaps.

Source: de Rooij, van Erven, Grünwald & Koolen, "Follow the leader if you can, hedge if you must", JMLR 15 (2014).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.mixing.hedge import log_loss, mixture

MIN_GAP = 1e-9
MAX_LOSS = 1e6
"""Largest loss of an expert over the best, so that every expert can recover."""


@kernel
def size(n: int) -> int:
    """Size in floats of the state of ``n`` experts."""
    return 2 * n + 1


@kernel
def start(state: NDArray[np.float64], first: int, n: int) -> None:
    """Equal weights, no losses."""
    state[first : first + size(n)] = 0.0
    state[first : first + n] = 1.0 / n


@kernel
def learn(
    state: NDArray[np.float64], first: int, probabilities: NDArray[np.float64], n: int, label: int, exponent: float
) -> None:
    """One update of the ``n`` weights from ``state[first]`` on, by the label; losses are multiplied by ``exponent``.

    A sleeping expert (NaN) receives the mixture's own loss, so that its relative weight does not change.
    """
    mixed = mixture(state, first, probabilities, n)
    gaps = first + 2 * n
    rate = math.log(n) / max(state[gaps], MIN_GAP)
    mean = 0.0
    least = math.inf
    for k in range(n):
        loss = exponent * log_loss(mixed if math.isnan(probabilities[k]) else probabilities[k], label)
        mean += state[first + k] * loss
        state[first + n + k] += loss
        if state[first + k] > 0.0:
            least = min(least, loss)
    total = 0.0
    for k in range(n):
        loss = exponent * log_loss(mixed if math.isnan(probabilities[k]) else probabilities[k], label)
        total += state[first + k] * math.exp(-rate * (loss - least))
    state[gaps] += max(mean - (least - math.log(total) / rate), 0.0)
    _weigh(state, first, n, math.log(n) / max(state[gaps], MIN_GAP))


@kernel
def learn_at_rate_one(
    state: NDArray[np.float64], first: int, probabilities: NDArray[np.float64], n: int, label: int, exponent: float
) -> None:
    """`learn` at the rate 1, which suits the log loss: exponential weights from sums of losses, so that no weight becomes 0."""
    mixed = mixture(state, first, probabilities, n)
    for k in range(n):
        state[first + n + k] += exponent * log_loss(mixed if math.isnan(probabilities[k]) else probabilities[k], label)
    _weigh(state, first, n, 1.0)


@kernel
def _weigh(state: NDArray[np.float64], first: int, n: int, rate: float) -> None:
    least = state[first + n]
    for k in range(1, n):
        least = min(least, state[first + n + k])
    total = 0.0
    for k in range(n):
        state[first + n + k] = min(state[first + n + k] - least, MAX_LOSS)
        state[first + k] = math.exp(-rate * state[first + n + k])
        total += state[first + k]
    for k in range(n):
        state[first + k] /= total
