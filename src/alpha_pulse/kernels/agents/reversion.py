"""The rule of the mean-reversion agent: against an extreme, until the price is nearly back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

FEATURES = ("bollinger_20", "rsi_14")
# One unit of the score is Bollinger's outer band and Wilder's 70 (or 30) line together.
OVERBOUGHT_RSI = 0.4
ENTER = 1.0
LEAVE = 0.25
FULL = 2.0
"""The score of a full position; at `ENTER` the position is ``ENTER / FULL`` of it."""


@kernel
def reversion_rule(features: NDArray[np.float64], places: NDArray[np.int64], held: float) -> float:
    """The position against the last extreme, from -1 to 1; 0 after the score has returned to the middle.

    Parameters
    ----------
    features
        (n_features,), finite.
    places
        Of `FEATURES` in ``features``, int64 (2,).
    held
        The direction held, from -1 to 1.

    >>> reversion_rule(np.array([1.4, 0.4]), np.arange(2), 0.0)
    -0.6
    """
    score: float = 0.5 * features[places[0]] + 0.5 / OVERBOUGHT_RSI * features[places[1]]
    if score >= ENTER:
        return min(held, -min(score / FULL, 1.0))
    if score <= -ENTER:
        return max(held, min(-score / FULL, 1.0))
    if held == 0.0 or (score > LEAVE and held < 0.0) or (score < -LEAVE and held > 0.0):
        return held
    return 0.0
