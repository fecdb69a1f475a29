"""Runs a replay from wherever it stands to its end, and leaves its result in the store."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.config import Config
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.engine.system import System, run_identity
from alpha_pulse.feeds.base import Feed
from alpha_pulse.reporting.report import encode_report, make_report
from alpha_pulse.stores.base import Store

CHUNK = 64
"""Slices between two looks at whether to stop: a few milliseconds."""
SETTLING_SLICES = 300
"""First slices that are left out of the rate: the first of each kind of step costs more than the later ones."""


class Progress(msgspec.Struct, frozen=True):
    """How far a run is. ``bars_per_second`` is None until there is enough to measure."""

    bars: int
    total_bars: int
    bars_per_second: float | None


def never() -> bool:
    """Do not stop before the end."""
    return False


def replay(
    config: Config,
    feed: Feed,
    store: Store,
    run_id: str,
    *,
    resume: bool = False,
    on_progress: Callable[[Progress], object] = lambda _: None,
    on_replay: Callable[[int, int], None] | None = None,
    on_skipped: Callable[[str], object] = lambda _: None,
    stopped: Callable[[], bool] = never,
    write_decision: Callable[[bytes], object] | None = None,
) -> bytes | None:
    """Start or resume a run and go on to the end of the feed.

    Parameters
    ----------
    config, feed, store
        What to run, on what, and where to keep it.
    run_id
        A name; it decides nothing.
    resume
        Go on with the run that the store holds, if any. A finished run's result is given again.
    on_progress
        Is told every few milliseconds.
    on_replay
        Is told (steps made again, steps in all) now and then, while the journal's tail is folded onto a checkpoint.
    on_skipped
        Is told of each checkpoint that could not be used, and why.
    stopped
        Asked between slices; when it says True, everything so far is made durable and the run can be resumed.
    write_decision
        Is handed each decision line at the end, newline included.

    Returns
    -------
    bytes or None
        The result, one JSON object (see `alpha_pulse.reporting.report.Report`); None when it was stopped before the end.

    Raises
    ------
    AlphaPulseError
        The store holds another run, or is damaged; the feed or the configuration cannot be used.

    >>> from alpha_pulse.core.config import Config
    >>> from alpha_pulse.feeds.synthetic import random_walk
    >>> from alpha_pulse.stores.memory import MemoryStore
    >>> result = replay(Config(), random_walk(80, seed=1), MemoryStore(), "example")
    >>> msgspec.json.decode(result)["bars"]
    80
    """
    if resume and (known := _finished_before(config, feed, store, run_id, write_decision)) is not None:
        return known
    system = System(config, feed, store)
    system.begin(run_id, resume=resume, on_replay=on_replay)
    for reason in system.skipped_checkpoints:
        on_skipped(reason)
    stopwatch = _Stopwatch(config.batch.train_bars if config.batch.enabled else 0)
    more = True
    while more and not stopped():
        more = _run_chunk(system, stopwatch)
        on_progress(Progress(stopwatch.bars, feed.total_bars, stopwatch.bars_per_second))
    store.flush()
    if store.head[0] >= 0:
        system.checkpoint_if_useful()
    if more:
        return None
    result = encode_report(make_report(system, stopwatch.bars_per_second, write_decision))
    store.finish(result)
    return result


def _finished_before(
    config: Config, feed: Feed, store: Store, run_id: str, write_decision: Callable[[bytes], object] | None
) -> bytes | None:
    """What a finished run left in the store; None when it is empty or not finished. Raises StoreError for another run."""
    if store.identity is None:
        return None
    store.begin(run_identity(run_id, config, feed), resume=True)
    result = store.result()
    if result is not None and write_decision is not None:
        for line in store.decisions():
            write_decision(line + b"\n")
    return result


class _Stopwatch:
    """Bars per second of stepping, without what would make it a measure of something else.

    ``train_bars``: the bars of a symbol at which its batch models are trained; a chunk in which that happens is left out.
    """

    def __init__(self, train_bars: int) -> None:
        self.bars = 0
        self._train_bars = train_bars
        self._slices = 0
        self._timed_bars = 0
        self._timed_ns = 0

    def lap(self, before: list[int], after: list[int], slices: int, ns: int) -> None:
        """One chunk: each symbol's bars before and after it, its slices, its time."""
        self.bars = sum(after)
        self._slices += slices
        trained = any(old < self._train_bars <= new for old, new in zip(before, after, strict=True))
        if self._slices > SETTLING_SLICES + slices and not trained:
            self._timed_bars += sum(after) - sum(before)
            self._timed_ns += ns

    @property
    def bars_per_second(self) -> float | None:
        """None until something could be timed."""
        return self._timed_bars * SECOND_NS / self._timed_ns if self._timed_ns else None


def _run_chunk(system: System, stopwatch: _Stopwatch) -> bool:
    """Run up to `CHUNK` slices; False when the feed has ended."""
    bars, symbols, step = system.feedback.bars, system.feed.symbols, system.step
    before = [bars(symbol) for symbol in symbols]
    began = elapsed_ns()
    slices, more = 0, True
    while slices < CHUNK:
        if not step():
            more = False
            break
        slices += 1
    took = elapsed_ns() - began
    stopwatch.lap(before, [bars(symbol) for symbol in symbols], slices, took)
    return more
