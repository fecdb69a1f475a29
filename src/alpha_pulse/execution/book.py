"""One book, for reading, and its results."""

from __future__ import annotations

import math
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import OrderError, did_you_mean
from alpha_pulse.core.types import Units
from alpha_pulse.kernels.execution.layout import (
    BASIS,
    CASH,
    CLOSED,
    COSTS,
    EQUITY,
    FEES,
    FILLS,
    GROSS,
    INITIAL_CASH,
    MARKED,
    MARKS,
    MAX_DRAWDOWN,
    POSITION,
    REALISED_CHARGES,
    REALISED_GROSS,
    RETURNS,
    SQUARES,
    TRADED,
    VALUE,
)


class BookResult(msgspec.Struct, frozen=True):
    """The result of a book; money in minor units.

    ``gross_pnl`` is P&L at reference prices, open lots included at the last close; ``net_pnl = gross_pnl - costs - fees``
    is equity less initial cash. ``trades`` counts closed lots without dust, ``fills`` trades at the venue; ``turnover`` is
    the traded value over the initial cash.
    """

    net_pnl: int
    gross_pnl: int
    fees: int
    costs: int
    realised_gross_pnl: int
    realised_net_pnl: int
    equity: int
    sharpe: float | None
    max_drawdown: float
    trades: int
    fills: int
    turnover: float


class SymbolResult(msgspec.Struct, frozen=True):
    """The result of one symbol in a book; money in minor units, open lots at the last close."""

    net_pnl: int
    gross_pnl: int
    fees: int
    costs: int
    trades: int
    fills: int
    position: int


class BookPosition(msgspec.Struct, frozen=True):
    """What one book holds in one symbol.

    ``position`` is signed, in parts of a unit; ``basis`` is the value of the open lots when they were opened, at reference
    prices, and ``marked`` their value when they were last valued, both in minor units.
    """

    units: Units
    position: int
    basis: int
    marked: int


class PackedBooks(Protocol):
    """The part of all books that one book reads: the packed state, numbers by symbol, and the units of each symbol that had a
    bar."""

    positions: NDArray[np.int64]
    books: NDArray[np.int64]
    curves: NDArray[np.float64]
    symbols: dict[str, int]
    units: dict[str, Units]


class Book:
    """One book, for reading; money in minor units.

    Parameters
    ----------
    books
        All books.
    name, number
        Which one.
    """

    def __init__(self, books: PackedBooks, name: str, number: int) -> None:
        self.name = name
        self._books = books
        self._number = number

    @property
    def initial_cash(self) -> int:
        """The cash at the start."""
        return int(self._books.books[self._number, INITIAL_CASH])

    @property
    def cash(self) -> int:
        """The cash now."""
        return int(self._books.books[self._number, CASH])

    @property
    def value(self) -> int:
        """The value of the positions as last valued: longs positive, shorts negative."""
        return int(self._books.books[self._number, VALUE])

    @property
    def gross(self) -> int:
        """The value of the positions as last valued, with shorts counted as positive."""
        return int(self._books.books[self._number, GROSS])

    @property
    def equity(self) -> int:
        """Cash and positions as they were last marked."""
        return int(self._books.books[self._number, EQUITY])

    @property
    def marks(self) -> int:
        """How many times it was marked."""
        return int(self._books.books[self._number, MARKS])

    def lots(self, symbol: str) -> BookPosition:
        """The position in one symbol. Raises OrderError for a symbol that the book may not hold."""
        units = self._books.units.get(symbol)
        if units is None:
            raise OrderError(f"book {self.name!r} holds no symbol {symbol!r}{did_you_mean(symbol, self._books.units)}")
        row = self._books.positions[self._books.symbols[symbol], self._number].tolist()
        return BookPosition(units, row[POSITION], row[BASIS], row[MARKED])

    def position(self, symbol: str) -> int:
        """Signed quantity held, in parts of a unit; 0 for a symbol without bars so far."""
        known = symbol in self._books.units
        return int(self._books.positions[self._books.symbols[symbol], self._number, POSITION]) if known else 0

    def sharpe(self, marks_per_year: float) -> float | None:
        """Mean over standard deviation of the returns per mark, annualised; None while the returns do not vary.

        No riskless rate is subtracted (Sharpe, 1994).
        """
        marks, (total, squares) = self.marks, self._books.curves[self._number, [RETURNS, SQUARES]].tolist()
        if marks < 2:
            return None
        mean = total / marks
        variance = (squares - total * mean) / (marks - 1)
        if variance <= 0.0:
            return None
        return float(mean / math.sqrt(variance) * math.sqrt(marks_per_year))

    def result(self, marks_per_year: float) -> BookResult:
        """The result up to the last valuation."""
        sums = self._books.positions[:, self._number].sum(axis=0).tolist()
        equity = self.cash + self.value
        net = equity - self.initial_cash
        return BookResult(
            net_pnl=net,
            gross_pnl=net + sums[COSTS] + sums[FEES],
            fees=sums[FEES],
            costs=sums[COSTS],
            realised_gross_pnl=sums[REALISED_GROSS],
            realised_net_pnl=sums[REALISED_GROSS] - sums[REALISED_CHARGES],
            equity=equity,
            sharpe=self.sharpe(marks_per_year),
            max_drawdown=float(self._books.curves[self._number, MAX_DRAWDOWN]),
            trades=sums[CLOSED],
            fills=sums[FILLS],
            turnover=sums[TRADED] / self.initial_cash,
        )

    def by_symbol(self) -> dict[str, SymbolResult]:
        """The result by symbol. The P&L of all symbols adds up to that of the book."""
        parts = {}
        for symbol in self._books.units:
            row = self._books.positions[self._books.symbols[symbol], self._number].tolist()
            gross = row[REALISED_GROSS] + row[MARKED] - row[BASIS]
            parts[symbol] = SymbolResult(
                net_pnl=gross - row[COSTS] - row[FEES],
                gross_pnl=gross,
                fees=row[FEES],
                costs=row[COSTS],
                trades=row[CLOSED],
                fills=row[FILLS],
                position=row[POSITION],
            )
        return parts
