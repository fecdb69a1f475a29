"""Start or resume a replay, run it to its end, and store its result."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import msgspec

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.config import Config
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import NoSpaceError
from alpha_pulse.engine.stored_run import run_identity
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.base import Feed
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.journal.reader import read_steps
from alpha_pulse.journal.records import encode
from alpha_pulse.reporting.report import encode_report, make_report
from alpha_pulse.runtime.full_disk import until_written, write_held
from alpha_pulse.runtime.models.recorder import recorded
from alpha_pulse.runtime.pace import next_slices
from alpha_pulse.serving.registry import Registry
from alpha_pulse.stores.base import Store

CHUNK_SLICES, CHUNK_BARS = 1_024, 8_192
"""Slices between two checks of ``stopped``, at most: as many as have so many bars, which take some tenths of a second."""
PYTHON_CHUNK_NS = 250_000_000
"""The longest time between two checks of ``stopped`` where Python is called at every bar; one slice may take longer."""
SETTLING_SLICES = 300
"""First slices that are excluded from the rate: the first step of each kind is slower than later ones."""


class Progress(msgspec.Struct, frozen=True):
    """The progress of a run. ``bars_per_second`` is None until enough bars are measured."""

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
    on_warning: Callable[[str], object] = lambda _: None,
    on_waiting: Callable[[str | None], object] = lambda _: None,
    stopped: Callable[[], bool] = never,
    write_decision: Callable[[bytes], object] | None = None,
    registry: Registry | None = None,
) -> bytes | None:
    """Start or resume a run, and run it to the end of the feed.

    Parameters
    ----------
    config, feed, store
        The configuration, the bars, and the store of the run.
    run_id
        A name; results do not depend on it.
    resume
        Resume the run in the store, if any. For a finished run, its result is returned.
    on_progress
        Called every few hundredths of a second.
    on_replay
        Called with (steps replayed, steps in total) after each block of the journal's end that is replayed.
    on_warning
        Called with a sentence for each checkpoint that could not be used, and if a model could not be registered.
    on_waiting
        Called with a sentence when the disk is full and the run waits, and with None when it continues.
    stopped
        Called between slices, and while the run waits. When it returns True, all steps are made durable if there is space, and
        the run can be resumed later.
    write_decision
        Called at the end with each decision line, newline included.
    registry
        The batch models are added to it.

    Returns
    -------
    bytes or None
        The result, one JSON object (see `alpha_pulse.reporting.report.Report`); None when it was stopped before the end.

    Raises
    ------
    AlphaPulseError
        The store contains another run or is damaged; the feed or the configuration is invalid.

    >>> from alpha_pulse.feeds.synthetic import random_walk
    >>> from alpha_pulse.stores.memory import MemoryStore
    >>> result = replay(Config(), random_walk(80, seed=1), MemoryStore(), "example")
    >>> msgspec.json.decode(result)["bars"]
    80
    """
    if resume and (known := _finished_before(config, feed, store, run_id, write_decision)) is not None:
        return known
    system = System(config, feed, store)
    if not _begin(system, run_id, resume, on_replay, stopped):
        return None
    for reason in system.skipped_checkpoints:
        on_warning(reason)
    result = None
    with recorded(system, registry, on_warning), contextlib.suppress(NoSpaceError):  # stopped while it waited
        result = _run(system, on_progress, on_waiting, stopped)
    if result is not None:
        _write_decisions(store, write_decision)
    return result


def _run(
    system: System,
    on_progress: Callable[[Progress], object],
    on_waiting: Callable[[str | None], object],
    stopped: Callable[[], bool],
) -> bytes | None:
    """Run to the end, and store the result; None when stopped before, NoSpaceError when stopped during a wait for space."""
    store, stopwatch = system.store, _Stopwatch()
    chunks = _Chunks(system, stopwatch)
    more = True
    while more and not stopped():
        try:
            more = chunks.run()
        except NoSpaceError:
            # The wait ends when the held steps are written; if the disk is full again later, that is another wait.
            until_written(lambda: write_held(system), on_waiting, stopped)
        on_progress(Progress(stopwatch.bars, system.feed.total_bars, stopwatch.bars_per_second))
    until_written(store.flush, on_waiting, stopped)
    if store.head[0] >= 0:
        until_written(system.checkpoint_if_useful, on_waiting, stopped)
    if more:
        return None
    result = encode_report(make_report(system, stopwatch.bars_per_second))
    until_written(lambda: store.finish(result), on_waiting, stopped)
    return result


class _StoppedError(Exception):
    """The replay of the journal's end was stopped; the argument is how many steps were left."""


