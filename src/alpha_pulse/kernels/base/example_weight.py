"""What the weight of an example means where it multiplies no gradient.

Scalers, base rates, mixtures, calibrators, penalties and whatever forgets take an example as a share of one: its weight, and
one at most. So a weight of 0 teaches nothing, small weights teach little, and a weight of 1,000 does not let one row decide
what is usual. A detector takes values whole: it is shown one example for each 1 that shares add up to.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel


@kernel
def share_of(weight: float) -> float:
    """The share of one example that an example of ``weight`` is.

    >>> share_of(0.25), share_of(7.0)
    (0.25, 1.0)
    """
    return min(weight, 1.0)


@kernel
def slowed(keep: float, share: float) -> float:
    """What ``share`` of an example leaves of a memory of which a whole one leaves ``keep``; exactly that for a share of 1.

    >>> slowed(0.5, 1.0), slowed(0.5, 0.5), slowed(0.5, 0.0)
    (0.5, 0.75, 1.0)
    """
    return 1.0 - (1.0 - keep) * share


@kernel
def is_due(state: NDArray[np.float64], at: int, share: float) -> bool:
    """Whether a detector is shown this example; ``state[at]`` carries what shares have added up to since the last one.

    >>> carried = np.zeros(1)
    >>> [is_due(carried, 0, 0.5) for _ in range(4)], is_due(carried, 0, 1.0)
    ([False, True, False, True], True)
    """
    state[at] += share
    if state[at] < 1.0:
        return False
    state[at] -= 1.0
    return True
