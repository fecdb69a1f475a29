"""The tables of an evaluation on a terminal, up to 140 columns wide: models, baselines, comparisons."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alpha_pulse.cli.terminal.table import TableRow, print_table, titles_shown
from alpha_pulse.evaluation.prequential import Evaluation, ModelScore, StreamScore
from alpha_pulse.evaluation.words import comparison_sentence, marks_words
from alpha_pulse.metrics.batch import Metrics

WIDEST = 140
NARROWEST = 40
NOTHING = "·"
COLUMNS = ["accuracy %", "interval", "balanced", "kappa", "kappa-M", "kappa-t", "AUC", "IC", "log loss", "Brier", "ECE"]
COLUMNS += ["newest %", "examples/s"]
LEAVE_OUT = ["IC", "ECE", "balanced", "kappa-M", "Brier", "newest %", "kappa", "AUC", "examples/s", "kappa-t"]
LEAVE_OUT += ["log loss", "interval"]
ABOUT = {
    "interval": "interval: of the accuracy, 95 %",
    "kappa-M": "kappa-M: against the majority class of the labels so far",
    "kappa-t": "kappa-t: against the newest known label",
    "IC": "IC: rank correlation of scores and labels",
}
HASH_LENGTH = 16
"""Characters of a state's hash that are shown; JSON contains all of it."""


def show(evaluation: Evaluation, console: Console | None = None) -> None:
    """Print an evaluation on ``console``, by default standard output."""
    console = console or Console(highlight=False, markup=False, emoji=False)
    console.width = min(max(console.width, NARROWEST), WIDEST)
    _header(console, evaluation)
    rows = [
        TableRow(model.model, [*_cells(model, model.window), f"{model.examples_per_second:,.0f}"], "bold")
        for model in evaluation.models
    ]
    rows += [
        TableRow(
            f"  {name.replace('_', ' ')}",
            [NOTHING] * len(COLUMNS) if score is None else [*_cells(score, score.window), NOTHING],
        )
        for name, score in evaluation.baselines.items()
    ]
    print_table(console, "model", COLUMNS, rows, LEAVE_OUT)
    legend = _legend(titles_shown(console, "model", COLUMNS, rows, LEAVE_OUT), evaluation)
    if legend:
        console.print(legend, style="dim")
    console.print()
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in _facts(evaluation):
        facts.add_row(name, text)
    console.print(facts)
    for comparison in evaluation.comparisons:
        console.print()
        console.print(comparison_sentence(comparison), style="bold")
    console.print()
    hashes = Table.grid(padding=(0, 2))
    hashes.add_column(style="dim", no_wrap=True)
    hashes.add_column(style="dim", overflow="fold")
    for model in evaluation.models:
        hashes.add_row(f"state of {model.model}", model.state_sha256[:HASH_LENGTH])
    console.print(hashes)


def _legend(titles: list[str], evaluation: Evaluation) -> str:
    """Definitions of the shown columns."""
    newest = f"newest: of the last {min(evaluation.window, evaluation.models[0].labelled):,} labels"
    about = {**ABOUT, "newest %": newest}
    return "; ".join(about[title] for title in titles if title in about)


def _header(console: Console, evaluation: Evaluation) -> None:
    stream, first = evaluation.stream, evaluation.models[0]
    console.print(
        Text.assemble(
            (stream.name, "bold"), f"  {stream.examples:,} examples, {stream.features:,} features, ", _classes(evaluation)
        )
    )
    counted = f"{first.labelled:,} labelled + {first.pending:,} pending + {first.expired:,} expired"
    late = evaluation.horizon - 1
    left_out = f"; rows dropped for missing values: {stream.dropped:,}" if stream.dropped else ""
    delay = (
        "each label is known before the next prediction"
        if not late
        else f"labels {late:,} example{'s' if late > 1 else ''} late"
    )
    console.print(f"predictions {first.predictions:,} = {counted}; {delay}{left_out}", style="dim")
    console.print()


def _classes(evaluation: Evaluation) -> str:
    stream = evaluation.stream
    if len(stream.classes) > 5:
        return f"{len(stream.classes)} classes"
    fractions = (
        f"{name} {100 * count / stream.examples:.1f} %" for name, count in zip(stream.classes, stream.counts, strict=True)
    )
    return f"classes {', '.join(fractions)}"


def _cells(score: StreamScore, newest: Metrics) -> list[str]:
    interval = score.accuracy_interval
    return [
        _number(score.accuracy, ".2f", 100.0),
        NOTHING if interval is None else f"{100 * interval.low:.1f} .. {100 * interval.high:.1f}",
        _number(score.balanced_accuracy, ".2f", 100.0),
        _number(score.kappa, "+z.3f"),
        _number(score.kappa_m, "+z.3f"),
        _number(score.kappa_temporal, "+z.3f"),
        _number(score.auc, ".3f"),
        _number(score.information_coefficient, "+z.3f"),
        _number(score.log_loss, ".4f"),
        _number(score.brier, ".4f"),
        _number(score.ece, ".3f"),
        _number(newest.accuracy, ".2f", 100.0),
    ]


def _number(value: float | None, style: str, scale: float = 1.0) -> str:
    return NOTHING if value is None else format(scale * value, style)


def _facts(evaluation: Evaluation) -> list[tuple[str, str]]:
    stream = evaluation.stream
    facts = []
    if stream.change_points:
        facts.append(("true changes", "at " + ", ".join(f"{point:,}" for point in stream.change_points)))
    elif stream.drifting:
        facts.append(("true changes", "at every example"))
    for model in evaluation.models:
        facts.append((model.model, _about(model)))
    return facts


def _about(model: ModelScore) -> str:
    undefined = f"; {model.abstained:,} predictions were not numbers" if model.abstained else ""
    return f"{marks_words(model.drift_marks)}{undefined}"
