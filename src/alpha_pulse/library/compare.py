"""Compare stored runs, as Python sees it."""

from __future__ import annotations

import html
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from alpha_pulse.library.grids import Grid, as_html, as_text
from alpha_pulse.library.listing import open_run
from alpha_pulse.library.page_files import write_page
from alpha_pulse.library.run import Run, content_of
from alpha_pulse.reporting.comparison import RunComparison, compare_runs
from alpha_pulse.reporting.comparison.wording import (
    OF_RUN,
    about_run,
    difference_cells,
    difference_title,
    settings_sentence,
    short_names,
    unpaired_sentences,
)
from alpha_pulse.reporting.pages.setting_texts import setting_text
from alpha_pulse.reporting.tearsheet import RunContent

if TYPE_CHECKING:
    from alpha_pulse.evaluation.drawing import ShownFigure

_DIFFERENCES = {
    "run_id": pl.String(),
    "first_run_id": pl.String(),
    "quantity": pl.String(),
    "target": pl.String(),
    "unit": pl.String(),
    "pairs": pl.Int64(),
    "mean": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "problem": pl.String(),
}


class ComparedRuns:
    """Several runs beside the first of them. It shows itself as text, and in a notebook as tables.

    Parameters
    ----------
    contents
        The runs.

    Raises
    ------
    ConfigError
        There are fewer than two, or one was given twice.
    """

    def __init__(self, contents: list[RunContent]) -> None:
        self._contents = contents
        self.comparison: RunComparison = compare_runs(contents)
        """Everything as one struct, which `alpha-pulse compare --json` prints."""

    @property
    def settings(self) -> pl.DataFrame:
        """The settings that are not the same in all runs: ``setting``, and a column of texts for each run, named by its id."""
        differences, runs = self.comparison.settings, self.comparison.runs
        columns = {run.run_id: [setting_text(each.values[place]) for each in differences] for place, run in enumerate(runs)}
        schema = {"setting": pl.String(), **{run.run_id: pl.String() for run in runs}}
        return pl.DataFrame({"setting": [each.key for each in differences], **columns}, schema=schema)

    @property
    def metrics(self) -> pl.DataFrame:
        """The numbers of each run: ``metric``, whose name contains the unit, and a column for each run, named by its id."""
        metrics = self.comparison.metrics
        columns = {
            run.run_id: [None if (value := values[place]) is None else float(value) for values in metrics.values()]
            for place, run in enumerate(self.comparison.runs)
        }
        schema = {"metric": pl.String(), **{run.run_id: pl.Float64() for run in self.comparison.runs}}
        return pl.DataFrame({"metric": list(metrics), **columns}, schema=schema)

    @property
    def differences(self) -> pl.DataFrame:
        """What each later run over the same data has more than the first: ``quantity`` (``total_return``, or ``log_loss`` of
        the served forecast of a ``target``), ``pairs`` (common bars or labels), ``mean`` (of the return the total), ``low`` and
        ``high`` (95 % interval by the block bootstrap of the pairs; null for too few), ``unit``, and ``problem``: why there is
        no difference; null else."""
        rows: list[dict[str, Any]] = []
        for each in self.comparison.differences:
            bounds = each.interval
            found = {name: getattr(each, name, None) for name in _DIFFERENCES}
            rows.append(
                found | {"low": None if bounds is None else bounds.low, "high": None if bounds is None else bounds.high}
            )
        return pl.DataFrame(rows, schema=_DIFFERENCES, orient="row")

    def plot(self) -> ShownFigure:
        """The equity of the combined books over each other, as changes in per cent of the initial cash."""
        from alpha_pulse.reporting.figures.compared import draw_compared  # half a second of imports

        return draw_compared([(run.name, run.curve("combined")) for run in self._contents])

    def report(self, path: str | PathLike[str]) -> Path:
        """Write the page of the comparison, one HTML file without scripts. Returns the path.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        from alpha_pulse.reporting.pages.comparison_page import comparison_page

        return write_page(path, comparison_page(self._contents, self.comparison))

    def __repr__(self) -> str:
        return "\n\n".join(["\n".join(self._lines()), *map(as_text, self._grids())])

    def _repr_html_(self) -> str:
        lines = "<br>".join(html.escape(line) for line in self._lines())
        return f'<div style="overflow-x:auto"><p>{lines}</p>{"".join(map(as_html, self._grids()))}</div>'

    def _lines(self) -> list[str]:
        names = short_names(self.comparison)
        problems = [
            f"{names[each.run_id]}, {difference_title(each)}: {each.problem}"
            for each in self.comparison.differences
            if each.problem is not None
        ]
        runs = [f"{names[run.run_id]}  {about_run(run)}" for run in self.comparison.runs]
        return [*runs, settings_sentence(self.comparison), *problems, *unpaired_sentences(self.comparison)]

    def _grids(self) -> list[Grid]:
        comparison, names = self.comparison, short_names(self.comparison)
        grids = []
        if comparison.settings:
            rows = [(each.key, [setting_text(value) for value in each.values]) for each in comparison.settings]
            grids.append(Grid("setting", list(names.values()), rows))
        if comparison.differences:
            rows = [
                (f"{names[each.run_id]}: {difference_title(each)}", difference_cells(each)) for each in comparison.differences
            ]
            grids.append(Grid("difference to A", ("mean", "95 % interval", "pairs", "result"), rows))
        rows = [(title, [shown(value) for value in comparison.metrics[name]]) for name, (title, shown) in OF_RUN.items()]
        return [*grids, Grid("metric", list(names.values()), rows)]


def compare(*runs: Run | str | PathLike[str]) -> ComparedRuns:
    """Compare runs with the first one: their settings, their results, and differences with intervals.

    Runs over the same data are paired: the log loss of each prediction, and the return of each bar. Runs over other data have
    no pairs; their numbers stand side by side.

    Parameters
    ----------
    runs
        Two or more: runs, ids, or paths of stores, as for `open_run`.

    Raises
    ------
    ConfigError
        There is no such run, there are fewer than two, or one was given twice.
    StoreError, StateError
        A store cannot be read, or a run has no bars yet.

    >>> compare("no such run", "nor this")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: run 'no such run' is neither a file nor the id of a run in ...
    """
    opened = [run if isinstance(run, Run) else open_run(run) for run in runs]
    return ComparedRuns([content_of(run) for run in opened])
