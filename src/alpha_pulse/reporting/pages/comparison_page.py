"""The page of a comparison: what differs in settings and data, and whether the results differ."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from alpha_pulse.core.version import __version__
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.reporting.comparison import RunComparison
from alpha_pulse.reporting.comparison.wording import (
    OF_RUN,
    OF_TARGET,
    about_run,
    caveats,
    difference_cells,
    difference_sentences,
    difference_title,
    settings_sentence,
    short_names,
)
from alpha_pulse.reporting.pages.curves import equity_curve
from alpha_pulse.reporting.pages.figures import curves_over_time
from alpha_pulse.reporting.pages.numbers import percent
from alpha_pulse.reporting.pages.parts import ABOUT_CURVES, Grid, LegendItem, PageContent, Picture, Row, Section, Tile
from alpha_pulse.reporting.pages.rendering import rendered
from alpha_pulse.reporting.pages.setting_texts import setting_text
from alpha_pulse.reporting.pages.svg import both_widths
from alpha_pulse.reporting.tearsheet.content import RunContent


def comparison_page(runs: Sequence[RunContent], comparison: RunComparison) -> str:
    """The page of a comparison as one HTML file without scripts.

    Parameters
    ----------
    runs
        Those that were compared, in this order.
    comparison
        Of these runs.
    """
    names = short_names(comparison)
    return rendered(
        PageContent(
            title=f"Comparison of {len(runs)} runs",
            subtitle="Each run is compared with the first one, A; differences are run minus A.",
            warnings=[],
            lead=difference_sentences(comparison),
            key_figures=[],
            sections=[
                Section(
                    title="The runs",
                    facts=[Tile(names[run.run_id], about_run(run)) for run in comparison.runs],
                ),
                _settings(comparison),
                *_differences(comparison),
                _equity(runs, comparison),
                _metrics(comparison),
                Section(title="What this does not show", items=caveats(comparison)),
            ],
            footer=[
                f"Made by alpha-pulse {__version__} from the journals of the runs.",
                ABOUT_CURVES,
            ],
        )
    )


def _settings(comparison: RunComparison) -> Section:
    rows = [Row(each.key, [setting_text(value) for value in each.values]) for each in comparison.settings]
    tables = [Grid("setting", list(short_names(comparison).values()), rows)] if rows else []
    return Section(title="What differs in the settings", sentences=[settings_sentence(comparison)], tables=tables)


def _differences(comparison: RunComparison) -> list[Section]:
    """One table for each run over the same data; none where there is no such run."""
    names = short_names(comparison)
    rows: list[Row] = []
    for run in comparison.runs[1:]:
        own = [each for each in comparison.differences if each.run_id == run.run_id]
        if own:
            rows.append(Row(f"{names[run.run_id]} minus A"))
            rows += [Row(difference_title(each), difference_cells(each)) for each in own]
    if not rows:
        return []
    note = (
        "Paired: net P&L bar by bar, log loss prediction by prediction (below 0 is better), in thousandths of a nat (mnat). "
        "Intervals: 95 %, by the block bootstrap of the differences."
    )
    titles = ("difference", "95 % interval", "pairs", "result")
    return [Section(title="Differences to A", tables=[Grid("quantity", titles, rows, note, coloured=False)])]


def _equity(runs: Sequence[RunContent], comparison: RunComparison) -> Section:
    names = short_names(comparison)
    curves = [equity_curve(run, PRIMARY, place, names[run.name]) for place, run in enumerate(runs)]

    def draw(width: int) -> Figure:
        return curves_over_time(width, curves, "%")

    caption = "Change of the combined book's equity since the start of each run, in per cent of the initial cash."
    ends = comparison.metrics["total_return"]
    legend = [
        LegendItem(curve.name, place % 8, percent(end, 1, signed=True))
        for place, (curve, end) in enumerate(zip(curves, ends, strict=True))
    ]
    return Section(title="Equity of the combined books", figures=[Picture(both_widths(draw, caption), caption, legend)])


def _metrics(comparison: RunComparison) -> Section:
    rows = [Row(title, [shown(value) for value in comparison.metrics[name]]) for name, (title, shown) in OF_RUN.items()]
    for target in comparison.targets:
        rows.append(Row(f"served forecast of {target}"))
        rows += [
            Row(title, [shown(value) for value in comparison.metrics[f"{target}_{name}"]])
            for name, (title, shown) in OF_TARGET.items()
        ]
    note = (
        "Of the combined book, in units of cash, ratios per year by each run's own bars per year. Skill: log loss of the base "
        "rate minus that of the forecast, in thousandths of a nat per label; skill 70: over the last 70 % of the bars."
    )
    return Section(
        title="All metrics side by side", tables=[Grid("metric", list(short_names(comparison).values()), rows, note)]
    )
