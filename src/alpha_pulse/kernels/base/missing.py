"""The finite number that marks a missing value, for models that distinguish it from 0."""

from __future__ import annotations

from alpha_pulse.kernels.base.jit import kernel

MISSING = -1e300


@kernel
def is_missing(value: float) -> bool:
    """Whether ``value`` stands for a missing one.

    >>> is_missing(MISSING), is_missing(0.0)
    (True, False)
    """
    return value <= MISSING
