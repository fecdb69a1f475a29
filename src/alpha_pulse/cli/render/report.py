"""The tables of a replay's result on a terminal, up to 120 columns wide."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alpha_pulse.cli.terminal.table import TableRow, print_table
from alpha_pulse.core.bar_times import bar_label
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.metrics.members import MemberScore, titled
from alpha_pulse.reporting.report import BookReport, Report, SymbolReport
from alpha_pulse.reporting.words import adaptation_lines, counted, interval_text, success_lines, verdict
from alpha_pulse.venues.money import cash_text

WIDEST = 120
NARROWEST = 40
"""Sentences are wrapped at this width or wider; a narrower terminal wraps them itself."""
MOST_SYMBOLS = 20
MEMBERS = {"online": "online", "batch": "batch", "served": "served", "base": "base rate", "no_change": "no change"}
NOTHING = "·"
ABOUT_SCORES = (
    "skill: log-loss skill over the base rate, in mnat (thousandths of a nat) per label; "
    "skill 70: over the last 70 % of the bars"
)
SCORE_COLUMNS = ["labels", "hits %", "log loss", "Brier", "AUC", "kappa", "kappa-t", "skill", "skill 70", "95 % interval"]
SCORE_LEAVE_OUT = ["Brier", "kappa-t", "kappa", "log loss", "AUC", "labels", "skill", "95 % interval", "skill 70"]
BOOK_COLUMNS = ["net P&L", "gross P&L", "fees", "costs", "Sharpe", "max dd %", "lots", "turnover"]
BOOK_LEAVE_OUT = ["turnover", "lots", "Sharpe", "max dd %", "gross P&L", "costs", "fees"]
SYMBOL_COLUMNS = ["bars", "net P&L", "gross P&L", "fees", "costs", "lots", "vol hits %", "dir hits %"]
SYMBOL_LEAVE_OUT = ["bars", "lots", "vol hits %", "dir hits %", "gross P&L", "costs", "fees"]
ABOUT_BOOKS = (
    "P&L, fees and costs in units of cash; costs: half-spread and slippage; Sharpe: per year; max dd: maximum drawdown; "
    "lots: closed; turnover: traded value divided by the initial cash"
)
ABOUT_SYMBOLS = "combined book, in units of cash; hits of the served predictions"


def show(report: Report, console: Console | None = None) -> None:
    """Print a report on ``console``, by default standard output."""
    # Names come from the data, so no markup in them is interpreted.
    console = console or Console(highlight=False, markup=False, emoji=False)
    console.width = min(max(console.width, NARROWEST), WIDEST)
    _header(console, report)
    print_table(console, "prediction", SCORE_COLUMNS, _scores(report), SCORE_LEAVE_OUT)
    console.print(ABOUT_SCORES, style="dim")
    console.print()
    books = [TableRow(name.replace("_", " "), _book(book), _bold(name, PRIMARY)) for name, book in report.books.items()]
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
        console.print(f"columns not used: {', '.join(data.ignored_columns)}", style="dim")
    console.print(f"store {report.store}", style="dim", soft_wrap=True)
    console.print()


def _bars(report: Report) -> str:
    data = report.data
    return f"{report.bars:,} bars of {interval_text(data.interval_s)}{' (inferred)' if data.interval_inferred else ''}"


def _scores(report: Report) -> list[TableRow]:
    rows = []
    for target, members in report.metrics.items():
        rows.append(TableRow(target, style="bold"))
        for name, title in titled(members, MEMBERS).items():
            rows.append(TableRow(f"  {title}", _score(members[name], base=name == "base"), _bold(name, "served")))
    return rows


def _bold(name: str, important: str) -> str | None:
    return "bold" if name == important else None


def _score(score: MemberScore, *, base: bool) -> list[str]:
    interval = score.skill_millinats_last70_interval
    skill = [NOTHING] * 3
    if not base:
        bounds = NOTHING if interval is None else f"{interval.low:+z.1f} .. {interval.high:+z.1f}"
        skill = [_number(score.skill_millinats, "+z.1f"), _number(score.skill_millinats_last70, "+z.1f"), bounds]
    return [
        f"{score.labels:,}",
        _percent(score.accuracy),
        _number(score.log_loss, ".4f"),
        _number(score.brier, ".4f"),
        _number(score.auc, ".3f"),
        _number(score.kappa, "+z.3f"),
        _number(score.kappa_temporal, "+z.3f"),
        *skill,
    ]


def _percent(fraction: float | None) -> str:
    return NOTHING if fraction is None else f"{100 * fraction:.1f}"


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
    """A row for each symbol, or for those with the largest absolute P&L."""
    largest = sorted(report.by_symbol.items(), key=lambda item: -abs(item[1].net_pnl))[:MOST_SYMBOLS]
    names = {name for name, _ in largest}
    rows = [TableRow(name, _symbol(symbol)) for name, symbol in report.by_symbol.items() if name in names]
    print_table(console, "symbol", SYMBOL_COLUMNS, rows, SYMBOL_LEAVE_OUT)
    more = len(report.by_symbol) - len(names)
    console.print(ABOUT_SYMBOLS + (f"; {more:,} symbols with smaller P&L are in the JSON" if more else ""), style="dim")
    console.print()


def _symbol(symbol: SymbolReport) -> list[str | Text]:
    volatility, direction = (symbol.metrics[target]["served"].accuracy for target in ("volatility", "direction"))
    return [
        f"{symbol.bars:,}",
        _colored(symbol.net_pnl),
        _signed(symbol.gross_pnl),
        cash_text(symbol.fees),
        cash_text(symbol.costs),
        f"{symbol.trades:,}",
        _percent(volatility),
        _percent(direction),
    ]


def _account(report: Report) -> list[tuple[str, str]]:
    ties = f"; {report.ties:,} of the labels are ties" if report.ties else ""
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in report.agent_weights.items())
    quality = report.trade_quality
    external = quality.lots - report.trades
    trades = f"; winning trades: {quality.wins:,} of {quality.lots:,}" if quality.lots else ""
    trades += f", {external:,} of them reported from outside" if external > 0 else ""
    by_models = "" if report.ml_fraction is None else f"; models contributed to {100 * report.ml_fraction:.1f} %"
    hits = report.hit_rates
    tradable = ""
    if hits.close_to_close is not None and hits.next_open is not None:
        tradable = (
            f"{100 * hits.close_to_close:.1f} % hits from close to close, {100 * hits.next_open:.1f} % from the next open "
            "(the first tradable price)"
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
            f"{report.decisions:,}{by_models}; weights of agents: {weights}{trades}",
        ),
        ("not traded", _not_traded(report)),
    ]


def _not_traded(report: Report) -> str:
    """Abstentions of the cost-aware rule, which decides at every bar, and orders refused by the risk limits of all books."""
    refused = f"{counted(report.refusals, 'order')} refused over all books"
    has_cost_aware = "cost_aware" in report.books
    if not has_cost_aware and not report.abstentions:
        return refused
    book = "cost aware" if has_cost_aware else "combined"
    return f"{book} book: {report.abstentions:,} bars with an expected move smaller than the costs; {refused}"


def _hashes(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    if report.bars_per_second is not None:
        table.add_row("bars/s", f"{report.bars_per_second:,.0f} in the event loop, after warm-up")
    table.add_row("decisions hash", report.decisions_sha256)
    table.add_row("state hash", report.state_sha256)
    return table
