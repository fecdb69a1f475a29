"""The accuracy curve: accuracy over a sliding window, at a few hundred points of the stream."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

POINTS = 400


class AccuracyCurve(msgspec.Struct, frozen=True):
    """``accuracy`` over the newest labels of a window, after ``examples`` predictions. Both have the same length."""

    examples: list[int]
    accuracy: list[float]


def curve(examples: NDArray[np.int64], hits: NDArray[np.bool_], window: int, points: int = POINTS) -> AccuracyCurve:
    """The accuracy over a sliding window, at most ``points`` times; it starts when a fifth of the window is filled.

    Parameters
    ----------
    examples
        int64 of shape (n,), increasing: the numbers of the examples.
    hits
        bool of shape (n,): which predictions were right.
    window
        Size of the window in labels; at the start it contains fewer.

    >>> curve(np.arange(6), np.array([True, True, False, False, True, True]), window=2).accuracy
    [1.0, 1.0, 0.5, 0.0, 0.5, 1.0]
    """
    n = len(hits)
    if n == 0:
        return AccuracyCurve([], [])
    sums = np.concatenate([[0], np.cumsum(hits)])
    first = min(max(window // 5, 1), n)
    ends = np.unique(np.linspace(first, n, min(points, n - first + 1)).round().astype(np.int64))
    starts = np.maximum(ends - window, 0)
    accuracy = (sums[ends] - sums[starts]) / (ends - starts)
    return AccuracyCurve((examples[ends - 1] + 1).tolist(), accuracy.round(6).tolist())
