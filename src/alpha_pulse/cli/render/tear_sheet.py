"""A run's risk and trades on a terminal, by book; and what is known of a run that is not finished."""

from __future__ import annotations

from rich.console import Console

from alpha_pulse.cli.terminal.table import TableRow, print_table
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.reporting.pages import sentences
from alpha_pulse.reporting.pages.numbers import money, number, percent, time_span
from alpha_pulse.reporting.tearsheet import TearSheet
from alpha_pulse.reporting.tearsheet.books import BookPerformance

TITLES = [
    "growth",
    "Sharpe",
    "Sortino",
    "Calmar",
    "max dd",
    "under water",
    "exposure",
    "win rate",
    "profit f.",
    "expectancy",
    "held",
]
LEAVE_OUT = ["held", "growth", "Calmar", "exposure", "under water", "Sortino", "max dd", "profit f.", "win rate", "expectancy"]
ABOUT = (
    "growth, Sharpe, Sortino and Calmar ratio per year; under water: time below the highest equity; exposure: mean value of "
    "the positions over the equity; profit f.: net profits over net losses; expectancy: net per trade; held: mean time"
)  # fmt: skip


def show_performance(sheet: TearSheet, console: Console) -> None:
    """Print a row for each book."""
    rows = [
        TableRow(name.replace("_", " "), _row(book), "bold" if name == PRIMARY else None) for name, book in sheet.books.items()
    ]
    print_table(console, "book", TITLES, rows, LEAVE_OUT)
    console.print(ABOUT, style="dim")
    console.print()


def show_progress(sheet: TearSheet, console: Console) -> None:
    """Print what is known of a run that is not finished."""
    console.print(f"run {sheet.run_id} is not finished: {sheet.data.bars:,} bars so far", style="bold")
    for text in (sentences.result_sentence(sheet), sentences.skill_sentence(sheet), sentences.drift_sentence(sheet)):
        console.print(plain(text))
    for warning in sheet.warnings:
        console.print(f"Warning: {warning}.", style="bold yellow")
    console.print()


def _row(book: BookPerformance) -> list[str]:
    texts = [
        percent(book.growth_per_year, signed=True),
        number(book.sharpe, "+z.2f"),
        number(book.sortino, "+z.2f"),
        number(book.calmar, "+z.2f"),
        percent(book.max_drawdown, 2),
        percent(book.under_water_fraction, 0),
        percent(book.mean_exposure),
        percent(book.trades.win_rate),
        number(book.trades.profit_factor),
        money(book.trades.expectancy, signed=True),
        time_span(book.trades.mean_holding_s),
    ]
    return [plain(text) for text in texts]


def plain(text: str) -> str:
    """A text of a page in the characters of a terminal."""
    return text.replace("\u202f", " ").replace("−", "-").replace("–", "·")
