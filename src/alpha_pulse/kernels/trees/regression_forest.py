"""Adaptive random forest of regression trees: each member resamples the stream, monitors its errors and replaces its tree.

A member is a row of ``real`` and of ``whole``. Members share no state, so threads can process them in parallel:

    real:  head | tree 0 | tree 1 | warning window | drift window
    whole: head | tree 0 | tree 1

One tree predicts; the other is empty, or grows in the background after a warning. Detectors receive the absolute error in
units of ``ERROR_SPREAD`` standard deviations of the target, at most 1.

Source: Gomes, Barddal, Ferreira & Bifet, "Adaptive random forests for data stream regression", ESANN (2018).
"""

from __future__ import annotations

import math

from alpha_pulse.kernels.base.example_weight import is_due, share_of
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.rng import poisson
from alpha_pulse.kernels.detection import adwin
from alpha_pulse.kernels.trees import regression_tree as tree
from alpha_pulse.kernels.trees import regression_tree_growth as growth
from alpha_pulse.kernels.trees.regression_tree import MAX_TARGET, Real, Whole

RATE, TARGETS, TARGET_MEAN, TARGET_VARIANCE, CARRIED = range(5)
"""CARRIED: the sum of the fractions of examples since the detectors last received one."""
REAL_HEAD = 8
SEED, CURRENT, BACKGROUND, WARNINGS, DRIFTS, TREE_REAL, TREE_WHOLE = range(7)
WHOLE_HEAD = 8
ADWIN_ROWS = 20
ADWIN_SIZE = adwin.HEADER + ADWIN_ROWS * adwin.ROW
ERROR_SPREAD = 3.0


@kernel
def real_tree(real: Real, whole: Whole, which: int) -> Real:
    """The numbers of tree ``which`` (0 or 1) of a member."""
    start = REAL_HEAD + which * whole[TREE_REAL]
    return real[start : start + whole[TREE_REAL]]


@kernel
def whole_tree(whole: Whole, which: int) -> Whole:
    """The integers of tree ``which`` of a member."""
    start = WHOLE_HEAD + which * whole[TREE_WHOLE]
    return whole[start : start + whole[TREE_WHOLE]]


@kernel
def detector(real: Real, whole: Whole, which: int) -> Real:
    """The warning window (0) or the drift window (1) of a member."""
    start = REAL_HEAD + 2 * whole[TREE_REAL] + which * ADWIN_SIZE
    return real[start : start + ADWIN_SIZE]


@kernel
def _forget(window: Real) -> None:
    window[adwin.SEEN :] = 0.0


@kernel
def clear(real: Real, whole: Whole) -> None:
    """Reset a member to one empty tree; the random generator continues."""
    for which in range(2):
        tree.clear(real_tree(real, whole, which), whole_tree(whole, which))
        _forget(detector(real, whole, which))
    for place in (CURRENT, BACKGROUND, WARNINGS, DRIFTS):
        whole[place] = 0
    for place in (TARGETS, TARGET_MEAN, TARGET_VARIANCE, CARRIED):
        real[place] = 0.0


@kernel
def vote(real: Real, whole: Whole, x: Real) -> float:
    """The prediction of one member."""
    return float(tree.predict(real_tree(real, whole, whole[CURRENT]), whole_tree(whole, whole[CURRENT]), x))


@kernel
def _error(real: Real, prediction: float, target: float, share: float) -> float:
    """A member's error between 0 and 1, in units that follow the spread of the targets."""
    real[TARGETS] += share
    gap = target - real[TARGET_MEAN]
    step = share / real[TARGETS]
    real[TARGET_MEAN] += step * gap
    real[TARGET_VARIANCE] += step * (gap * gap * (1.0 - step) - real[TARGET_VARIANCE])
    unit = ERROR_SPREAD * math.sqrt(real[TARGET_VARIANCE])
    return min(abs(target - prediction) / unit, 1.0) if unit > 0.0 else 0.0


@kernel
def _renew(real: Real, whole: Whole, which: int) -> None:
    tree.clear(real_tree(real, whole, which), whole_tree(whole, which))


@kernel
def learn(real: Real, whole: Whole, x: Real, target: float, weight: float) -> None:
    """A member learns one example as many times as its random draw, then updates its detectors and trees."""
    if not weight > 0.0:
        return
    times, share = poisson(whole, SEED, real[RATE]), share_of(weight)
    if times == 0:
        return
    weight = min(weight * times, tree.MAX_WEIGHT)
    target = min(max(target, -MAX_TARGET), MAX_TARGET)
    current = whole[CURRENT]
    prediction = growth.learn(real_tree(real, whole, current), whole_tree(whole, current), x, target, weight, share)
    if whole[BACKGROUND] == 1:
        growth.learn(real_tree(real, whole, 1 - current), whole_tree(whole, 1 - current), x, target, weight, share)
    error = _error(real, prediction, target, share)
    if not is_due(real, CARRIED, share):
        return
    warning, drift = detector(real, whole, 0), detector(real, whole, 1)
    if adwin.adwin_step(warning, error) == adwin.DRIFT and warning[adwin.SCORE] > 0.0:
        _renew(real, whole, 1 - current)
        whole[BACKGROUND] = 1
        whole[WARNINGS] += 1
        _forget(warning)
    if adwin.adwin_step(drift, error) == adwin.DRIFT and drift[adwin.SCORE] > 0.0:
        if whole[BACKGROUND] == 0:
            _renew(real, whole, 1 - current)
        whole[CURRENT] = 1 - current
        whole[BACKGROUND] = 0
        whole[DRIFTS] += 1
        _forget(warning)
        _forget(drift)


@kernel
def predict(real: Real, whole: Whole, x: Real) -> float:
    """The mean of the members' predictions."""
    total = 0.0
    for k in range(real.shape[0]):
        total += vote(real[k], whole[k], x)
    return float(total / real.shape[0])


@kernel
def learn_all(real: Real, whole: Whole, x: Real, target: float, weight: float) -> None:
    """Every member learns one example."""
    for k in range(real.shape[0]):
        learn(real[k], whole[k], x, target, weight)


@kernel
def predict_rows(real: Real, whole: Whole, x: Real, out: Real) -> None:
    """`predict` for each row of ``x`` into ``out`` (n,)."""
    for i in range(x.shape[0]):
        out[i] = predict(real, whole, x[i])


@kernel
def member_rows(real: Real, whole: Whole, x: Real, targets: Real, weights: Real, votes: Real) -> None:
    """One member alone: for each row `vote` into ``votes`` (n,), then `learn`."""
    for i in range(x.shape[0]):
        votes[i] = vote(real, whole, x[i])
        learn(real, whole, x[i], targets[i], weights[i])


@kernel
def combine(votes: Real, out: Real) -> None:
    """The mean of the votes (members, n) in the members' order, as `predict` does, into ``out`` (n,)."""
    for i in range(out.shape[0]):
        total = 0.0
        for k in range(votes.shape[0]):
            total += votes[k, i]
        out[i] = total / votes.shape[0]