def _begin(
    system: System, run_id: str, resume: bool, on_replay: Callable[[int, int], None] | None, stopped: Callable[[], bool]
) -> bool:
    """Start or resume; False when stopped meanwhile. Then the feed is after the last slice of the journal."""

    def replayed(done: int, steps: int) -> None:
        if on_replay is not None:
            on_replay(done, steps)
        if done < steps and stopped():
            raise _StoppedError(steps - done)

    try:
        system.begin(run_id, resume=resume, on_replay=replayed)
    except _StoppedError as stop:
        first = system.store.head[0] + 1 - stop.args[0]
        left = (block for block in decoded_blocks(system.store, first) if block.tables)
        slices = sum(block.first_seq + block.steps - max(block.first_seq, first) for block in left)
        system.feed.seek(system.feed.position + slices)
        return False
    return True


def _finished_before(
    config: Config, feed: Feed, store: Store, run_id: str, write_decision: Callable[[bytes], object] | None
) -> bytes | None:
    """The result of a finished run in the store, otherwise None. Raises StoreError for another run."""
    if store.identity is None:
        return None
    store.begin(run_identity(run_id, config, feed), resume=True)
    result = store.result()
    if result is not None:
        _write_decisions(store, write_decision)
    return result


def _write_decisions(store: Store, write_decision: Callable[[bytes], object] | None) -> None:
    if write_decision is not None:
        for step in read_steps(store):
            if step.decision is not None:
                write_decision(encode(step.decision) + b"\n")


class _Stopwatch:
    """Measures bars per second of stepping, without the first slices and the chunks in which batch models were trained."""

    def __init__(self) -> None:
        self.bars = 0
        self._slices = 0
        self._timed_bars = 0
        self._timed_ns = 0

    def lap(self, before: int, after: int, slices: int, ns: int, *, trained: bool) -> None:
        """One chunk: the bars before and after it, its slices, its time."""
        self.bars = after
        self._slices += slices
        if self._slices > SETTLING_SLICES + slices and not trained:
            self._timed_bars += after - before
            self._timed_ns += ns

    @property
    def bars_per_second(self) -> float | None:
        """None until something could be timed."""
        return self._timed_bars * SECOND_NS / self._timed_ns if self._timed_ns else None


class _Chunks:
    """Runs a system in chunks, between which it can stop.

    Compiled code takes a fixed number of slices, so that equal runs write equal journals. How long Python takes is not known
    before, so the first chunk is one slice, and the time of each chunk decides the length of the next one.
    """

    def __init__(self, system: System, stopwatch: _Stopwatch) -> None:
        self._system, self._stopwatch = system, stopwatch
        self._most = max(1, min(CHUNK_SLICES, CHUNK_BARS // len(system.symbols)))
        self._compiled = _is_compiled(system)
        self._slices = self._most if self._compiled else 1

    def run(self) -> bool:
        """Run a chunk; False when the feed has ended."""
        training, wanted = self._system.training, self._slices
        before, rounds, began = self._bars(), training.completed, elapsed_ns()
        slices = self._system.advance(wanted)
        took_ns = elapsed_ns() - began
        self._stopwatch.lap(before, self._bars(), slices, took_ns, trained=training.completed > rounds)
        if not self._compiled:
            self._slices = next_slices(wanted, took_ns, PYTHON_CHUNK_NS, self._most)
        return slices == wanted

    def _bars(self) -> int:
        return sum(state.bars for state in self._system.symbols.values())


def _is_compiled(system: System) -> bool:
    """Whether no feature, target, model, detector or agent is called in Python at every bar."""
    return all(state.compiled for state in system.symbols.values()) and all(form is not None for _, form in system.agents.forms)
