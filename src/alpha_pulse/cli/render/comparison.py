"""A comparison of runs on a terminal."""

from __future__ import annotations

from rich.console import Console

from alpha_pulse.cli.render.report import NARROWEST, WIDEST
from alpha_pulse.cli.render.tear_sheet import plain
from alpha_pulse.cli.terminal.table import TableRow, print_table
from alpha_pulse.reporting.comparison import RunComparison
from alpha_pulse.reporting.comparison.wording import (
    OF_RUN,
    OF_TARGET,
    about_run,
    difference_cells,
    difference_title,
    settings_sentence,
    short_names,
    unpaired_sentences,
)
from alpha_pulse.reporting.pages.setting_texts import setting_text

_DIFFERENCE_TITLES = ["difference", "95 % interval", "pairs", "result"]
_LEAVE_OUT = ["pairs", "result"]


def show_comparison(comparison: RunComparison, console: Console) -> None:
    """Print the runs, the settings that differ, the differences to the first run, and all metrics."""
    console.width = min(max(console.width, NARROWEST), WIDEST)
    names = short_names(comparison)
    for run in comparison.runs:
        console.print(f"{names[run.run_id]}  {about_run(run)}")
    console.print()
    console.print(settings_sentence(comparison))
    titles = list(names.values())
    if comparison.settings:
        rows = [TableRow(each.key, [setting_text(value) for value in each.values]) for each in comparison.settings]
        print_table(console, "setting", titles, rows, [])
    console.print()
    _differences(comparison, console)
    rows = [
        TableRow(title, [plain(shown(value)) for value in comparison.metrics[name]]) for name, (title, shown) in OF_RUN.items()
    ]
    for target in comparison.targets:
        rows.append(TableRow(f"served forecast of {target}", style="bold"))
        rows += [
            TableRow(f"  {title}", [plain(shown(value)) for value in comparison.metrics[f"{target}_{name}"]])
            for name, (title, shown) in OF_TARGET.items()
        ]
    print_table(console, "metric", titles, rows, [])
    console.print(
        "of the combined book, in units of cash, ratios per year; skill 70: over the last 70 % of the bars", style="dim"
    )


def _differences(comparison: RunComparison, console: Console) -> None:
    names = short_names(comparison)
    rows = []
    for run in comparison.runs[1:]:
        own = [each for each in comparison.differences if each.run_id == run.run_id]
        if own:
            rows.append(TableRow(f"{names[run.run_id]} minus A", style="bold"))
            rows += [TableRow(f"  {difference_title(each)}", [plain(cell) for cell in difference_cells(each)]) for each in own]
    if rows:
        print_table(console, "difference to A", _DIFFERENCE_TITLES, rows, _LEAVE_OUT)
        console.print("paired by bar and by prediction; log loss: below 0 is better, in thousandths of a nat", style="dim")
    for each in comparison.differences:
        if each.problem is not None:
            console.print(f"{names[each.run_id]}, {difference_title(each)}: {each.problem}")
    for text in unpaired_sentences(comparison):
        console.print(text)
    console.print()
