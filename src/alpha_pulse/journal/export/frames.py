"""A stored run as polars frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Protocol

import polars as pl

from alpha_pulse.journal.block import decode_blocks
from alpha_pulse.journal.export import decisions, market, predictions
from alpha_pulse.journal.export.chunks import Chunk, chunks
from alpha_pulse.journal.export.columns import TABLES
from alpha_pulse.journal.export.rare import RareRows
from alpha_pulse.journal.export.values import frame_of
from alpha_pulse.stores.base import Block, RunIdentity
from alpha_pulse.stores.reading import StoreReader

Frames = dict[str, pl.DataFrame]


class Source(Protocol):
    """Any store of a run, or a snapshot of one."""

    @property
    def identity(self) -> RunIdentity | None:
        """The run; None before its start."""
        ...

    def blocks(self) -> Iterator[Block]:
        """All blocks."""
        ...

    def result(self) -> bytes | None:
        """The result of a finished run."""
        ...


_DENSE: dict[str, Callable[[Chunk], pl.DataFrame]] = {
    "agent_signals": decisions.agent_signals,
    "bars": market.bars,
    "challengers": predictions.challengers,
    "features": market.features,
    "labels": predictions.labels,
    "predictions": predictions.predictions,
    "signals": decisions.signals,
}


def parts(source: Source, on_progress: Callable[[int], object] = lambda _: None) -> Iterator[Frames]:
    """The tables of a run in parts of many bars, in order; each part has all tables except ``run``, which comes last.

    Parameters
    ----------
    source
        A store, or a `alpha_pulse.stores.reading.StoreReader`, which also reads a run that is in progress.
    on_progress
        Called with the number of steps that were read.

    Raises
    ------
    StateError
        A step is damaged or missing.
    """
    steps = 0
    with closing(RareRows()) as rare:
        for chunk in chunks(decode_blocks(source.blocks())):
            frames = rare.take(chunk)
            if chunk.block.layout.symbols and len(chunk.seqs):
                frames |= {table: make(chunk) for table, make in _DENSE.items()}
                frames["equity"] = market.equity(chunk, rare.cash_decimals)
            steps += len(chunk.steps)
            yield frames
            on_progress(steps)
    yield {"run": _run(source, steps)}


def tables(run: Source | Path | str, *names: str, on_progress: Callable[[int], object] = lambda _: None) -> Frames:
    """The tables of a run by name, as in `alpha_pulse.journal.export.columns.TABLES`: all, or those that are named.

    Parameters
    ----------
    run
        A store, a snapshot of one, or the path of a store's file. The run may be in progress.
    on_progress
        Called with the number of steps that were read.

    Raises
    ------
    StoreError
        There is no such file, or it is no store.
    StateError
        A step is damaged or missing.
    ValueError
        There is no table of such a name.

    >>> from alpha_pulse.core.config import StoreConfig
    >>> from alpha_pulse.stores.memory import MemoryStore
    >>> found = tables(MemoryStore(StoreConfig()), "bars", "lots")
    >>> found["lots"].columns[:5]
    ['seq', 'position', 'open_time', 'known_at', 'lot_id']
    """
    for name in names:
        if name not in TABLES:
            raise ValueError(f"there is no table {name!r}; the tables are {', '.join(TABLES)}")
    collected: dict[str, list[pl.DataFrame]] = {name: [empty(name)] for name in names or TABLES}
    with StoreReader(Path(run)) if isinstance(run, str | Path) else nullcontext(run) as source:
        for frames in parts(source, on_progress):
            for name, found in collected.items():
                if name in frames:
                    found.append(frames[name])
    return {name: pl.concat(found, how="diagonal") for name, found in collected.items()}


def empty(table: str) -> pl.DataFrame:
    """A table without rows."""
    return frame_of(table, {column.name: [] for column in TABLES[table].columns})


def _run(source: Source, steps: int) -> pl.DataFrame:
    identity, result = source.identity, source.result()
    fields = [column.name for column in TABLES["run"].columns]
    if identity is None:
        return empty("run")
    known = {name: getattr(identity, name, None) for name in fields}
    return frame_of("run", {**known, "result": None if result is None else result.decode(), "steps": steps})
