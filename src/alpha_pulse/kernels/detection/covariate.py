"""Compares the distribution of the newest rows of features with that of a reference, per feature and in total.

The reference window is filled once and then fixed; the newest rows are the current window. After each block of rows the two are
compared for each feature, by the population stability index over the deciles of the reference or by the Kolmogorov-Smirnov
distance. The design effect of the reference (`covariate_reference`) gives the p-value: the index, about a chi-square for
independent values, is divided by the largest effect and compared with an F distribution, whose degrees of freedom are the sum
of effects over the largest; the distance is divided by the root of the effect and compared with Smirnov's law. Simes' rule
combines the p-values into the one that decides. A feature that was constant is compared with its value. Where half or more of
the newest values are missing, the fractions of missing values are compared. After a drift the rows since the change begin a new
reference. A row costs one look-up per feature.

Sources: Siddiqi, "Credit risk scorecards" (2006), https://doi.org/10.1002/9781119201731; Yurdakul & Naranjo, "Statistical
properties of the population stability index", Journal of Risk Model Validation 14 (2020),
https://doi.org/10.21314/JRMV.2020.227; and those of `covariate_tails` and `covariate_reference`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.addresses import borrowed
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection.covariate_index import PRIOR, compare_missing, index_p_value, known_and_missing, psi
from alpha_pulse.kernels.detection.covariate_layout import (
    BINS,
    BLOCK,
    BODY,
    CELLS,
    COLUMNS,
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
    codes_at,
    now_at,
    now_of,
    rows_at,
    rows_of,
    sorted_at,
    sorted_of,
    table_of,
)
from alpha_pulse.kernels.detection.covariate_reference import bin_at, bin_of, fix_reference, is_constant
from alpha_pulse.kernels.detection.covariate_tails import simes, smirnov_tail
from alpha_pulse.kernels.detection.detection import DRIFT, NOTHING, REFUSED, SEEN, THRESHOLD, WARNING, answer

WARNING_FACTOR = 10.0
"""A warning is a p-value of up to this many times the level."""
DATINGS = 4
"""Iterations of the estimate of the time of a change."""
SAME = 1e-9
"""Log likelihoods that differ by less count as equal; the earlier time is used."""


@kernel
def ks_cell(ordered: NDArray[np.float64], value: float) -> int:
    """The cell of a value among ``ordered`` (n,): 2i between its i-th value and the next, 2i - 1 at its i-th value, counted
    from 1."""
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
        # In whole numbers, m i - n below, divided once. Between equal values neither function is defined.
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
def _mostly_missing(state: NDArray[np.float64], j: int) -> bool:
    """Whether half or more of the newest values of a feature are missing."""
    return bool(2.0 * now_of(state)[j].sum() <= state[WINDOW])


@kernel
def _compare_feature(state: NDArray[np.float64], j: int) -> None:
    """Statistic and p-value of a feature: of its values, or of its fraction of missing values where too few are known; 0 and 1
    for one that is not tested, or that was constant and still is.
    """
    entry, now = table_of(state)[j], now_of(state)[j]
    n, m = entry[COUNT], now.sum()
    entry[STATISTIC], entry[P_VALUE] = 0.0, 1.0
    if n == 0.0:
        return
    exact, noise = state[CELLS] > BINS, state[REFERENCE] / state[BLOCK] - 1.0
    if _mostly_missing(state, j):
        index, difference, entry[P_VALUE] = compare_missing(state, j, m)
        entry[STATISTIC] = difference if exact else index
    elif is_constant(entry):
        counts = np.array([now[0], now[2 * int(n) - 1], now[2 * int(n)]]) if exact else now[:3]
        if counts[1] < m:
            old = entry[SHARES : SHARES + 3]
            entry[STATISTIC] = 1.0 - counts[1] / m if exact else psi(old, counts, PRIOR)
            entry[P_VALUE] = index_p_value(old, counts, entry[EFFECT], entry[FREEDOM], noise)
    elif exact:
        entry[STATISTIC] = ks_distance(sorted_of(state)[j, : int(n)], now, m)
        entry[P_VALUE] = smirnov_tail(entry[STATISTIC] * math.sqrt(n * m / (n + m) / entry[EFFECT]), noise)
    else:
        used = int(entry[USED])
        shares, values = entry[SHARES : SHARES + used], now[:used]
        entry[STATISTIC] = psi(shares, values, PRIOR)
        entry[P_VALUE] = index_p_value(shares, values, entry[EFFECT], entry[FREEDOM], noise)


@kernel
def counts_as_test(entry: NDArray[np.float64]) -> bool:
    """Whether the p-value of a feature enters the total. A constant feature that stays constant can give no false alarm."""
    return bool(entry[COUNT] > 0.0 and not (is_constant(entry) and entry[STATISTIC] == 0.0))


@kernel
def _compare(state: NDArray[np.float64]) -> None:
    """Compare all features; the total p-value is over those that are tested."""
    table, d = table_of(state), int(state[FEATURES])
    judged = np.empty(d)
    count, worst = 0, -1
    for j in range(d):
        _compare_feature(state, j)
        if counts_as_test(table[j]):
            judged[count] = table[j, P_VALUE]
            count += 1
            if worst < 0 or (table[j, P_VALUE], -table[j, STATISTIC]) < (table[worst, P_VALUE], -table[worst, STATISTIC]):
                worst = j
    state[WORST] = worst
    state[TOTAL_P] = simes(judged[:count]) if count else 1.0
    state[COMPARED] += 1.0


@kernel
def _window_bins(state: NDArray[np.float64], j: int, missing: bool) -> NDArray[np.int64]:
    """The bin of each value of the current window, the oldest first; -1 for those that are not known. Where how often it is
    ``missing`` is compared, 0 for known and 1 for missing ones.
    """
    entry, rows, window = table_of(state)[j], rows_of(state), int(state[WINDOW])
    oldest = int(state[CURRENT]) % window
    bins = np.empty(window, dtype=np.int64)
    for i in range(window):
        value = rows[(oldest + i) % window, j]
        if missing:
            bins[i] = 1 if np.isnan(value) else 0
        else:
            bins[i] = -1 if np.isnan(value) else bin_of(entry, value)
    return bins


@kernel
def _before_change(state: NDArray[np.float64], j: int) -> int:
    """Rows of the current window before the change of feature ``j``: where the likelihood of the reference's distribution up to
    it, and of another one after it, is largest. The other one is at first the whole window's, then that of the rows after it.
    """
    entry, window, missing = table_of(state)[j], int(state[WINDOW]), _mostly_missing(state, j)
    old = known_and_missing(state, j) if missing else entry[SHARES : SHARES + int(entry[USED])].copy()
    bins, used = _window_bins(state, j, missing), old.size
    n, before = old.sum() + PRIOR * used, 0
    for _ in range(DATINGS):
        counts = np.full(used, PRIOR)
        for i in range(before, window):
            if bins[i] >= 0:
                counts[bins[i]] += 1.0
        m = counts.sum()
        gain, least, before = 0.0, 0.0, 0
        for i in range(window - 1):
            k = bins[i]
            if k >= 0:
                gain += math.log(counts[k] / m * n / (old[k] + PRIOR))
            if gain < least - SAME:
                least, before = gain, i + 1
    return before


@kernel
def _reverse(rows: NDArray[np.float64], first: int, last: int) -> None:
    """Reverse the order of the rows from ``first`` to ``last``."""
    while first < last:
        for j in range(rows.shape[1]):
            rows[first, j], rows[last, j] = rows[last, j], rows[first, j]
        first, last = first + 1, last - 1


@kernel
def _renew(state: NDArray[np.float64], before: int) -> None:
    """Begin a new reference with the rows of the current window after its first ``before``."""
    rows, window = rows_of(state), int(state[WINDOW])
    # The ring is turned in its place until the first row of the new reference is its first.
    first = (int(state[CURRENT]) + before) % window
    _reverse(rows, 0, first - 1)
    _reverse(rows, first, window - 1)
    _reverse(rows, 0, window - 1)
    state[FILLED], state[CURRENT] = window - before, 0.0
    now_of(state)[:] = 0.0


@kernel
def _enter(state: NDArray[np.float64], values: NDArray[np.float64], known: NDArray[np.bool_]) -> None:
    """Replace the oldest row of the current window by a new one."""
    d, cells, window, exact = values.size, int(state[CELLS]), int(state[WINDOW]), state[CELLS] > BINS
    slot, full = int(state[CURRENT]) % window, state[CURRENT] >= window
    now, rows, codes, ordered = now_at(state), rows_at(state), codes_at(state), sorted_at(state)
    row, code = rows + slot * d, codes + slot * d
    for j in range(d):
        entry, counts = BODY + j * COLUMNS, now + j * cells
        if full and state[code + j] >= 0.0:
            state[counts + int(state[code + j])] -= 1.0
        state[row + j] = values[j] if known[j] else np.nan
        if known[j] and state[entry + COUNT] > 0.0:
            first = ordered + j * int(state[REFERENCE])
            known_values = state[first : first + int(state[entry + COUNT])]
            cell = ks_cell(known_values, values[j]) if exact else bin_at(state, entry, values[j])
            state[code + j] = cell
            state[counts + cell] += 1.0
        else:
            state[code + j] = -1.0
    state[CURRENT] += 1.0


@kernel
def covariate_step(state: NDArray[np.float64], values: NDArray[np.float64], known: NDArray[np.bool_]) -> int:
    """Process one row: ``values`` (d,), of which those ``known`` (d,) count. Returns DRIFT, WARNING or NOTHING; REFUSED,
    without a change of the state, when a known value is not finite.
    """
    refused = False
    for j in range(values.size):
        refused |= known[j] & (not math.isfinite(values[j]))
    if refused:
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
    if state[CURRENT] < window or int(state[CURRENT]) % int(state[EVERY]) != 0:
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
    """`covariate_step` on each row of ``values`` and ``known`` (n, d), writing the flags into ``flags`` (n,), bit for bit."""
    for i in range(values.shape[0]):
        flags[i] = covariate_step(state, values[i], known[i])


@kernel
def covariate_until(
    state: NDArray[np.float64],
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    known: NDArray[np.bool_],
    ts: NDArray[np.int64],
    first: int,
) -> int:
    """`covariate_step` on the rows of ``values`` (n, d) from ``first`` on, up to one that gives a drift.

    ``known`` has as many rows, or one that holds for all.

    Their times ``ts`` (n,) go into the ring ``times`` (m,), that of the k-th row taken at place (k - 1) mod m. Returns the
    number of the row that gave a drift, n where none did, ~i where row i was refused; the rows before it are then taken.
    """
    n, own, rows, masks, each = len(values), borrowed(state), borrowed(values), borrowed(known), len(known) > 1
    for i in range(first, n):
        flag = covariate_step(own, rows[i], masks[i if each else 0])
        if flag == REFUSED:
            return ~i
        times[(int(state[SEEN]) - 1) % times.size] = ts[i]
        if flag == DRIFT:
            return i
    return n
