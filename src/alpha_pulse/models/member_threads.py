"""Runs members of an ensemble that share no state, each on its own thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

WORTH_THREADS = 256
"""Number of rows from which threads save more time than their start costs."""


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def member_threads(members: int, rows: int) -> Iterator[Callable[[Callable[[int], None]], None]]:
    """A function that runs a task for each member and returns when all are done.

    Parameters
    ----------
    members
        Number of members; the task receives 0 to ``members`` - 1.
    rows
        Total number of rows for each member; below `WORTH_THREADS` no thread is started.

    Examples
    --------
    >>> squares = [0, 0, 0]
    >>> with member_threads(3, rows=1_000) as run:
    ...     run(lambda k: squares.__setitem__(k, k * k))
    >>> squares
    [0, 1, 4]
    """
    threads = min(usable_cores(), members) if rows >= WORTH_THREADS else 1
    if threads == 1:
        yield partial(_run, map, members)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield partial(_run, pool.map, members)


def _run(mapped: Callable[..., Iterator[None]], members: int, task: Callable[[int], None]) -> None:
    for _ in mapped(task, range(members)):
        pass
