"""Classification trees for streams in two packed arrays: the layout, and how leaves are found, predict and learn.

`alpha_pulse.kernels.trees.tree_growth` contains the splits.

``whole`` (int64), with N nodes, S slots for leaf statistics, D features and M features that a leaf observes:

    head | feature[N] | left[N] | right[N] | slot[N] | depth[N] | free nodes[N] | free slots[S] | owner[S] | observed[S, M]
    | values[D]

``real`` (float64), with C classes and cells of B numbers: head | threshold[N] | seen[N] | counts[N, C] | slots[S]. A slot is
its head, then a cell for each class and observed feature. A numeric cell: weight, mean, squared deviations, precision
(1 / variance, 0 while unknown), least and largest value; a nominal one: the weight of each value.

Node 0 is the root; a leaf has feature -1; a leaf without a slot is inactive: it counts classes but no longer splits. A leaf
predicts by naive Bayes or by its class counts, whichever was right more often. Missing values are left out of statistics; at a
split on a missing value, a row follows the branch that most rows have taken. A nominal feature splits into one value against
all others.

Sources: Domingos & Hulten, "Mining high-speed data streams", KDD (2000), doi 10.1145/347090.347107; Holmes, Kirkby &
Pfahringer, "Stress-testing Hoeffding trees", PKDD (2005), for naive Bayes adaptive leaves.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.missing import is_missing
from alpha_pulse.kernels.base.rng import uniform

Real = NDArray[np.float64]
Whole = NDArray[np.int64]

FEATURES, CLASSES, OBSERVED, PLACE, NODES, SLOTS, USED, FREE_NODES, FREE_SLOTS, SEED = range(10)
WHOLE_HEAD = 12
DELTA, TAU, GRACE, BOOST = range(4)
REAL_HEAD = 8

LAST_TRY, MAJORITY_RIGHT, BAYES_RIGHT = range(3)
SLOT_HEAD = 4
WEIGHT, MEAN, DEVIATION, PRECISION, LEAST, LARGEST = range(6)
NUMERIC = 6
LEAF = -1
INACTIVE = -1

MAX_VALUE = 1e100
"""Bound of values, so that their squares stay finite."""
MIN_PRECISION, MAX_PRECISION = 1e-200, 1e200
MAX_RATIO = 1e36
"""Bound of a precision, in ranges: the product of eight must stay finite."""
WIDE = 10.0
"""A class of unknown spread is treated as uniform over this many times the range of a feature."""
MAX_DISTANCE = 1e290
"""Bound of a squared deviation over twice the variance, so that the sum over features stays finite."""
HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
NEVER = -1e300
LEAST_SPREAD = 0.25
"""A spread is known once the squared deviations are this fraction of the squared range. With weights of 1 or more they always
are; a second value of almost no weight gives no spread.
"""
MARGIN = 0.5
"""The class counts predict for a leaf if they were right more often by this fraction of an example."""
TRACE = 1e-9
"""A class weight up to this is a rounding error of a split, not a class."""


@kernel
def whole_size(d: int, m: int, nodes: int, slots: int) -> int:
    """Length of ``whole``."""
    return int(WHOLE_HEAD + 6 * nodes + 2 * slots + slots * m + d)


@kernel
def slot_size(c: int, m: int, b: int) -> int:
    """Numbers of one slot of leaf statistics."""
    return int(SLOT_HEAD + c * m * b)


@kernel
def real_size(c: int, m: int, b: int, nodes: int, slots: int) -> int:
    """Length of ``real``."""
    return int(REAL_HEAD + nodes * (2 + c) + slots * slot_size(c, m, b))


@kernel
def feature_at(whole: Whole, node: int) -> int:
    """Place of the feature that a node splits on."""
    return int(WHOLE_HEAD + node)


@kernel
def left_at(whole: Whole, node: int) -> int:
    """Place of a node's left child."""
    return int(WHOLE_HEAD + whole[NODES] + node)


@kernel
def right_at(whole: Whole, node: int) -> int:
    """Place of a node's right child."""
    return int(WHOLE_HEAD + 2 * whole[NODES] + node)


@kernel
def slot_at(whole: Whole, node: int) -> int:
    """Place of a leaf's slot number."""
    return int(WHOLE_HEAD + 3 * whole[NODES] + node)


@kernel
def depth_at(whole: Whole, node: int) -> int:
    """Place of a node's depth."""
    return int(WHOLE_HEAD + 4 * whole[NODES] + node)


