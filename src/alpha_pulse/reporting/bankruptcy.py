"""When and why a book went bankrupt. The journal is read again only if a book lost everything."""

from __future__ import annotations

from collections.abc import Mapping

from alpha_pulse.core.bar_times import bar_label
from alpha_pulse.core.types import Bar
from alpha_pulse.execution.book import Book, BookResult
from alpha_pulse.execution.books import Books
from alpha_pulse.journal.reader import read_steps
from alpha_pulse.stores.base import Store
from alpha_pulse.venues.money import cash_text

LOST = 1.0
"""The drawdown of a book whose equity was 0 or below."""


def bankruptcies(store: Store, results: Mapping[str, BookResult], initial_cash: int) -> list[str]:
    """A sentence for each bankrupt book: when its equity was first 0 or below, and the move of that bar.

    Parameters
    ----------
    store
        The store of the run.
    results
        The results of all books at the end of the run.
    initial_cash
        The initial cash of each book, in minor units.

    Raises
    ------
    StateError
        The journal is damaged.
    """
    names = [name for name, result in results.items() if result.max_drawdown >= LOST]
    books = Books(names, initial_cash)
    left = {name: books.book(name) for name in names}
    sentences: dict[str, str] = {}
    closes: dict[str, float] = {}
    if left:
        for read in read_steps(store):
            step = read.record
            for units in step.units:
                books.add_instrument(units)
            for fill in step.fills:
                if fill.book in left:
                    books.apply_fill(fill)
            for bar in step.bars:
                books.value_symbol(bar.symbol, bar.close)
            books.mark(read.ts_event)
            for name, book in list(left.items()):
                if book.equity <= 0:
                    sentences[name] = _sentence(book, step.bars, closes)
                    del left[name]
            if not left:
                break
            closes.update((bar.symbol, bar.close) for bar in step.bars)
    return [sentences[name] for name in results if name in sentences]


def _sentence(book: Book, bars: tuple[Bar, ...], closes: Mapping[str, float]) -> str:
    def lost(bar: Bar) -> float:
        return book.position(bar.symbol) * (bar.close - closes.get(bar.symbol, bar.open))

    # A stop may have closed the position within the bar; then no open position lost, and the message names the first bar.
    worst = min(bars, key=lost)
    equity = cash_text(book.lots(worst.symbol).units.cash(book.equity))
    when = bar_label(worst.ts_open, worst.ts_event)
    return (
        f"book {book.name.replace('_', ' ')} lost everything in the bar of {when} (UTC), when its equity fell to "
        f"{equity}: {worst.symbol} closed at {worst.close:.12g} after "
        f"{closes.get(worst.symbol, worst.open):.12g}; check that bar, since later results of this book mean nothing"
    )
