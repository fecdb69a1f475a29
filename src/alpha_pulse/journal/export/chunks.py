"""Blocks of the journal, joined into chunks of many bars: live trading writes blocks of one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.journal.block import JournalBlock
from alpha_pulse.journal.export.opens import Opens
from alpha_pulse.journal.joining import joined
from alpha_pulse.journal.rows import Row

BARS = 32_768
"""Bars of a chunk, at least: about 20 MB."""
STEPS = 65_536
"""Steps of a chunk at most, which matters where they contain commands."""
Ints = NDArray[np.int64]


class Chunk(msgspec.Struct, frozen=True):
    """Consecutive steps.

    ``block`` has the tables of all its slices, ordered by symbol, then by time, as in any block. ``order`` are its bars in the
    order of their steps, then of symbols; ``seqs`` and ``known`` are the step and the market time (ns) of each slice;
    ``steps`` and ``times`` those of each step, commands included. ``opens`` knows all bars up to the last one of the chunk.
    """

    block: JournalBlock
    order: Ints
    seqs: Ints
    known: Ints
    steps: Ints
    times: Ints
    rows: dict[str, list[Row]]
    opens: Opens

    def column(self, table: str, name: str) -> NDArray[Any]:
        """One column of a table with a row per bar, in ``order``."""
        column: NDArray[Any] = self.block.column(table, name)[self.order]
        return column

    def of_slice(self, values: Ints) -> Ints:
        """Of values per slice, those of each bar, in ``order``."""
        of_bars: Ints = values[self.column("codes", "slice")]
        return of_bars


def chunks(blocks: Iterable[JournalBlock]) -> Iterator[Chunk]:
    """Join blocks into chunks. A chunk has one layout."""
    opens = Opens()
    waiting: list[JournalBlock] = []
    bars = steps = 0
    for block in blocks:
        if waiting and block.layout.text != waiting[0].layout.text:
            yield _chunk(waiting, opens)
            waiting, bars, steps = [], 0, 0
        waiting.append(block)
        bars, steps = bars + _bars(block), steps + block.steps
        if bars >= BARS or steps >= STEPS:
            yield _chunk(waiting, opens)
            waiting, bars, steps = [], 0, 0
    if waiting:
        yield _chunk(waiting, opens)


def _bars(block: JournalBlock) -> int:
    return len(block.tables["codes"]) if block.tables else 0


def _chunk(blocks: list[JournalBlock], opens: Opens) -> Chunk:
    dense = [block for block in blocks if block.tables]
    block = joined(dense) if dense else _without_bars(blocks[0])
    seqs = _concatenated([np.arange(part.first_seq, part.first_seq + part.steps) for part in dense])
    known = np.ascontiguousarray(block.column("slices", "ts_event_ns"))
    steps, times = _all_steps(blocks, seqs, known)
    opens.add(block, known)
    order = np.argsort(block.column("codes", "slice"), kind="stable")
    return Chunk(block, order, seqs, known, steps, times, _rows(blocks), opens)


def _without_bars(block: JournalBlock) -> JournalBlock:
    """A block of commands, with tables that have no rows."""
    tables = {
        table.name: np.empty((0, len(table.columns)), np.int64 if table.encoding == "integers" else np.float64)
        for table in block.layout.tables
    }
    return msgspec.structs.replace(block, tables=tables)


def _concatenated(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _all_steps(blocks: list[JournalBlock], seqs: Ints, known: Ints) -> tuple[Ints, Ints]:
    """The step and the time of each step, commands included."""
    commands = [block for block in blocks if not block.tables]
    steps = np.concatenate([seqs, np.array([block.first_seq for block in commands], np.int64)])
    times = np.concatenate([known, np.array([block.first_ts for block in commands], np.int64)])
    order = np.argsort(steps)
    return steps[order], times[order]


def _rows(blocks: list[JournalBlock]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for block in blocks:
        for table, added in block.rows.items():
            rows.setdefault(table, []).extend(added)
    return rows
