"""Random numbers whose state is one place of a packed int64 array, so that it is saved with the rest of a model.

Source: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA (2014): SplitMix64.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_TO_UNIT = 1.0 / 9007199254740992.0


@kernel
def unit_hash(number: int) -> float:
    """The number in [0, 1) that belongs to ``number``, for choices that must not depend on what was chosen before.

    >>> unit_hash(7) == unit_hash(7) != unit_hash(8)
    True
    """
    z = np.uint64(number) + _STEP
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    z = z ^ (z >> _S31)
    return float(z >> _S11) * _TO_UNIT


@kernel
def uniform(state: NDArray[np.int64], index: int) -> float:
    """The next number in [0, 1), from the generator at ``state[index]`` (any start value is a seed).

    >>> state = np.array([7])
    >>> first, second = uniform(state, 0), uniform(state, 0)
    >>> 0.0 <= first < 1.0 and first != second
    True
    """
    before = state[index]
    state[index] = np.int64(np.uint64(before) + _STEP)
    return unit_hash(before)


@kernel
def below(state: NDArray[np.int64], index: int, n: int) -> int:
    """The next integer in 0 .. n - 1 (n < 2**31; the bias of less than n / 2**53 does not matter here)."""
    return int(uniform(state, index) * n)


@kernel
def poisson(state: NDArray[np.int64], index: int, rate: float) -> int:
    """The next draw of a Poisson variable of mean ``rate`` (below 100), by inversion of one uniform number."""
    remainder = uniform(state, index)
    probability = math.exp(-rate)
    k = 0
    while remainder >= probability and k < 1_000:
        remainder -= probability
        k += 1
        probability *= rate / k
    return k
