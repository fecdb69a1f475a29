"""The command ``alpha-pulse train``: walk-forward validation of batch models, as a table or JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing

import msgspec
from rich.console import Console

from alpha_pulse.cli.terminal.signals import StoppedError, signals
from alpha_pulse.cli.terminal.table import TableRow, print_table
from alpha_pulse.core.config import Config
from alpha_pulse.feeds.base import Feed
from alpha_pulse.feeds.notes import show_time
from alpha_pulse.learning.walk_forward import Fold, WalkForward
from alpha_pulse.library.progress import Phases
from alpha_pulse.runtime.training.validation import Plan, validate

TITLES = ["from", "to", "trained on", "left out", "labels", "hits %", "AUC", "log loss", "skill", "95 % interval"]
LEAVE_OUT = ["to", "left out", "log loss", "AUC", "hits %", "trained on"]
NOTHING = "·"


def run(config: Config, feed: Feed, plan: Plan, *, json: bool) -> None:
    """Validate, and print the result.

    Raises
    ------
    AlphaPulseError
        The message is one sentence for the user.
    StoppedError
        By Ctrl-C or SIGTERM.
    """
    with signals() as caught, closing(Phases()) as phases:

        def report(work: str, done: int, total: int) -> None:
            if caught:
                raise StoppedError(caught[0])
            phases.show(work, total, "bars" if work.startswith("making") else "folds", done)

        found = validate(config, feed, plan, report)
    if json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _show(found, Console(highlight=False, markup=False, emoji=False))
    sys.stdout.flush()


def _show(found: Sequence[WalkForward], console: Console) -> None:
    rows = []
    for each in found:
        rows.append(TableRow(f"{each.session_id} {each.model}", style="bold"))
        rows += [TableRow(f"  fold {fold.number}", _cells(fold)) for fold in each.folds]
        labels = sum(fold.predicted for fold in each.folds)
        rows.append(TableRow("  all", [*[NOTHING] * 4, f"{labels:,}", *[NOTHING] * 3, f"{each.skill:+.1f}", _interval(each)]))
    print_table(console, "", TITLES, rows, LEAVE_OUT)
    console.print(
        "trained on: examples; left out: before the fold, because their labels were not known yet, or in the embargo of "
        f"{found[0].embargo:,} bars; skill: log-loss skill over the base rate of the training set, in mnat per label; "
        f"window: {found[0].window}",
        style="dim",
    )


def _cells(fold: Fold) -> list[str]:
    return [
        show_time(fold.first_ts)[:10], show_time(fold.last_ts)[:10], f"{fold.trained:,}", f"{fold.left_out:,}",
        f"{fold.predicted:,}", f"{100.0 * fold.accuracy:.1f}", NOTHING if fold.auc is None else f"{fold.auc:.3f}",
        f"{fold.log_loss:.4f}", f"{fold.skill:+.1f}", _interval(fold),
    ]  # fmt: skip


def _interval(of: Fold | WalkForward) -> str:
    return NOTHING if of.interval is None else f"{of.interval.low:+.1f} .. {of.interval.high:+.1f}"
