"""The effect of an example's weight where it does not multiply a gradient.

Scalers, base rates, mixtures, calibrators, penalties and forgetting count an example as a fraction of one example: its weight,
at most 1. So a weight of 0 changes nothing, and a weight of 1,000 does not let one row dominate the statistics. A detector
processes whole values only: it receives an example each time that the fractions add up to 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel


@kernel
def share_of(weight: float) -> float:
    """The fraction of one example as which an example of ``weight`` counts.

    >>> share_of(0.25), share_of(7.0)
    (0.25, 1.0)
    """
    return min(weight, 1.0)


@kernel
def slowed(keep: float, share: float) -> float:
    """The decay factor for a fraction ``share`` of an example, where ``keep`` is that for a whole example.

    >>> slowed(0.5, 1.0), slowed(0.5, 0.5), slowed(0.5, 0.0)
    (0.5, 0.75, 1.0)
    """
    return 1.0 - (1.0 - keep) * share


@kernel
def is_due(state: NDArray[np.float64], index: int, share: float) -> bool:
    """Whether a detector receives this example; ``state[index]`` holds the sum of the fractions since the last one.

    >>> carried = np.zeros(1)
    >>> [is_due(carried, 0, 0.5) for _ in range(4)], is_due(carried, 0, 1.0)
    ([False, True, False, True], True)
    """
    state[index] += share
    if state[index] < 1.0:
        return False
    state[index] -= 1.0
    return True
