"""A stored run as Python sees it: its configuration, its result, and its tables as frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import NotReadyError, StoreError, UnknownNameError, did_you_mean
from alpha_pulse.engine.stored_run import stored_config
from alpha_pulse.journal.export import columns
from alpha_pulse.journal.export.frames import Frames, Source, tables
from alpha_pulse.library.metrics import Metrics, metrics_of
from alpha_pulse.library.page_files import write_page
from alpha_pulse.library.places import run_id_of, store_file
from alpha_pulse.library.show import headline, html_of, text_of
from alpha_pulse.library.states import RunFacts, facts_of
from alpha_pulse.reporting.report import Report, decode_report
from alpha_pulse.reporting.tearsheet import RunContent, read_run
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.reading import StoreReader

if TYPE_CHECKING:
    from alpha_pulse.evaluation.drawing import ShownFigure


class Run:
    """A stored run. It is read from its store when it is asked, without disturbing a program that writes to it.

    The tables are polars frames with the columns of docs/reference/tables.md, whose names contain the units. `to_pandas` of a
    frame needs pandas and pyarrow. Those of a finished run are read once.

    Parameters
    ----------
    store
        The path or the URL of a store, or a store in memory.

    Raises
    ------
    StoreError, StateError
        There is no such store, it contains no run, it was written by another version, or it is damaged.

    >>> from alpha_pulse.library.replay import replay
    >>> run = replay(store="memory://", progress=False, batch={"enabled": False})
    >>> run.trades.filter(book="combined").columns[4:8]
    ['lot_id', 'book', 'symbol', 'quantity']
    """

    def __init__(self, store: MemoryStore | Path | str) -> None:
        self._store = store if isinstance(store, MemoryStore) else _absolute(store)
        self._frames: Frames = {}
        self._result: Report | None = None
        with self._reading() as source:
            if isinstance(source, StoreReader):
                run_id_of(source)
            if source.identity is None:
                raise StoreError(f"no run has been written to store {self.store}")
            self._identity = source.identity

    @property
    def id(self) -> str:
        """The name of the run: when it was started (UTC), and four hex digits."""
        return self._identity.run_id

    @property
    def store(self) -> str:
        """The path of the file that contains the run, or ``memory://``."""
        return self._store.location if isinstance(self._store, MemoryStore) else str(self._store)

    @property
    def config(self) -> Config:
        """The configuration of the run. Raises StateError for settings that this version does not know."""
        return stored_config(self._identity)

    @property
    def facts(self) -> RunFacts:
        """What the run is about, and how far it is: symbols, interval, start, steps, state."""
        with self._reading() as source:
            return facts_of(source, self.store)

    @property
    def state(self) -> str:
        """``finished``, ``running`` (a program has it open) or ``stopped`` (it can be continued)."""
        return self.facts.state

    @property
    def result(self) -> Report | None:
        """The result of a finished run with all its parts; None before. Raises StateError for that of another version."""
        if self._result is None:
            with self._reading() as source:
                content = source.result()
            self._result = None if content is None else decode_report(content)
        return self._result

    @property
    def metrics(self) -> Metrics:
        """The numbers of the result by name, see docs/reference/library.md. Raises NotReadyError before the run is finished."""
        return metrics_of(self.finished_result())

    def finished_result(self) -> Report:
        """The result of the run. Raises NotReadyError before the run is finished."""
        result = self.result
        if result is None:
            facts = self.facts
            raise NotReadyError(
                f"run {self.id} has no result yet: it is {facts.state} after {facts.steps:,} steps; its tables can be read, "
                "and replay with the same data, settings and store finishes it"
            )
        return result

    @property
    def trades(self) -> pl.DataFrame:
        """Closed trades of all books (table ``lots``): quantity, prices, gross and net P&L, costs, and what led to each."""
        return self.table("lots")

    @property
    def fills(self) -> pl.DataFrame:
        """Executed orders of all books: price, reference price, cost and fee."""
        return self.table("fills")

    @property
    def equity(self) -> pl.DataFrame:
        """The equity of each book after each step: cash and positions."""
        return self.table("equity")

    @property
    def predictions(self) -> pl.DataFrame:
        """Served predictions, with the probability and the weight of each member."""
        return self.table("predictions")

    @property
    def labels(self) -> pl.DataFrame:
        """What became of each prediction, with the probabilities that its label scored."""
        return self.table("labels")

    @property
    def features(self) -> pl.DataFrame:
        """The features of each symbol at each bar; null where one is missing."""
        return self.table("features")

    @property
    def adaptations(self) -> pl.DataFrame:
        """Adaptations as they began, and again as they ended, with cause and effect."""
        return self.table("adaptations")

    @property
    def models(self) -> pl.DataFrame:
        """Batch models that were trained."""
        return self.table("models")

    def table(self, name: str) -> pl.DataFrame:
        """Any table of docs/reference/tables.md.

        Raises
        ------
        UnknownNameError
            There is no such table.
        StoreError, StateError
            The store cannot be read, or a step is damaged.
        """
        return self.tables(name)[name]

    def tables(self, *names: str) -> Frames:
        """Several tables by name, which is faster than one after the other. Raises as `table` does."""
        for name in names:
            if name not in columns.TABLES:
                raise UnknownNameError(f"there is no table {name!r}{did_you_mean(name, columns.TABLES)}")
        missing = [name for name in names if name not in self._frames]
        found: Frames = {}
        if missing:
            with self._reading() as source:
                found = tables(source, *missing)
                if source.result() is not None:
                    self._frames |= found
        return {name: found[name] if name in found else self._frames[name] for name in names}

    def plot(self) -> ShownFigure:
        """One figure: equity and drawdown of the books; skill, weights and reliability of the models.

        A notebook shows it as the result of a cell; ``run.plot().savefig("run.png")`` writes it. A run in progress is drawn up
        to its newest step.
        """
        from alpha_pulse.reporting.figures.run_figure import TABLES, draw_run  # half a second of imports

        return draw_run(self.tables(*TABLES), headline(self.facts, self.result))

    def report(self, path: str | PathLike[str]) -> Path:
        """Write the page of the run: what was done, what came out, and what it does not show, in one HTML file without scripts.

        That of a run in progress shows it up to its newest step. Returns the path.

        Raises
        ------
        OutputError
            The file cannot be written.
        StateError
            The run has no bars yet, or it is damaged.
        """
        from alpha_pulse.reporting.pages.run_page import run_page  # half a second of imports

        return write_page(path, run_page(content_of(self)))

    def __repr__(self) -> str:
        return text_of(self.facts, self.result)

    def _repr_html_(self) -> str:
        return html_of(self.facts, self.result)

    @contextmanager
    def _reading(self) -> Iterator[Source]:
        """A snapshot of the store."""
        if isinstance(self._store, MemoryStore):
            yield self._store
            return
        with StoreReader(self._store) as reader:
            yield reader


def content_of(run: Run) -> RunContent:
    """What a report and a comparison read of a run: settings, result and tables. Raises StateError for a run without bars."""
    with run._reading() as source:
        return read_run(source)


def _absolute(store: Path | str) -> Path:
    """The file of a store, independent of the current folder."""
    path = store if isinstance(store, Path) else store_file(store, "store", "the path of a stored run")
    return path.expanduser().absolute()
