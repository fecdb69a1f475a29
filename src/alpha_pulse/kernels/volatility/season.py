"""Seasonal factors: the mean of a value in each slot of the week, relative to the level of all slots.

A table of `SIZE` numbers from ``base`` on: factor[slots] | count[slots]. A factor starts at 1, as if `PRIOR` values had been
seen, is a plain mean of ratios at first, and forgets at the rate `LEAST` per value after that. A ratio counts at most `MOST`,
so that one extreme bar does not set the factor of its slot.

Source: Andersen & Bollerslev, "Intraday periodicity and volatility persistence in financial markets", Journal of Empirical
Finance 4 (1997), doi 10.1016/S0927-5398(97)00004-2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.volatility import calendar as calendars
from alpha_pulse.kernels.volatility.calendar import MOST_SLOTS, NO_SLOT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIZE = 2 * MOST_SLOTS
PRIOR = 4.0
LEAST = 0.01
MOST = 20.0
FLOOR = 0.02
"""The smallest factor: a value is divided by it."""


@kernel
def start(state: Floats, base: int) -> None:
    """All factors 1."""
    state[base : base + MOST_SLOTS] = 1.0
    state[base + MOST_SLOTS : base + SIZE] = 0.0


@kernel
def factor(state: Floats, base: int, slot: int) -> float:
    """The factor of a slot; 1 where the slot is unknown.

    >>> table = np.zeros(SIZE)
    >>> start(table, 0)
    >>> learn(table, 0, 3, 6.0, 1.0)
    >>> factor(table, 0, 3), factor(table, 0, 4), factor(table, 0, -1)
    (2.0, 1.0, 1.0)
    """
    return 1.0 if slot == NO_SLOT else float(max(state[base + slot], FLOOR))


@kernel
def learn(state: Floats, base: int, slot: int, value: float, level: float) -> None:
    """Learn the value of a bar in ``slot``; ``level`` is the recent mean of all slots, and nothing is learned while it is 0."""
    if slot == NO_SLOT or not level > 0.0:
        return
    count = state[base + MOST_SLOTS + slot] + 1.0
    state[base + MOST_SLOTS + slot] = count
    state[base + slot] += max(1.0 / (count + PRIOR), LEAST) * (min(value / level, MOST) - state[base + slot])


@kernel
def ahead(state: Floats, base: int, calendar: Ints, place: int, horizons: Floats, out: Floats) -> None:
    """For each horizon the mean factor of the next bars, as the calendar expects them.

    Parameters
    ----------
    place
        The bin of the newest bar.
    horizons
        In bars, ascending, (k,).
    out
        Filled, (k,).
    """
    week, i, total, bars = calendars.week_of(calendar, place), place, 0.0, 0
    for k in range(horizons.shape[0]):
        while bars < horizons[k]:
            i = calendars.next_open(calendar, i, week)
            total += factor(state, base, calendars.slot_of(calendar, i))
            bars += 1
        out[k] = total / bars
