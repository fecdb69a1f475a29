"""The state of a market in three numbers without units: volatility, trend and correlation.

Bars are grouped into blocks that do not overlap, because change points and hidden states assume independent values, and
averages over overlapping windows are not independent. For a block of b bars with log returns r and log true ranges R:

* volatility: 2 log(mean of sqrt(R)), minus its usual level. Roots are used so that one extreme bar does not dominate a block.
The true range includes the gap from the previous close, and is the size of r where a feed has closes only. The usual level
moves towards each block by a fraction of 1/n, later 1/``reference``, of the distance, limited to ``PULL``: extreme times count
no more than others. * trend: sum(r) / sqrt(sum(r^2)), which is standard normal without a trend, and at most sqrt(b). *
correlation: sqrt(b) atanh(c), standard normal around its level. With other symbols c is the correlation of r with the mean
return of the others in the same slice; otherwise, that of r with the previous return. Its usual level is stored too.

A block in which the market does not move has the smallest volatility, -`MOST`. Its trend and correlation are not defined (they
are stored as 0), and it does not change the usual level.

Source of the true range: Wilder, "New Concepts in Technical Trading Systems" (1978); of the transform of correlations: Fisher,
"On the probable error of a coefficient of correlation" (1921).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

REFUSED, TAKEN, BLOCK_ENDS = -1, 0, 1
"""The return values of a step."""
SEEN, IN_BLOCK, BLOCK, REFERENCE, TOGETHER = range(5)
LAST_CLOSE, LAST_RETURN, ROOTS = range(5, 8)
RETURNS, SQUARES, PAIRS, PRODUCTS, PAIRED_SQUARES, OTHER_SQUARES = range(8, 14)
BLOCKS, LEVEL = 14, 15
VOLATILITY, TREND, CORRELATION = 16, 17, 18
"""The newest block's three numbers."""
KNOWN = 19
"""1 where the newest block had enough pairs for a correlation, else 0 (its place then holds 0)."""
USUAL_CORRELATION, CORRELATIONS = 20, 21
"""The correlation's usual level before the newest block, and how many blocks it is made of."""
NEXT_CORRELATION = 22
MOVED = 23
"""1 where the newest block had a move, and so a trend, else 0."""
FEATURES = 3
MODEL_VALUES, MODEL_KNOWN = 24, 24 + FEATURES
"""The newest block's numbers as the regime model processes them, and which of them are known."""
SIZE = MODEL_KNOWN + FEATURES
MIN_PAIRS = 4
PULL = 0.35
MOST = 3.0
"""Bound of the volatility: e^3, 20 times the usual."""
CLOSEST = 0.95
"""Bound of a correlation: with few bars it may be 1, and its transform would be infinite."""


def market_state(block: int, reference: int, together: bool) -> NDArray[np.float64]:
    """The state before the first bar: ``block`` bars per block, ``together`` with other symbols or alone."""
    state = np.zeros(SIZE)
    state[BLOCK], state[REFERENCE], state[TOGETHER] = block, reference, together
    return state


@kernel
def _pair(state: NDArray[np.float64], own: float, other: float) -> None:
    state[PAIRS] += 1.0
    state[PRODUCTS] += own * other
    state[PAIRED_SQUARES] += own * own
    state[OTHER_SQUARES] += other * other


@kernel
def _end(state: NDArray[np.float64]) -> None:
    """Turn the sums of a block into its three numbers, and begin the next block."""
    block = state[BLOCK]
    state[BLOCKS] += 1.0
    if state[ROOTS] > 0.0:
        level = 2.0 * math.log(state[ROOTS] / block)
        if state[LEVEL] == 0.0:
            state[LEVEL] = level
        state[VOLATILITY] = min(max(level - state[LEVEL], -MOST), MOST)
        state[LEVEL] += min(max(state[VOLATILITY], -PULL), PULL) / min(state[BLOCKS], state[REFERENCE])
    else:
        state[VOLATILITY] = -MOST
    squares = state[SQUARES]
    state[MOVED] = 1.0 if squares > 0.0 else 0.0
    state[TREND] = state[RETURNS] / math.sqrt(squares) if squares > 0.0 else 0.0
    spread = state[PAIRED_SQUARES] * state[OTHER_SQUARES]
    known = state[PAIRS] >= MIN_PAIRS and spread > 0.0
    state[KNOWN] = 1.0 if known else 0.0
    state[CORRELATION] = 0.0
    state[USUAL_CORRELATION] = state[NEXT_CORRELATION]
    if known:
        together = min(max(state[PRODUCTS] / math.sqrt(spread), -CLOSEST), CLOSEST)
        state[CORRELATION] = math.sqrt(state[PAIRS]) * math.atanh(together)
        state[CORRELATIONS] += 1.0
        count = min(state[CORRELATIONS], state[REFERENCE])
        state[NEXT_CORRELATION] += (state[CORRELATION] - state[NEXT_CORRELATION]) / count
        if state[CORRELATIONS] == 1.0:
            state[USUAL_CORRELATION] = state[CORRELATION]
    state[IN_BLOCK] = 0.0
    state[ROOTS] = 0.0
    for place in range(RETURNS, OTHER_SQUARES + 1):
        state[place] = 0.0


@kernel
def market_step(state: NDArray[np.float64], high: float, low: float, close: float, others: float) -> int:
    """Process one bar: BLOCK_ENDS when it completes a block, else TAKEN; REFUSED, without a change, for an invalid bar.

    ``others`` is the mean log return of the other symbols at the same instant; NaN where there are none.
    """
    if not (0.0 < low <= close <= high < math.inf) or math.isinf(others):
        return REFUSED
    before = state[LAST_CLOSE]
    state[LAST_CLOSE] = close
    state[SEEN] += 1.0
    if before == 0.0:
        return TAKEN
    own = math.log(close / before)
    state[ROOTS] += math.sqrt(math.log(max(high, before) / min(low, before)))
    state[RETURNS] += own
    state[SQUARES] += own * own
    if state[TOGETHER] == 0.0:
        _pair(state, own, state[LAST_RETURN])
    elif not math.isnan(others):
        _pair(state, own, others)
    state[LAST_RETURN] = own
    state[IN_BLOCK] += 1.0
    if state[IN_BLOCK] < state[BLOCK]:
        return TAKEN
    _end(state)
    return BLOCK_ENDS


@kernel
def market_steps(state: NDArray[np.float64], bars: NDArray[np.float64], blocks_out: NDArray[np.float64]) -> int:
    """`market_step` on each row (high, low, close, others) of ``bars`` (n, 4), bit for bit.

    The four numbers of each complete block go into the rows of ``blocks_out``. Returns their number, or REFUSED at the
    first row that is not a bar, after the rows before it were taken.
    """
    blocks = 0
    for i in range(len(bars)):
        answer = market_step(state, bars[i, 0], bars[i, 1], bars[i, 2], bars[i, 3])
        if answer == REFUSED:
            return REFUSED
        if answer == BLOCK_ENDS:
            for place in range(FEATURES + 1):
                blocks_out[blocks, place] = state[VOLATILITY + place]
            blocks += 1
    return blocks
