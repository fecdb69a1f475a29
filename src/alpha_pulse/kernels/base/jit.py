"""The ``kernel`` decorator: together with `alpha_pulse.kernels.base.addresses`, the only module that calls numba.

``fastmath`` and ``parallel`` stay off, so that a step is bit-equal in every caller.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from numba import njit, types
from numba.core.dispatcher import Dispatcher

from alpha_pulse.kernels.base.kernel_cache import KernelCache

P = ParamSpec("P")
R = TypeVar("R")
OWN = "alpha_pulse."
CALLED = tuple(f"{OWN}kernels.{folder}." for folder in ("detection", "regimes", "trees"))
"""The folders whose kernels are called instead of inlined: they are large, and inlined they take twice as long to compile."""


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` at its first call: cached on disk, without the GIL, IEEE arithmetic.

    It becomes a part of the kernels that call it: a call passes each array as 5 to 13 numbers and counts its references twice,
    which took nearly half of the time of a row. See `CALLED`.

    >>> from alpha_pulse.kernels.mixing.hedge import sigmoid
    >>> sigmoid(0.0)
    0.5
    """
    inlined = function.__module__.startswith(OWN) and not function.__module__.startswith(CALLED)
    compiled: Callable[P, R] = njit(
        nogil=True, no_cfunc_wrapper=True, fastmath=False, error_model="numpy", forceinline=inlined
    )(function)
    if isinstance(compiled, Dispatcher):  # not with NUMBA_DISABLE_JIT
        with contextlib.suppress(RuntimeError):  # raised for a function that was typed in: without a file there is no cache
            vars(compiled)["_cache"] = KernelCache(function)
        vars(compiled)["get_call_template"] = _by_type(compiled)
    return compiled


def _by_type(callee: Dispatcher) -> Callable[[Sequence[types.Type], Mapping[str, types.Type]], Any]:
    """The template of ``callee`` for kernels that call it: it depends on the types of the arguments only.

    Without it numba compiles the callee again for each constant argument.
    """
    template_of = callee.get_call_template

    def template(args: Sequence[types.Type], kws: Mapping[str, types.Type]) -> Any:
        return template_of(tuple(map(_plain, args)), {name: _plain(kind) for name, kind in kws.items()})

    return template


def _plain(kind: types.Type) -> Any:
    return types.unliteral(kind)  # type: ignore[no-untyped-call]  # numba is hardly typed
