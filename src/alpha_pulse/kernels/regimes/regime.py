"""The update of a regime detector at the end of a block: change points of three numbers, and the hidden states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.regimes.bocpd import bocpd_step
from alpha_pulse.kernels.regimes.hmm import hmm_step, least_mean
from alpha_pulse.kernels.regimes.market_state import (
    CORRELATION,
    FEATURES,
    KNOWN,
    MODEL_KNOWN,
    MODEL_VALUES,
    MOST,
    MOVED,
    TREND,
    USUAL_CORRELATION,
    VOLATILITY,
)

UNKNOWN = -2
"""The flag of a number that the block does not have."""


@kernel
def regime_block(
    market: NDArray[np.float64],
    hidden: NDArray[np.float64],
    points: NDArray[np.float64],
    most_unusual: float,
    flags: NDArray[np.int64],
) -> None:
    """Pass the newest block of ``market`` to the change-point detectors ``points`` (3, n) and to the hidden states.

    Detector flags go into ``flags`` (3,). The hidden states receive trend and correlation as deviations from their usual
    levels, clipped at ``most_unusual``. A block with no or almost no moves is passed as an ordinary calm block: its volatility
    would fit no state, and after a long standstill the model would no longer regard calm periods with moves as calm.
    """
    values, known = market[MODEL_VALUES : MODEL_VALUES + FEATURES], market[MODEL_KNOWN : MODEL_KNOWN + FEATURES]
    known[0], known[CORRELATION - VOLATILITY], known[TREND - VOLATILITY] = 1.0, market[KNOWN], market[MOVED]
    for d in range(FEATURES):
        value = market[VOLATILITY + d]
        flags[d] = bocpd_step(points[d], value) if known[d] != 0.0 else UNKNOWN
        if d == CORRELATION - VOLATILITY:
            value -= market[USUAL_CORRELATION]
        if d == 0 and value <= -MOST:
            value = least_mean(hidden)
        values[d] = value if d == 0 else min(max(value, -most_unusual), most_unusual)
    hmm_step(hidden, values, known)
