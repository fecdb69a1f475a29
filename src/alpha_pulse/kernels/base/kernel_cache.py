"""The cache of compiled kernels on disk: never stale, shared between processes, old entries removed.

numba's own cache does not see a change in a function that a kernel calls. So each module's kernels lie in a folder named by a
hash of the module's import closure and of the versions of Python, numba, llvmlite and numpy: an edit means a new folder for
the modules that it can reach, and for no others. numba adds the processor to what it compares.
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
"""Folders that no process has used for so long are removed."""
VERSIONS_KEPT = 4
"""Of one module, beside those used within the last day."""
MARK = b"\n@kernel\n"


@cache
def cache_root() -> Path:
    """The folder of all compiled kernels. It contains nothing else, and old entries are removed.

    It lies in ``NUMBA_CACHE_DIR``, which other programs may share, in the user's cache, or where it can be written.
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
    """A user who may write there decides what this program runs, so only the current user may have write access."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    place = Path(tempfile.gettempdir()) / f"alpha-pulse-kernels-{user}"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
        ours = found.st_uid == user and not place.is_symlink() and (os.name == "nt" or not found.st_mode & 0o022)
    except OSError:
        ours = False
    return place if ours else Path(tempfile.mkdtemp(prefix="alpha-pulse-kernels-"))


@cache
def module_key(source: Path, module: str) -> str:
    """A hash of everything that decides what the kernels of ``module`` compile to, but the processor."""
    machine = f"{sys.version}|{version('numba')}|{version('llvmlite')}|{version('numpy')}|{platform.machine()}"
    digest = hashlib.sha256(machine.encode())
    for each in import_closure(source, module):
        digest.update(each.name.encode() + b"\0" + _digest(each))
    return digest.hexdigest()[:16]


@cache
def _digest(source: Path) -> bytes:
    return hashlib.sha256(source.read_bytes()).digest()


def program_key() -> str:
    """A hash of all kernels of this package, whatever of it is imported."""
    digest = hashlib.sha256()
    for source in sorted(PACKAGE.rglob("*.py")):
        if MARK in source.read_bytes():
            name = ".".join((PACKAGE.name, *source.relative_to(PACKAGE).with_suffix("").parts))
            digest.update(f"{name}:{module_key(source, name)}\n".encode())
    return digest.hexdigest()[:16]


@cache
def module_folder(source: Path, module: str) -> Path:
    """Where the kernels of ``module`` are kept; that it is used is marked on it."""
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
    """Remove folders of old kernels; ``now`` in seconds, as files bear them. Another process may be doing the same."""
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
    """Tells numba the folder of a kernel; the name of the folder stands for the state of the sources."""

    def __init__(self, function: Callable[..., Any], source: str) -> None:
        self._py_file = source
        self._folder = module_folder(Path(source).resolve(), function.__module__)
        self._line = function.__code__.co_firstlineno

    @classmethod
    def from_function(cls, function: Callable[..., Any], source: str) -> _Place | None:
        """Of a function that was read from a file; None for one that was typed in."""
        return cls(function, source) if Path(source).is_file() else None

    def ensure_cache_path(self) -> None:
        """Called before something is kept."""
        make_folder(self._folder)

    def get_cache_path(self) -> str:
        """The folder."""
        return str(self._folder)

    def get_source_stamp(self) -> str:
        """Of the sources."""
        return self._folder.name

    def get_disambiguator(self) -> str:
        """Between functions of one name in one file."""
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
        """What was kept under ``key``, or None."""
        return self._files(key).load(key)

    def save(self, key: object, data: object) -> None:
        """Keep ``data`` under ``key``."""
        files = self._files(key)
        files.flush()  # whatever state a power cut left them in
        files.save(key, data)


class KernelCache(caching.FunctionCache):
    """numba's cache of one function, in its module's folder."""

    _impl_class = _Implementation

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        place = self._impl.locator
        self._cache_file: Any = _FilesBySignature(place.get_cache_path(), self._impl.filename_base, place.get_source_stamp())

    def load_overload(self, sig: object, target_context: Any) -> Any:
        """A compiled kernel, or None where there is none that can be read: a power cut may have left half a file."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception:
            return None

    def save_overload(self, sig: object, data: Any) -> None:
        """Keep a compiled kernel; where that cannot be, the next process compiles it again."""
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
