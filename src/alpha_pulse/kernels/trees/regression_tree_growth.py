"""How a leaf of `alpha_pulse.kernels.trees.regression_tree` splits: by the reduction of the weighted variance, when an F test
rejects a reduction by chance, and the Hoeffding bound on the ratio of the two best features rejects a choice by chance.

Sources: Ikonomovska, Gama & Dzeroski (2011) for the ratio, Gouk, Pfahringer & Frank (2019) for the test of the
reduction itself.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.example_weight import share_of
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.trees.regression_tree import (
    BINS,
    BOOST,
    COUNT,
    DELTA,
    FEATURES,
    GRACE,
    HISTOGRAM_HEAD,
    INVERSE,
    LAST_TRY,
    LEAF,
    LEAST,
    LEAST_F,
    LEAVES,
    LINEAR,
    LINEAR_ERROR,
    MAX_INVERSE,
    MAX_TARGET,
    MAX_WEIGHT,
    MEAN_ERROR,
    OBSERVED,
    OFFSET,
    PER_LEAF,
    REAL_HEAD,
    SAME,
    SLOT_HEAD,
    SLOTS,
    SPAN,
    SQUARES,
    SUM,
    TAU,
    USED,
    VALUE,
    VALUE_WEIGHT,
    WEIGHT,
    WHOLE_HEAD,
    WINDOW,
    Real,
    Whole,
    draw_features,
    learn_scales,
    left_at,
    linear_at,
    next_node,
    observed_at,
    predict,
    predict_leaf,
    seen_at,
    slot_at,
    slot_size,
    statistics_at,
    update_leaf,
)

MIN_BRANCH = 0.01
"""Smallest fraction of the weight that a branch of a split may have."""


@kernel
def best_of_feature(real: Real, histogram: int, bins: int) -> tuple[float, float, float, float]:
    """(reduction of the sum of squares, threshold, weight and sum of targets to the left) of a histogram's best split.

    Between two values the threshold lies in the middle of the empty bins.
    """
    if real[histogram + INVERSE] == 0.0:
        return 0.0, 0.0, 0.0, 0.0
    first = histogram + HISTOGRAM_HEAD
    weight, total = 0.0, 0.0
    for b in range(bins):
        weight += real[first + 2 * b]
        total += real[first + 2 * b + 1]
    least, before = MIN_BRANCH * weight, total * total / weight if weight > 0.0 else 0.0
    best, place, best_weight, best_sum = 0.0, 0.0, 0.0, 0.0
    left, left_sum, chosen = 0.0, 0.0, False
    for b in range(bins - 1):
        if real[first + 2 * b] == 0.0:
            place += 0.5 if chosen else 0.0
            continue
        left += real[first + 2 * b]
        left_sum += real[first + 2 * b + 1]
        right, right_sum = weight - left, total - left_sum
        chosen = False
        if left > least and right > least:
            gain = left_sum * left_sum / left + right_sum * right_sum / right - before
            if gain > best:
                best, place, best_weight, best_sum, chosen = gain, b + 1.0, left, left_sum, True
    return best, real[histogram + LEAST] + place / real[histogram + INVERSE], best_weight, best_sum


@kernel
def _fade(real: Real, whole: Whole, statistics: int) -> None:
    """Halve the statistics of a leaf, so that old examples count less."""
    bins, observed = whole[BINS], whole[OBSERVED]
    real[statistics + COUNT] *= 0.5
    real[statistics + LAST_TRY] = real[statistics + COUNT]
    for place in (WEIGHT, SUM, SQUARES):
        real[statistics + place] *= 0.5
    for k in range(observed):
        first = statistics + SLOT_HEAD + k * (HISTOGRAM_HEAD + 2 * bins) + HISTOGRAM_HEAD
        for j in range(2 * bins):
            real[first + j] *= 0.5


@kernel
def try_split(real: Real, whole: Whole, leaf: int) -> bool:
    """Split a leaf if its tests pass. Returns whether it was split."""
    if whole[LEAVES] >= whole[SLOTS]:
        return False
    statistics = statistics_at(whole, whole[slot_at(whole, leaf)])
    n, bins = real[statistics + COUNT], whole[BINS]
    spread = real[statistics + SQUARES] - real[statistics + SUM] * real[statistics + SUM] / real[statistics + WEIGHT]
    if not spread > SAME * real[statistics + SQUARES]:
        return False
    best, second, chosen, threshold, weight, total = 0.0, 0.0, -1, 0.0, 0.0, 0.0
    for k in range(whole[OBSERVED]):
        histogram = statistics + SLOT_HEAD + k * (HISTOGRAM_HEAD + 2 * bins)
        gain, candidate, left, left_sum = best_of_feature(real, histogram, bins)
        if gain > best:
            best, second, chosen, threshold, weight, total = gain, best, k, candidate, left, left_sum
        elif gain > second:
            second = gain
    if chosen < 0 or best * (n - 2.0) < real[LEAST_F] * (spread - best):
        return False
    bound = math.sqrt(math.log(1.0 / real[DELTA]) / (2.0 * n))
    if second > best * (1.0 - bound) and bound >= real[TAU]:
        return False
    _split(real, whole, leaf, chosen, threshold, weight, total)
    return True


@kernel
def _inherit(real: Real, whole: Whole, parent: int, child: int) -> None:
    """Start a new slot with the ranges that its parent has seen, and with its linear model."""
    bins, m = whole[BINS], whole[OBSERVED]
    old, new = statistics_at(whole, parent), statistics_at(whole, child)
    for j in range(slot_size(whole[FEATURES], m, bins)):
        real[new + j] = 0.0
    target, source = linear_at(whole, new), linear_at(whole, old)
    if whole[PER_LEAF] == 1:
        draw_features(whole, child)
    for k in range(m):
        feature = whole[observed_at(whole, parent) + k]
        if whole[PER_LEAF] == 0:
            whole[observed_at(whole, child) + k] = feature
        for j in range(m):
            if whole[observed_at(whole, child) + j] == feature:
                step = HISTOGRAM_HEAD + 2 * bins
                _narrow(real, old + SLOT_HEAD + k * step, new + SLOT_HEAD + j * step, bins)
    for f in range(whole[FEATURES] + 1):
        real[target + f] = real[source + f]
    for place in (MEAN_ERROR, LINEAR_ERROR):
        real[new + place] = real[old + place]


@kernel
def _move(real: Real, whole: Whole, source: int, slot: int) -> None:
    """Copy a slot and what it observes."""
    old, new = statistics_at(whole, source), statistics_at(whole, slot)
    for j in range(slot_size(whole[FEATURES], whole[OBSERVED], whole[BINS])):
        real[new + j] = real[old + j]
    for k in range(whole[OBSERVED]):
        whole[observed_at(whole, slot) + k] = whole[observed_at(whole, source) + k]


@kernel
def _narrow(real: Real, source: int, target: int, bins: int) -> None:
    """An empty histogram over the range of the non-empty bins of ``source``."""
    if real[source + INVERSE] == 0.0:
        return
    low, high = bins, -1
    for b in range(bins):
        if real[source + HISTOGRAM_HEAD + 2 * b] > 0.0:
            low, high = min(low, b), b
    if high < low:
        return
    real[target + LEAST] = real[source + LEAST] + low / real[source + INVERSE]
    real[target + INVERSE] = min(real[source + INVERSE] * bins / (high - low + 1.0), MAX_INVERSE)


@kernel
def _cut(real: Real, histogram: int, bins: int, threshold: float, below: bool) -> None:
    """Reduce the range of an empty histogram to one side of ``threshold``."""
    if real[histogram + INVERSE] == 0.0:
        return
    least, most = real[histogram + LEAST], real[histogram + LEAST] + bins / real[histogram + INVERSE]
    low, high = (least, threshold) if below else (threshold, most)
    if high - low > SAME * max(abs(low), abs(high)) and (high - low) * MAX_INVERSE > bins:
        real[histogram + LEAST], real[histogram + INVERSE] = low, bins / (high - low)


@kernel
def _split(real: Real, whole: Whole, leaf: int, chosen: int, threshold: float, weight: float, total: float) -> None:
    """Turn a leaf into a node with two leaves, which start from the means that the split gives them."""
    slot, left, bins = whole[slot_at(whole, leaf)], whole[USED], whole[BINS]
    statistics, feature = statistics_at(whole, slot), whole[observed_at(whole, slot) + chosen]
    other = whole[LEAVES]
    whole[LEAVES] += 1
    whole[USED] += 2
    offset, known = real[statistics + OFFSET], real[statistics + WEIGHT]
    right_weight, right_total = 0.0, 0.0
    first = statistics + SLOT_HEAD + chosen * (HISTOGRAM_HEAD + 2 * bins) + HISTOGRAM_HEAD
    for b in range(bins):
        right_weight += real[first + 2 * b]
        right_total += real[first + 2 * b + 1]
    right_weight, right_total = right_weight - weight, right_total - total
    _inherit(real, whole, slot, other)
    _inherit(real, whole, slot, whole[SLOTS])
    _move(real, whole, whole[SLOTS], slot)
    whole[WHOLE_HEAD + leaf] = feature
    whole[left_at(whole, leaf)] = left
    real[REAL_HEAD + leaf] = threshold
    for side in range(2):
        child, place = left + side, slot if side == 0 else other
        whole[WHOLE_HEAD + child] = LEAF
        whole[slot_at(whole, child)] = place
        start = statistics_at(whole, place)
        share, part = (weight, total) if side == 0 else (right_weight, right_total)
        real[start + VALUE] = real[start + OFFSET] = offset + part / share
        real[start + VALUE_WEIGHT] = min(share, real[SPAN])
        real[seen_at(whole, child)] = share / max(known, share) * real[seen_at(whole, leaf)]
        for k in range(whole[OBSERVED]):
            if whole[observed_at(whole, place) + k] == feature:
                _cut(real, start + SLOT_HEAD + k * (HISTOGRAM_HEAD + 2 * bins), bins, threshold, side == 0)


@kernel
def learn_down(real: Real, whole: Whole, x: Real, target: float, weight: float, share: float) -> float:
    """Pass one bounded example to its leaf, which learns and may split; returns the previous prediction."""
    node = 0
    while whole[WHOLE_HEAD + node] != LEAF:
        node = next_node(real, whole, node, x)
        real[seen_at(whole, node)] += weight
    prediction = predict_leaf(real, whole, node, x)
    update_leaf(real, whole, node, x, target, weight, share)
    statistics = statistics_at(whole, whole[slot_at(whole, node)])
    if real[statistics + COUNT] - real[statistics + LAST_TRY] >= real[GRACE]:
        real[statistics + LAST_TRY] = real[statistics + COUNT]
        if not try_split(real, whole, node) and real[statistics + COUNT] >= real[WINDOW]:
            _fade(real, whole, statistics)
    return prediction


@kernel
def learn(real: Real, whole: Whole, x: Real, target: float, weight: float, share: float) -> float:
    """Learn one example, counted as a fraction ``share`` of one; returns the previous prediction of the tree."""
    weight = min(weight * real[BOOST], MAX_WEIGHT)
    if not weight > 0.0:
        return predict(real, whole, x)
    if whole[LINEAR] == 1:
        learn_scales(real, whole, x, share)
    real[seen_at(whole, 0)] += weight
    return learn_down(real, whole, x, min(max(target, -MAX_TARGET), MAX_TARGET), weight, share)


@kernel
def predict_rows(real: Real, whole: Whole, x: Real, out: Real) -> None:
    """`predict` for each row of ``x`` into ``out`` (n,)."""
    for i in range(x.shape[0]):
        out[i] = predict(real, whole, x[i])


@kernel
def learn_rows(real: Real, whole: Whole, x: Real, targets: Real, weights: NDArray[np.float64], out: Real) -> None:
    """For each row `predict` into ``out``, then `learn`. Bit-equal to the single calls."""
    for i in range(x.shape[0]):
        out[i] = predict(real, whole, x[i])
        learn(real, whole, x[i], targets[i], weights[i], share_of(weights[i]))
