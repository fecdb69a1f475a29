"""Predictions of a packed ensemble of binary decision trees, as in LightGBM's text model, or of a linear model.

Layout of ``packed``, one float64 array in which some places contain the bits of an int64 word:

* ``[0]`` number of trees, a multiple of ``ABREAST`` (padded with trees of one leaf of 0), ``[1]`` sigmoid parameter,
  ``[2]`` 1 when any node treats zero as missing;
* then one word per tree: ``root << DEPTH_BITS | depth``, where ``root`` is a position in ``packed``;
* then the nodes, two places each, siblings side by side: an inner node has its threshold and the word
  ``left << LEFT_SHIFT | flags | feature``, a leaf has its value and a word that points to itself.

A linear model has ``LINEAR`` in place of the number of trees; from ``[3]`` on its intercept and coefficients follow.

Because leaves point to themselves, every row walks ``depth`` levels without a test for the end, so no branch is mispredicted.
Each step waits for the loads of the previous step, so several trees are walked at the same time (measured: half the time of one
after another).

Source: the decision rule is that of LightGBM (Ke et al., 2017), ``Tree::NumericalDecision``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

HEADER = 3
LINEAR = -1.0
"""In place of the number of trees: intercept and coefficients follow."""
ABREAST = 4
DEPTH_BITS = 16
FEATURE_MASK = 0xFFFF
INNER = 1 << 16
ZERO_IS_MISSING = 1 << 17
MISSING_GOES_RIGHT = 1 << 18
LEFT_SHIFT = 20
_POSITION_MASK = (1 << 40) - 1
_DEPTH_MASK = (1 << DEPTH_BITS) - 1
LARGEST = 500.0
"""Scores of a linear model are limited to this size, far beyond which a probability is 0 or 1."""
ZERO = 1.0000000180025095e-35
"""LightGBM's ``kZeroThreshold``: the float32 nearest to 1e-35. Within it, a value counts as zero."""


@kernel
def _next(words: NDArray[np.int64], packed: NDArray[np.float64], row: NDArray[np.float64], node: int) -> int:
    word = words[node + 1]
    step = ((word & INNER) >> 15) if row[word & FEATURE_MASK] > packed[node] else 0
    following: int = ((word >> LEFT_SHIFT) & _POSITION_MASK) + step
    return following


@kernel
def _score(packed: NDArray[np.float64], row: NDArray[np.float64]) -> float:
    words = packed.view(np.int64)
    trees = int(packed[0])
    total = 0.0
    for tree in range(0, trees, ABREAST):
        start0, start1, start2, start3 = (
            words[HEADER + tree],
            words[HEADER + tree + 1],
            words[HEADER + tree + 2],
            words[HEADER + tree + 3],
        )
        depth = max(max(start0 & _DEPTH_MASK, start1 & _DEPTH_MASK), max(start2 & _DEPTH_MASK, start3 & _DEPTH_MASK))
        node0 = (start0 >> DEPTH_BITS) & _POSITION_MASK
        node1 = (start1 >> DEPTH_BITS) & _POSITION_MASK
        node2 = (start2 >> DEPTH_BITS) & _POSITION_MASK
        node3 = (start3 >> DEPTH_BITS) & _POSITION_MASK
        for _ in range(depth):
            node0 = _next(words, packed, row, node0)
            node1 = _next(words, packed, row, node1)
            node2 = _next(words, packed, row, node2)
            node3 = _next(words, packed, row, node3)
        total = total + packed[node0] + packed[node1] + packed[node2] + packed[node3]
    return total


@kernel
def _score_with_zeros(packed: NDArray[np.float64], row: NDArray[np.float64]) -> float:
    words = packed.view(np.int64)
    trees = int(packed[0])
    total = 0.0
    for tree in range(trees):
        start = words[HEADER + tree]
        node = (start >> DEPTH_BITS) & _POSITION_MASK
        for _ in range(start & _DEPTH_MASK):
            word = words[node + 1]
            value = row[word & FEATURE_MASK]
            right = value > packed[node]
            if (word & ZERO_IS_MISSING) != 0 and -ZERO <= value <= ZERO:
                right = (word & MISSING_GOES_RIGHT) != 0
            step = ((word & INNER) >> 15) if right else 0
            node = ((word >> LEFT_SHIFT) & _POSITION_MASK) + step
        total += packed[node]
    return total


@kernel
def _linear(packed: NDArray[np.float64], row: NDArray[np.float64]) -> float:
    score = packed[HEADER]
    for j in range(len(packed) - HEADER - 1):
        score += packed[HEADER + 1 + j] * row[j]
    return 1.0 / (1.0 + math.exp(-min(max(score, -LARGEST), LARGEST)))


@kernel
def gbm_predict(packed: NDArray[np.float64], row: NDArray[np.float64]) -> float:
    """P(label = 1) for one row.

    Parameters
    ----------
    packed
        The ensemble, in this module's layout.
    row
        float64, shape (n_features,), finite: a NaN would go left at every node, unlike in LightGBM.
    """
    if packed[0] == LINEAR:
        return _linear(packed, row)
    score = _score_with_zeros(packed, row) if packed[2] != 0.0 else _score(packed, row)
    return 1.0 / (1.0 + math.exp(-packed[1] * score))


@kernel
def gbm_predict_rows(packed: NDArray[np.float64], rows: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """`gbm_predict` on each row of ``rows`` (shape (n, n_features)) into ``out`` (shape (n,)), bit for bit."""
    for i in range(rows.shape[0]):
        out[i] = gbm_predict(packed, rows[i])
