"""Whether all values of a row are finite, in one call."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel


@kernel
def all_finite(values: NDArray[np.float64]) -> bool:
    """Whether each of ``values`` (n,) is finite.

    >>> all_finite(np.array([1e308, -1e308])), all_finite(np.array([0.0, math.nan]))
    (True, False)
    """
    for j in range(values.shape[0]):  # noqa: SIM110  # a kernel cannot run a generator
        if not math.isfinite(values[j]):
            return False
    return True
