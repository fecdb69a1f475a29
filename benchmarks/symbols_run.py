"""One run over several symbols: ``python symbols_run.py SYMBOLS FROM TO CORES``, a separate process on so many cores.

It replays TO synthetic bars of each symbol and prints one line of JSON: wall seconds of the learning pass and of the loop, and
CPU seconds, from bar FROM on; the bars between; and by how much the process grew from before the system was made. There is no
journal.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.config import Config
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.synthetic import Market, SyntheticFeed, regimes
from alpha_pulse.stores.memory import MemoryStore
from benchmarks.stages import CountingJournal, replace

WARM_BARS = 300


def market(symbols: int, bars: int) -> SyntheticFeed:
    """Bars of 5 minutes of so many symbols."""
    names = tuple(f"S{number:05d}" for number in range(symbols))
    rules = Market(symbols=names, interval_ns=300_000_000_000, volatility=0.0015, has_volume=True)
    return regimes(bars, seed=8, change_points=[bars // 2], market=rules)


def begun(feed: SyntheticFeed) -> System:
    """A system with all defaults, without a journal."""
    config = Config()
    system = System(config, feed, MemoryStore(config.store))
    system.begin("benchmark", resume=False)
    system.pipeline.journal = CountingJournal()
    return system


def resident_bytes() -> int:
    """The memory of this process that is in use; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * resource.getpagesize() if statm.exists() else 0


def cpu_seconds() -> float:
    """CPU seconds of all threads of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def learning_time(system: System) -> list[int]:
    """A list to which each learning pass from now on adds its wall time, ns."""
    taken: list[int] = []
    learn = system.pipeline.learn

    def timed(*arguments: Any) -> Any:
        start = elapsed_ns()
        result = learn(*arguments)
        taken.append(elapsed_ns() - start)
        return result

    replace(system.pipeline, "learn", timed)
    return taken


def main() -> None:
    """Measure and print."""
    symbols, first, last, cores = map(int, sys.argv[1:])
    if sys.platform == "linux":
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # the command has bound its children to one core
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:])
    begun(market(2, WARM_BARS)).advance(WARM_BARS)  # compiles
    feed = market(symbols, last)
    gc.collect()
    before = resident_bytes()
    system = begun(feed)
    system.advance(first)
    learning = learning_time(system)
    start, cpu = elapsed_ns(), cpu_seconds()
    system.advance(last - first)
    print(
        json.dumps({
            "learn_s": sum(learning) / 1e9, "wall_s": (elapsed_ns() - start) / 1e9, "cpu_s": cpu_seconds() - cpu,
            "bars": symbols * (last - first), "grown_bytes": max(0, resident_bytes() - before),
        })
    )  # fmt: skip


if __name__ == "__main__":
    main()
