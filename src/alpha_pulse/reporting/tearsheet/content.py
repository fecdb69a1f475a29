"""What a tear sheet and a comparison read of a stored run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.engine.stored_run import stored_config
from alpha_pulse.journal.export.frames import Frames, Source, tables
from alpha_pulse.reporting.performance.returns import step_returns, steps_per_year
from alpha_pulse.reporting.report import Report, decode_report
from alpha_pulse.stores.base import RunIdentity
from alpha_pulse.stores.reading import StoreReader

TABLES = (
    *("bars", "equity", "fills", "lots", "units", "predictions", "labels", "challengers"),
    *("alarms", "alarm_responses", "adaptations", "commands"),
)
"""The tables that are read."""


class BookCurve(NamedTuple):
    """The equity of one book: ``equity`` float64 (n,) in cash after each step, ``returns`` float64 (n,) of each step,
    ``known_at`` int64 (n,) the end of each step in ns, ``seq`` int64 (n,) its number. ``initial`` is the cash at the start."""

    seq: NDArray[np.int64]
    known_at: NDArray[np.int64]
    equity: NDArray[np.float64]
    returns: NDArray[np.float64]
    initial: float

    @property
    def per_year(self) -> float:
        """The observed number of steps per year."""
        return steps_per_year(self.known_at)

    @property
    def changes(self) -> NDArray[np.float64]:
        """The change of the equity in each step, (n,), in cash."""
        return np.diff(self.equity, prepend=self.initial)


@dataclass(frozen=True, eq=False)
class RunContent:
    """A stored run: who it is, its settings, its result (None before its end), and its tables."""

    identity: RunIdentity
    config: Config
    result: Report | None
    tables: Frames

    @property
    def name(self) -> str:
        """The id of the run."""
        return self.identity.run_id

    @property
    def books(self) -> tuple[str, ...]:
        """The names of the books; the combined book is the first."""
        return tuple(self.tables["equity"]["book"].unique(maintain_order=True))

    @property
    def symbols(self) -> tuple[str, ...]:
        """In the order of the data."""
        if self.result is not None:
            return self.result.data.symbols
        return tuple(sorted(self.tables["bars"]["symbol"].unique()))

    def of_book(self, table: str, book: str) -> pl.DataFrame:
        """The rows of a table that belong to a book."""
        return self.tables[table].filter(book=book)

    def curve(self, book: str) -> BookCurve:
        """The equity of a book."""
        rows, initial = self.of_book("equity", book), self.config.execution.initial_cash
        equity = rows["equity_cash"].to_numpy()
        known = rows["known_at"].cast(pl.Int64).to_numpy()
        return BookCurve(rows["seq"].to_numpy(), known, equity, step_returns(equity, initial), initial)


def read_run(run: Source | Path | str, on_progress: Callable[[int], object] = lambda _: None) -> RunContent:
    """Read a run, which may be in progress.

    Parameters
    ----------
    run
        A store, a snapshot of one, or the path of a store's file.
    on_progress
        Called with the number of steps that were read.

    Raises
    ------
    StoreError
        There is no such store, or no run in it.
    StateError
        The run has no bars yet, it is damaged, or another version of this program wrote it in a way that this one cannot read.
    """
    with StoreReader(Path(run)) if isinstance(run, str | Path) else nullcontext(run) as source:
        if source.identity is None:
            raise StoreError("no run has been written yet to this store; start one, as with alpha-pulse replay --store")
        identity, result = source.identity, source.result()
        config = stored_config(identity)
        found = tables(source, *TABLES, on_progress=on_progress)
    if found["equity"].is_empty():
        raise StateError(f"run {identity.run_id} has no bars yet, so there is nothing to show; wait for its first bars")
    return RunContent(identity, config, None if result is None else decode_report(result), found)
