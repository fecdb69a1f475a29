"""The cache of compiled kernels on disk: never stale, shared between processes, old entries removed.

numba's own cache does not notice a change of a function that a kernel calls. So the kernels of each module are in a folder
named by a hash of the module's import closure and of the versions of Python, numba, llvmlite and numpy: an edit creates new
folders for the modules that depend on it, and for no others. numba itself compares the processor.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numba.core import caching

from alpha_pulse.kernels.base.import_closure import PACKAGE, import_closure

# numba's cache has no annotations.
_numba: Any = caching
DAY_S = 86_400
FORGOTTEN_S = 30 * DAY_S
"""Folders that no process has used for this time are removed."""
VERSIONS_KEPT = 4
"""Folders kept per module, in addition to those used within the last day."""
MARK = b"\n@kernel\n"


@cache
def cache_root() -> Path:
    """The folder of all compiled kernels. It contains nothing else, and old entries are removed.

    It is in ``NUMBA_CACHE_DIR``, which other programs may share, in the user's cache, or in another writable folder.
    """
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        return Path(named) / "alpha-pulse-kernels"
    home = os.environ.get("XDG_CACHE_HOME")
    place = (Path(home) if home else Path.home() / ".cache") / "alpha-pulse" / "kernels"
    try:
        place.mkdir(parents=True, exist_ok=True)
        if os.access(place, os.W_OK):
            return place
    except OSError:
        pass
    return _temporary_root()


def _temporary_root() -> Path:
    """A folder that only the current user can write to, because code in it runs in this program."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    place = Path(tempfile.gettempdir()) / f"alpha-pulse-kernels-{user}"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        status = place.lstat()
        ours = status.st_uid == user and not place.is_symlink() and (os.name == "nt" or not status.st_mode & 0o022)
    except OSError:
        ours = False
    return place if ours else Path(tempfile.mkdtemp(prefix="alpha-pulse-kernels-"))


def can_store() -> bool:
    """Whether compiled kernels can be stored in `cache_root`, which is created."""
    try:
        cache_root().mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(cache_root(), os.W_OK)


@cache
def module_key(source: Path, module: str) -> str:
    """A hash of everything on which the compiled kernels of ``module`` depend, except the processor."""
    machine = f"{sys.version}|{version('numba')}|{version('llvmlite')}|{version('numpy')}|{platform.machine()}"
    digest = hashlib.sha256(machine.encode())
    for each in import_closure(source, module):
        digest.update(each.name.encode() + b"\0" + _digest(each))
    return digest.hexdigest()[:16]


@cache
def _digest(source: Path) -> bytes:
    return hashlib.sha256(source.read_bytes()).digest()


def program_key() -> str:
    """A hash of all kernels of this package, imported or not."""
    digest = hashlib.sha256()
    for source in sorted(PACKAGE.rglob("*.py")):
        if MARK in source.read_bytes():
            name = ".".join((PACKAGE.name, *source.relative_to(PACKAGE).with_suffix("").parts))
            digest.update(f"{name}:{module_key(source, name)}\n".encode())
    return digest.hexdigest()[:16]


@cache
def module_folder(source: Path, module: str) -> Path:
    """The folder of the kernels of ``module``; its time of use is updated."""
    folder = cache_root() / f"{module}-{module_key(source, module)}"
    with contextlib.suppress(OSError):
        os.utime(folder)
    return folder


@cache
def make_folder(folder: Path) -> None:
    """Create ``folder``, and remove replaced and unused ones."""
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    prune(folder.parent, folder.stat().st_mtime)


def prune(root: Path, now: float) -> None:
    """Remove folders of old kernels; ``now`` is in seconds, like file times. Other processes may do so too."""
    ages: dict[str, list[tuple[float, Path]]] = {}
    for entry in root.iterdir():
        with contextlib.suppress(OSError):
            ages.setdefault(entry.name.rpartition("-")[0], []).append((now - entry.stat().st_mtime, entry))
    for entries in ages.values():
        for rank, (age, entry) in enumerate(sorted(entries)):
            if age > FORGOTTEN_S or (rank >= VERSIONS_KEPT and age > DAY_S):
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink(missing_ok=True)


class _Place:
    """Gives numba the folder of a kernel; the name of the folder identifies the sources."""

    def __init__(self, function: Callable[..., Any], source: str) -> None:
        self._py_file = source
        self._folder = module_folder(Path(source).resolve(), function.__module__)
        self._line = function.__code__.co_firstlineno

    @classmethod
    def from_function(cls, function: Callable[..., Any], source: str) -> _Place | None:
        """The locator of a function from a file; None for one without a file."""
        return cls(function, source) if Path(source).is_file() else None

    def ensure_cache_path(self) -> None:
        """Create the folder; numba calls this before it stores anything."""
        make_folder(self._folder)

    def get_cache_path(self) -> str:
        """The path of the folder."""
        return str(self._folder)

    def get_source_stamp(self) -> str:
        """The name of the folder, which identifies the sources."""
        return self._folder.name

    def get_disambiguator(self) -> str:
        """The line of the function, which distinguishes functions of one name in one file."""
        return str(self._line)


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Place, *_numba.CompileResultCacheImpl._locator_classes]  # noqa: RUF012  (as numba has it)


class _FilesBySignature:
    """A pair of files for each signature.

    numba keeps one index for all signatures of a function. Two processes that compile two of them at the same time would
    give them the same number, and one would later be called with the code of the other.
    """

    def __init__(self, folder: str, name: str, stamp: object) -> None:
        self._place = (folder, name, stamp)

    def _files(self, key: object) -> Any:
        folder, name, stamp = self._place
        signature = hashlib.sha256(repr(key).encode()).hexdigest()[:12]
        return _numba.IndexDataCacheFile(folder, f"{name}-{signature}", stamp)

    def load(self, key: object) -> Any:
        """The data stored under ``key``, or None."""
        return self._files(key).load(key)

    def save(self, key: object, data: object) -> None:
        """Store ``data`` under ``key``."""
        files = self._files(key)
        files.flush()  # also damaged ones, after a power cut
        files.save(key, data)


class KernelCache(caching.FunctionCache):
    """numba's cache of one function, in its module's folder."""

    _impl_class = _Implementation

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        place = self._impl.locator
        self._cache_file: Any = _FilesBySignature(place.get_cache_path(), self._impl.filename_base, place.get_source_stamp())

    def load_overload(self, sig: object, target_context: Any) -> Any:
        """A compiled kernel, or None if none can be read: a power failure may have left an incomplete file."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception:
            return None

    def save_overload(self, sig: object, data: Any) -> None:
        """Store a compiled kernel; if that fails, the next process compiles it again."""
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
