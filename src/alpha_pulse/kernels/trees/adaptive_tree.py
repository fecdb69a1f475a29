"""Hoeffding adaptive tree: each node monitors the errors of the rows that pass through it. A branch whose errors rise grows an
alternate branch, which replaces it when it is better and is dropped when it is worse.

The arrays are those of `alpha_pulse.kernels.trees.tree`, followed, with N nodes, by

    whole: alternate[N] (-1: none)         real: ADWIN[N]

The ADWIN of a node contains the errors of the rows that passed through it. Functions of the plain tree work on views of these
arrays.

Source: Bifet & Gavaldà, "Adaptive learning from evolving data streams", IDA (2009), doi 10.1007/978-3-642-03915-7_22.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.example_weight import is_due, share_of
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.rng import poisson
from alpha_pulse.kernels.detection import adwin
from alpha_pulse.kernels.trees import tree
from alpha_pulse.kernels.trees.tree import BOOST, LEAF, SEED, Real, Whole, largest, next_node, predict_leaf, seen_at, slot_at
from alpha_pulse.kernels.trees.tree_growth import MAX_WEIGHT, learn_at, predict

NONE = -1
MIN_ROWS = 100.0
"""Rows that a branch and its alternate must both have seen before they are compared."""
SIGNIFICANCE = 0.05
CARRIED = BOOST + 1
"""The sum of the fractions of examples since the nodes last received one."""
ADWIN_DELTA, ADWIN_CLOCK, ADWIN_ROWS = 0.002, 32, 14
ADWIN_SIZE = adwin.HEADER + ADWIN_ROWS * adwin.ROW


@kernel
def _tree_whole(whole: Whole) -> Whole:
    return whole[: whole.size - whole[tree.NODES]]


@kernel
def _alternate_at(whole: Whole, node: int) -> int:
    return int(whole.size - whole[tree.NODES] + node)


@kernel
def _windows_at(real: Real, whole: Whole) -> int:
    return int(real.size - whole[tree.NODES] * ADWIN_SIZE)


@kernel
def _window(real: Real, whole: Whole, node: int) -> Real:
    start = real.size - (whole[tree.NODES] - node) * ADWIN_SIZE
    return real[start : start + ADWIN_SIZE]


@kernel
def _watch(real: Real, whole: Whole, node: int) -> None:
    """Restart a node's detector."""
    window = _window(real, whole, node)
    window[:] = 0.0
    window[adwin.DELTA], window[adwin.CLOCK] = ADWIN_DELTA, ADWIN_CLOCK


@kernel
def clear(real: Real, whole: Whole) -> None:
    """Reset to a single empty leaf."""
    real[_windows_at(real, whole) :] = 0.0
    real[CARRIED] = 0.0
    whole[_alternate_at(whole, 0) :] = NONE
    tree.clear(real[: _windows_at(real, whole)], _tree_whole(whole))
    _watch(real, whole, 0)


@kernel
def _release(whole: Whole, node: int) -> None:
    """Free a node, its descendants and their alternates; the list of free nodes serves as the queue of nodes to visit."""
    visited = whole[tree.FREE_NODES]
    whole[tree.free_node_at(whole, visited)] = node
    whole[tree.FREE_NODES] += 1
    while visited < whole[tree.FREE_NODES]:
        current = whole[tree.free_node_at(whole, visited)]
        visited += 1
        beside = whole[_alternate_at(whole, current)]
        if beside != NONE:
            whole[tree.free_node_at(whole, whole[tree.FREE_NODES])] = beside
            whole[tree.FREE_NODES] += 1
            whole[_alternate_at(whole, current)] = NONE
        if whole[tree.feature_at(whole, current)] == LEAF:
            tree.drop_slot(whole, current)
        else:
            for child in (whole[tree.left_at(whole, current)], whole[tree.right_at(whole, current)]):
                whole[tree.free_node_at(whole, whole[tree.FREE_NODES])] = child
                whole[tree.FREE_NODES] += 1
            whole[tree.feature_at(whole, current)] = LEAF


@kernel
def _drop_alternate(whole: Whole, node: int) -> None:
    beside = whole[_alternate_at(whole, node)]
    if beside != NONE:
        whole[_alternate_at(whole, node)] = NONE
        _release(whole, beside)


@kernel
def _switch(real: Real, whole: Whole, node: int) -> None:
    """Replace a branch by its alternate: the record of the alternate moves to ``node``, and the old descendants are freed."""
    beside = whole[_alternate_at(whole, node)]
    if whole[tree.feature_at(whole, node)] == LEAF:
        tree.drop_slot(whole, node)
    else:
        _release(whole, whole[tree.left_at(whole, node)])
        _release(whole, whole[tree.right_at(whole, node)])
    whole[tree.feature_at(whole, node)] = whole[tree.feature_at(whole, beside)]
    whole[tree.left_at(whole, node)] = whole[tree.left_at(whole, beside)]
    whole[tree.right_at(whole, node)] = whole[tree.right_at(whole, beside)]
    whole[slot_at(whole, node)] = whole[slot_at(whole, beside)]
    slot = whole[slot_at(whole, node)]
    if slot != tree.INACTIVE:
        whole[tree.owner_at(whole, slot)] = node
    real[tree.threshold_at(whole, node)] = real[tree.threshold_at(whole, beside)]
    real[seen_at(whole, node)] = real[seen_at(whole, beside)]
    mine, its = tree.counts_at(whole, node), tree.counts_at(whole, beside)
    for c in range(whole[tree.CLASSES]):
        real[mine + c] = real[its + c]
    _window(real, whole, node)[:] = _window(real, whole, beside)
    whole[_alternate_at(whole, node)] = whole[_alternate_at(whole, beside)]
    whole[_alternate_at(whole, beside)] = NONE
    whole[tree.feature_at(whole, beside)] = LEAF
    whole[tree.free_node_at(whole, whole[tree.FREE_NODES])] = beside
    whole[tree.FREE_NODES] += 1


