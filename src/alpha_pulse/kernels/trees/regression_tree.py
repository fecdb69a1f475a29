"""Regression trees for streams in two packed arrays: the layout, and how leaves are found, predict and learn.

`alpha_pulse.kernels.trees.regression_tree_growth` contains the splits.

``whole`` (int64), with S leaves at most, N = 2 S - 1 nodes, and M features that a leaf observes:

    head | feature[N] | left[N] | slot[N] | observed[S + 1, M] | drawn[D]

``real`` (float64): head | threshold[N] | seen[N] | scale[3 D] | slots[S + 1]. A slot is its head, then for each observed
feature a histogram (least value, 1 / width of a bin, then weight and sum of targets of each bin), then D + 1 weights of a
linear model.

The slot after the last is only used while a leaf splits. Node 0 is the root; a leaf has feature -1; the right child of a node
follows its left one. A tree with S leaves stops growing; its leaves continue to learn. Missing values are left out of
statistics; at a split on a missing value, a row follows the branch that most rows have taken. An example of weight 0 changes
nothing; one of a weight below 1 counts as that fraction of an example. With hessians as weights and -gradient / hessian as
targets the same tree takes Newton steps (Gouk et al.).

Sources: Ikonomovska, Gama & Dzeroski, "Learning model trees from evolving data streams", Data Mining and Knowledge Discovery
(2011), doi 10.1007/s10618-010-0201-y; Gouk, Pfahringer & Frank, "Stochastic gradient trees", ACML (2019); Mastelini & de
Carvalho, "Using dynamical quantization to perform split attempts in online tree regressors" (2021), for the histograms.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.example_weight import slowed
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.missing import is_missing
from alpha_pulse.kernels.base.rng import below

Real = NDArray[np.float64]
Whole = NDArray[np.int64]

FEATURES, OBSERVED, BINS, SLOTS, USED, LEAVES, PER_LEAF, LINEAR, SEED = range(9)
WHOLE_HEAD = 10
DELTA, TAU, GRACE, LEAST_F, BOOST, SPAN, WINDOW, PRIOR = range(8)
REAL_HEAD = 10

COUNT, WEIGHT, SUM, SQUARES, OFFSET, LAST_TRY, VALUE, VALUE_WEIGHT, MEAN_ERROR, LINEAR_ERROR = range(10)
SLOT_HEAD = 10
LEAST, INVERSE = 0, 1
HISTOGRAM_HEAD = 2
LEAF = -1

MAX_VALUE = 1e100
MAX_TARGET = 1e50
MAX_WEIGHT = 1e9
MAX_SCORE = 5.0
"""Bound of the inputs of a leaf's linear model, in standard deviations from the mean."""
WIDENINGS = 2_000
"""Doublings from the smallest to the largest width of a histogram."""
SAME = 1e-13
"""Values with a smaller relative difference are one value."""
MAX_INVERSE = 1e290
"""Smallest width of a bin, so that bin numbers stay finite."""
SCALE_MEMORY = 1e4
"""Values of a feature after which its scale forgets exponentially."""
ERROR_MEMORY = 0.995
RATE_START, RATE_DECAY, LEAST_RATE = 4.0, 0.3, 0.03
"""A leaf's linear model starts with a rate of 1 / sqrt(RATE_START)."""


@kernel
def whole_size(d: int, m: int, slots: int) -> int:
    """Length of ``whole``."""
    return WHOLE_HEAD + 3 * (2 * slots - 1) + (slots + 1) * m + d


@kernel
def slot_size(d: int, m: int, bins: int) -> int:
    """Numbers of one slot of leaf statistics."""
    return SLOT_HEAD + m * (HISTOGRAM_HEAD + 2 * bins) + d + 1


@kernel
def real_size(d: int, m: int, bins: int, slots: int) -> int:
    """Length of ``real``."""
    return REAL_HEAD + 2 * (2 * slots - 1) + 3 * d + (slots + 1) * slot_size(d, m, bins)


@kernel
def left_at(whole: Whole, node: int) -> int:
    """Place of a node's left child."""
    return int(WHOLE_HEAD + 2 * whole[SLOTS] - 1 + node)


@kernel
def slot_at(whole: Whole, node: int) -> int:
    """Place of a leaf's slot."""
    return int(WHOLE_HEAD + 2 * (2 * whole[SLOTS] - 1) + node)


@kernel
def observed_at(whole: Whole, slot: int) -> int:
    """Place of the first feature that a slot observes."""
    return int(WHOLE_HEAD + 3 * (2 * whole[SLOTS] - 1) + slot * whole[OBSERVED])


@kernel
def seen_at(whole: Whole, node: int) -> int:
    """Place of the weight that a node has received."""
    return int(REAL_HEAD + 2 * whole[SLOTS] - 1 + node)


@kernel
def scale_at(whole: Whole) -> int:
    """Place of the features' means; their mean squared deviations follow, and the weights of their values."""
    return int(REAL_HEAD + 2 * (2 * whole[SLOTS] - 1))


