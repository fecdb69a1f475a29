"""The one door to numba: the ``kernel`` decorator.

``fastmath`` and ``parallel`` stay off, so that a step is bit-equal wherever it is called from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit
from numba.core.dispatcher import Dispatcher

from alpha_pulse.kernels.kernel_cache import KernelCache

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` at its first call: cached on disk, without the GIL, IEEE arithmetic.

    >>> from alpha_pulse.kernels.hedge import sigmoid
    >>> sigmoid(0.0)
    0.5
    """
    compiled: Callable[P, R] = njit(nogil=True, no_cfunc_wrapper=True, fastmath=False, error_model="numpy")(function)
    if isinstance(compiled, Dispatcher):  # not where NUMBA_DISABLE_JIT is set
        vars(compiled)["_cache"] = KernelCache(function)
    return compiled
