from __future__ import annotations

import io
import re
from functools import cache

import msgspec
import pytest
from rich.console import Console

from alpha_pulse.cli.render.report import NOTHING, show
from alpha_pulse.core.config import BatchConfig, Config, ExecutionConfig
from alpha_pulse.feeds.synthetic import Market, random_walk
from alpha_pulse.reporting.report import Report, decode_report
from alpha_pulse.reporting.words import verdict
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.memory import MemoryStore


@cache
def report_of(*, shadow_books: bool) -> Report:
    config = Config(batch=BatchConfig(enabled=False), execution=ExecutionConfig(shadow_books=shadow_books))
    result = replay(config, random_walk(900, seed=2), MemoryStore(), "short")
    assert result is not None
    return decode_report(result)


def shown(report: Report) -> str:
    stream = io.StringIO()
    show(report, Console(file=stream, width=120, highlight=False))
    return " ".join(stream.getvalue().split())


def lines_at(width: int, report: Report) -> list[str]:
    stream = io.StringIO()
    show(report, Console(file=stream, width=width, highlight=False, markup=False))
    return stream.getvalue().splitlines()


def numbers(lines: list[str]) -> set[str]:
    return {number for line in lines for number in re.findall(r"[-+0-9.,]*[0-9]", line)}


@pytest.mark.parametrize("width", [119, 96, 80, 79, 60, 40])
def test_a_narrow_table_leaves_out_columns_and_never_digits(width: int) -> None:
    report = report_of(shadow_books=True)
    rich = msgspec.structs.replace(report.books["combined"], net_pnl=-1_234_567.89)
    report = msgspec.structs.replace(report, books={**report.books, "combined": rich})
    lines = lines_at(width, report)
    assert not any("…" in line for line in lines)
    assert max(map(len, lines)) <= width
    tables = lines[: next(at for at, line in enumerate(lines) if line.startswith("predictions "))]
    # the start of the run and the store are folded as sentences are
    assert numbers(tables) <= numbers(lines_at(120, report)) | {"2020-01-01", "2020"}
    assert any(re.match(r"combined +-1,234,567\.89", line) for line in lines)


def test_what_fits_nowhere_is_printed_in_full() -> None:
    report = report_of(shadow_books=True)
    rich = msgspec.structs.replace(report.books["combined"], net_pnl=-1e15 / 3)
    report = msgspec.structs.replace(report, books={**report.books, "combined": rich})
    assert any(line.endswith("-333,333,333,333,333.31") for line in lines_at(20, report))


def test_each_symbol_has_a_row_where_there_are_several() -> None:
    config = Config(batch=BatchConfig(enabled=False))
    result = replay(config, random_walk(300, seed=2, market=Market(symbols=("[/A]", "B"))), MemoryStore(), "two")
    assert result is not None
    report = decode_report(result)
    for symbol in ("[/A]", "B"):
        part = report.by_symbol[symbol]
        row = next(line for line in lines_at(120, report) if re.match(rf"{re.escape(symbol)} +300 ", line))
        assert f"{part.costs:,.2f}" in row
        accuracy = part.metrics["direction"]["served"].accuracy
        assert accuracy is not None
        assert row.rstrip().endswith(f"{100 * accuracy:.1f}")
    many = {f"S{number}": msgspec.structs.replace(part, net_pnl=float(number)) for number in range(50)}
    lines = lines_at(120, msgspec.structs.replace(report, by_symbol=many))
    assert [line.split()[0] for line in lines if re.match("S[0-9]+ ", line)] == [f"S{number}" for number in range(30, 50)]
    assert any("30 symbols with smaller P&L are in the JSON" in line for line in lines)
    assert not any(line.startswith("symbol") for line in lines_at(120, report_of(shadow_books=True)))


def test_warnings_are_shown_and_that_nothing_was_learned() -> None:
    report = report_of(shadow_books=True)
    assert "freshness time from a member's last label to a served prediction: mean" in shown(report)
    assert "Warning" not in shown(report)
    unknown = msgspec.structs.replace(report.success_metrics, model_freshness_mean_s=None, model_freshness_max_s=None)
    odd = msgspec.structs.replace(report, warnings=["one thing", "another"], success_metrics=unknown)
    assert "Warning: one thing. Warning: another. " in shown(odd)
    assert "freshness undefined: no served prediction came from a member with a label" in shown(odd)


def test_too_few_labels_have_no_interval() -> None:
    report = report_of(shadow_books=True)
    scores = {
        target: {**members, "served": msgspec.structs.replace(members["served"], skill_millinats_last70_interval=None)}
        for target, members in report.metrics.items()
    }
    report = msgspec.structs.replace(report, metrics=scores)
    served = report.metrics["volatility"]["served"]
    assert served.skill_millinats_last70 is not None
    assert f"{served.skill_millinats_last70:+z.1f} {NOTHING}" in shown(report)
    assert "volatility too few labels for an interval, direction too few labels for an interval" in verdict(report)


def test_what_was_not_traded_names_the_book_that_it_counts() -> None:
    report = msgspec.structs.replace(report_of(shadow_books=True), abstentions=1_234, refusals=5)
    told = "cost aware book: 1,234 bars with an expected move smaller than the costs; 5 orders refused over all books"
    assert f"not traded {told}" in shown(report)
    alone = report_of(shadow_books=False)
    assert alone.abstentions == 0
    assert f"not traded {alone.refusals:,} orders refused over all books" in shown(alone)
    follows_it = msgspec.structs.replace(alone, abstentions=7)
    assert "combined book: 7 bars with" in shown(follows_it)
