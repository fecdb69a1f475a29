"""Compile the kernels before a run that needs them, and show how far it is."""

from __future__ import annotations

from contextlib import AbstractContextManager

from alpha_pulse.core.config import Config
from alpha_pulse.library.progress import ProgressCallback, progress
from alpha_pulse.runtime.warmup import about_how_many, is_warm, warm_up


def warm_if_cold(config: Config, *, shown: bool = True) -> None:
    """Compile the kernels before the run, unless they are in the cache. ``shown``: with a progress bar."""
    if not is_warm(config):
        with compiling(config, shown=shown) as report:
            warm_up(config, report)


def compiling(config: Config, *, shown: bool = True) -> AbstractContextManager[ProgressCallback]:
    """Show how many kernels are compiled, until the block ends."""
    title = "compiling kernels (first run only)"
    return progress(title, about_how_many(config), "kernels", countdown=False, shown=shown)
