"""The one door to numba: the ``kernel`` decorator and a cache that cannot be stale.

numba's own cache does not see a change in a function that a kernel calls. So the cache lives in a folder named by a hash of
all sources that kernels are made from, the versions of numba, llvmlite and Python, and the processor: any change means a new
folder.
``fastmath`` and ``parallel`` stay off, so that a step is bit-equal wherever it is called from.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

KERNEL_FOLDERS = ("kernels", "features")
"""Folders whose files may freeze constants into kernels that live elsewhere."""


def _user_cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    home = Path(named) if named else Path.home() / ".cache"
    return home / "alpha-pulse" / "kernels"


def cache_directory() -> Path:
    """Where compiled kernels of exactly this program on exactly this machine are kept."""
    digest = hashlib.sha256()
    package = Path(__file__).resolve().parent.parent
    for source in sorted(package.rglob("*.py")):
        text = source.read_bytes()
        if source.parent.name in KERNEL_FOLDERS or b"@kernel" in text:
            digest.update(str(source.relative_to(package)).encode() + b"\0" + text + b"\0")
    machine = f"{sys.version}|{version('numba')}|{version('llvmlite')}|{version('numpy')}|{platform.machine()}"
    digest.update(machine.encode())
    return _user_cache() / digest.hexdigest()[:16]


def _prepare_cache() -> None:
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    place = cache_directory()
    try:
        place.mkdir(parents=True, exist_ok=True)
        if not os.access(place, os.W_OK):
            raise PermissionError(place)
    except OSError:
        place = Path(tempfile.gettempdir()) / f"alpha-pulse-kernels-{os.getuid()}" / place.name
    os.environ["NUMBA_CACHE_DIR"] = str(place)
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(place)


_prepare_cache()

from numba import njit  # noqa: E402  (the cache folder must be named before numba is imported)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` at its first call: cached on disk, without the GIL, IEEE arithmetic.

    >>> from alpha_pulse.kernels.hedge import sigmoid
    >>> sigmoid(0.0)
    0.5
    """
    compiled: Callable[P, R] = njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function)
    return compiled