@kernel
def free_node_at(whole: Whole, k: int) -> int:
    """Place of the ``k``-th number of a freed node."""
    return int(WHOLE_HEAD + 5 * whole[NODES] + k)


@kernel
def free_slot_at(whole: Whole, k: int) -> int:
    """Place of the ``k``-th number of a free slot."""
    return int(WHOLE_HEAD + 6 * whole[NODES] + k)


@kernel
def owner_at(whole: Whole, slot: int) -> int:
    """Place of the leaf that holds a slot."""
    return int(WHOLE_HEAD + 6 * whole[NODES] + whole[SLOTS] + slot)


@kernel
def observed_at(whole: Whole, slot: int) -> int:
    """Place of the first feature that a slot observes."""
    return int(WHOLE_HEAD + 6 * whole[NODES] + 2 * whole[SLOTS] + slot * whole[OBSERVED])


@kernel
def values_at(whole: Whole, feature: int) -> int:
    """Place of the number of values of a nominal feature (0: numeric)."""
    return int(WHOLE_HEAD + 6 * whole[NODES] + (2 + whole[OBSERVED]) * whole[SLOTS] + feature)


@kernel
def threshold_at(whole: Whole, node: int) -> int:
    """Place of the value that a node compares with."""
    return int(REAL_HEAD + node)


@kernel
def seen_at(whole: Whole, node: int) -> int:
    """Place of the weight that a node has received."""
    return int(REAL_HEAD + whole[NODES] + node)


@kernel
def counts_at(whole: Whole, node: int) -> int:
    """Place of the first class count of a node."""
    return int(REAL_HEAD + 2 * whole[NODES] + node * whole[CLASSES])


@kernel
def statistics_at(whole: Whole, slot: int) -> int:
    """Place of the head of a slot."""
    return int(
        REAL_HEAD + whole[NODES] * (2 + whole[CLASSES]) + slot * slot_size(whole[CLASSES], whole[OBSERVED], whole[PLACE])
    )


@kernel
def clear(real: Real, whole: Whole) -> None:
    """Reset to a single empty leaf; sizes, parameters and the random generator are kept."""
    values = values_at(whole, 0)
    real[REAL_HEAD:] = 0.0
    whole[WHOLE_HEAD:values] = 0
    whole[USED], whole[FREE_NODES] = 0, 0
    whole[FREE_SLOTS] = whole[SLOTS]
    for k in range(whole[SLOTS]):
        whole[free_slot_at(whole, k)] = whole[SLOTS] - 1 - k
    root = take_node(real, whole, 0)
    give_slot(real, whole, root)


@kernel
def take_node(real: Real, whole: Whole, depth: int) -> int:
    """A new empty leaf without a slot; -1 when all nodes are in use."""
    if whole[FREE_NODES] > 0:
        whole[FREE_NODES] -= 1
        node = whole[free_node_at(whole, whole[FREE_NODES])]
    elif whole[USED] < whole[NODES]:
        node = whole[USED]
        whole[USED] += 1
    else:
        return -1
    whole[feature_at(whole, node)] = LEAF
    whole[left_at(whole, node)] = LEAF
    whole[right_at(whole, node)] = LEAF
    whole[slot_at(whole, node)] = INACTIVE
    whole[depth_at(whole, node)] = depth
    real[threshold_at(whole, node)] = 0.0
    real[seen_at(whole, node)] = 0.0
    counts = counts_at(whole, node)
    for c in range(whole[CLASSES]):
        real[counts + c] = 0.0
    return int(node)


@kernel
def give_slot(real: Real, whole: Whole, leaf: int) -> bool:
    """Give a leaf an empty slot with M features, drawn at random where M < D; False when all slots are in use."""
    if whole[FREE_SLOTS] == 0:
        return False
    whole[FREE_SLOTS] -= 1
    slot = whole[free_slot_at(whole, whole[FREE_SLOTS])]
    whole[slot_at(whole, leaf)] = slot
    whole[owner_at(whole, slot)] = leaf
    start = statistics_at(whole, slot)
    for k in range(slot_size(whole[CLASSES], whole[OBSERVED], whole[PLACE])):
        real[start + k] = 0.0
    observed = observed_at(whole, slot)
    left, taken = whole[OBSERVED], 0
    for feature in range(whole[FEATURES]):
        if left == whole[FEATURES] - feature or uniform(whole, SEED) * (whole[FEATURES] - feature) < left:
            whole[observed + taken] = feature
            taken += 1
            left -= 1
        if left == 0:
            break
    real[start + LAST_TRY] = total_of(real, whole, leaf)
    return True


