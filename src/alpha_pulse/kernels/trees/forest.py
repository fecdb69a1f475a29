"""Adaptive random forest: trees of `alpha_pulse.kernels.trees.tree` on resampled rows, each replaced when its own errors drift.

A member is one row of ``whole`` (int64) and one of ``real`` (float64):

    whole: head | tree | tree              real: head | tree | tree | warning ADWIN | drift ADWIN

One of its two trees predicts (CURRENT). When its errors trigger the warning detector, the other tree starts to learn in the
background. When they trigger the drift detector, that tree replaces it; without one, an empty tree does. Members share no
state, so each can process a block of rows on its own thread; the votes are then added in the order of the members, so the
result is bit-equal.

Source: Gomes, Bifet, Read et al., "Adaptive random forests for evolving data stream classification", Machine Learning 106
(2017), doi 10.1007/s10994-017-5642-8. As in MOA, only increasing errors count as drift.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.example_weight import is_due, share_of
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.rng import poisson
from alpha_pulse.kernels.detection import adwin
from alpha_pulse.kernels.trees import tree, tree_growth
from alpha_pulse.kernels.trees.tree import Real, Whole

CURRENT, BACKGROUND, WARNINGS, DRIFTS, SEED, TREE_WHOLE = range(6)
WHOLE_HEAD = 8
RATE, BOOST, TREE_REAL, CARRIED, RIGHT, SEEN = 0, 1, 2, 3, 4, 6
"""CARRIED: the sum of the fractions of examples since the detectors last received one. RIGHT and SEEN, two places each: how
many rows each tree predicted correctly, and saw, since it began.
"""
REAL_HEAD = 8
ADWIN_ROWS = 16
"""Windows of up to 5 * 2**16 rows."""
ADWIN_SIZE = adwin.HEADER + ADWIN_ROWS * adwin.ROW


@kernel
def tree_real(real: Real, whole: Whole, which: int) -> Real:
    """View of one of a member's two trees."""
    size = int(real[TREE_REAL])
    return real[REAL_HEAD + which * size : REAL_HEAD + (which + 1) * size]


@kernel
def tree_whole(whole: Whole, which: int) -> Whole:
    """View of one of a member's two trees."""
    size = whole[TREE_WHOLE]
    return whole[WHOLE_HEAD + which * size : WHOLE_HEAD + (which + 1) * size]


@kernel
def detector(real: Real, which: int) -> Real:
    """View of a member's warning (0) or drift (1) detector."""
    start = REAL_HEAD + 2 * int(real[TREE_REAL]) + which * ADWIN_SIZE
    return real[start : start + ADWIN_SIZE]


@kernel
def _begin(real: Real, whole: Whole, which: int) -> None:
    """Start with an empty tree that has seen no rows."""
    tree.clear(tree_real(real, whole, which), tree_whole(whole, which))
    real[RIGHT + which], real[SEEN + which] = 0.0, 0.0


@kernel
def _forget(window: Real) -> None:
    window[adwin.SEEN :] = 0.0


@kernel
def clear(real: Real, whole: Whole) -> None:
    """A member with an empty tree, none in the background and empty detectors; parameters and generators stay."""
    _begin(real, whole, 0)
    _begin(real, whole, 1)
    _forget(detector(real, 0))
    _forget(detector(real, 1))
    whole[CURRENT], whole[BACKGROUND], whole[WARNINGS], whole[DRIFTS] = 0, 0, 0, 0
    real[CARRIED] = 0.0


@kernel
def vote(real: Real, whole: Whole, x: Real, out: Real) -> None:
    """A member's class probabilities times the accuracy of its tree, into ``out`` (shape (classes,))."""
    current = whole[CURRENT]
    tree_growth.predict(tree_real(real, whole, current), tree_whole(whole, current), x, out)
    weight = (real[RIGHT + current] + 1.0) / (real[SEEN + current] + 1.0)
    for c in range(out.shape[0]):
        out[c] *= weight


