"""Timers around the stages of one pipeline, added by the benchmark: the product contains none."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.engine.journal import StepRecord
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.base import Slice

P = ParamSpec("P")
R = TypeVar("R")

STAGES = ("resolve", "learn", "detect", "adapt", "extract", "serve", "decide", "gate", "record")
"""Methods of the pipeline, in the order in which it calls them."""
FEED, CHECKPOINT = "feed: next slice", "checkpoint"


def replace(owner: object, method: str, function: object) -> None:
    """Replace a method of one object by ``function``."""
    setattr(owner, method, function)


class StageTimes:
    """The nanoseconds in each stage of a running system since this object was created."""

    def __init__(self, system: System) -> None:
        self.spent = dict.fromkeys((FEED, *STAGES, CHECKPOINT), 0)
        for stage in STAGES:
            self._wrap(system.pipeline, stage, stage)
        self._wrap(system.feed, "next_slice", FEED)
        self._wrap(system, "checkpoint", CHECKPOINT)

    def _wrap(self, owner: object, method: str, name: str) -> None:
        replace(owner, method, self._timed(getattr(owner, method), name))

    def _timed(self, function: Callable[P, R], name: str) -> Callable[P, R]:
        spent = self.spent

        def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            start = elapsed_ns()
            result = function(*args, **kwargs)
            spent[name] += elapsed_ns() - start
            return result

        return timed


class Latencies:
    """The durations of all calls of `Pipeline.on_slice` since this object was created, in nanoseconds."""

    def __init__(self, system: System) -> None:
        self.taken: list[int] = []
        on_slice, note = system.pipeline.on_slice, self.taken.append

        def timed(slice_: Slice) -> StepRecord:
            start = elapsed_ns()
            record = on_slice(slice_)
            note(elapsed_ns() - start)
            return record

        replace(system.pipeline, "on_slice", timed)
