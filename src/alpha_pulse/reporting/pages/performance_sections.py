"""The sections of a run's page about money: books, equity, drawdown, months, rolling Sharpe ratio, trades."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.reporting.pages import sentences
from alpha_pulse.reporting.pages.colours import BOOKS
from alpha_pulse.reporting.pages.curves import drawdown_curve, equity_curve, rolling_curve, title_of
from alpha_pulse.reporting.pages.figures import Curve, curves_over_time
from alpha_pulse.reporting.pages.numbers import DASH, interval, money, number, percent, time_span
from alpha_pulse.reporting.pages.parts import Grid, LegendItem, Months, Picture, Row, Section, Tile
from alpha_pulse.reporting.pages.svg import both_widths
from alpha_pulse.reporting.tearsheet.books import BookPerformance
from alpha_pulse.reporting.tearsheet.content import RunContent
from alpha_pulse.reporting.tearsheet.sheet import TearSheet

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS_PER_YEAR = 365.25


def books_section(sheet: TearSheet) -> Section:
    """A row for each book."""
    rows = [Row(title_of(name), _money_row(book), name == PRIMARY) for name, book in sheet.books.items()]
    ratios = [Row(title_of(name), _ratio_row(book), name == PRIMARY) for name, book in sheet.books.items()]
    return Section(
        title="What came out, book by book",
        sentences=["All books saw the same bars and paid the same costs; only the outcomes of the combined book were learned."],
        tables=[
            Grid(
                "book",
                ("net P&L", "95 % interval", "gross P&L", "fees", "costs", "lots", "turnover"),
                rows,
                "P&L, fees and costs in units of cash; costs: half-spread and slippage; lots: closed trades; "
                "turnover: traded value divided by the initial cash.",
            ),
            Grid(
                "book",
                ("growth", "volatility", "Sharpe", "Sortino", "Calmar", "max. drawdown", "under water", "in the market"),
                ratios,
                "Growth, volatility and ratios per year; Sortino: mean return over the root mean square of losses; Calmar: "
                "growth over maximum drawdown; under water: time below the highest equity so far; in the market: bars with a "
                "position.",
            ),
        ],
    )


def equity_section(run: RunContent, sheet: TearSheet) -> Section:
    """The equity of all books."""
    if all(book.fills == 0 for book in sheet.books.values()):
        return Section(title="Equity of all books", sentences=["No book traded, so each has its initial cash."])
    curves = [equity_curve(run, book, BOOKS.get(book, 5)) for book in sheet.books]
    ends = {title_of(name): percent(book.total_return, 1, signed=True) for name, book in sheet.books.items()}
    picture = _picture(curves, "%", "Change of each book's equity since the start, in per cent of the initial cash.", ends)
    return Section(title="Equity of all books", sentences=[_equity_sentence(sheet)], figures=[picture])


def drawdown_section(run: RunContent, sheet: TearSheet) -> Section:
    """The drawdown of the combined book."""
    title, text = "Drawdown of the combined book", sentences.drawdown_sentence(sheet.books[PRIMARY])
    if sheet.books[PRIMARY].max_drawdown == 0.0:
        return Section(title=title, sentences=[text])
    names = [book for book in (PRIMARY, sentences.HOLD) if book in sheet.books]
    curves = [drawdown_curve(run, book, BOOKS[book]) for book in names]
    ends = {title_of(name): percent(-sheet.books[name].max_drawdown, 2, signed=True) for name in names}
    caption = "Loss since the highest equity so far, in per cent of it; the legend gives the largest."
    picture = _picture(curves, "%", caption, ends, area=True, height=190)
    return Section(title=title, sentences=[text], figures=[picture])


def months_section(sheet: TearSheet) -> Section:
    """The monthly returns of the combined book."""
    book = sheet.books[PRIMARY]
    by_month = {(each.year, each.month): _in_percent(each.value) for each in book.months}
    years = [
        Row(str(year), [*(by_month.get((year, month), "") for month in range(1, 13)), _in_percent(whole)])
        for year, whole in book.years.items()
        if any(each.value is not None for each in book.months if each.year == year)
    ]
    return Section(
        title="Monthly returns of the combined book",
        sentences=[sentences.months_sentence(book)],
        months=Months(MONTHS, years),
        note="In per cent of the equity at the start of the month, UTC. The first and the last month may be covered in part.",
    )


def rolling_section(run: RunContent, sheet: TearSheet) -> Section:
    """The rolling Sharpe ratio."""
    title, window = "Sharpe ratio over time", sheet.rolling_window
    text = sentences.rolling_sentence(sheet)
    if window is None or sheet.books[PRIMARY].sharpe is None:
        return Section(title=title, sentences=[text] if window is not None else [text, "The run is too short for a curve."])
    names = [book for book in (PRIMARY, sentences.HOLD) if book in sheet.books]
    curves = [rolling_curve(run, book, window, BOOKS[book]) for book in names]
    chance = sentences.sharpe_by_chance(sheet, window)
    days = number(DAYS_PER_YEAR * window / sheet.data.steps_per_year, ",.0f")
    picture = _picture(
        curves, "",
        f"Sharpe ratio per year of the newest {window:,} bars (about {days} days). The band, ±{number(chance, 'z.1f')}, "
        "contains 95 % of such ratios where returns are independent and have a mean of 0.",
        chance=chance,
    )  # fmt: skip
    return Section(title=title, sentences=[text], figures=[picture])


def trades_section(sheet: TearSheet) -> Section:
    """Closed trades: of the combined book as tiles, and of all books as a table."""
    book = sheet.books[PRIMARY]
    if all(each.trades.trades == 0 for each in sheet.books.values()):
        return Section(title="Trades", sentences=["No book closed a trade."])
    rows = [Row(title_of(name), _trade_row(each), name == PRIMARY) for name, each in sheet.books.items()]
    tiles = [
        Tile("Win rate", percent(book.trades.win_rate), f"{book.trades.wins:,} of {book.trades.trades:,}"),
        Tile("Profit factor", number(book.trades.profit_factor), "net profits over net losses"),
        Tile("Expectancy", money(book.trades.expectancy, signed=True), "net, per trade"),
        Tile("Mean exposure", percent(book.mean_exposure), f"in the market {percent(book.held_fraction, 0)} of the bars"),
        Tile("Turnover", f"{number(book.turnover, 'z,.1f')} ×", "the initial cash"),
        Tile("Holding time", time_span(book.trades.mean_holding_s), "mean"),
    ]
    return Section(
        title="Trades",
        sentences=[sentences.trades_sentence(book)],
        tiles=tiles,
        tables=[
            Grid(
                "book",
                ("win rate", "profit factor", "expectancy", "mean win", "mean loss", "best", "worst", "held"),
                rows,
                "Closed trades, first in, first out, after costs, in units of cash; "
                "held: mean time from opening to closing. Open positions at the end are not trades.",
            )
        ],
    )


def _equity_sentence(sheet: TearSheet) -> str:
    ranked = sorted(sheet.books.items(), key=lambda item: -item[1].net_pnl)
    best, worst = ranked[0], ranked[-1]
    if len(ranked) == 1:
        return f"The combined book ended at {percent(best[1].total_return, 1, signed=True)}."
    return (
        f"At the end, {title_of(best[0])} was the best book ({percent(best[1].total_return, 1, signed=True)}) and "
        f"{title_of(worst[0])} the worst ({percent(worst[1].total_return, 1, signed=True)})."
    )


def _picture(
    curves: Sequence[Curve], unit: str, caption: str, ends: dict[str, str] | None = None, *,
    height: int = 250, area: bool = False, chance: float | None = None,
) -> Picture:  # fmt: skip
    def draw(width: int) -> Figure:
        return curves_over_time(width, curves, unit, height=height, area=area, chance=chance)

    legend = [LegendItem(curve.name, curve.colour, (ends or {}).get(curve.name, "")) for curve in curves]
    return Picture(both_widths(draw, caption), caption, legend)


def _money_row(book: BookPerformance) -> list[str]:
    return [
        money(book.net_pnl, signed=True),
        DASH if book.net_pnl_interval is None or not book.fills else interval(book.net_pnl_interval, "+z,.0f"),
        money(book.gross_pnl, signed=True),
        money(book.fees),
        money(book.costs),
        f"{book.trades.trades:,}",
        number(book.turnover, "z,.1f"),
    ]


def _ratio_row(book: BookPerformance) -> list[str]:
    return [
        percent(book.growth_per_year, signed=True),
        percent(book.volatility),
        number(book.sharpe, "+z.2f"),
        number(book.sortino, "+z.2f"),
        number(book.calmar, "+z.2f"),
        percent(book.max_drawdown, 2),
        percent(book.under_water_fraction, 0),
        percent(book.held_fraction, 0),
    ]


def _trade_row(book: BookPerformance) -> list[str]:
    trades = book.trades
    return [
        percent(trades.win_rate),
        number(trades.profit_factor),
        *(
            money(value, signed=True)
            for value in (trades.expectancy, trades.mean_win, trades.mean_loss, trades.best, trades.worst)
        ),
        time_span(trades.mean_holding_s),
    ]


def _in_percent(fraction: float | None) -> str:
    return DASH if fraction is None else number(100.0 * fraction, "+z.2f")