@kernel
def _compare(real: Real, whole: Whole, node: int) -> int:
    """1 where the alternate of a branch is better, -1 where it is worse, 0 while that is undecided."""
    beside = whole[_alternate_at(whole, node)]
    window, other = _window(real, whole, node), _window(real, whole, beside)
    mine, its = window[adwin.WIDTH], other[adwin.WIDTH]
    if mine <= MIN_ROWS or its <= MIN_ROWS:
        return 0
    error, errors = window[adwin.TOTAL] / mine, other[adwin.TOTAL] / its
    bound = math.sqrt(2.0 * error * (1.0 - error) * math.log(2.0 / SIGNIFICANCE) * (1.0 / mine + 1.0 / its))
    if error - errors > bound:
        return 1
    return -1 if errors - error > bound else 0


@kernel
def _note_error(real: Real, whole: Whole, node: int, wrong: float) -> bool:
    """Pass the error of a row to the detector of a node; whether its errors have risen."""
    window = _window(real, whole, node)
    return bool(adwin.adwin_step(window, wrong) == adwin.DRIFT and window[adwin.SCORE] > 0.0)


@kernel
def _begin_alternate(real: Real, whole: Whole, node: int) -> None:
    _drop_alternate(whole, node)
    own = _tree_whole(whole)
    beside = tree.take_node(real, own, own[tree.depth_at(own, node)])
    if beside == NONE:
        return
    if not tree.give_slot(real, own, beside):
        _release(whole, beside)
        return
    _watch(real, whole, beside)
    whole[_alternate_at(whole, node)] = beside


@kernel
def _leaf_learns(real: Real, whole: Whole, leaf: int, x: Real, label: int, weight: float, scratch: Real) -> None:
    """A leaf learns the example as often as a Poisson(1) draw, at least once. A new split starts with an empty detector."""
    own = _tree_whole(whole)
    weight = min(weight * max(poisson(whole, SEED, 1.0), 1) * real[BOOST], MAX_WEIGHT)
    learn_at(real, own, leaf, x, label, weight, scratch)
    if own[tree.feature_at(own, leaf)] != LEAF:
        _watch(real, whole, leaf)
        for child in (own[tree.left_at(own, leaf)], own[tree.right_at(own, leaf)]):
            _watch(real, whole, child)


@kernel
def _descend(
    real: Real,
    whole: Whole,
    start: int,
    x: Real,
    label: int,
    weight: float,
    watched: bool,
    scratch: Real,
    waiting: Whole,
    queued: int,
) -> int:
    """The subtree below ``start`` learns; alternates on the way are added to the ``queued`` ones.

    Where the example is ``watched``, the detectors process its error and branches are compared with their alternates.
    """
    own = _tree_whole(whole)
    leaf = start
    while own[tree.feature_at(own, leaf)] != LEAF:
        leaf = next_node(real, own, leaf, x)
    predict_leaf(real, own, leaf, x, scratch)
    wrong = 0.0 if largest(scratch, own[tree.CLASSES]) == label else 1.0
    node = start
    while True:
        real[seen_at(own, node)] += weight
        if watched and _note_error(real, whole, node, wrong):
            _begin_alternate(real, whole, node)
        elif watched and whole[_alternate_at(whole, node)] != NONE:
            verdict = _compare(real, whole, node)
            if verdict > 0:
                _switch(real, whole, node)
                waiting[queued] = node
                return queued + 1
            if verdict < 0:
                _drop_alternate(whole, node)
        if whole[_alternate_at(whole, node)] != NONE:
            waiting[queued] = whole[_alternate_at(whole, node)]
            queued += 1
        if own[tree.feature_at(own, node)] == LEAF:
            break
        node = next_node(real, own, node, x)
    _leaf_learns(real, whole, node, x, label, weight, scratch)
    return queued


@kernel
def learn(real: Real, whole: Whole, x: Real, label: int, weight: float, scratch: Real, waiting: Whole) -> None:
    """Learn one example in the tree and its alternates. ``scratch``: shape (classes,); ``waiting``: int64, shape (nodes,)."""
    if not weight > 0.0:
        return
    watched = is_due(real, CARRIED, share_of(weight))
    waiting[0], queued = 0, 1
    while queued > 0:
        queued -= 1
        queued = _descend(real, whole, waiting[queued], x, label, weight, watched, scratch, waiting, queued)


@kernel
def learn_rows(
    real: Real,
    whole: Whole,
    x: Real,
    labels: NDArray[np.int64],
    weights: Real,
    scratch: Real,
    waiting: Whole,
    out: Real,
) -> None:
    """For each row predict into ``out`` (n, classes), then `learn`."""
    for i in range(x.shape[0]):
        predict(real, whole, x[i], out[i])
        learn(real, whole, x[i], labels[i], weights[i], scratch, waiting)
