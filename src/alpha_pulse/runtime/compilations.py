"""Counts the kernels that numba compiles, without those loaded from the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

COMPILATION = "numba:compile"
# numba has no annotations here; these are the two functions' types.
_register: Callable[[str, event.Listener], object] = event.register
_unregister: Callable[[str, event.Listener], object] = event.unregister


class _Counter(event.Listener):
    def __init__(self, on_compiled: Callable[[int], object]) -> None:
        self.count = 0
        self._on_compiled = on_compiled

    def on_start(self, event: Any) -> None:
        """A compilation begins."""

    def on_end(self, event: Any) -> None:
        """A compilation is done."""
        self.count += 1
        self._on_compiled(self.count)


@contextmanager
def compilations(on_compiled: Callable[[int], object]) -> Iterator[None]:
    """Call ``on_compiled`` with the number of kernels compiled so far after each compilation, until the block ends."""
    listener = _Counter(on_compiled)
    _register(COMPILATION, listener)
    try:
        yield
    finally:
        _unregister(COMPILATION, listener)
