"""The page of a run: what was done, what came out, and what it does not show."""

from __future__ import annotations

from alpha_pulse.core.config import Config
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.reporting.pages import numbers, sentences
from alpha_pulse.reporting.pages.numbers import money, number, percent, time_span
from alpha_pulse.reporting.pages.parts import ABOUT_CURVES, PageContent, Section, Tile
from alpha_pulse.reporting.pages.performance_sections import (
    books_section,
    drawdown_section,
    equity_section,
    months_section,
    rolling_section,
    trades_section,
)
from alpha_pulse.reporting.pages.rendering import rendered
from alpha_pulse.reporting.pages.setting_texts import settings_text
from alpha_pulse.reporting.pages.skill_sections import drift_section, reliability_section, skill_section, symbols_section
from alpha_pulse.reporting.tearsheet.content import RunContent
from alpha_pulse.reporting.tearsheet.sheet import TearSheet, make_tear_sheet
from alpha_pulse.reporting.words import interval_text

MOST_SYMBOLS = 12
"""Symbols that are named; of more, the number is given."""


def run_page(run: RunContent) -> str:
    """The page of a run as one HTML file without scripts.

    Every number is that of `make_tear_sheet`.
    """
    return rendered(page_content(run, make_tear_sheet(run)))


def page_content(run: RunContent, sheet: TearSheet) -> PageContent:
    """What the page of a run shows."""
    book = sheet.books[PRIMARY]
    sections = [
        done_section(run, sheet),
        books_section(sheet),
        equity_section(run, sheet),
        drawdown_section(run, sheet),
        months_section(sheet),
        rolling_section(run, sheet),
        trades_section(sheet),
        skill_section(run, sheet),
        symbols_section(sheet),
        drift_section(sheet),
        reliability_section(sheet),
        Section(title="What this does not show", items=sentences.caveats(sheet)),
    ]
    models = sentences.models_sentence(sheet)
    return PageContent(
        title=f"{_symbols(sheet)}: {_period(sheet)}",
        subtitle=f"Run {sheet.run_id}, {'finished' if sheet.finished else 'not finished'}; paper trading on "
        f"{sheet.data.bars:,} bars of {interval_text(sheet.data.interval_s)}",
        warnings=sheet.warnings,
        lead=[
            sentences.result_sentence(sheet),
            sentences.skill_sentence(sheet),
            *([] if models is None else [models]),
        ],
        key_figures=[
            Tile("Net P&L", money(book.net_pnl, signed=True), f"{percent(book.total_return, 2, signed=True)} of the cash"),
            Tile("Sharpe ratio", number(book.sharpe, "+z.2f"), "per year"),
            Tile("Maximum drawdown", percent(book.max_drawdown, 2), "from the highest equity"),
            Tile(
                "Closed trades",
                f"{book.trades.trades:,}",
                f"{percent(book.trades.win_rate)} with a profit" if book.trades.trades else "",
            ),
            Tile("Costs", money(book.fees + book.costs), "fees, spread, slippage"),
            Tile("Under water", percent(book.under_water_fraction, 0), f"longest {time_span(book.longest_under_water_s)}"),
        ],
        sections=[section for section in sections if section is not None],
        footer=[
            f"Made by alpha-pulse {sheet.program_version} from the journal of run {sheet.run_id}. "
            f"Settings {sheet.config_hash[:12]}, data {sheet.data.identity[:12]}.",
            ABOUT_CURVES,
        ],
    )


def done_section(run: RunContent, sheet: TearSheet) -> Section:
    """What was done: data, settings and costs."""
    config, data = run.config, sheet.data
    facts = [
        Tile("Data", f"{_symbols(sheet)}, {data.bars:,} bars of {interval_text(data.interval_s)}, {_bar_range(sheet)} UTC"),
        Tile("Cash", f"{money(sheet.initial_cash)} at the start of each book"),
        Tile("Costs of a fill", _costs(config)),
        Tile(
            "Predictions",
            f"{sheet.predictions.predictions:,} = {sheet.predictions.labelled:,} labelled + "
            f"{sheet.predictions.pending:,} pending + {sheet.predictions.expired:,} expired",
        ),
        Tile("Settings", settings_text(sheet.settings)),
    ]
    if sheet.commands:
        facts.append(Tile("Commands", f"{sheet.commands:,} given during the run, some of which may have changed its settings"))
    return Section(
        title="What was done",
        sentences=[
            "At each bar the models predicted volatility and direction, the agents decided, and orders were filled on paper. "
            "Each prediction was scored when its label was known, and only then learned."
        ],
        facts=facts,
    )


def _costs(config: Config) -> str:
    venue = config.venue
    return (
        f"fee {venue.fee_bps:g} bps, half-spread {venue.half_spread_bps:g} bps where the data have no quotes, "
        f"slippage {venue.slippage_bps:g} bps"
    )


def _symbols(sheet: TearSheet) -> str:
    symbols = sheet.data.symbols
    return ", ".join(symbols) if len(symbols) <= MOST_SYMBOLS else f"{len(symbols)} symbols"


def _period(sheet: TearSheet) -> str:
    return f"{numbers.day(sheet.data.first_open)} to {numbers.day(sheet.data.last_open)}"


def _bar_range(sheet: TearSheet) -> str:
    data = sheet.data
    length = data.last_end - data.last_open
    return f"{numbers.bar_time(data.first_open, data.first_open + length)} to {numbers.bar_time(data.last_open, data.last_end)}"
