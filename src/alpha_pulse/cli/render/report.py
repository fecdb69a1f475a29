"""The result of a replay as a trader reads it, up to 120 columns wide."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alpha_pulse.cli.render.words import adaptation_lines, counted, success_lines, verdict
from alpha_pulse.cli.terminal.table import Row, print_table
from alpha_pulse.core.bar_times import SECOND_NS, bar_label, months_of
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.metrics.members import Score
from alpha_pulse.reporting.report import BookReport, Report, SymbolReport
from alpha_pulse.venues.money import cash_text

WIDEST = 120
NARROWEST = 40
"""Sentences are not folded more narrowly than this; a terminal that is folds them itself."""
MOST_SYMBOLS = 20
MEMBERS = {"online": "online", "batch": "batch", "served": "served", "base": "base rate", "no_change": "no change"}
NOTHING = "·"
ABOUT_SCORES = "gain: millinats a label over the base rate; gain 70: in the last 70 % of bars"
SCORE_COLUMNS = ["labels", "hits %", "log loss", "Brier", "AUC", "kappa", "kappa-t", "gain", "gain 70", "95 % interval"]
SCORE_LEAVE_OUT = ["Brier", "log loss", "kappa-t", "kappa", "AUC", "labels", "gain", "95 % interval", "gain 70"]
BOOK_COLUMNS = ["net P&L", "gross P&L", "fees", "costs", "Sharpe", "max dd %", "lots", "turnover"]
BOOK_LEAVE_OUT = ["turnover", "lots", "Sharpe", "max dd %", "gross P&L", "costs", "fees"]
SYMBOL_COLUMNS = ["bars", "net P&L", "gross P&L", "fees", "costs", "lots", "vol hits %", "dir hits %"]
SYMBOL_LEAVE_OUT = ["bars", "lots", "vol hits %", "dir hits %", "gross P&L", "costs", "fees"]
ABOUT_BOOKS = "P&L in units of cash; costs: half-spread and slippage; Sharpe a year; lots closed"
ABOUT_SYMBOLS = "P&L of the combined book; hits of the served volatility and direction"


def show(report: Report, console: Console | None = None) -> None:
    """Print a report; on standard output unless another ``console`` is given."""
    # Names come from the data: what looks like markup in them is none.
    console = console or Console(highlight=False, markup=False, emoji=False)
    console.width = min(max(console.width, NARROWEST), WIDEST)
    _header(console, report)
    print_table(console, "prediction", SCORE_COLUMNS, _scores(report), SCORE_LEAVE_OUT)
    console.print(ABOUT_SCORES, style="dim")
    console.print()
    books = [Row(name.replace("_", " "), _book(book), _bold(name, PRIMARY)) for name, book in report.books.items()]
    print_table(console, "book", BOOK_COLUMNS, books, BOOK_LEAVE_OUT)
    console.print(ABOUT_BOOKS, style="dim")
    console.print()
    if len(report.by_symbol) > 1:
        _symbols(console, report)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in [*_account(report), *adaptation_lines(report), *success_lines(report)]:
        facts.add_row(name, text)
    console.print(facts)
    console.print()
    for warning in report.warnings:
        console.print(f"Warning: {warning}.", style="bold yellow")
    if report.warnings:
        console.print()
    console.print(verdict(report), style="bold")
    console.print()
    console.print(_hashes(report))


def _header(console: Console, report: Report) -> None:
    data = report.data
    first, last = (
        bar_label(ts if opened is None else opened, ts)
        for opened, ts in ((data.first_bar_open_ts, data.first_ts), (data.last_bar_open_ts, data.last_ts))
    )
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

    >>> interval_text(3_600.0), interval_text(300.0), interval_text(0.5), interval_text(2_629_746.0)
    ('1 h', '5 min', '0.5 s', '1 month')
    """
    if months := months_of(round(seconds * SECOND_NS)):
        return f"{months} month{'s' if months > 1 else ''}"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _scores(report: Report) -> list[Row]:
    rows = []
    for target, members in report.metrics.items():
        rows.append(Row(target, style="bold"))
        for name, title in MEMBERS.items():
            rows.append(Row(f"  {title}", _score(members[name], base=name == "base"), _bold(name, "served")))
    return rows


