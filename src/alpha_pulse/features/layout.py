"""Layout of the packed float64 array of an extractor.

The sizes of rings are powers of two: the value of bar n is at ``n & (size - 1)``. Kernels compile these numbers as
constants.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BARS, HORIZON, HAS_VOLUME, HAS_QUOTES, VOLUMES, SPREADS = 0, 1, 2, 3, 4, 5
REALISED, TRAILING_MEDIAN, BAR_VOLATILITY = 6, 7, 8
OWN = 9
"""How many columns of own features lie before those of the volatility levels."""

CLOSE_10, CLOSE_50, CLOSE_200 = 16, 17, 18
SQUARE_12, SQUARE_48, SQUARE_100, SQUARE_288, SQUARE_1000 = 19, 20, 21, 22, 23
LEVEL_HALF, LEVEL_1, LEVEL_4 = 24, 25, 26
GAIN_14, LOSS_14, GAIN_50, LOSS_50 = 27, 28, 29, 30
ATR_14, ATR_100, RANGE_100, FLOW_10 = 31, 32, 33, 34
VOLUME_5, VOLUME_100, VOLUME_VARIANCE, SPREAD_500 = 35, 36, 37, 38

LOGS, LOGS_SIZE = 64, 512
CLOSES, CLOSES_SIZE = LOGS + LOGS_SIZE, 32
HIGHS, HIGHS_SIZE = CLOSES + CLOSES_SIZE, 128
LOWS = HIGHS + HIGHS_SIZE
MEDIAN, MEDIAN_WINDOW, MEDIAN_LEAST = LOWS + HIGHS_SIZE, 2_000, 200
SQUARES = MEDIAN + 1 + 2 * MEDIAN_WINDOW

CLIP = 10.0
LEVEL_CLIP = 5.0
VOLATILITY_FLOOR = 1e-9
"""Below this volatility per bar (log return) prices count as constant: only rounding errors are left."""
RATIO_FLOOR = 0.01
"""Smallest ratio of a bar's range or spread to its mean; the log of a range of 0 would be infinite."""
MEAN_RATIO_FLOOR = 1e-5

RETURN_COLUMN, DISTANCE_COLUMN, RSI_COLUMN, BOLLINGER_COLUMN, ATR_COLUMN, VOLATILITY_COLUMN = 0, 8, 11, 13, 14, 15
RANGE_COLUMN, POSITION_COLUMN, LOCATION_COLUMN, BODY_COLUMN, FLOW_COLUMN, CALENDAR_COLUMN = 18, 19, 21, 22, 23, 24
OPTIONAL_COLUMN = 30
"""Volume and spread columns start here where the feed has them; own features and the volatility levels follow."""


def squares_size(horizon: int) -> int:
    """Size of the ring of squared returns: the smallest power of two that is >= ``horizon`` bars.

    >>> squares_size(12)
    16
    """
    return 1 << (horizon - 1).bit_length()


def empty_state(has_volume: bool, has_quotes: bool, horizon: int, own: int = 0) -> NDArray[np.float64]:
    """The state before the first bar; ``horizon`` is that of the volatility label, in bars; ``own`` counts own features.

    >>> empty_state(True, False, 12).shape
    (4881,)
    """
    state = np.zeros(SQUARES + squares_size(horizon))
    state[HORIZON] = horizon
    state[HAS_VOLUME] = has_volume
    state[HAS_QUOTES] = has_quotes
    state[OWN] = own
    return state
