"""The books: cash, lots and performance of each trading rule, in packed arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError, OrderError, StateError, did_you_mean
from alpha_pulse.core.stateful import State, scalars_as, take_all
from alpha_pulse.core.types import Fill, Lot, Units
from alpha_pulse.execution.book import Book
from alpha_pulse.kernels.execution.books import apply_fill, mark, value_symbol
from alpha_pulse.kernels.execution.layout import (
    CASH,
    CLOSE_REFERENCE,
    CLOSED_CHARGES,
    CLOSED_GROSS,
    CLOSED_OPEN_ID,
    CLOSED_OPENED_TS,
    CLOSED_RANK,
    DAY,
    DAY_START,
    EQUITY,
    EVENT_BOOK,
    EVENT_COST,
    EVENT_FEE,
    EVENT_ID,
    EVENT_PREDICTION,
    EVENT_QUANTITY,
    EVENT_SIGNAL,
    EVENT_SYMBOL,
    EVENT_TS,
    FILL,
    FIRST,
    INITIAL_CASH,
    LOT_ORDER,
    LOT_PREDICTION,
    LOT_QUANTITY,
    LOT_SIGNAL,
    LOT_USED,
    N_BOOK,
    N_CURVE,
    N_LOT,
    N_POSITION,
    N_UNITS,
    OPEN_LOTS,
    OPEN_REFERENCE,
    OVERFLOW,
    PEAK,
    POSITION,
    PRICE,
    REFERENCE,
    TYPE,
)
from alpha_pulse.venues.ids import IdTable
from alpha_pulse.venues.rows import Events, units_row

TOO_LARGE = "the positions of a book are worth more than 2**61 minor units, too much to be counted; check the newest prices"
"""What is said of ``OVERFLOW``."""
FIRST_LOTS = 8
"""Initial capacity for the open lots of one book in one symbol; it is doubled when it is full."""


class _BooksState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    books: list[str]
    symbols: list[str]
    units: list[Units]
    ids: list[tuple[str, str]]


class Books:
    """The books of a run. The state is packed, see `alpha_pulse.kernels.execution.layout`, and kernels do the work.

    At any time ``cash + basis of open lots = initial cash + realised gross - costs - fees``, to the minor unit.

    Parameters
    ----------
    names
        The names of the books.
    initial_cash
        Of each book, in minor units.
    symbols
        The symbols that are known at the start, in the order of their numbers; `add_instrument` adds others.
    ids
        The texts of ids that follow no pattern (default: a new table).

    >>> books = Books(["combined"], 100_000)
    >>> books.add_instrument(Units("X", cash_decimals=2, quantity_decimals=6))
    >>> books.apply_fill(Fill("f1", "o1", "combined", "X", 1, 2_000_000, 100.5, 100.0, cost=100, fee=10, signal_id="s"))
    []
    >>> books.value_symbol("X", 101.0)
    >>> books.mark(1)
    >>> book = books.book("combined")
    >>> book.cash, book.equity, book.position("X")
    (79890, 100090, 2000000)
    """

    def __init__(
        self, names: Sequence[str], initial_cash: int, symbols: Sequence[str] = (), ids: IdTable | None = None
    ) -> None:
        self.names, self.symbol_names = tuple(names), list(symbols)
        self.numbers = {name: number for number, name in enumerate(names)}
        self.symbols = {symbol: number for number, symbol in enumerate(symbols)}
        self.units: dict[str, Units] = {}
        self.ids = IdTable() if ids is None else ids
        self.ids.add_user(lambda: _id_columns(self.lots[self._open()]))
        self.units_rows = np.zeros((len(symbols), N_UNITS), dtype=np.int64)
        self._take(_new_arrays(len(symbols), len(names), FIRST_LOTS))
        self.books[:, [CASH, INITIAL_CASH, EQUITY, PEAK, DAY_START]] = initial_cash
        self.books[:, DAY] = -1
        self._events = Events(1)

    def add_instrument(self, units: Units) -> None:
        """Allow the books to hold a symbol."""
        symbol = units.symbol
        if symbol not in self.symbols:
            self.symbols[symbol] = len(self.symbols)
            self.symbol_names.append(symbol)
            self._add_symbol()
            self.units_rows = np.concatenate([self.units_rows, np.zeros((1, N_UNITS), dtype=np.int64)])
        self.units[symbol] = units
        self.units_rows[self.symbols[symbol]] = units_row(units)

    def book(self, name: str) -> Book:
        """A view of one book. Raises KeyError when there is no book of that name."""
        return Book(self, name, self.numbers[name])

    def signal_ids(self, name: str, symbol: str) -> set[str]:
        """The signals that opened the open lots of a book in a symbol."""
        number, book = self.symbols[symbol], self.numbers[name]
        first, count = self.positions[number, book, FIRST], self.positions[number, book, OPEN_LOTS]
        places = (first + np.arange(count)) % self.lots.shape[2]
        return {self.ids.signal_text(signal, name, symbol) for signal in self.lots[number, book, places, LOT_SIGNAL].tolist()}

    def number(self, name: str) -> int:
        """The number of a book. Raises OrderError when there is no book of that name."""
        number = self.numbers.get(name)
        if number is None:
            raise OrderError(f"an order or fill is for book {name!r}{did_you_mean(name, self.numbers)}")
        return number

    def apply_fill(self, fill: Fill) -> list[Lot]:
        """Apply a fill, and value its position at the reference price; returns the lots that it closed, oldest first.

        Raises OrderError when the fill's book or symbol is unknown, its quantity is 0, or its cost or fee is negative.
        """
        return [lot for _, _, lot in self.closed_by(fill)]

    def closed_by(self, fill: Fill) -> list[tuple[list[int], list[float], Lot]]:
        """`apply_fill`, with the row of the event of each closed lot."""
        self.ids.prune()
        self._refuse_foreign(fill)
        symbol, book, events = self.symbols[fill.symbol], self.numbers[fill.book], self._events
        open_lots = int(self.positions[symbol, book, OPEN_LOTS])
        if open_lots == self.lots.shape[2]:
            self.double_lots()
        events.begin(open_lots + 3)
        row, prices = events.numbers[0], events.prices[0]
        row[TYPE], row[EVENT_SYMBOL], row[EVENT_BOOK] = FILL, symbol, book
        row[EVENT_TS], row[EVENT_QUANTITY], row[EVENT_COST], row[EVENT_FEE] = fill.ts, fill.quantity, fill.cost, fill.fee
        row[EVENT_ID] = self.ids.fill(fill.fill_id, fill.book, fill.symbol)
        row[EVENT_SIGNAL] = self.ids.signal(fill.signal_id, fill.book, fill.symbol)
        row[EVENT_PREDICTION] = self.ids.prediction(fill.prediction_id, fill.symbol)
        prices[PRICE], prices[REFERENCE] = fill.price, fill.reference
        events.counter[0] = 1
        apply_fill(
            self.positions, self.lots, self.lot_prices, self.books, self.units_rows, events.numbers, events.prices,
            events.counter, 0,
        )  # fmt: skip
        return [(row, prices, self.closed_lot(row, prices)) for row, prices in events.rows()[1:]]

    def _refuse_foreign(self, fill: Fill) -> None:
        if fill.book not in self.numbers:
            raise OrderError(f"fill {fill.fill_id} is for book {fill.book!r}{did_you_mean(fill.book, self.numbers)}")
        if fill.symbol not in self.units:
            near = did_you_mean(fill.symbol, self.units)
            raise OrderError(f"fill {fill.fill_id} is of symbol {fill.symbol!r}, which book {fill.book!r} does not hold{near}")
        if fill.quantity == 0 or fill.cost < 0 or fill.fee < 0:
            raise OrderError(
                f"fill {fill.fill_id} has quantity {fill.quantity}, cost {fill.cost} and fee {fill.fee}; "
                "a quantity other than 0 and costs of at least 0 were expected: fix the venue"
            )

    def closed_lot(self, row: Sequence[int], prices: Sequence[float]) -> Lot:
        """The lot of an event ``CLOSED_LOT``."""
        book, symbol = self.names[row[EVENT_BOOK]], self.symbol_names[row[EVENT_SYMBOL]]
        return lot_of(row, prices, book, symbol, self.ids)

    def value_symbol(self, symbol: str, price: float) -> None:
        """Value every book's position in ``symbol`` at ``price``."""
        value_symbol(self.positions, self.books, self.units_rows, self.symbols[symbol], price)

    def mark(self, ts: int) -> None:
        """Add the equities of this instant to the performance. Call it once per instant, after all symbols were valued.

        Raises DataError when a book's positions became too large to count.
        """
        if mark(self.books, self.curves, ts) == OVERFLOW:
            raise DataError(TOO_LARGE)

    def double_lots(self) -> None:
        """Make room for twice as many open lots."""
        self._take(self._unrolled(2 * self.lots.shape[2]))

    def _open(self) -> NDArray[np.bool_]:
        """Which places of the rings hold an open lot."""
        capacity = self.lots.shape[2]
        turned = (np.arange(capacity) - self.positions[..., FIRST, None]) % capacity
        return np.asarray(turned < self.positions[..., OPEN_LOTS, None])

    def _unrolled(self, capacity: int) -> dict[str, NDArray[Any]]:
        """Copies of the arrays, with the open lots from place 0 on and zeros behind them."""
        arrays = {name: array.copy() for name, array in self.arrays.items()}
        both = min(capacity, self.lots.shape[2])
        places = (self.positions[..., FIRST, None] + np.arange(both)) % self.lots.shape[2]
        used = np.arange(both) < self.positions[..., OPEN_LOTS, None]
        arrays["lots"] = np.zeros((*self.lots.shape[:2], capacity, N_LOT), dtype=np.int64)
        arrays["lot_prices"] = np.zeros((*self.lots.shape[:2], capacity))
        arrays["lots"][:, :, :both] = np.take_along_axis(self.lots, places[..., None], axis=2) * used[..., None]
        arrays["lot_prices"][:, :, :both] = np.take_along_axis(self.lot_prices, places, axis=2) * used
        arrays["positions"][..., FIRST] = 0
        return arrays

    def _add_symbol(self) -> None:
        """Add rows for one more symbol."""
        new, by_symbol = _new_arrays(1, len(self.numbers), self.lots.shape[2]), ("positions", "lots", "lot_prices")
        self._take({**self.arrays, **{name: np.concatenate([self.arrays[name], new[name]]) for name in by_symbol}})

    def _take(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.arrays = arrays
        self.positions, self.lots, self.lot_prices = arrays["positions"], arrays["lots"], arrays["lot_prices"]
        self.books, self.curves = arrays["books"], arrays["curves"]

    def snapshot(self) -> State:
        """Cash, lots and performance of all books."""
        arrays = self._unrolled(_capacity(int(self.positions[..., OPEN_LOTS].max(initial=0))))
        lots = arrays["lots"]
        state = _BooksState(list(self.names), self.symbol_names, list(self.units.values()), self.ids.dump(_id_columns(lots)))
        return State(msgspec.to_builtins(state), arrays)

    def restore(self, state: State, others: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Restore ``state`` completely or not at all; its arrays with the names of ``others`` are copied into those.

        Raises StateError when it was saved with other books or symbols, or is not a state of books.
        """
        saved = scalars_as(_BooksState, state, "execution")
        if (saved.books, saved.symbols) != (list(self.names), self.symbol_names):
            raise StateError(
                f"the saved state of execution has books {saved.books} and symbols {saved.symbols}, but this run has "
                f"{list(self.names)} and {self.symbol_names}; resume with the configuration and data that saved it"
            )
        lots = state.arrays.get("lots")
        capacity = lots.shape[2] if lots is not None and lots.ndim == 4 else FIRST_LOTS
        arrays = _new_arrays(len(saved.symbols), len(saved.books), capacity)
        saved_others = {name: array.copy() for name, array in (others or {}).items()}
        take_all({**arrays, **saved_others}, state)
        _check_lots(arrays["positions"], arrays["lots"], saved)
        self.ids.load(saved.ids, _id_columns(arrays["lots"]))
        self._take(arrays)
        for name, array in (others or {}).items():
            array[...] = saved_others[name]
        self.units = {}
        self.units_rows[:] = 0
        for units in saved.units:
            self.add_instrument(units)


def _capacity(open_lots: int) -> int:
    capacity = FIRST_LOTS
    while capacity < open_lots:
        capacity *= 2
    return capacity


def _new_arrays(symbols: int, books: int, capacity: int) -> dict[str, NDArray[Any]]:
    return {
        "positions": np.zeros((symbols, books, N_POSITION), dtype=np.int64),
        "lots": np.zeros((symbols, books, capacity, N_LOT), dtype=np.int64),
        "lot_prices": np.zeros((symbols, books, capacity)),
        "books": np.zeros((books, N_BOOK), dtype=np.int64),
        "curves": np.zeros((books, N_CURVE)),
    }


def _id_columns(lots: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    return lots[..., LOT_ORDER], lots[..., LOT_SIGNAL], lots[..., LOT_PREDICTION]


def _check_lots(positions: NDArray[np.int64], lots: NDArray[np.int64], saved: _BooksState) -> None:
    """Raise StateError for lots that do not make up their position."""
    capacity, first, count = lots.shape[2], positions[..., FIRST], positions[..., OPEN_LOTS]
    if (first < 0).any() or (first >= capacity).any() or (count < 0).any() or (count > capacity).any():
        raise StateError("the saved lots do not fit into their ring; use an older checkpoint")
    held = (lots[..., LOT_QUANTITY] - lots[..., LOT_USED]).sum(axis=2)
    for symbol, book in zip(*np.nonzero(held != positions[..., POSITION]), strict=True):
        raise StateError(
            f"the saved lots of {saved.books[book]}/{saved.symbols[symbol]} hold {held[symbol, book]}, but the saved position "
            f"is {positions[symbol, book, POSITION]}; use an older checkpoint"
        )


def lot_of(row: Sequence[int], prices: Sequence[float], book: str, symbol: str, ids: IdTable) -> Lot:
    """The lot of an event ``CLOSED_LOT``."""
    closing = ids.fill_text(row[EVENT_ID], book, symbol)
    gross, charges = row[CLOSED_GROSS], row[CLOSED_CHARGES]
    return Lot(
        f"{closing}/{row[CLOSED_RANK]}", book, symbol, row[EVENT_QUANTITY], row[CLOSED_OPENED_TS], row[EVENT_TS],
        prices[OPEN_REFERENCE], prices[CLOSE_REFERENCE], gross, charges, gross - charges,
        ids.fill_text(row[CLOSED_OPEN_ID], book, symbol), closing, ids.signal_text(row[EVENT_SIGNAL], book, symbol),
        ids.prediction_text(row[EVENT_PREDICTION], symbol),
    )  # fmt: skip
