"""Gradient boosted trees for streams: each example makes one Newton step in each tree, from the prediction of the trees before
it.

A member is a row of ``real`` and of ``whole``, see `alpha_pulse.kernels.trees.regression_tree`; iteration ``i`` of class ``c``
of C is row ``i * C + c``. Two classes need one row an iteration, for the log odds of class 1, and so does a number. ``head``
(float64): see the names below.

A tree that has used all its leaves no longer grows, and would keep the splits of an old concept. Therefore, after each
``PERIOD`` examples, the next member in turn is reset if it is full. The members after it then learn the part that it no longer
predicts.

Source: Gunasekara, Pfahringer, Gomes & Bifet, "Gradient boosted trees for evolving data streams", Machine Learning (2024),
doi 10.1007/s10994-024-06517-y; the Newton step is that of Gouk, Pfahringer & Frank, "Stochastic gradient trees", ACML (2019).
"""

from __future__ import annotations

from alpha_pulse.kernels.base.example_weight import share_of
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.softmax import softmax
from alpha_pulse.kernels.mixing.hedge import sigmoid
from alpha_pulse.kernels.trees import regression_tree as tree
from alpha_pulse.kernels.trees import regression_tree_growth as growth
from alpha_pulse.kernels.trees.regression_tree import MAX_TARGET, Real, Whole

RATE, BOOST, MEAN, MEAN_WEIGHT, SPAN, PERIOD, CLOCK, NEXT = range(8)
HEAD = 8
MIN_HESSIAN = 0.01
MAX_STEP = 4.0
"""The largest step of one example in a tree, in log odds."""
MAX_MARGIN = 30.0
"""Log odds beyond which a probability would round to 0 or 1."""


@kernel
def _margin(value: float) -> float:
    return min(max(value, -MAX_MARGIN), MAX_MARGIN)


@kernel
def _newton_step(real: Real, whole: Whole, x: Real, gap: float, p: float, weight: float, share: float) -> float:
    """One member learns the Newton step at probability ``p``, with the label ``gap`` above it; returns its previous output."""
    hessian = max(p * (1.0 - p), MIN_HESSIAN)
    return growth.learn(real, whole, x, min(max(gap / hessian, -MAX_STEP), MAX_STEP), weight * hessian, share)


@kernel
def _renew(head: Real, real: Real, whole: Whole, share: float) -> None:
    """Count an example as a fraction ``share`` of one; once a period, restart the next member if it is at capacity."""
    head[CLOCK] += share
    if head[CLOCK] >= head[PERIOD]:
        head[CLOCK] = 0.0
        k = int(head[NEXT])
        head[NEXT] = (k + 1) % real.shape[0]
        if whole[k, tree.LEAVES] == whole[k, tree.SLOTS]:
            tree.clear(real[k], whole[k])


@kernel
def predict(head: Real, real: Real, whole: Whole, x: Real) -> float:
    """P(class 1) for one row."""
    score = 0.0
    for k in range(real.shape[0]):
        score = _margin(score + head[RATE] * tree.predict(real[k], whole[k], x))
    return sigmoid(score)


@kernel
def learn(head: Real, real: Real, whole: Whole, x: Real, label: int, weight: float) -> float:
    """Every member learns one example. Returns the previous P(class 1), equal to `predict`."""
    if not weight * head[BOOST] > 0.0:
        return predict(head, real, whole, x)
    score, share = 0.0, share_of(weight)
    weight *= head[BOOST]
    for k in range(real.shape[0]):
        p = sigmoid(score)
        score = _margin(score + head[RATE] * _newton_step(real[k], whole[k], x, label - p, p, weight, share))
    _renew(head, real, whole, share)
    return sigmoid(score)


@kernel
def predict_classes(head: Real, real: Real, whole: Whole, x: Real, scores: Real, out: Real) -> None:
    """Class probabilities for one row into ``out``; ``scores`` (same shape) is scratch."""
    scores[:] = 0.0
    for k in range(real.shape[0]):
        c = k % out.shape[0]
        scores[c] = _margin(scores[c] + head[RATE] * tree.predict(real[k], whole[k], x))
    softmax(scores, out)


