"""Compiles everything that a configuration uses, by running the real loop on a short made-up market that is then forgotten."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from numba.core import event

from alpha_pulse.core import plugins
from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.config import Config
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.synthetic import Market, random_walk
from alpha_pulse.kernels.kernel_cache import cache_root, program_key
from alpha_pulse.models import ONLINE
from alpha_pulse.stores.memory import MemoryStore

TRAIN_BARS = 1_500
BARS = TRAIN_BARS + 100
TRIAL_AT = 1_000
"""The slice at which an adaptation is asked for, so that its trial is compiled too."""
TREES = 4
COMPILATION = "numba:compile"
# numba has no annotations here; these are the two functions' types.
_register: Callable[[str, event.Listener], object] = event.register
_unregister: Callable[[str, event.Listener], object] = event.unregister


class WarmUp(msgspec.Struct, frozen=True):
    """What a warm-up did: the folder of compiled kernels, how many were compiled now, how long all of it took."""

    cache: str
    compiled: int
    seconds: float


class _Compilations(event.Listener):
    """Counts kernels as they are compiled; those that come from the cache are not."""

    def __init__(self, on_compiled: Callable[[int], object]) -> None:
        self.count = 0
        self._on_compiled = on_compiled

    def on_start(self, found: Any) -> None:
        """One begins."""

    def on_end(self, found: Any) -> None:
        """One is done."""
        self.count += 1
        self._on_compiled(self.count)


def is_warm(config: Config) -> bool:
    """Whether `warm_up` has been here with this program, on this machine, for the same kinds of models."""
    mark = _mark(config)
    with contextlib.suppress(OSError):
        os.utime(mark)  # what is used is not removed as forgotten
    return mark.exists()


def about_how_many(config: Config) -> int:
    """Kernels in the sources that ``config`` makes this program load: about how many compilations a first run takes."""
    plugins.load("models", ONLINE, config.learning.model)
    files = (getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith("alpha_pulse."))
    return sum(Path(file).read_text(encoding="utf-8").count("\n@kernel\n") for file in set(files) if file)


def warm_up(config: Config, on_compiled: Callable[[int], object] = lambda _: None) -> WarmUp:
    """Run the loop once through all that ``config`` can reach.

    Parameters
    ----------
    config
        Of the runs that are to start quickly.
    on_compiled
        Is told the number of kernels compiled so far.
    """
    began = elapsed_ns()
    listener = _Compilations(on_compiled)
    _register(COMPILATION, listener)
    try:
        _run(_shortened(config))
    finally:
        _unregister(COMPILATION, listener)
    mark = _mark(config)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return WarmUp(str(cache_root()), listener.count, (elapsed_ns() - began) / 1e9)


def _run(config: Config) -> None:
    feed = random_walk(BARS, seed=1, market=Market(symbols=("WARMUP",), has_volume=True))
    system = System(config, feed, MemoryStore())
    system.begin("warm-up", resume=False)
    while system.step():
        if feed.position == TRIAL_AT:
            system.learning.requests.append((feed.symbols[0], "warm-up"))
    system.state_sha256()


def _shortened(config: Config) -> Config:
    """The same kinds of everything, with as little training as they can be had with."""
    batch = msgspec.structs.replace(
        config.batch, train_bars=TRAIN_BARS, ready_delay_s=0.0, volatility_trees=TREES, direction_trees=TREES
    )
    return msgspec.structs.replace(config, batch=batch)


def _mark(config: Config) -> Path:
    """An empty file that says what was compiled, beside the kernels."""
    batch = "batch" if config.batch.enabled else "online"
    # A model's name may be a path of any length, with characters that no file name may have.
    kinds = "|".join((config.learning.model, config.serving.strategy, config.serving.calibration, batch))
    return cache_root() / f"warm-{program_key()}-{hashlib.sha256(kinds.encode()).hexdigest()[:16]}"
