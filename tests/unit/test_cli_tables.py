from __future__ import annotations

import io
from functools import cache

import msgspec
from rich.console import Console

from alpha_pulse.cli_tables import NOTHING, show
from alpha_pulse.cli_words import verdict
from alpha_pulse.core.config import Batch, Config, Execution
from alpha_pulse.engine.replay import replay
from alpha_pulse.engine.report import Report, decode_report
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.stores.memory import MemoryStore


@cache
def report_of(*, shadow_books: bool) -> Report:
    config = Config(batch=Batch(enabled=False), execution=Execution(shadow_books=shadow_books))
    result = replay(config, random_walk(900, seed=2), MemoryStore(), "short")
    assert result is not None
    return decode_report(result)


def shown(report: Report) -> str:
    stream = io.StringIO()
    show(report, Console(file=stream, width=120, highlight=False))
    return " ".join(stream.getvalue().split())


def test_too_few_labels_have_no_interval() -> None:
    report = report_of(shadow_books=True)
    served = report.metrics["volatility"]["served"]
    assert served.gain_millinats_last70 is not None
    assert served.gain_millinats_last70_interval is None
    assert f"{served.gain_millinats_last70:+z.1f} {NOTHING}" in shown(report)
    assert "volatility too few labels for an interval, direction too few labels for an interval" in verdict(report)


def test_what_was_not_traded_names_the_book_that_it_counts() -> None:
    report = msgspec.structs.replace(report_of(shadow_books=True), abstentions=1_234, refusals=5)
    told = "cost aware book: 1,234 bars on which the move did not cover the costs; gate: 5 refusals over all books"
    assert f"not traded {told}" in shown(report)
    alone = report_of(shadow_books=False)
    assert alone.abstentions == 0
    assert f"not traded gate: {alone.refusals:,} refusals over all books" in shown(alone)
    follows_it = msgspec.structs.replace(alone, abstentions=7)
    assert "combined book: 7 bars on which" in shown(follows_it)