@kernel
def learn_classes(head: Real, real: Real, whole: Whole, x: Real, label: int, weight: float, scores: Real, out: Real) -> None:
    """Every member learns one example. The previous class probabilities, equal to `predict_classes`, go into ``out``."""
    if not weight * head[BOOST] > 0.0:
        predict_classes(head, real, whole, x, scores, out)
        return
    scores[:] = 0.0
    classes, share = out.shape[0], share_of(weight)
    weight *= head[BOOST]
    for k in range(real.shape[0]):
        c = k % classes
        if c == 0:
            softmax(scores, out)
        target = 1.0 if c == label else 0.0
        output = _newton_step(real[k], whole[k], x, target - out[c], out[c], weight, share)
        scores[c] = _margin(scores[c] + head[RATE] * output)
    _renew(head, real, whole, share)
    softmax(scores, out)


@kernel
def predict_number(head: Real, real: Real, whole: Whole, x: Real) -> float:
    """The expected target for one row."""
    score = head[MEAN]
    for k in range(real.shape[0]):
        score += head[RATE] * tree.predict(real[k], whole[k], x)
    return float(score)


@kernel
def learn_number(head: Real, real: Real, whole: Whole, x: Real, target: float, weight: float) -> float:
    """Every member learns the residual of the members before it. Returns the earlier prediction, as `predict_number`."""
    if not weight * head[BOOST] > 0.0:
        return predict_number(head, real, whole, x)
    score, share = head[MEAN], share_of(weight)
    weight = min(weight * head[BOOST], tree.MAX_WEIGHT)
    target = min(max(target, -MAX_TARGET), MAX_TARGET)
    known = head[MEAN_WEIGHT] + weight
    head[MEAN] += weight / known * (target - head[MEAN])
    head[MEAN_WEIGHT] = min(known, head[SPAN])
    left = target - head[MEAN]
    for k in range(real.shape[0]):
        output = head[RATE] * growth.learn(real[k], whole[k], x, left, weight, share)
        score += output
        left -= output
    _renew(head, real, whole, share)
    return float(score)


@kernel
def predict_rows(head: Real, real: Real, whole: Whole, x: Real, out: Real) -> None:
    """`predict` for each row of ``x`` into ``out`` (n,)."""
    for i in range(x.shape[0]):
        out[i] = predict(head, real, whole, x[i])


@kernel
def learn_rows(head: Real, real: Real, whole: Whole, x: Real, labels: Whole, weights: Real, out: Real) -> None:
    """For each row `predict` into ``out``, then `learn`. Bit-equal to the single calls."""
    for i in range(x.shape[0]):
        out[i] = learn(head, real, whole, x[i], labels[i], weights[i])


@kernel
def predict_class_rows(head: Real, real: Real, whole: Whole, x: Real, scores: Real, out: Real) -> None:
    """`predict_classes` for each row of ``x`` into ``out`` (n, classes)."""
    for i in range(x.shape[0]):
        predict_classes(head, real, whole, x[i], scores, out[i])


@kernel
def learn_class_rows(
    head: Real, real: Real, whole: Whole, x: Real, labels: Whole, weights: Real, scores: Real, out: Real
) -> None:
    """For each row `predict_classes` into ``out``, then `learn_classes`."""
    for i in range(x.shape[0]):
        learn_classes(head, real, whole, x[i], labels[i], weights[i], scores, out[i])


@kernel
def predict_number_rows(head: Real, real: Real, whole: Whole, x: Real, out: Real) -> None:
    """`predict_number` for each row of ``x`` into ``out`` (n,)."""
    for i in range(x.shape[0]):
        out[i] = predict_number(head, real, whole, x[i])


@kernel
def learn_number_rows(head: Real, real: Real, whole: Whole, x: Real, targets: Real, weights: Real, out: Real) -> None:
    """For each row `predict_number` into ``out``, then `learn_number`."""
    for i in range(x.shape[0]):
        out[i] = learn_number(head, real, whole, x[i], targets[i], weights[i])