@kernel
def drop_slot(whole: Whole, leaf: int) -> None:
    """Free the slot of a leaf, which becomes inactive."""
    slot = whole[slot_at(whole, leaf)]
    if slot != INACTIVE:
        whole[free_slot_at(whole, whole[FREE_SLOTS])] = slot
        whole[FREE_SLOTS] += 1
        whole[slot_at(whole, leaf)] = INACTIVE


@kernel
def total_of(real: Real, whole: Whole, node: int) -> float:
    """Sum of a node's class counts."""
    counts, total = counts_at(whole, node), 0.0
    for c in range(whole[CLASSES]):
        total += real[counts + c]
    return total


@kernel
def next_node(real: Real, whole: Whole, node: int, x: Real) -> int:
    """The child that a row goes to."""
    feature = whole[WHOLE_HEAD + node]
    left, right = whole[left_at(whole, node)], whole[right_at(whole, node)]
    value = x[feature]
    if is_missing(value):
        goes_left = real[seen_at(whole, left)] >= real[seen_at(whole, right)]
    elif whole[values_at(whole, feature)] > 0:
        goes_left = value == real[REAL_HEAD + node]
    else:
        goes_left = value <= real[REAL_HEAD + node]
    return int(left if goes_left else right)


@kernel
def leaf_of(real: Real, whole: Whole, x: Real) -> int:
    """The leaf of a row."""
    node = 0
    while whole[WHOLE_HEAD + node] != LEAF:
        node = next_node(real, whole, node, x)
    return node


@kernel
def bayes(real: Real, whole: Whole, leaf: int, x: Real, out: Real) -> None:
    """Naive Bayes log posteriors of an active leaf, up to a constant, into ``out`` (shape (C,)).

    A class whose spread is not known yet is treated as uniform over `WIDE` times the range of the feature in this leaf. MOA and
    River use a density of 1, whatever the unit of the feature. On streams whose labels come in runs, both are better than
    leaving the class out or waiting until all spreads are known. A range of 10 is best (accuracy on elec8, forest of ten: .894
    with 10, .891 with 3, .886 with 1; .897 with a density of 1, but these features lie between 0 and 1).
    """
    slot, classes = whole[slot_at(whole, leaf)], whole[CLASSES]
    observed, statistics, counts = observed_at(whole, slot), statistics_at(whole, slot) + SLOT_HEAD, counts_at(whole, leaf)
    b, nominal = whole[PLACE], values_at(whole, 0)
    step, products, taken = whole[OBSERVED] * b, np.ones(classes), 0
    for c in range(classes):
        out[c] = math.log(real[counts + c]) if real[counts + c] > TRACE else NEVER
    for k in range(whole[OBSERVED]):
        value, values = x[whole[observed + k]], whole[nominal + whole[observed + k]]
        first = statistics + k * b
        if is_missing(value):
            continue
        if values > 0:
            for c in range(classes):
                if real[counts + c] > TRACE:
                    out[c] += _log_fraction(real, first + c * step, values, value)
            continue
        _add_densities(real, counts, first, step, min(max(value, -MAX_VALUE), MAX_VALUE), out, products)
        taken += 1
        if taken % 8 == 0:
            for c in range(classes):
                out[c] += 0.5 * math.log(products[c])
                products[c] = 1.0
    for c in range(classes):
        out[c] += 0.5 * math.log(products[c])


@kernel
def _add_densities(real: Real, counts: int, first: int, step: int, value: float, out: Real, products: Real) -> None:
    """Add the densities of a numeric feature to the log posteriors ``out``, and its precisions to ``products``."""
    least, most = math.inf, -math.inf
    for c in range(out.shape[0]):
        if real[first + c * step + WEIGHT] > 0.0:
            least, most = min(least, real[first + c * step + LEAST]), max(most, real[first + c * step + LARGEST])
    span = WIDE * (most - least)
    for c in range(out.shape[0]):
        precision = real[first + c * step + PRECISION]
        if precision > 0.0 and real[counts + c] > TRACE:
            away = value - real[first + c * step + MEAN]
            out[c] -= min(0.5 * away * away * precision, MAX_DISTANCE) + HALF_LOG_2PI
            products[c] *= min(max(precision * span * span, 1.0 / MAX_RATIO), MAX_RATIO)


