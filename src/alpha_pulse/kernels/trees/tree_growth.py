"""How a leaf of `alpha_pulse.kernels.trees.tree` splits: by information gain, when the Hoeffding bound separates the best
feature from the second best.

The slots are the memory of a tree. When all are in use, a leaf that needs one takes the slot of the leaf with the smallest
possible gain (the fewest rows outside its majority class), if that is smaller than its own. The other leaf becomes inactive. An
inactive leaf requests a slot in the same way after each period in which an active leaf attempts to split.

Sources: Domingos & Hulten (2000), as in `alpha_pulse.kernels.trees.tree`; Pfahringer, Holmes & Kirkby, "Handling numeric
attributes in Hoeffding trees", PAKDD (2008): Gaussian observers with ten candidate thresholds.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.trees.tree import (
    BOOST,
    CLASSES,
    DELTA,
    DEVIATION,
    FREE_NODES,
    FREE_SLOTS,
    GRACE,
    INACTIVE,
    LARGEST,
    LAST_TRY,
    LEAF,
    LEAST,
    MEAN,
    NODES,
    OBSERVED,
    PLACE,
    SLOT_HEAD,
    SLOTS,
    TAU,
    USED,
    WEIGHT,
    Real,
    Whole,
    counts_at,
    depth_at,
    drop_slot,
    feature_at,
    give_slot,
    leaf_of,
    left_at,
    next_node,
    observed_at,
    owner_at,
    predict_leaf,
    right_at,
    seen_at,
    slot_at,
    statistics_at,
    take_node,
    threshold_at,
    total_of,
    update_leaf,
    values_at,
)

THRESHOLDS = 10
NOTHING_LEARNED = -1
MAX_WEIGHT = 1e9
"""Largest weight of one example, so that sums stay finite."""
MIN_BRANCH = 0.01
"""Smallest fraction of the weight that a branch of a split may have."""
PURE = 0.99
"""A leaf whose majority class has more than this fraction does not split, and restarts its observers."""
_ROOT_HALF = math.sqrt(0.5)


@kernel
def _weighted_log(n: float) -> float:
    return n * math.log2(n) if n > 0.0 else 0.0


@kernel
def _left_weight(real: Real, place: int, values: int, threshold: float) -> float:
    """The weight of one class that a split sends to the left: below ``threshold``, or of that nominal value."""
    if values > 0:
        return float(real[place + int(threshold)])
    weight = float(real[place + WEIGHT])
    if weight == 0.0 or threshold < real[place + LEAST]:
        return 0.0
    if threshold >= real[place + LARGEST]:
        return weight
    if weight <= 1.0 or real[place + DEVIATION] <= 0.0:
        return 0.5 * weight
    deviation = math.sqrt(real[place + DEVIATION] / (weight - 1.0))
    return 0.5 * weight * (1.0 + math.erf((threshold - real[place + MEAN]) / deviation * _ROOT_HALF))


@kernel
def _class_weight(real: Real, place: int, values: int) -> float:
    if values == 0:
        return float(real[place + WEIGHT])
    total = 0.0
    for v in range(values):
        total += real[place + v]
    return total


@kernel
def _gain(real: Real, whole: Whole, first: int, values: int, threshold: float, before: float) -> float:
    """Information gain in bits of one split of the feature whose places start at ``first``; -1 where a branch is nearly empty.

    ``before`` is the entropy of the classes that the feature was observed with.
    """
    step = whole[OBSERVED] * whole[PLACE]
    left_sum, right_sum, left_logs, right_logs = 0.0, 0.0, 0.0, 0.0
    for c in range(whole[CLASSES]):
        weight = _class_weight(real, first + c * step, values)
        left = _left_weight(real, first + c * step, values, threshold)
        right = max(weight - left, 0.0)
        left_sum += left
        right_sum += right
        left_logs += _weighted_log(left)
        right_logs += _weighted_log(right)
    total = left_sum + right_sum
    if left_sum <= MIN_BRANCH * total or right_sum <= MIN_BRANCH * total:
        return -1.0
    after = _weighted_log(left_sum) - left_logs + _weighted_log(right_sum) - right_logs
    return before - after / total


@kernel
def _entropy(real: Real, whole: Whole, first: int, values: int) -> float:
    """Entropy in bits of the classes that the feature whose places start at ``first`` was observed with."""
    step = whole[OBSERVED] * whole[PLACE]
    total, logs = 0.0, 0.0
    for c in range(whole[CLASSES]):
        weight = _class_weight(real, first + c * step, values)
        total += weight
        logs += _weighted_log(weight)
    return max((_weighted_log(total) - logs) / total, 0.0) if total > 0.0 else 0.0


@kernel
def _mixed(real: Real, whole: Whole, leaf: int) -> tuple[float, float, int]:
    """(weight of a leaf, fraction of its majority class, number of classes seen)."""
    counts, total, most, met = counts_at(whole, leaf), 0.0, 0.0, 0
    for c in range(whole[CLASSES]):
        n = real[counts + c]
        total += n
        most = max(most, n)
        met += 1 if n > 0.0 else 0
    return total, (most / total if total > 0.0 else 1.0), met


@kernel
def _best_of_feature(real: Real, whole: Whole, first: int, values: int, before: float) -> tuple[float, float]:
    """(gain, threshold) of the best split of the feature whose places start at ``first``."""
    best, threshold = -1.0, 0.0
    if values > 0:
        for v in range(values):
            gain = _gain(real, whole, first, values, float(v), before)
            if gain > best:
                best, threshold = gain, float(v)
        return best, threshold
    step = whole[OBSERVED] * whole[PLACE]
    least, most, empty = 0.0, 0.0, True
    for c in range(whole[CLASSES]):
        place = first + c * step
        if real[place + WEIGHT] > 0.0:
            least = real[place + LEAST] if empty else min(least, real[place + LEAST])
            most = real[place + LARGEST] if empty else max(most, real[place + LARGEST])
            empty = False
    width = (most - least) / (THRESHOLDS + 1.0)
    for k in range(THRESHOLDS):
        candidate = least + width * (k + 1)
        if least < candidate < most:
            gain = _gain(real, whole, first, 0, candidate, before)
            if gain > best:
                best, threshold = gain, candidate
    return best, threshold


@kernel
def _reset_observers(real: Real, whole: Whole, leaf: int) -> None:
    """Clear the feature statistics of a leaf but not its counts, so that old statistics cannot delay a change of its class.

    On Agrawal's stream with three drifts this raises the accuracy by half a point; on no other tested stream is it lower.
    """
    start = statistics_at(whole, whole[slot_at(whole, leaf)]) + SLOT_HEAD
    for k in range(whole[CLASSES] * whole[OBSERVED] * whole[PLACE]):
        real[start + k] = 0.0


@kernel
def try_split(real: Real, whole: Whole, leaf: int) -> bool:
    """Split a leaf if its tests pass. Returns whether it was split."""
    total, share, met = _mixed(real, whole, leaf)
    if met < 2:
        return False
    if share > PURE:
        _reset_observers(real, whole, leaf)
        return False
    span = math.log2(met)
    bound = math.sqrt(span * span * math.log(1.0 / real[DELTA]) / (2.0 * total))
    slot = whole[slot_at(whole, leaf)]
    observed, start, most = observed_at(whole, slot), statistics_at(whole, slot) + SLOT_HEAD, 0.0
    for k in range(whole[OBSERVED]):
        values = whole[values_at(whole, whole[observed + k])]
        most = max(most, _entropy(real, whole, start + k * whole[PLACE], values))
    if most <= bound and bound >= real[TAU]:
        return False  # no gain can exceed the entropy before, so none can exceed the bound
    best, second, chosen, threshold = 0.0, 0.0, -1, 0.0
    for k in range(whole[OBSERVED]):
        values, first = whole[values_at(whole, whole[observed + k])], start + k * whole[PLACE]
        gain, candidate = _best_of_feature(real, whole, first, values, _entropy(real, whole, first, values))
        if gain > best:
            best, second, chosen, threshold = gain, best, k, candidate
        elif gain > second:
            second = gain
    if chosen < 0 or (best - second <= bound and bound >= real[TAU]):
        return False
    return _split(real, whole, leaf, chosen, threshold)


@kernel
def _split(real: Real, whole: Whole, leaf: int, chosen: int, threshold: float) -> bool:
    """Turn a leaf into a node with two leaves, which start from the class weights that the split gives them."""
    if whole[FREE_NODES] + whole[NODES] - whole[USED] < 2:
        return False
    if whole[FREE_SLOTS] == 0 and not _free_least_promising(real, whole, leaf):
        return False
    left = take_node(real, whole, whole[depth_at(whole, leaf)] + 1)
    right = take_node(real, whole, whole[depth_at(whole, leaf)] + 1)
    slot = whole[slot_at(whole, leaf)]
    feature = whole[observed_at(whole, slot) + chosen]
    values, step = whole[values_at(whole, feature)], whole[OBSERVED] * whole[PLACE]
    first = statistics_at(whole, slot) + SLOT_HEAD + chosen * whole[PLACE]
    for c in range(whole[CLASSES]):
        to_left = _left_weight(real, first + c * step, values, threshold)
        real[counts_at(whole, left) + c] = to_left
        real[counts_at(whole, right) + c] = max(_class_weight(real, first + c * step, values) - to_left, 0.0)
    drop_slot(whole, leaf)
    whole[feature_at(whole, leaf)] = feature
    whole[left_at(whole, leaf)] = left
    whole[right_at(whole, leaf)] = right
    real[threshold_at(whole, leaf)] = threshold
    for child in (left, right):
        real[seen_at(whole, child)] = total_of(real, whole, child)
        give_slot(real, whole, child)
    return True


@kernel
def _promise(real: Real, whole: Whole, leaf: int) -> float:
    """The possible gain of a leaf from a split: the weight outside its majority class."""
    counts, most = counts_at(whole, leaf), 0.0
    for c in range(whole[CLASSES]):
        most = max(most, real[counts + c])
    return total_of(real, whole, leaf) - most


@kernel
def _free_least_promising(real: Real, whole: Whole, wanting: int) -> bool:
    """Take the slot of the active leaf with the smallest possible gain, if that is below the gain of ``wanting``."""
    least, least_promising = _promise(real, whole, wanting), -1
    for slot in range(whole[SLOTS]):
        leaf = whole[owner_at(whole, slot)]
        promise = _promise(real, whole, leaf)
        if promise < least:
            least, least_promising = promise, leaf
    if least_promising < 0:
        return False
    drop_slot(whole, least_promising)
    return True


@kernel
def learn_at(real: Real, whole: Whole, leaf: int, x: Real, label: int, weight: float, scratch: Real) -> int:
    """A leaf learns one example and attempts a split when due; returns the class that it predicted before."""
    predicted = update_leaf(real, whole, leaf, x, label, weight, scratch)
    slot = whole[slot_at(whole, leaf)]
    if slot != INACTIVE:
        last = statistics_at(whole, slot) + LAST_TRY
        total = total_of(real, whole, leaf)
        if total - real[last] >= real[GRACE]:
            real[last] = total
            try_split(real, whole, leaf)
    else:
        total, grace = total_of(real, whole, leaf), real[GRACE]
        due = math.floor(total / grace) > math.floor((total - weight) / grace)
        if due and (whole[FREE_SLOTS] > 0 or _free_least_promising(real, whole, leaf)):
            give_slot(real, whole, leaf)
    return predicted


@kernel
def learn(real: Real, whole: Whole, x: Real, label: int, weight: float, scratch: Real) -> int:
    """Pass one example to its leaf, which learns and may split; returns the class that the tree predicted before."""
    weight = min(weight * real[BOOST], MAX_WEIGHT)
    if not weight > 0.0:
        return NOTHING_LEARNED
    node = 0
    real[seen_at(whole, node)] += weight
    while whole[feature_at(whole, node)] != LEAF:
        node = next_node(real, whole, node, x)
        real[seen_at(whole, node)] += weight
    return learn_at(real, whole, node, x, label, weight, scratch)


@kernel
def predict(real: Real, whole: Whole, x: Real, out: Real) -> None:
    """Class probabilities for one row, into ``out`` (shape (classes,)); the state does not change."""
    predict_leaf(real, whole, leaf_of(real, whole, x), x, out)


@kernel
def predict_rows(real: Real, whole: Whole, x: Real, out: Real) -> None:
    """`predict` for each row of ``x`` (n, features) into ``out`` (n, classes)."""
    for i in range(x.shape[0]):
        predict(real, whole, x[i], out[i])


@kernel
def learn_rows(real: Real, whole: Whole, x: Real, labels: NDArray[np.int64], weights: Real, scratch: Real, out: Real) -> None:
    """For each row `predict` into ``out``, then `learn`. Bit-equal to the single calls."""
    for i in range(x.shape[0]):
        predict(real, whole, x[i], out[i])
        learn(real, whole, x[i], labels[i], weights[i], scratch)
