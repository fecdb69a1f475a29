"""The checks of ``alpha-pulse doctor``: the requirements of a run, and how to meet those that are not met."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import msgspec

from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.core.systems import INSTALL_OPENMP, check_system, describe_system, lacks_openmp

PYTHONS = ((3, 11), (3, 14))
MODULES = {
    "jinja2": "jinja2",
    "lightgbm": "lightgbm",
    "matplotlib": "matplotlib",
    "msgspec": "msgspec",
    "numba": "numba",
    "numpy": "numpy",
    "polars": "polars",
    "prometheus-client": "prometheus_client",
    "sqlalchemy": "sqlalchemy",
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "websockets": "websockets",
    "zstandard": "zstandard",
}
"""Imported packages: distribution name to module name."""
GIGABYTE = 1_000_000_000
INSTALL_AGAIN = "install AlphaPulse again into a fresh environment"


class Finding(msgspec.Struct, frozen=True):
    """The result of one check: its finding in words (``detail``), and how to fix it where it is not ``ok``."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


def examine(config: Path | None, port: int) -> Iterator[Finding]:
    """Run the checks one after the other; only the first one on a system where this program does not run.

    Parameters
    ----------
    config
        The configuration file of the runs, or None.
    port
        The port to check for the page.
    """
    system = _finding("system", _system)
    yield system
    if not system.ok:
        return
    for name, check in (
        ("python", _python),
        ("packages", _packages),
        ("settings", lambda: _settings(config)),
        ("kernels", lambda: _kernels(config)),
        ("bundled data", _data),
        ("run folder", _run_folder),
        ("page", _page),
        ("port", lambda: _port(port)),
    ):
        yield _finding(name, check)


def _finding(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        finding = check()
        return msgspec.structs.replace(finding, fix="") if finding.ok else finding
    except AlphaPulseError as error:
        problem, _, fix = str(error).rpartition("; ")
        return Finding(name, ok=False, detail=problem or fix, fix=fix if problem else "")
    except ImportError as error:
        return Finding(name, ok=False, detail=str(error), fix=INSTALL_AGAIN)
    except OSError as error:
        return Finding(name, ok=False, detail=f"{error.filename}: {error.strerror}", fix="give this user access to it")


def _system() -> Finding:
    check_system()
    return Finding("system", ok=True, detail=describe_system())


def _python() -> Finding:
    version = sys.version_info[:2]
    first, last = (".".join(map(str, bound)) for bound in PYTHONS)
    return Finding("python", PYTHONS[0] <= version <= PYTHONS[1], sys.version.split()[0], f"use Python {first} to {last}")


def _packages() -> Finding:
    broken = []
    for distribution, module in MODULES.items():
        try:
            metadata.version(distribution)
            importlib.import_module(module)
        except (ImportError, OSError) as error:
            broken.append(f"{distribution} ({error})")
    if broken:
        fix = INSTALL_OPENMP if lacks_openmp(broken[0]) else INSTALL_AGAIN
        return Finding("packages", ok=False, detail=f"cannot be imported: {', '.join(broken)}", fix=fix)
    return Finding("packages", ok=True, detail=f"all {len(MODULES)} can be imported")


def _settings(config: Path | None) -> Finding:
    from alpha_pulse.library.settings import load_settings

    settings = load_settings(config)
    where = "the defaults and the environment" if config is None else f"{config}, the environment and the defaults"
    return Finding("settings", ok=True, detail=f"from {where}; hash {settings.config_hash[:12]}")


def _kernels(config: Path | None) -> Finding:
    from alpha_pulse.core.config import Config
    from alpha_pulse.kernels.base.kernel_cache import cache_root, can_store
    from alpha_pulse.library.settings import load_settings
    from alpha_pulse.runtime.warmup import is_warm

    try:
        settings = load_settings(config)
    except AlphaPulseError:  # reported by the check of the settings
        settings = Config()

    folder = cache_root()
    if not can_store():
        return Finding("kernels", False, f"folder {folder} cannot be written", "set NUMBA_CACHE_DIR to a writable folder")
    if is_warm(settings):
        return Finding("kernels", ok=True, detail=f"compiled, in {folder}")
    return Finding(
        "kernels", ok=True, detail="not compiled yet; the first run or 'alpha-pulse warmup' compiles them in about a minute"
    )


def _data() -> Finding:
    from alpha_pulse.data import bundled
    from alpha_pulse.feeds.replay import ReplayFeed

    counts = [f"{name} {ReplayFeed.from_file(path).total_bars:,} bars" for name, path in sorted(bundled().items())]
    return Finding("bundled data", ok=True, detail=", ".join(counts))


def _run_folder() -> Finding:
    from alpha_pulse.library.places import data_folder

    folder = data_folder()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding("run folder", False, f"{folder} cannot be written", "set XDG_DATA_HOME to a writable folder")
    free = shutil.disk_usage(existing).free
    detail = f"{folder}, {free / GIGABYTE:.1f} GB free"
    return Finding("run folder", free >= GIGABYTE, detail, "free at least 1 GB, or set XDG_DATA_HOME to another disk")


def _page() -> Finding:
    folder = Path(__file__).resolve().parents[1] / "api" / "page"
    if (folder / "index.html").is_file():
        return Finding("page", ok=True, detail="built")
    return Finding("page", ok=False, detail="not built", fix="in a checkout run 'make page'; otherwise " + INSTALL_AGAIN)


def _port(port: int) -> Finding:
    from alpha_pulse.api.server import bind

    bind("127.0.0.1", port).close()
    return Finding("port", ok=True, detail=f"{port} is free on 127.0.0.1")
