"""Names the kernels that numba compiles, without those loaded from the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

COMPILATION = "numba:compile"
# numba has no annotations here; these are the two functions' types.
_register: Callable[[str, event.Listener], object] = event.register
_unregister: Callable[[str, event.Listener], object] = event.unregister


class _Names(event.Listener):
    def __init__(self, on_compiled: Callable[[str], object]) -> None:
        self._on_compiled = on_compiled

    def on_start(self, event: Any) -> None:
        """A compilation begins."""

    def on_end(self, event: Any) -> None:
        """A compilation is done."""
        function = event.data["dispatcher"].py_func
        # numba compiles parts of its own library for them.
        if not function.__module__.startswith("numba."):
            self._on_compiled(f"{function.__module__}.{function.__qualname__}")


@contextmanager
def compilations(on_compiled: Callable[[str], object]) -> Iterator[None]:
    """Call ``on_compiled`` with the name of each kernel that was compiled, once per combination of types, in the block."""
    listener = _Names(on_compiled)
    _register(COMPILATION, listener)
    try:
        yield
    finally:
        _unregister(COMPILATION, listener)