@kernel
def _log_fraction(real: Real, first: int, values: int, value: float) -> float:
    """Log of the fraction of a nominal value within a class, by Laplace's rule; an unknown value counts as rare."""
    total = 0.0
    for v in range(values):
        total += real[first + v]
    weight = real[first + int(value)] if 0.0 <= value < values else 0.0
    return math.log((weight + 1.0) / (total + values))


@kernel
def largest(scores: Real, n: int) -> int:
    """The index of the largest of the first ``n`` scores; the first one if several are equal."""
    best = 0
    for c in range(1, n):
        if scores[c] > scores[best]:
            best = c
    return best


@kernel
def predict_leaf(real: Real, whole: Whole, leaf: int, x: Real, out: Real) -> None:
    """Write the class probabilities of a leaf to ``out``: naive Bayes if it was right at least as often as the counts, else
    smoothed counts."""
    classes, slot, counts = whole[CLASSES], whole[slot_at(whole, leaf)], counts_at(whole, leaf)
    if slot != INACTIVE:
        head = statistics_at(whole, slot)
        total = total_of(real, whole, leaf)
        if total > 0.0 and real[head + BAYES_RIGHT] + MARGIN >= real[head + MAJORITY_RIGHT]:
            bayes(real, whole, leaf, x, out)
            best = out[largest(out, classes)]
            total = 0.0
            for c in range(classes):
                out[c] = math.exp(max(out[c] - best, -700.0))
                total += out[c]
            for c in range(classes):
                out[c] /= total
            return
    total = total_of(real, whole, leaf) + classes
    for c in range(classes):
        out[c] = (real[counts + c] + 1.0) / total


@kernel
def update_leaf(real: Real, whole: Whole, leaf: int, x: Real, label: int, weight: float, scratch: Real) -> int:
    """A leaf learns one example; returns the class that it predicted before. ``scratch`` has shape (C,)."""
    classes, counts, slot = whole[CLASSES], counts_at(whole, leaf), whole[slot_at(whole, leaf)]
    majority = largest(real[counts : counts + classes], classes)
    predicted = majority
    if slot != INACTIVE:
        head = statistics_at(whole, slot)
        empty = total_of(real, whole, leaf) == 0.0
        if not empty:
            bayes(real, whole, leaf, x, scratch)
            by_bayes = largest(scratch, classes)
            if real[head + BAYES_RIGHT] + MARGIN >= real[head + MAJORITY_RIGHT]:
                predicted = by_bayes
            if by_bayes == label:
                real[head + BAYES_RIGHT] += weight
        if empty or majority == label:
            real[head + MAJORITY_RIGHT] += weight
        _update(real, whole, slot, x, label, weight)
    real[counts + label] += weight
    return predicted


@kernel
def _update(real: Real, whole: Whole, slot: int, x: Real, label: int, weight: float) -> None:
    m, b, nominal = whole[OBSERVED], whole[PLACE], values_at(whole, 0)
    observed = observed_at(whole, slot)
    place = statistics_at(whole, slot) + SLOT_HEAD + label * m * b
    for k in range(m):
        feature = whole[observed + k]
        value = x[feature]
        if not is_missing(value):
            values = whole[nominal + feature]
            if values > 0:
                if 0.0 <= value < values:
                    real[place + int(value)] += weight
            else:
                _gaussian(real, place, min(max(value, -MAX_VALUE), MAX_VALUE), weight)
        place += b


@kernel
def _gaussian(real: Real, place: int, value: float, weight: float) -> None:
    if real[place + WEIGHT] == 0.0:
        real[place + LEAST], real[place + LARGEST] = value, value
    elif value < real[place + LEAST]:
        real[place + LEAST] = value
    elif value > real[place + LARGEST]:
        real[place + LARGEST] = value
    real[place + WEIGHT] += weight
    away = value - real[place + MEAN]
    real[place + MEAN] += away * (weight / real[place + WEIGHT])
    real[place + DEVIATION] += weight * away * (value - real[place + MEAN])
    spread = real[place + LARGEST] - real[place + LEAST]
    known = real[place + PRECISION] > 0.0 or real[place + DEVIATION] >= LEAST_SPREAD * spread * spread
    if known and real[place + WEIGHT] > 1.0 and real[place + DEVIATION] > 0.0:
        real[place + PRECISION] = min(max((real[place + WEIGHT] - 1.0) / real[place + DEVIATION], MIN_PRECISION), MAX_PRECISION)
