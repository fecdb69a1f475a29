"""The result of a replay as a trader reads it, 80 to 120 columns wide."""

from __future__ import annotations

from datetime import UTC, datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alpha_pulse.cli_words import adaptation_lines, success_lines, verdict
from alpha_pulse.engine.report import BookReport, Report
from alpha_pulse.engine.scoring import Score

WIDEST = 120
NARROW = 96
"""Below this many columns the log loss, the Brier score and the turnover are left to the JSON."""
MEMBERS = {"online": "online", "batch": "batch", "served": "served", "base": "base rate", "no_change": "no change"}
NOTHING = "·"
ABOUT_SCORES = "gain: millinats a label over the base rate; gain 70: in the last 70 % of bars"
ABOUT_BOOKS = "P&L in units of cash; costs: half-spread and slippage; Sharpe a year; lots closed"


def show(report: Report, console: Console | None = None) -> None:
    """Print a report; on standard output unless another ``console`` is given."""
    console = console or Console(highlight=False)
    console.width = min(console.width, WIDEST)
    _header(console, report)
    narrow = console.width < NARROW
    console.print(_scores(report, narrow=narrow))
    console.print(ABOUT_SCORES, style="dim")
    console.print()
    console.print(_books(report, narrow=narrow))
    console.print(ABOUT_BOOKS, style="dim")
    console.print()
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in [*_account(report), *adaptation_lines(report), *success_lines(report)]:
        facts.add_row(name, text)
    console.print(facts)
    console.print()
    console.print(verdict(report), style="bold")
    console.print()
    console.print(_hashes(report))


def _header(console: Console, report: Report) -> None:
    data = report.data
    first, last = (f"{datetime.fromtimestamp(ts / 1e9, tz=UTC):%Y-%m-%d %H:%M}" for ts in (data.first_ts, data.last_ts))
    console.print(Text.assemble((", ".join(data.symbols), "bold"), f"  {first} to {last} UTC  {_bars(report)}"))
    if data.ignored_columns:
        console.print(f"columns that were not used: {', '.join(data.ignored_columns)}", style="dim")
    console.print(f"store {report.store}", style="dim", soft_wrap=True)
    console.print()


def _bars(report: Report) -> str:
    data = report.data
    return f"{report.bars:,} bars of {interval_text(data.interval_s)}{' (inferred)' if data.interval_inferred else ''}"


def interval_text(seconds: float) -> str:
    """A length of time in its largest whole unit.

    >>> interval_text(3_600.0), interval_text(300.0), interval_text(0.5)
    ('1 h', '5 min', '0.5 s')
    """
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _table(first: str, columns: list[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0, header_style="dim")
    table.add_column(first, no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _scores(report: Report, *, narrow: bool) -> Table:
    losses = [] if narrow else ["log loss", "Brier"]
    columns = ["labels", "hits %", *losses, "AUC", "kappa", "kappa-t", "gain", "gain 70", "95 % interval"]
    table = _table("prediction", columns)
    for target, members in report.metrics.items():
        table.add_row(Text(target, "bold"))
        for name, title in MEMBERS.items():
            style = "bold" if name == "served" else None
            table.add_row(f"  {title}", *_score(members[name], base=name == "base", narrow=narrow), style=style)
    return table


def _score(score: Score, *, base: bool, narrow: bool) -> list[str]:
    interval = score.gain_millinats_last70_interval
    losses = [] if narrow else [_number(score.log_loss, ".4f"), _number(score.brier, ".4f")]
    gains = [NOTHING] * 3
    if not base:
        between = NOTHING if interval is None else f"{interval.low:+z.1f} .. {interval.high:+z.1f}"
        gains = [_number(score.gain_millinats, "+z.1f"), _number(score.gain_millinats_last70, "+z.1f"), between]
    return [
        f"{score.labels:,}",
        NOTHING if score.accuracy is None else f"{100 * score.accuracy:.1f}",
        *losses,
        _number(score.auc, ".3f"),
        _number(score.kappa, "+z.3f"),
        _number(score.kappa_temporal, "+z.3f"),
        *gains,
    ]


def _number(value: float | None, style: str) -> str:
    return NOTHING if value is None else format(value, style)


def _signed(value: float) -> str:
    return f"{value:+,.2f}" if value else "0.00"


def _books(report: Report, *, narrow: bool) -> Table:
    columns = ["net P&L", "gross P&L", "fees", "costs", "Sharpe", "max dd %", "lots", *([] if narrow else ["turnover"])]
    table = _table("book", columns)
    for name, book in report.books.items():
        table.add_row(name.replace("_", " "), *_book(book, narrow=narrow), style="bold" if name == "combined" else None)
    return table


def _book(book: BookReport, *, narrow: bool) -> list[str | Text]:
    color = "green" if book.net_pnl > 0 else "red" if book.net_pnl < 0 else "default"
    return [
        Text(_signed(book.net_pnl), color),
        _signed(book.gross_pnl),
        f"{book.fees:,.2f}",
        f"{book.costs:,.2f}",
        _number(book.sharpe, "+z.2f"),
        NOTHING if book.max_drawdown is None else f"{100 * book.max_drawdown:.2f}",
        f"{book.trades:,}",
        *([] if narrow else [_number(book.turnover, ",.1f")]),
    ]


def _account(report: Report) -> list[tuple[str, str]]:
    ties = f"; {report.ties:,} of the labelled are ties" if report.ties else ""
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in report.agent_weights.items())
    quality = report.trade_quality
    lots = f"; {quality.wins:,} of {quality.lots:,} closed lots paid" if quality.lots else ""
    hits = report.hit_rates
    tradable = ""
    if hits.close_to_close is not None and hits.next_open is not None:
        tradable = (
            f"{100 * hits.close_to_close:.1f} % right from close to close, {100 * hits.next_open:.1f} % from the next open, "
            "where it can be traded"
        )
    return [
        (
            "predictions",
            f"{report.predictions:,} = {report.labelled:,} labelled + {report.pending:,} pending + "
            f"{report.expired:,} expired{ties}",
        ),
        *([("direction", tradable)] if tradable else []),
        (
            "decisions",
            f"{report.decisions:,}; models took part in {100 * report.ml_share:.1f} %; agents: {weights}{lots}",
        ),
        ("not traded", _not_traded(report)),
    ]


def _not_traded(report: Report) -> str:
    """The cost-aware rule is asked at every bar, also while its book holds or closes; the gate is that of all books."""
    refused = f"gate: {report.refusals:,} refusals over all books"
    beside = "cost_aware" in report.books
    if not beside and not report.abstentions:
        return refused
    book = "cost aware" if beside else "combined"
    return f"{book} book: {report.abstentions:,} bars on which the move did not cover the costs; {refused}"


def _hashes(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    if report.bars_per_second is not None:
        table.add_row("bars/s", f"{report.bars_per_second:,.0f} in the event loop, after warm-up")
    table.add_row("decisions hash", report.decisions_sha256)
    table.add_row("state hash", report.state_sha256)
    return table
