"""Timers around the parts of one pipeline, added by the benchmark: the product contains none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.journal.block import JournalBlock

P = ParamSpec("P")
R = TypeVar("R")


def replace(owner: object, method: str, function: object) -> None:
    """Replace a method of one object by ``function``."""
    setattr(owner, method, function)


class CountingJournal:
    """A journal that only counts its steps."""

    def __init__(self) -> None:
        self.next_seq = 0

    def append(self, block: JournalBlock) -> None:
        """Count the steps of a block."""
        self.next_seq += block.steps


def _parts(system: System) -> Iterator[tuple[str, object, str]]:
    """(name, object, method) in the order of a block; a part does not contain the parts that it calls."""
    pipeline = system.pipeline
    yield "feed: next block", system.feed, "next_block"
    for state in system.symbols.values():
        yield "features", state.extractor, "update_rows"
        yield "regimes", state.regimes, "update_many"
        yield "monitor of features", state.feature_monitor, "observe_block"
        for target in state.targets.values():
            yield "targets: label, learn, detect, serve", target, "run"
    yield "learning pass, the rest", pipeline, "learn"
    yield "trade quality", pipeline.quality, "process"
    yield "trade, decide, size, gate, release", pipeline.decisions, "run"
    yield "decision pass, the rest", pipeline, "decide"
    yield "journal: columns and rows", pipeline.recorder, "slices"
    yield "journal: encode and append", pipeline.journal, "append"
    yield "journal, the rest", pipeline, "write"
    yield "checkpoint", system, "checkpoint"


class StageTimes:
    """The nanoseconds in each part of a running system since this object was created, without those in other parts."""

    def __init__(self, system: System) -> None:
        self.spent: dict[str, int] = {}
        self._inner = [0]
        """Nanoseconds in the parts that each unfinished call has called; the first is of all calls."""
        for name, owner, method in _parts(system):
            self.spent[name] = 0
            replace(owner, method, self._timed(getattr(owner, method), name))

    def _timed(self, function: Callable[P, R], name: str) -> Callable[P, R]:
        spent, inner = self.spent, self._inner

        def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            inner.append(0)
            start = elapsed_ns()
            result = function(*args, **kwargs)
            taken = elapsed_ns() - start
            spent[name] += taken - inner.pop()
            inner[-1] += taken
            return result

        return timed


class Latencies:
    """The durations of all calls of `Pipeline.on_block` since this object was created, in nanoseconds."""

    def __init__(self, system: System) -> None:
        self.taken: list[int] = []
        on_block, note = system.pipeline.on_block, self.taken.append

        def timed(block: BarBlock) -> None:
            start = elapsed_ns()
            on_block(block)
            note(elapsed_ns() - start)

        replace(system.pipeline, "on_block", timed)
