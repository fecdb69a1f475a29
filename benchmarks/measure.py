"""Timing of all benchmarks: one core, contenders in turns in one process, medians, and ratios of medians."""

from __future__ import annotations

import gc
import os
import resource
import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from alpha_pulse.core.clock import elapsed_ns

Work = Callable[[], object]


class Options(msgspec.Struct, frozen=True):
    """The options of a benchmark. ``quick``: small sizes, only to check that it works; the figures are not measurements.
    ``data``: a file in place of the generated stream: ``.arff`` for `logistic`, bars of one symbol (Parquet or CSV) for `loop`.
    ``peer``: a script for `engine`.
    """

    quick: bool = False
    data: Path | None = None
    peer: Path | None = None

    @property
    def arff(self) -> Path | None:
        """The data file, if it is for `logistic`."""
        return self.data if self.data is not None and self.data.suffix == ".arff" else None

    @property
    def bars(self) -> Path | None:
        """The data file, if it is for `loop`."""
        return self.data if self.data is not None and self.data.suffix != ".arff" else None


class Speed(msgspec.Struct, frozen=True):
    """The time that one contender took for ``events`` events, in seconds, round by round.

    ``cpu_seconds``: of all threads, over all rounds; less than the wall time when it waited for the disk or for a core.
    """

    events: int
    seconds: tuple[float, ...]
    cpu_seconds: float

    @property
    def median(self) -> float:
        """Seconds of the median round."""
        return statistics.median(self.seconds)

    @property
    def per_second(self) -> float:
        """Events per second in the median round."""
        return self.events / self.median

    @property
    def micros(self) -> float:
        """Microseconds per event in the median round."""
        return self.median / self.events * 1e6

    @property
    def per_cpu_second(self) -> float:
        """Events per second of CPU, over all rounds."""
        return self.events * len(self.seconds) / self.cpu_seconds

    @property
    def cpu_share(self) -> float:
        """CPU time as a fraction of the wall time, over all rounds."""
        return self.cpu_seconds / sum(self.seconds)

    @property
    def spread(self) -> float:
        """Slowest minus fastest round, as a fraction of the median."""
        return (max(self.seconds) - min(self.seconds)) / self.median


def pin() -> int | None:
    """Bind this process to one core and return its number; None where the system cannot.

    Threads inherit the binding when they start, so it must come before any other work.
    """
    if sys.platform != "linux":
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def timed(work: Work) -> tuple[float, float]:
    """Wall time and CPU time of ``work``, in seconds."""
    cpu, start = _cpu_seconds(), elapsed_ns()
    work()
    return (elapsed_ns() - start) / 1e9, _cpu_seconds() - cpu


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def interleave(works: Mapping[str, Work], events: int, rounds: int, *, warm: bool = True) -> dict[str, Speed]:
    """Time all contenders in turn, A B A B, so that a slow minute of the machine affects all of them.

    Parameters
    ----------
    works
        By name; each handles ``events`` events per call and starts from the same state each time.
    events, rounds
        The events of one call, and the number of timed calls.
    warm
        Call each once before timing, to compile it.
    """
    if warm:
        for work in works.values():
            work()
    gc.collect()
    round_times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            round_times[name].append(timed(work))
    return {
        name: Speed(events, tuple(clock for clock, _ in times), sum(cpu for _, cpu in times))
        for name, times in round_times.items()
    }