@kernel
def _tree_learns(real: Real, whole: Whole, which: int, x: Real, label: int, weight: float, share: float, scratch: Real) -> bool:
    """Whether the tree would have been wrong."""
    own = tree_whole(whole, which)
    predicted = tree_growth.learn(tree_real(real, whole, which), own, x, label, weight, scratch)
    right = predicted == label
    real[SEEN + which] += share
    real[RIGHT + which] += share if right else 0.0
    return not right


@kernel
def learn(real: Real, whole: Whole, x: Real, label: int, weight: float, scratch: Real) -> None:
    """A member learns one example as many times as its random draw, then updates its detectors and trees."""
    if not weight > 0.0:
        return
    times = poisson(whole, SEED, real[RATE])
    if times == 0:
        return
    share = share_of(weight)
    weight *= times * real[BOOST]
    wrong = _tree_learns(real, whole, whole[CURRENT], x, label, weight, share, scratch)
    if whole[BACKGROUND] == 1:
        _tree_learns(real, whole, 1 - whole[CURRENT], x, label, weight, share, scratch)
    if not is_due(real, CARRIED, share):
        return
    error = 1.0 if wrong else 0.0
    warning, drift = detector(real, 0), detector(real, 1)
    if adwin.adwin_step(warning, error) == adwin.DRIFT and warning[adwin.SCORE] > 0.0:
        _begin(real, whole, 1 - whole[CURRENT])
        whole[BACKGROUND] = 1
        whole[WARNINGS] += 1
        _forget(warning)
    if adwin.adwin_step(drift, error) == adwin.DRIFT and drift[adwin.SCORE] > 0.0:
        if whole[BACKGROUND] == 0:
            _begin(real, whole, 1 - whole[CURRENT])
        whole[CURRENT] = 1 - whole[CURRENT]
        whole[BACKGROUND] = 0
        whole[DRIFTS] += 1
        _forget(warning)
        _forget(drift)


@kernel
def share_out(out: Real) -> None:
    """Scale the votes of one row to a sum of 1."""
    total = 0.0
    for c in range(out.shape[0]):
        total += out[c]
    for c in range(out.shape[0]):
        out[c] /= total


@kernel
def predict(real: Real, whole: Whole, x: Real, scratch: Real, out: Real) -> None:
    """The forest's class probabilities for one row into ``out``; ``real`` and ``whole`` hold a member per row."""
    out[:] = 0.0
    for k in range(real.shape[0]):
        vote(real[k], whole[k], x, scratch)
        for c in range(out.shape[0]):
            out[c] += scratch[c]
    share_out(out)


@kernel
def learn_all(real: Real, whole: Whole, x: Real, label: int, weight: float, scratch: Real) -> None:
    """Every member learns one example."""
    for k in range(real.shape[0]):
        learn(real[k], whole[k], x, label, weight, scratch)


@kernel
def predict_rows(real: Real, whole: Whole, x: Real, scratch: Real, out: Real) -> None:
    """`predict` for each row of ``x`` into ``out`` (n, classes)."""
    for i in range(x.shape[0]):
        predict(real, whole, x[i], scratch, out[i])


@kernel
def member_rows(
    real: Real, whole: Whole, x: Real, labels: NDArray[np.int64], weights: Real, scratch: Real, votes: Real
) -> None:
    """One member alone: for each row `vote` into ``votes`` (n, classes), then `learn`."""
    for i in range(x.shape[0]):
        vote(real, whole, x[i], votes[i])
        learn(real, whole, x[i], labels[i], weights[i], scratch)


@kernel
def combine(votes: Real, out: Real) -> None:
    """Add the votes (members, n, classes) in the members' order, as `predict` does, into ``out`` (n, classes)."""
    for i in range(out.shape[0]):
        out[i, :] = 0.0
        for k in range(votes.shape[0]):
            for c in range(out.shape[1]):
                out[i, c] += votes[k, i, c]
        share_out(out[i])