def _bold(name: str, important: str) -> str | None:
    return "bold" if name == important else None


def _score(score: Score, *, base: bool) -> list[str]:
    interval = score.skill_millinats_last70_interval
    gains = [NOTHING] * 3
    if not base:
        between = NOTHING if interval is None else f"{interval.low:+z.1f} .. {interval.high:+z.1f}"
        gains = [_number(score.skill_millinats, "+z.1f"), _number(score.skill_millinats_last70, "+z.1f"), between]
    return [
        f"{score.labels:,}",
        _percent(score.accuracy),
        _number(score.log_loss, ".4f"),
        _number(score.brier, ".4f"),
        _number(score.auc, ".3f"),
        _number(score.kappa, "+z.3f"),
        _number(score.kappa_temporal, "+z.3f"),
        *gains,
    ]


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.1f}"


def _number(value: float | None, style: str) -> str:
    return NOTHING if value is None else format(value, style)


def _signed(value: float) -> str:
    return cash_text(value, signed=True)


def _book(book: BookReport) -> list[str | Text]:
    return [
        _colored(book.net_pnl),
        _signed(book.gross_pnl),
        cash_text(book.fees),
        cash_text(book.costs),
        _number(book.sharpe, "+z.2f"),
        NOTHING if book.max_drawdown is None else f"{100 * book.max_drawdown:.2f}",
        f"{book.trades:,}",
        _number(book.turnover, ",.1f"),
    ]


def _colored(money: float) -> Text:
    return Text(_signed(money), "green" if money > 0 else "red" if money < 0 else "default")


def _symbols(console: Console, report: Report) -> None:
    """A row for each symbol, or for those that moved the result most."""
    parts = sorted(report.by_symbol.items(), key=lambda part: -abs(part[1].net_pnl))[:MOST_SYMBOLS]
    kept = {name for name, _ in parts}
    rows = [Row(name, _symbol(part)) for name, part in report.by_symbol.items() if name in kept]
    print_table(console, "symbol", SYMBOL_COLUMNS, rows, SYMBOL_LEAVE_OUT)
    more = len(report.by_symbol) - len(kept)
    console.print(ABOUT_SYMBOLS + (f"; {more:,} symbols with smaller P&L are in the JSON" if more else ""), style="dim")
    console.print()


def _symbol(part: SymbolReport) -> list[str | Text]:
    volatility, direction = (part.metrics[target]["served"].accuracy for target in ("volatility", "direction"))
    return [
        f"{part.bars:,}",
        _colored(part.net_pnl),
        _signed(part.gross_pnl),
        cash_text(part.fees),
        cash_text(part.costs),
        f"{part.trades:,}",
        _percent(volatility),
        _percent(direction),
    ]


def _account(report: Report) -> list[tuple[str, str]]:
    ties = f"; {report.ties:,} of the labelled are ties" if report.ties else ""
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in report.agent_weights.items())
    quality = report.trade_quality
    outside = quality.lots - report.trades
    lots = f"; {quality.wins:,} of {quality.lots:,} closed lots paid" if quality.lots else ""
    lots += f", {outside:,} of them reported from outside" if outside > 0 else ""
    took_part = "" if report.ml_fraction is None else f"; models took part in {100 * report.ml_fraction:.1f} %"
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
            f"{report.decisions:,}{took_part}; agents: {weights}{lots}",
        ),
        ("not traded", _not_traded(report)),
    ]


def _not_traded(report: Report) -> str:
    """The cost-aware rule is asked at every bar, also while its book holds or closes; the gate is that of all books."""
    refused = f"{counted(report.refusals, 'order')} refused over all books"
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