@kernel
def statistics_at(whole: Whole, slot: int) -> int:
    """Place of a slot's statistics."""
    return int(scale_at(whole) + 3 * whole[FEATURES] + slot * slot_size(whole[FEATURES], whole[OBSERVED], whole[BINS]))


@kernel
def linear_at(whole: Whole, statistics: int) -> int:
    """Place of the weights of a leaf's linear model; the constant comes last."""
    return int(statistics + SLOT_HEAD + whole[OBSERVED] * (HISTOGRAM_HEAD + 2 * whole[BINS]))


@kernel
def draw_features(whole: Whole, slot: int) -> None:
    """Draw the features that a slot observes, without repetition (Fisher and Yates)."""
    d, m, first = whole[FEATURES], whole[OBSERVED], observed_at(whole, slot)
    drawn = observed_at(whole, whole[SLOTS] + 1)
    for f in range(d):
        whole[drawn + f] = f
    for k in range(m):
        other = k + below(whole, SEED, d - k) if m < d else k
        chosen = whole[drawn + other]
        whole[drawn + other] = whole[drawn + k]
        whole[drawn + k] = chosen
        whole[first + k] = chosen


@kernel
def clear(real: Real, whole: Whole) -> None:
    """Reset to a single leaf with a weight of ``PRIOR`` at 0; the scales and the state of the random generator are kept."""
    nodes = 2 * whole[SLOTS] - 1
    whole[WHOLE_HEAD : WHOLE_HEAD + nodes] = LEAF
    whole[WHOLE_HEAD + nodes :] = 0
    real[REAL_HEAD : scale_at(whole)] = 0.0
    real[statistics_at(whole, 0) :] = 0.0
    whole[USED], whole[LEAVES] = 1, 1
    draw_features(whole, 0)
    real[statistics_at(whole, 0) + VALUE_WEIGHT] = real[PRIOR]


@kernel
def next_node(real: Real, whole: Whole, node: int, x: Real) -> int:
    """The child that a row goes to from an inner node."""
    value = x[whole[WHOLE_HEAD + node]]
    left = whole[left_at(whole, node)]
    if is_missing(value):
        return int(left if real[seen_at(whole, left)] >= real[seen_at(whole, left + 1)] else left + 1)
    return int(left if value < real[REAL_HEAD + node] else left + 1)


@kernel
def leaf_of(real: Real, whole: Whole, x: Real) -> int:
    """The leaf that a row ends in."""
    node = 0
    while whole[WHOLE_HEAD + node] != LEAF:
        node = next_node(real, whole, node, x)
    return node


@kernel
def _score(real: Real, whole: Whole, x: Real, feature: int) -> float:
    """A feature in standard deviations from its mean; 0 where it is missing or constant."""
    scale = scale_at(whole) + feature
    variance = real[scale + whole[FEATURES]]
    if is_missing(x[feature]) or not variance > 0.0:
        return 0.0
    value = min(max(x[feature], -MAX_VALUE), MAX_VALUE)
    return float(min(max((value - real[scale]) / math.sqrt(variance), -MAX_SCORE), MAX_SCORE))


@kernel
def _line(real: Real, whole: Whole, slot: int, x: Real) -> float:
    """The prediction of a leaf's linear model."""
    weights = linear_at(whole, statistics_at(whole, slot))
    total = real[weights + whole[FEATURES]]
    for f in range(whole[FEATURES]):
        total += real[weights + f] * _score(real, whole, x, f)
    return float(total)


@kernel
def predict_leaf(real: Real, whole: Whole, leaf: int, x: Real) -> float:
    """The prediction of a leaf: its mean, or its linear model if that has the smaller error."""
    slot = whole[slot_at(whole, leaf)]
    statistics = statistics_at(whole, slot)
    if whole[LINEAR] == 1 and real[statistics + LINEAR_ERROR] < real[statistics + MEAN_ERROR]:
        return float(_line(real, whole, slot, x))
    return float(real[statistics + VALUE])


@kernel
def predict(real: Real, whole: Whole, x: Real) -> float:
    """The prediction of the tree; the state is not changed."""
    return predict_leaf(real, whole, leaf_of(real, whole, x), x)


