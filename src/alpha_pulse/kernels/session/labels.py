"""The label of the prediction that a bar makes due, from that bar and the ones before it.

``volatility``: 1 when realised volatility over the next h bars is above the trailing median known at prediction time.
``direction``: 1 when the close h bars later is above the close (or the next bar's open) at prediction time; the example's
weight is its absolute move over the running mean of those before it.
Own targets: what was computed before, and lies in the row already (`alpha_pulse.feedback.own_labels`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.session import layout

MAX_WEIGHT = 5.0
"""Largest weight of a direction example: its move over the mean move."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel
def take_due(
    settings: Ints, head: Ints, slots: Ints, pending: Floats, clock: Ints, prices: Floats, codes: Ints, row: int
) -> bool:
    """Take out the prediction that the bar of ``row`` makes due: its slot becomes ``head[SLOT]``, what became of it ``STATUS``.

    The bar's open is the first price after the newest prediction, at which it could have been traded. Returns False for a
    prediction that was due at an earlier bar.
    """
    codes[row, layout.STATUS] = layout.NOTHING
    waiting = head[layout.WAITING]
    if waiting == 0:
        return True
    capacity = slots.shape[0]
    first = head[layout.FIRST]
    newest = (first + waiting - 1) % capacity
    if pending[newest, layout.NEXT_OPEN] == 0.0:
        pending[newest, layout.NEXT_OPEN] = prices[row, layout.OPEN]
    due = slots[first, layout.DUE_BAR]
    if due > clock[row, layout.BAR_NUMBER]:
        return True
    head[layout.SLOT] = first
    codes[row, layout.LABEL_STEP] = slots[first, layout.STEP]
    if due < clock[row, layout.BAR_NUMBER]:
        return False
    head[layout.FIRST] = (first + 1) % capacity
    head[layout.WAITING] = waiting - 1
    tolerance = settings[layout.TOLERANCE_NS]
    latest = slots[first, layout.SERVED_TS] + settings[layout.HORIZON] * settings[layout.INTERVAL_NS] + tolerance
    if tolerance != layout.NEVER and clock[row, layout.TS] > latest:
        head[layout.EXPIRED_COUNT] += 1
        codes[row, layout.STATUS] = layout.EXPIRED
    else:
        head[layout.LABELLED] += 1
        codes[row, layout.STATUS] = layout.SCORED_LABEL
    return True


@kernel
def weigh(moves: Floats, move: float) -> float:
    """The weight of a move: its size over the mean size of those before it; it then enters the mean."""
    size = abs(move)
    mean = moves[layout.MOVE_TOTAL] / moves[layout.MOVE_COUNT] if moves[layout.MOVE_COUNT] > 0.0 else size
    moves[layout.MOVE_TOTAL] += size
    moves[layout.MOVE_COUNT] += 1.0
    return min(size / mean, MAX_WEIGHT) if mean > 0.0 else 1.0


@kernel
def label(
    settings: Ints, limits: Floats, head: Ints, pending: Floats, moves: Floats, prices: Floats, codes: Ints, values: Floats,
    row: int,
) -> None:  # fmt: skip
    """Compute the label of the prediction in ``head[layout.SLOT]`` into ``codes`` and ``values``.

    A move of at most ``MIN_MOVE`` (a log return) is a tie, which is neither scored nor learned.
    """
    slot = head[layout.SLOT]
    reference = pending[slot, layout.REFERENCE]
    values[row, layout.WEIGHT] = 1.0
    if settings[layout.TARGET] == layout.VOLATILITY:
        realised = prices[row, layout.REALISED]
        codes[row, layout.LABEL_VALUE] = 1 if realised > reference else 0
        values[row, layout.VALUE] = realised / reference
        return
    close = prices[row, layout.CLOSE]
    values[row, layout.VALUE] = math.log(close / reference)
    values[row, layout.NEXT_OPEN_RETURN] = math.log(close / pending[slot, layout.NEXT_OPEN])
    if settings[layout.TARGET] == layout.OWN:
        if codes[row, layout.LABEL_VALUE] == layout.NO_LABEL:
            codes[row, layout.STATUS], codes[row, layout.LABEL_VALUE] = layout.TIE, 0
            head[layout.TIES] += 1
        return
    move = values[row, layout.NEXT_OPEN_RETURN] if settings[layout.NEXT_OPEN_ENTRY] == 1 else values[row, layout.VALUE]
    if abs(move) <= limits[layout.MIN_MOVE]:
        codes[row, layout.STATUS] = layout.TIE
        head[layout.TIES] += 1
        return
    codes[row, layout.LABEL_VALUE] = 1 if move > 0.0 else 0
    values[row, layout.WEIGHT] = weigh(moves, move)
    if values[row, layout.WEIGHT] == 0.0:
        codes[row, layout.STATUS] = layout.WEIGHTLESS
