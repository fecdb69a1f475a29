"""Runs of True in an array."""

from __future__ import annotations

import numpy as np

from alpha_pulse.feeds.arrays import Integers, Mask


def runs(mask: Mask, cuts: Mask | None = None) -> tuple[Integers, Integers]:
    """The starts and lengths of runs of True. A new run begins where ``cuts`` is True.

    >>> runs(np.array([True, True, False, True]))
    (array([0, 3]), array([2, 1]))
    """
    begins = mask.copy()
    begins[1:] &= ~mask[:-1] if cuts is None else ~mask[:-1] | cuts[1:]
    first = np.flatnonzero(begins)
    return first, np.bincount(np.cumsum(begins)[mask] - 1, minlength=first.size).astype(np.int64)