@kernel
def _merge(real: Real, histogram: int, bins: int, shift: int) -> None:
    """Make each bin twice as wide: bin b goes to (b + shift) // 2."""
    first = histogram + HISTOGRAM_HEAD
    if shift == 0:
        for b in range(bins // 2):
            for j in range(2):
                real[first + 2 * b + j] = real[first + 4 * b + j] + real[first + 4 * b + 2 + j]
        real[first + bins : first + 2 * bins] = 0.0
    else:
        for back in range(bins // 2):
            b = bins - 1 - back
            old = 2 * b - bins
            for j in range(2):
                real[first + 2 * b + j] = real[first + 2 * old + j] + real[first + 2 * old + 2 + j]
        real[first : first + bins] = 0.0


@kernel
def _start_range(real: Real, histogram: int, bins: int, value: float) -> int:
    """The bin of a value in a histogram that has seen one value at most; a second one sets the range."""
    first = histogram + HISTOGRAM_HEAD
    if real[first] == 0.0:
        real[histogram + LEAST] = value
        return 0
    other = real[histogram + LEAST]
    width = abs(value - other) / (bins - 1.0)
    if width <= SAME * max(abs(value), abs(other)) or width * MAX_INVERSE <= 1.0:
        return 0
    real[histogram + INVERSE] = 1.0 / width
    if value > other:
        return bins - 1
    real[histogram + LEAST] = value
    real[first + 2 * bins - 2], real[first + 2 * bins - 1] = real[first], real[first + 1]
    real[first], real[first + 1] = 0.0, 0.0
    return 0


@kernel
def bin_of(real: Real, histogram: int, bins: int, value: float) -> int:
    """The bin of a value in the ``histogram`` (its first place), which is widened until it contains the value."""
    if real[histogram + INVERSE] == 0.0:
        return _start_range(real, histogram, bins, value)
    place = (value - real[histogram + LEAST]) * real[histogram + INVERSE]
    for _ in range(WIDENINGS):
        if 0.0 <= place < bins:
            break
        if place < 0.0:
            real[histogram + LEAST] -= bins / real[histogram + INVERSE]
            _merge(real, histogram, bins, bins)
        else:
            _merge(real, histogram, bins, 0)
        real[histogram + INVERSE] *= 0.5
        place = (value - real[histogram + LEAST]) * real[histogram + INVERSE]
    return int(min(max(place, 0.0), bins - 1.0))


@kernel
def _learn_line(real: Real, whole: Whole, slot: int, x: Real, target: float, weight: float, share: float) -> None:
    """One step of normalised least mean squares; updates the errors that choose between mean and linear model."""
    statistics = statistics_at(whole, slot)
    weights, d = linear_at(whole, statistics), whole[FEATURES]
    error, off = target - _line(real, whole, slot, x), target - real[statistics + VALUE]
    memory = slowed(ERROR_MEMORY, share)
    real[statistics + MEAN_ERROR] = memory * real[statistics + MEAN_ERROR] + share * (off * off)
    real[statistics + LINEAR_ERROR] = memory * real[statistics + LINEAR_ERROR] + share * (error * error)
    norm = 1.0
    for f in range(d):
        score = _score(real, whole, x, f)
        norm += score * score
    rate = max(1.0 / math.sqrt(RATE_DECAY * real[statistics + COUNT] + RATE_START), LEAST_RATE)
    rate = min(rate * min(weight, max(real[BOOST], 1.0)), 1.0) * error / norm
    for f in range(d):
        real[weights + f] = min(max(real[weights + f] + rate * _score(real, whole, x, f), -MAX_TARGET), MAX_TARGET)
    real[weights + d] = min(max(real[weights + d] + rate, -MAX_TARGET), MAX_TARGET)


@kernel
def learn_scales(real: Real, whole: Whole, x: Real, share: float) -> None:
    """Update the mean and the variance of each feature."""
    scales, d = scale_at(whole), whole[FEATURES]
    for f in range(d):
        if not is_missing(x[f]):
            real[scales + 2 * d + f] = min(real[scales + 2 * d + f] + share, SCALE_MEMORY)
            step = share / real[scales + 2 * d + f]
            gap = min(max(x[f], -MAX_VALUE), MAX_VALUE) - real[scales + f]
            real[scales + f] += step * gap
            real[scales + d + f] += step * (gap * gap * (1.0 - step) - real[scales + d + f])


@kernel
def update_leaf(real: Real, whole: Whole, leaf: int, x: Real, target: float, weight: float, share: float) -> None:
    """Add one example to the statistics of a leaf, counted as a fraction ``share`` of one."""
    slot = whole[slot_at(whole, leaf)]
    statistics = statistics_at(whole, slot)
    if whole[LINEAR] == 1:
        _learn_line(real, whole, slot, x, target, weight, share)
    known = real[statistics + VALUE_WEIGHT] + weight
    real[statistics + VALUE] += weight / known * (target - real[statistics + VALUE])
    real[statistics + VALUE_WEIGHT] = min(known, real[SPAN])
    if real[statistics + COUNT] == 0.0:
        real[statistics + OFFSET] = real[statistics + VALUE]
    target -= real[statistics + OFFSET]
    real[statistics + COUNT] += share
    real[statistics + WEIGHT] += weight
    real[statistics + SUM] += weight * target
    real[statistics + SQUARES] += weight * target * target
    bins, observed = whole[BINS], observed_at(whole, slot)
    histogram = statistics + SLOT_HEAD
    for k in range(whole[OBSERVED]):
        value = x[whole[observed + k]]
        if not is_missing(value):
            place = bin_of(real, histogram, bins, min(max(value, -MAX_VALUE), MAX_VALUE))
            real[histogram + HISTOGRAM_HEAD + 2 * place] += weight
            real[histogram + HISTOGRAM_HEAD + 2 * place + 1] += weight * target
        histogram += HISTOGRAM_HEAD + 2 * bins
