"""The rule of the trend agent: a direction from slow returns, held until it has moved by a band."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

FEATURES = ("ret_96", "ema_dist_50", "ema_dist_200")
# On a random walk ret_96 has standard deviation 1 and a distance from an EMA about 1/2 (both in units of volatility times
# root span), so the three terms weigh about alike and a typical score is near 1, where tanh still discriminates.
RETURN_WEIGHT = 0.4
NEAR_WEIGHT = 0.6
FAR_WEIGHT = 0.8
BAND = 0.25
"""Smallest change of direction that is made."""


@kernel
def trend_rule(features: NDArray[np.float64], places: NDArray[np.int64], held: float) -> float:
    """The direction held, or the trend's direction if it differs by `BAND` or more.

    Parameters
    ----------
    features
        (n_features,), finite.
    places
        Of `FEATURES` in ``features``, int64 (3,).
    held
        The direction held, from -1 to 1.

    >>> round(trend_rule(np.array([2.0, 0.5, 1.0]), np.arange(3), 0.0), 3)
    0.956
    """
    score = RETURN_WEIGHT * features[places[0]] + NEAR_WEIGHT * features[places[1]] + FAR_WEIGHT * features[places[2]]
    wanted = math.tanh(score)
    if -BAND < wanted - held < BAND:
        return held
    return wanted
