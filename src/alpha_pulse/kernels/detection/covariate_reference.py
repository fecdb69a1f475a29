"""Statistics of the reference per feature: its bins, and the design effect of its dependent values.

The values of a feature depend on each other, so the fraction in a bin varies far more than for independent values. The
reference shows by how much: it is cut into blocks of consecutive rows, whose counts vary like those of clusters in a sample
survey. Rao and Scott's design effect is their variance over that of independent values. It differs by direction: a slow mean
may have a far larger effect than the rest of the distribution. The remaining dependence between neighbouring blocks is
modelled as a first-order autoregression, (1 + r) / (1 - r), with r corrected for the bias of short samples.

Sources: Rao & Scott, "The analysis of categorical data from complex sample surveys", Journal of the American Statistical
Association 76 (1981), https://doi.org/10.1080/01621459.1981.10477633; Thomas & Rao, "Small-sample comparisons of level and
power for simple goodness-of-fit statistics under cluster sampling", Journal of the American Statistical Association 82 (1987),
https://doi.org/10.1080/01621459.1987.10478475; Marriott & Pope, "Bias in the estimation of autocorrelations", Biometrika 41
(1954), https://doi.org/10.1093/biomet/41.3-4.390
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection.covariate_layout import (
    BINS,
    BLOCK,
    CELLS,
    COUNT,
    EDGES,
    EFFECT,
    FEATURES,
    FREEDOM,
    REFERENCE,
    SHARES,
    USED,
    WINDOW,
    missing_of,
    rows_of,
    sorted_of,
    table_of,
)

MOST_KEPT = 0.9
"""Largest autocorrelation between blocks that is used."""
LEAST_BLOCKS = 10.0
"""Smallest number of independent values of a window, for events that the reference does not contain."""
NO_SPREAD = 1e-9
"""Variances below this count as 0."""


@kernel
def bin_at(state: NDArray[np.float64], entry: int, value: float) -> int:
    """The bin of a value of the feature whose entry begins at ``entry``: the number of upper ends below it."""
    number = 0
    for k in range(BINS - 1):
        number += int(state[entry + EDGES + k] < value)
    return number


@kernel
def bin_of(entry: NDArray[np.float64], value: float) -> int:
    """The bin of a value: the number of upper ends below it."""
    return bin_at(entry, 0, value)


@kernel
def _set_edges(entry: NDArray[np.float64], ordered: NDArray[np.float64]) -> None:
    """Upper ends at the quantiles of the reference's known values, two bins at least: each holds one of the values or more."""
    n, used = ordered.size, 0
    entry[EDGES : EDGES + BINS - 1] = np.inf
    for k in range(1, BINS):
        edge = ordered[max(k * n // BINS - 1, 0)]
        if edge < ordered[n - 1] and (used == 0 or edge > entry[EDGES + used - 1]):
            entry[EDGES + used] = edge
            used += 1
    if used == 0:
        # More than nine tenths are the largest value: the values below it are a bin too, or no change could be detected.
        entry[EDGES] = ordered[np.searchsorted(ordered, ordered[n - 1]) - 1]
        used = 1
    entry[USED] = used + 1.0


@kernel
def is_constant(entry: NDArray[np.float64]) -> bool:
    """Whether a tested feature has one value in its whole reference; only then is the bin below that value empty."""
    return bool(entry[COUNT] > 0.0 and entry[SHARES] == 0.0)


@kernel
def unseen_effect(state: NDArray[np.float64]) -> float:
    """The design effect of a value that the reference does not contain (another value of a constant feature, or a missing
    value), as if it came in whole blocks, of which a window has at least ten.
    """
    return float(max(min(state[BLOCK], state[WINDOW] / LEAST_BLOCKS), 1.0))


@kernel
def _set_constant(state: NDArray[np.float64], entry: NDArray[np.float64], value: float) -> None:
    """Three bins: below the one value, the value, above it."""
    entry[EDGES : EDGES + BINS - 1] = np.inf
    entry[EDGES], entry[EDGES + 1] = np.nextafter(value, -np.inf), value
    entry[SHARES : SHARES + BINS] = 0.0
    entry[SHARES + 1] = entry[COUNT]
    entry[USED], entry[FREEDOM], entry[EFFECT] = 3.0, 2.0, unseen_effect(state)


@kernel
def _deviations(entry: NDArray[np.float64], column: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """Of each block and bin, the values in it less those expected of that block, (blocks, bins); fills the bins' shares."""
    blocks, used = column.size // block, int(entry[USED])
    counts = np.zeros((blocks, used))
    known = np.zeros(blocks)
    for b in range(blocks):
        for i in range(b * block, (b + 1) * block):
            if column[i] == column[i]:
                counts[b, bin_of(entry, column[i])] += 1.0
                known[b] += 1.0
    entry[SHARES : SHARES + BINS] = 0.0
    for k in range(used):
        entry[SHARES + k] = counts[:, k].sum()
        for b in range(blocks):
            counts[b, k] -= known[b] * entry[SHARES + k] / entry[COUNT]
    return counts


@kernel
def _kept(deviations: NDArray[np.float64], shares: NDArray[np.float64]) -> float:
    """(1 + r) / (1 - r) of the autocorrelation r between neighbouring blocks, 1 where there is none."""
    blocks, used = deviations.shape
    same, next_ = 0.0, 0.0
    for k in range(used):
        for b in range(blocks):
            same += deviations[b, k] ** 2 / shares[k]
            if b + 1 < blocks:
                next_ += deviations[b, k] * deviations[b + 1, k] / shares[k]
    if same < NO_SPREAD:
        return 1.0
    r = next_ / same
    r = min(max(r + (1.0 + 3.0 * r) / blocks, 0.0), MOST_KEPT)
    return float((1.0 + r) / (1.0 - r))


@kernel
def _along(deviations: NDArray[np.float64], shares: NDArray[np.float64], folded: bool) -> float:
    """The design effect of a mean: of the values' ranks, or, ``folded``, of how far these are from the middle."""
    blocks, used = deviations.shape
    n, below, mean, square = shares.sum(), 0.0, 0.0, 0.0
    scores = np.empty(used)
    for k in range(used):
        rank = (below + 0.5 * shares[k]) / n - 0.5
        scores[k] = abs(rank) if folded else rank
        below += shares[k]
        mean += scores[k] * shares[k] / n
        square += scores[k] * scores[k] * shares[k] / n
    variance, plain = 0.0, square - mean * mean
    if plain < NO_SPREAD:
        return 0.0
    for b in range(blocks):
        total = 0.0
        for k in range(used):
            total += scores[k] * deviations[b, k]
        variance += total * total
    return float(variance * blocks / (blocks - 1.0) / (n * plain))


@kernel
def _spread(deviations: NDArray[np.float64], shares: NDArray[np.float64], kept: float) -> tuple[float, float]:
    """(largest design effect, degrees of freedom: sum of those of all directions over the largest) for a chi-square of bins.

    The upper tail of a mixture of chi-squares is that of its largest term; Satterthwaite's mean would make it too thin.
    """
    blocks, used = deviations.shape
    trace = 0.0
    for k in range(used):
        for b in range(blocks):
            trace += deviations[b, k] ** 2 / shares[k]
    trace *= blocks / (blocks - 1.0)
    largest = max(_along(deviations, shares, False), _along(deviations, shares, True))
    largest = max(largest, trace / (used - 1.0))
    if largest < NO_SPREAD:
        return 0.0, used - 1.0
    return kept * largest, trace / largest


@kernel
def _steps(deviations: NDArray[np.float64], shares: NDArray[np.float64], kept: float) -> float:
    """The design effect of a distribution function, over the ends of all bins, each weighed by its variance."""
    blocks, used = deviations.shape
    n, below, variance, plain = shares.sum(), 0.0, 0.0, 0.0
    sums = np.zeros(blocks)
    for k in range(used - 1):
        below += shares[k]
        plain += below * (1.0 - below / n)
        for b in range(blocks):
            sums[b] += deviations[b, k]
            variance += sums[b] * sums[b] * blocks / (blocks - 1.0)
    return float(kept * variance / plain)


@kernel
def effect_of_two(counts: NDArray[np.float64], shares: NDArray[np.float64], block: int) -> float:
    """The design effect of two classes, as `fix_reference` computes it. The reference has ``shares`` (2,) of them; each of its
    blocks of ``block`` rows has ``counts`` (blocks,) of the second one.
    """
    blocks = counts.size
    deviations = np.empty((blocks, 2))
    for b in range(blocks):
        gap = counts[b] - block * shares[1] / (blocks * block)
        deviations[b, 0], deviations[b, 1] = -gap, gap
    effect, _ = _spread(deviations, shares, _kept(deviations, shares))
    return max(effect, 1.0 / block)


@kernel
def fix_reference(state: NDArray[np.float64]) -> None:
    """Compute from the reference's rows the statistics with which later rows are compared. A feature that is missing in half of
    the rows or more is not tested. For a constant feature, the test is whether it stays constant. If values alternate, all
    blocks are alike and the effect would be 0; it is at least one over the rows of a block.
    """
    table, rows, missing, ordered = table_of(state), rows_of(state), missing_of(state), sorted_of(state)
    reference, block = int(state[REFERENCE]), int(state[BLOCK])
    for j in range(int(state[FEATURES])):
        entry, column = table[j], rows[:reference, j].copy()
        for b in range(reference // block):
            missing[j, b] = np.isnan(column[b * block : (b + 1) * block]).sum()
        known = np.sort(column[~np.isnan(column)])
        entry[COUNT] = 0.0
        if 2 * known.size <= reference:
            continue
        entry[COUNT] = known.size
        if known[0] == known[known.size - 1]:
            _set_constant(state, entry, known[0])
            if state[CELLS] > BINS:
                ordered[j, : known.size] = known
            continue
        _set_edges(entry, known)
        deviations = _deviations(entry, column, block)
        shares = entry[SHARES : SHARES + int(entry[USED])]
        kept = _kept(deviations, shares)
        entry[EFFECT], entry[FREEDOM] = _spread(deviations, shares, kept)
        if state[CELLS] > BINS:
            ordered[j, : known.size] = known
            entry[EFFECT] = _steps(deviations, shares, kept)
        entry[EFFECT] = max(entry[EFFECT], 1.0 / block)
        if not (math.isfinite(entry[EFFECT]) and math.isfinite(entry[FREEDOM])):
            entry[COUNT] = 0.0
