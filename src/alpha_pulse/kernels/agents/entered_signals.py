"""The signals of one symbol that became orders and whose lots may still be open, oldest first, with the lots that were learned.

======= ======= ========= ===============================================================================
Array   Type    Shape     Content
======= ======= ========= ===============================================================================
signals int64   [C]       the number of each signal (`alpha_pulse.venues.ids`)
parts   float64 [C, 2, A] ``WANTED``: the direction of each agent, NaN for one that took no part; ``HAD``: its weight
applied int64   [L, 3]    the lots that were learned: ``SIGNAL``, ``FILL`` and ``RANK`` of each
counts  int64   [2]       how many signals (``ENTERED``) and lots (``APPLIED``) there are
======= ======= ========= ===============================================================================

The caller provides the capacity: C and L must exceed the counts when a signal is entered or a lot is applied.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

ENTERED, APPLIED = range(2)
COUNTS = 2
WANTED, HAD = range(2)
PARTS = 2
SIGNAL, FILL, RANK = range(3)
LOT_COLUMNS = 3
NOT_ENTERED = -1


@kernel
def slot_of(signals: NDArray[np.int64], counts: NDArray[np.int64], signal: int) -> int:
    """The index of a signal; NOT_ENTERED if it is not stored."""
    for slot in range(counts[ENTERED] - 1, -1, -1):
        if signals[slot] == signal:
            return slot
    return NOT_ENTERED


@kernel
def enter(
    signals: NDArray[np.int64], parts: NDArray[np.float64], counts: NDArray[np.int64], signal: int, new: NDArray[np.float64]
) -> None:
    """Add a signal; ``new`` is its row of ``parts``, (2, A)."""
    slot = counts[ENTERED]
    signals[slot] = signal
    for part in range(PARTS):
        for agent in range(new.shape[1]):
            parts[slot, part, agent] = new[part, agent]
    counts[ENTERED] = slot + 1


@kernel
def apply_lot(applied: NDArray[np.int64], counts: NDArray[np.int64], signal: int, fill: int, rank: int) -> bool:
    """Record that a lot is learned. Returns False, without a change, if it was learned already."""
    n = counts[APPLIED]
    for lot in range(n):
        if applied[lot, SIGNAL] == signal and applied[lot, FILL] == fill and applied[lot, RANK] == rank:
            return False
    applied[n, SIGNAL] = signal
    applied[n, FILL] = fill
    applied[n, RANK] = rank
    counts[APPLIED] = n + 1
    return True


@kernel
def keep_only(
    signals: NDArray[np.int64],
    parts: NDArray[np.float64],
    applied: NDArray[np.int64],
    counts: NDArray[np.int64],
    kept: NDArray[np.int64],
    dropped: NDArray[np.int64],
) -> int:
    """Drop the signals that are not in ``kept``, with their lots. The newest one is always kept.

    ``dropped`` receives their numbers, oldest first, and must have room for all. Returns their number.
    """
    n, left, gone = counts[ENTERED], 0, 0
    for slot in range(n):
        stays = slot == n - 1
        for signal in kept:
            stays = stays or signal == signals[slot]
        if not stays:
            dropped[gone] = signals[slot]
            gone += 1
            continue
        signals[left] = signals[slot]
        for part in range(PARTS):
            for agent in range(parts.shape[2]):
                parts[left, part, agent] = parts[slot, part, agent]
        left += 1
    counts[ENTERED] = left
    if gone > 0:
        _drop_lots(signals, applied, counts)
    return gone


@kernel
def _drop_lots(signals: NDArray[np.int64], applied: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
    """Drop the lots of signals that are not there."""
    left = 0
    for lot in range(counts[APPLIED]):
        if slot_of(signals, counts, applied[lot, SIGNAL]) == NOT_ENTERED:
            continue
        for column in range(LOT_COLUMNS):
            applied[left, column] = applied[lot, column]
        left += 1
    counts[APPLIED] = left
