"""Whether the newest rows of features are distributed as those of a reference, feature by feature and in total.

A reference window is filled and stays; the newest rows make the current window. At the end of each block of rows the two are
compared for each feature, by the population stability index over the deciles of the reference or by the distance of Kolmogorov
and Smirnov, and turned into a p-value by the design effect that the reference shows (`covariate_reference`). The index, about a
chi-square of independent values, is divided by the largest effect and judged by an F with as many degrees of freedom as the sum
of effects holds of it; the distance, divided by the root of the effect, by Smirnov's law. Simes' rule makes one p-value of all,
on which the verdict rests. After a drift the rows since the change begin a new reference. A row costs one look-up for each
feature.

Sources: Siddiqi, "Credit risk scorecards" (2006), https://doi.org/10.1002/9781119201731; Yurdakul & Naranjo, "Statistical
properties of the population stability index", Journal of Risk Model Validation 14 (2020),
https://doi.org/10.21314/JRMV.2020.227; and those of `covariate_tails` and `covariate_reference`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.covariate_layout import (
    BINS,
    BLOCK,
    CELLS,
    COMPARED,
    COUNT,
    CURRENT,
    EFFECT,
    EVERY,
    FEATURES,
    FILLED,
    FREEDOM,
    P_VALUE,
    REFERENCE,
    SHARES,
    STATISTIC,
    TOTAL_P,
    USED,
    WINDOW,
    WORST,
    codes_of,
    now_of,
    rows_of,
    sorted_of,
    table_of,
)
from alpha_pulse.kernels.covariate_reference import bin_of, fix_reference
from alpha_pulse.kernels.covariate_tails import f_tail, simes, smirnov_tail
from alpha_pulse.kernels.detection import DRIFT, NOTHING, REFUSED, SEEN, THRESHOLD, WARNING, answer
from alpha_pulse.kernels.jit import kernel

NOISE = 4.0
"""The noise of a design effect is that of a chi-square of this many times the blocks less one."""
WARNING_FACTOR = 10.0
"""A warning is a p-value of up to this many times the level."""
PRIOR = 0.5
"""Values added to each bin, so that an empty one has a logarithm. For the p-value these are as many independent ones as the
dependent values are worth, else a bin that is empty by chance would count for too much.
"""

DATINGS = 4
"""How often the date of a change is sharpened."""
SAME = 1e-9
"""Log likelihoods that differ by less are one; the earlier date is taken."""


@kernel
def psi(old: NDArray[np.float64], new: NDArray[np.float64], prior: float) -> float:
    """The population stability index of two counts over the same bins, (bins,) each, ``prior`` added to every one: the sum of
    (q - p) log(q / p) over the shares p and q.

    >>> round(psi(np.array([50.0, 50.0]), np.array([50.0, 50.0]), 0.5), 6)
    0.0
    >>> round(psi(np.array([500.0, 500.0]), np.array([300.0, 700.0]), 0.0), 3)
    0.169
    """
    n, m, total = old.sum() + prior * old.size, new.sum() + prior * new.size, 0.0
    for k in range(old.size):
        p, q = (old[k] + prior) / n, (new[k] + prior) / m
        total += (q - p) * math.log(q / p)
    return total


@kernel
def ks_cell(ordered: NDArray[np.float64], value: float) -> int:
    """The cell of a value among ``ordered`` (n,): 2i between its i-th and the next, 2i - 1 at its i-th, counted from 1."""
    low, high = 0, ordered.size
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return 2 * low - 1 if low > 0 and ordered[low - 1] == value else 2 * low


@kernel
def ks_distance(ordered: NDArray[np.float64], now: NDArray[np.float64], m: float) -> float:
    """The largest distance between two distribution functions: of ``ordered`` (n,) and of ``m`` values counted in its cells."""
    n, below, largest = ordered.size, 0.0, 0.0
    for i in range(n + 1):
        # In whole numbers, m i - n below, and divided once. Amid equal values neither function has a value.
        whole = i == 0 or i == n or ordered[i] != ordered[i - 1]
        if whole:
            largest = max(largest, abs(i * m - below * n))
        below += now[2 * i]
        if whole:
            largest = max(largest, abs(i * m - below * n))
        if i < n:
            below += now[2 * i + 1]
    return largest / (n * m)


@kernel
def _compare_feature(state: NDArray[np.float64], j: int) -> None:
    """Statistic and p-value of a feature that is judged; 0 and 1 when too little of it is known."""
    entry, now = table_of(state)[j], now_of(state)[j]
    n, m = entry[COUNT], now.sum()
    entry[STATISTIC], entry[P_VALUE] = 0.0, 1.0
    if n == 0.0 or 2.0 * m <= state[WINDOW]:
        return
    noise = state[REFERENCE] / state[BLOCK] - 1.0
    if state[CELLS] > BINS:
        entry[STATISTIC] = ks_distance(sorted_of(state)[j, : int(n)], now, m)
        entry[P_VALUE] = smirnov_tail(entry[STATISTIC] * math.sqrt(n * m / (n + m) / entry[EFFECT]), noise)
    else:
        used = int(entry[USED])
        shares, counts = entry[SHARES : SHARES + used], now[:used]
        entry[STATISTIC] = psi(shares, counts, PRIOR)
        scaled = psi(shares, counts, PRIOR * entry[EFFECT]) * n * m / (n + m) / entry[EFFECT] / entry[FREEDOM]
        entry[P_VALUE] = f_tail(scaled, entry[FREEDOM], NOISE * noise)


@kernel
def _compare(state: NDArray[np.float64]) -> None:
    """Compare all features; the total p-value is over those that are judged."""
    table, d = table_of(state), int(state[FEATURES])
    judged = np.empty(d)
    count, worst = 0, -1
    for j in range(d):
        _compare_feature(state, j)
        if table[j, COUNT] > 0.0:
            judged[count] = table[j, P_VALUE]
            count += 1
            if worst < 0 or (table[j, P_VALUE], -table[j, STATISTIC]) < (table[worst, P_VALUE], -table[worst, STATISTIC]):
                worst = j
    state[WORST] = worst
    state[TOTAL_P] = simes(judged[:count]) if count else 1.0
    state[COMPARED] += 1.0


@kernel
def _before_change(state: NDArray[np.float64], j: int) -> int:
    """Rows of the current window before the change of feature ``j``: where the likelihood of the reference's distribution up to
    it, and of another one after it, is largest. The other one is at first the whole window's, then that of the rows after it.
    """
    entry, rows = table_of(state)[j], rows_of(state)
    window, first = int(state[WINDOW]), int(state[REFERENCE])
    used, oldest = int(entry[USED]), int(state[CURRENT]) % window
    n, before = entry[COUNT] + PRIOR * used, 0
    for _ in range(DATINGS):
        counts = np.full(used, PRIOR)
        for i in range(before, window):
            value = rows[first + (oldest + i) % window, j]
            if value == value:
                counts[bin_of(entry, value)] += 1.0
        m = counts.sum()
        gain, least, before = 0.0, 0.0, 0
        for i in range(window - 1):
            value = rows[first + (oldest + i) % window, j]
            if value == value:
                k = bin_of(entry, value)
                gain += math.log(counts[k] / m * n / (entry[SHARES + k] + PRIOR))
            if gain < least - SAME:
                least, before = gain, i + 1
    return before


@kernel
def _renew(state: NDArray[np.float64], before: int) -> None:
    """Begin a new reference with the rows of the current window after its first ``before``."""
    rows = rows_of(state)
    window, first, oldest = int(state[WINDOW]), int(state[REFERENCE]), int(state[CURRENT]) % int(state[WINDOW])
    for i in range(before, window):
        rows[i - before] = rows[first + (oldest + i) % window]
    state[FILLED], state[CURRENT] = window - before, 0.0
    now_of(state)[:] = 0.0


@kernel
def _enter(state: NDArray[np.float64], values: NDArray[np.float64], known: NDArray[np.bool_]) -> None:
    """Put a row into the current window, in the place of its oldest."""
    table, now, rows, codes, ordered = table_of(state), now_of(state), rows_of(state), codes_of(state), sorted_of(state)
    window, exact = int(state[WINDOW]), state[CELLS] > BINS
    at = int(state[CURRENT]) % window
    full, row = state[CURRENT] >= window, int(state[REFERENCE]) + at
    for j in range(values.size):
        if full and codes[at, j] >= 0.0:
            now[j, int(codes[at, j])] -= 1.0
        rows[row, j] = values[j] if known[j] else np.nan
        if known[j] and table[j, COUNT] > 0.0:
            cell = ks_cell(ordered[j, : int(table[j, COUNT])], values[j]) if exact else bin_of(table[j], values[j])
            codes[at, j] = cell
            now[j, cell] += 1.0
        else:
            codes[at, j] = -1.0
    state[CURRENT] += 1.0


@kernel
def covariate_step(state: NDArray[np.float64], values: NDArray[np.float64], known: NDArray[np.bool_]) -> int:
    """Take one row: ``values`` (d,), of which those ``known`` (d,) count. DRIFT, WARNING or NOTHING; REFUSED, with the state as
    it was, when a known value is not finite.
    """
    for j in range(values.size):
        if known[j] and not math.isfinite(values[j]):
            return REFUSED
    state[SEEN] += 1.0
    window, filled = state[WINDOW], int(state[FILLED])
    if filled < state[REFERENCE]:
        rows = rows_of(state)
        for j in range(values.size):
            rows[filled, j] = values[j] if known[j] else np.nan
        state[FILLED] += 1.0
        if state[FILLED] == state[REFERENCE]:
            fix_reference(state)
        return answer(state, NOTHING, 0.0, state[SEEN] - state[FILLED])
    _enter(state, values, known)
    start = state[SEEN] - min(state[CURRENT], window)
    if state[CURRENT] < window or state[CURRENT] % state[EVERY] != 0.0:
        return answer(state, NOTHING, 0.0, start)
    _compare(state)
    p, worst = state[TOTAL_P], int(state[WORST])
    if worst < 0 or p > WARNING_FACTOR * state[THRESHOLD]:
        return answer(state, NOTHING, 0.0, start)
    statistic = table_of(state)[worst, STATISTIC]
    if p > state[THRESHOLD]:
        return answer(state, WARNING, 0.0, start)
    before = _before_change(state, worst)
    _renew(state, before)
    return answer(state, DRIFT, statistic, start + before)


@kernel
def covariate_steps(
    state: NDArray[np.float64], values: NDArray[np.float64], known: NDArray[np.bool_], flags: NDArray[np.int64]
) -> None:
    """`covariate_step` on each row of ``values`` and ``known`` (n, d), its answers into ``flags`` (n,), bit for bit."""
    for i in range(values.shape[0]):
        flags[i] = covariate_step(state, values[i], known[i])
