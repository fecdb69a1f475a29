"""The return that a member would have earned by trading its own predictions, net of costs.

Labels over h steps overlap, so the capital is divided into h tranches of 1/h. Each prediction moves one tranche, the one that
the prediction h steps before it had moved, to the sign of p - 1/2 (long 1, short -1), for h steps. Costs are paid for what a
tranche changes. A member without a probability leaves its tranche flat.

State (float64): labels, return before costs, turnover, and the position of each tranche.

Source: Jegadeesh & Titman, "Returns to buying winners and selling losers", Journal of Finance 48 (1993), doi
10.1111/j.1540-6261.1993.tb04702.x, on overlapping portfolios.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

LABELS, GROSS, TURNOVER = range(3)
"""Returns are fractions of the capital, summed without compounding; a turnover of 2 turns all of it from long to short."""
HEAD = 3


@kernel
def size(horizon: int) -> int:
    """Size of the state, in floats; it begins with zeros."""
    return HEAD + horizon


@kernel
def step(state: NDArray[np.float64], probability: float, move: float) -> None:
    """Process the next label in the order of the predictions.

    Parameters
    ----------
    probability
        P(up) as it was predicted; NaN without a prediction.
    move
        The return over the h steps of the label, from the first price after the prediction, as a fraction.
    """
    horizon = state.size - HEAD
    place = HEAD + int(state[LABELS]) % horizon
    position = 1.0 if probability > 0.5 else -1.0 if probability < 0.5 else 0.0
    state[LABELS] += 1.0
    state[GROSS] += position * move / horizon
    state[TURNOVER] += abs(position - state[place]) / horizon
    state[place] = position


@kernel
def net(state: NDArray[np.float64], cost: float) -> float:
    """The return after costs; ``cost`` is the fee, half the spread and the slippage, as a fraction of what is traded.

    >>> state = np.zeros(size(1))
    >>> for move in (0.02, -0.01):
    ...     step(state, 0.7, move)
    >>> round(net(state, 0.001), 6)
    0.009
    """
    return float(state[GROSS] - cost * state[TURNOVER])
