"""Compiles the kernels that a configuration uses, by running the real loop on a short synthetic market."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO

import msgspec

from alpha_pulse.core import plugins
from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.config import Config
from alpha_pulse.core.durations import HOUR_NS
from alpha_pulse.engine.system import System
from alpha_pulse.features.schema import MIN_BARS
from alpha_pulse.feeds.synthetic import Market, random_walk
from alpha_pulse.kernels.base.kernel_cache import cache_root, program_key
from alpha_pulse.models import ONLINE
from alpha_pulse.reporting.report import make_report
from alpha_pulse.runtime import warmup_second_half
from alpha_pulse.runtime.compilations import compilations
from alpha_pulse.stores.memory import MemoryStore

TRAIN_BARS = 1_500
BARS = TRAIN_BARS + 100
TRIAL_AT = 1_000
"""The slice at which an adaptation is requested, so that its trial is compiled too."""
TREES = 4
FIRST_BARS = MIN_BARS // 2
"""Too few for features, and with them for the detectors that the second process compiles last."""
WAIT_S = 0.1


class WarmUp(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of a warm-up: the folder of compiled kernels, how many were compiled now, and the duration.

    ``problem`` is the reason why they could not be stored there.
    """

    cache: str
    compiled: int
    seconds: float
    problem: str | None = None


def is_warm(config: Config) -> bool:
    """Whether `warm_up` has completed with this program, on this machine, for the same kinds of models."""
    mark = _mark(config)
    with contextlib.suppress(OSError):
        os.utime(mark)  # a used mark is not removed as stale
    return mark.exists()


def about_how_many(config: Config) -> int:
    """The number of kernels in the modules loaded for ``config``, of which a first run compiles nearly all."""
    plugins.load("models", ONLINE, config.learning.model)
    files = (getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith("alpha_pulse."))
    return sum(Path(file).read_text(encoding="utf-8").count("\n@kernel\n") for file in set(files) if file)


def warm_up(config: Config, on_compiled: Callable[[int], object] = lambda _: None) -> WarmUp:
    """Run the loop once through all kernels that ``config`` uses.

    Parameters
    ----------
    config
        The configuration of the runs to prepare.
    on_compiled
        Called with the number of kernels compiled so far.
    """
    began, names = elapsed_ns(), set[str]()

    def count(name: str) -> None:
        names.add(name)
        on_compiled(len(names))

    with compilations(count):
        if not is_warm(config):
            with _beside(config, names, on_waiting=lambda: on_compiled(len(names))):
                _run(config, FIRST_BARS)
        _run(_shortened(config), BARS)
    problem = None
    try:
        mark = _mark(config)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError as error:
        # Not fatal: the next run compiles again.
        problem = reason_of(error)
    return WarmUp(str(cache_root()), len(names), (elapsed_ns() - began) / 1e9, problem)


@contextmanager
def _beside(config: Config, names: set[str], on_waiting: Callable[[], object]) -> Iterator[None]:
    """Compile in a second process until the block ends, and wait for its end. What it could not compile is compiled later.

    ``names`` receives the names of the kernels that it compiled.
    """
    command = (sys.executable, "-m", warmup_second_half.__name__, config.adaptation.feature_detector)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        counting = Thread(target=_collect, args=(process.stdout, names), daemon=True)
        counting.start()
        yield
        while counting.is_alive():
            counting.join(WAIT_S)
            on_waiting()


def _collect(lines: IO[str], names: set[str]) -> None:
    names.update(line.strip() for line in lines)


def _run(config: Config, bars: int) -> None:
    feed = random_walk(bars, seed=1, market=Market(symbols=("WARMUP",), has_volume=True, interval_ns=HOUR_NS))
    system = System(config, feed, MemoryStore())
    system.begin("warm-up", resume=False)
    while system.step():
        if feed.position == TRIAL_AT:
            system.learning.requests += [(session.session_id, "warm-up") for session in system.learning.all_sessions()]
    system.state_sha256()
    make_report(system)


def _shortened(config: Config) -> Config:
    """The same kinds of models, with as little training as possible."""
    batch = msgspec.structs.replace(
        config.batch, train_bars=TRAIN_BARS, ready_delay_s=0.0, volatility_trees=TREES, direction_trees=TREES
    )
    return msgspec.structs.replace(config, batch=batch)


def _mark(config: Config) -> Path:
    """An empty file beside the kernels that records which configuration was compiled."""
    batch = "batch" if config.batch.enabled else "online"
    # A model's name may be a path of any length, with characters that no file name may have.
    kinds = "|".join((config.learning.model, config.serving.strategy, config.serving.calibration, batch))
    return cache_root() / f"warm-{program_key()}-{hashlib.sha256(kinds.encode()).hexdigest()[:16]}"
