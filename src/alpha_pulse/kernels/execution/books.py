"""Books: cash, the value of the positions, and the performance of the equity, in constant time and memory.

At any time ``cash + basis of open lots = initial cash + realised gross - costs - fees``, to the minor unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.layout import (
    BAR_SYMBOL,
    CASH,
    DAY,
    DAY_START,
    DONE,
    EQUITY,
    EVENT_BOOK,
    EVENT_COST,
    EVENT_FEE,
    EVENT_SYMBOL,
    EXPONENT,
    GROSS,
    MARKED,
    MARKS,
    MAX_DRAWDOWN,
    OVERFLOW,
    PEAK,
    POSITION,
    REFERENCE,
    RETURNS,
    SQUARES,
    VALUE,
)
from alpha_pulse.kernels.execution.lots import apply_to_lots
from alpha_pulse.kernels.execution.money import money
from alpha_pulse.kernels.execution.whole_numbers import ratio

MOST_GROSS = 2**61
"""The largest value of the positions of one book, in minor units; larger ones are refused. A run begins with less than
2**44."""


@kernel
def revalue(
    positions: NDArray[np.int64], books: NDArray[np.int64], units: NDArray[np.int64], symbol: int, book: int, price: float
) -> None:
    """Value one book's position in a symbol at ``price``."""
    before = positions[symbol, book, MARKED]
    marked = money(positions[symbol, book, POSITION], price, units[symbol, EXPONENT])
    books[book, VALUE] += marked - before
    books[book, GROSS] += abs(marked) - abs(before)
    positions[symbol, book, MARKED] = marked


@kernel
def value_symbol(
    positions: NDArray[np.int64], books: NDArray[np.int64], units: NDArray[np.int64], symbol: int, price: float
) -> None:
    """Value every book's position in a symbol at ``price``."""
    for book in range(books.shape[0]):
        if positions[symbol, book, POSITION] != 0 or positions[symbol, book, MARKED] != 0:
            revalue(positions, books, units, symbol, book, price)


@kernel
def value_slice(
    positions: NDArray[np.int64], books: NDArray[np.int64], units: NDArray[np.int64], bars: NDArray[np.int64],
    prices: NDArray[np.float64], first: int, end: int, column: int,
) -> None:  # fmt: skip
    """Value the positions in the symbols of the bars ``first`` to ``end`` at the price ``column`` of their bar."""
    for row in range(first, end):
        value_symbol(positions, books, units, bars[row, BAR_SYMBOL], prices[row, column])


@kernel
def apply_fill(
    positions: NDArray[np.int64], lots: NDArray[np.int64], lot_prices: NDArray[np.float64], books: NDArray[np.int64],
    units: NDArray[np.int64], events: NDArray[np.int64], event_prices: NDArray[np.float64], counter: NDArray[np.int64],
    fill: int,
) -> None:  # fmt: skip
    """Apply the fill in row ``fill``, see `apply_to_lots`, and value the position at its reference price.

    Cash changes by the value of the fill at the reference price, costs and fee.
    """
    value = apply_to_lots(positions, lots, lot_prices, units, events, event_prices, counter, fill)
    symbol, book = events[fill, EVENT_SYMBOL], events[fill, EVENT_BOOK]
    books[book, CASH] -= value + events[fill, EVENT_COST] + events[fill, EVENT_FEE]
    revalue(positions, books, units, symbol, book, event_prices[fill, REFERENCE])


@kernel
def mark(books: NDArray[np.int64], curves: NDArray[np.float64], ts: int) -> int:
    """Add the equity of every book at ``ts`` (ns since the epoch, UTC) to its performance: once per instant.

    The return of a mark is the change divided by the previous equity, or 0 while that is not positive (a bankrupt book has no
    return). A mark at midnight UTC belongs to the day that it ends, so that the day's start is the equity at midnight.

    Returns ``DONE``, or ``OVERFLOW`` when the positions of a book are worth more than int64 can safely sum.
    """
    for book in range(books.shape[0]):
        if books[book, GROSS] < 0 or books[book, GROSS] > MOST_GROSS:
            return OVERFLOW
    day = (ts - 1) // DAY_NS
    for book in range(books.shape[0]):
        before, equity = books[book, EQUITY], books[book, CASH] + books[book, VALUE]
        if day != books[book, DAY]:
            books[book, DAY] = day
            books[book, DAY_START] = before
        books[book, MARKS] += 1
        if equity == before:
            continue
        if before > 0:
            change = ratio(equity - before, before)
            curves[book, RETURNS] += change
            curves[book, SQUARES] += change * change
        books[book, EQUITY] = equity
        if equity > books[book, PEAK]:
            books[book, PEAK] = equity
        else:
            drawdown = ratio(books[book, PEAK] - equity, books[book, PEAK])
            if drawdown > curves[book, MAX_DRAWDOWN]:
                curves[book, MAX_DRAWDOWN] = drawdown
    return DONE


@kernel
def mark_slice(
    positions: NDArray[np.int64], books: NDArray[np.int64], curves: NDArray[np.float64], units: NDArray[np.int64],
    closes: NDArray[np.float64], bars: NDArray[np.int64], first: int, end: int, ts: int,
) -> int:  # fmt: skip
    """Value the positions in the symbols of the bars ``first`` to ``end`` at their closes, then `mark` all books."""
    for row in range(first, end):
        symbol = bars[row, BAR_SYMBOL]
        value_symbol(positions, books, units, symbol, closes[symbol])
    return mark(books, curves, ts)
