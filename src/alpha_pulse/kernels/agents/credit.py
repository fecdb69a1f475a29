"""The agents' weights, learned from closed lots by fixed share.

Herbster and Warmuth (1998), Tracking the best expert, doi:10.1023/A:1007424614876. Sleeping members: Freund, Schapire,
Singer and Warmuth (1997), Using and combining predictors that specialize, doi:10.1145/258533.258616.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.agents.decision import LOTS
from alpha_pulse.kernels.base.jit import kernel


@kernel
def _agreement(product: float) -> float:
    """``product`` of direction and outcome within -1 and 1; what overflowed to no number counts as agreement."""
    upper = product if product < 1.0 else 1.0
    return upper if upper > -1.0 else -1.0


@kernel
def credit_lot(
    weights: NDArray[np.float64],
    scale: NDArray[np.float64],
    counts: NDArray[np.int64],
    directions: NDArray[np.float64],
    side: int,
    return_: float,
    learning_rate: float,
    share: float,
) -> None:
    """Update the weights from one closed lot.

    Parameters
    ----------
    weights
        (n_agents,), positive, together 1; changed in place.
    scale
        (1,): the mean size of the returns so far.
    counts
        See `decision.COUNTS`.
    directions
        (n_agents,): the direction of each agent when the lot was opened; NaN for an agent that took no part, whose weight does
        not change.
    side
        1 for a lot that was held long, -1 for one held short.
    return_
        Net P&L over the value at the opening, finite.
    learning_rate
        How strongly one loss changes the weights.
    share
        The fraction of all weight that is spread evenly.
    """
    n = weights.shape[0]
    counts[LOTS] += 1
    scale[0] += (abs(return_) - scale[0]) / counts[LOTS]
    outcome = side * return_ / scale[0] if scale[0] > 0.0 else 0.0
    before, after, total = 0.0, 0.0, 0.0
    for agent in range(n):
        if not math.isnan(directions[agent]):
            before += weights[agent]
    for agent in range(n):
        if not math.isnan(directions[agent]):
            weights[agent] *= math.exp(-learning_rate * (0.5 - 0.5 * _agreement(directions[agent] * outcome)))
            after += weights[agent]
    for agent in range(n):
        if not math.isnan(directions[agent]):
            weights[agent] *= before / after
        total += weights[agent]
    floor = share / n
    for agent in range(n):
        weights[agent] = (1.0 - share) * (weights[agent] / total) + floor
