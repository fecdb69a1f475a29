"""Orders, fills and lots as rows: their ids are numbers, from which the texts follow (`alpha_pulse.venues.ids`).

Ids of another pattern are in the last column, as a JSON object by the name of the field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from alpha_pulse.core.types import Fill, Lot, Order
from alpha_pulse.stores.base import Value
from alpha_pulse.venues.ids import (
    order_number,
    order_text,
    prediction_number,
    prediction_text,
    signal_number,
    signal_text,
)

Values = tuple[Value, ...]


def order_values(order: Order) -> Values:
    """The columns of an order."""
    numbers = _Numbers(order.book, order.symbol)
    number = numbers.order("order_id", order.order_id)
    if number is None:
        number = int(order.kind == "stop")
    signal, prediction = numbers.signal(order.signal_id), numbers.prediction(order.prediction_id)
    return (
        order.book, order.symbol, order.ts, number, order.quantity, order.stop_price, order.fraction,
        signal, prediction, numbers.others,
    )  # fmt: skip


def fill_values(fill: Fill) -> Values:
    """The columns of a fill."""
    numbers = _Numbers(fill.book, fill.symbol)
    number = numbers.order("order_id", fill.order_id)
    if fill.fill_id != f"{fill.order_id}/f":
        numbers.other["fill_id"] = fill.fill_id
    signal, prediction = numbers.signal(fill.signal_id), numbers.prediction(fill.prediction_id)
    return (
        fill.book, fill.symbol, fill.ts, fill.quantity, fill.price, fill.reference, fill.cost, fill.fee, number, signal,
        prediction, numbers.others,
    )  # fmt: skip


def lot_values(lot: Lot) -> Values:
    """The columns of a closed lot."""
    numbers = _Numbers(lot.book, lot.symbol)
    opened = numbers.order("open_fill_id", lot.open_fill_id, "/f")
    closed = numbers.order("close_fill_id", lot.close_fill_id, "/f")
    signal, prediction = numbers.signal(lot.signal_id), numbers.prediction(lot.prediction_id)
    return (
        lot.book, lot.symbol, lot.quantity, lot.opened_ts, lot.closed_ts, lot.open_reference, lot.close_reference,
        lot.gross_pnl, lot.costs, int(lot.lot_id.rpartition("/")[2]), opened, closed, signal, prediction, numbers.others,
    )  # fmt: skip


class _Numbers:
    """The numbers of the ids of one book and symbol, and the ids that have none."""

    def __init__(self, book: str, symbol: str) -> None:
        self._book, self._symbol = book, symbol
        self.other: dict[str, str] = {}

    def order(self, field: str, text: str, suffix: str = "") -> int | None:
        known = text.endswith(suffix)
        return self._or_other(field, text, order_number(text.removesuffix(suffix), self._book, self._symbol) if known else None)

    def signal(self, text: str) -> int | None:
        return self._or_other("signal_id", text, signal_number(text, self._book, self._symbol))

    def prediction(self, text: str | None) -> int | None:
        return None if text is None else self._or_other("prediction_id", text, prediction_number(text, self._symbol))

    def _or_other(self, field: str, text: str, number: int | None) -> int | None:
        if number is None:
            self.other[field] = text
        return number

    @property
    def others(self) -> str | None:
        return msgspec.json.encode(self.other).decode() if self.other else None


def order_of(values: tuple[Any, ...]) -> Order:
    """The order of a row's columns."""
    book, symbol, ts, number, quantity, stop_price, fraction, signal, prediction, others = values
    other = _others(others)
    order_id = other["order_id"] if "order_id" in other else order_text(number, book, symbol)
    return Order(
        order_id, book, symbol, ts, "stop" if number % 2 else "market",
        quantity, _signal(signal, book, symbol, other), _prediction(prediction, symbol, other), stop_price, fraction,
    )  # fmt: skip


def fill_of(values: tuple[Any, ...]) -> Fill:
    """The fill of a row's columns."""
    book, symbol, ts, quantity, price, reference, cost, fee, number, signal, prediction, others = values
    other = _others(others)
    order_id = other["order_id"] if number is None else order_text(number, book, symbol)
    return Fill(
        other.get("fill_id", f"{order_id}/f"), order_id, book, symbol, ts, quantity, price, reference, cost, fee,
        _signal(signal, book, symbol, other), _prediction(prediction, symbol, other),
    )  # fmt: skip


def lot_of(values: tuple[Any, ...]) -> Lot:
    """The lot of a row's columns."""
    (
        book, symbol, quantity, opened_ts, closed_ts, open_reference, close_reference, gross, costs, rank, opened, closed,
        signal, prediction, others,
    ) = values  # fmt: skip
    other = _others(others)
    opening = other["open_fill_id"] if opened is None else f"{order_text(opened, book, symbol)}/f"
    closing = other["close_fill_id"] if closed is None else f"{order_text(closed, book, symbol)}/f"
    return Lot(
        f"{closing}/{rank}", book, symbol, quantity, opened_ts, closed_ts, open_reference, close_reference, gross, costs,
        gross - costs, opening, closing,
        _signal(signal, book, symbol, other), _prediction(prediction, symbol, other),
    )  # fmt: skip


def _others(text: str | None) -> dict[str, str]:
    return {} if text is None else msgspec.json.decode(text, type=dict[str, str])


def _signal(number: int | None, book: str, symbol: str, other: dict[str, str]) -> str:
    return other["signal_id"] if number is None else signal_text(number, book, symbol)


def _prediction(number: int | None, symbol: str, other: dict[str, str]) -> str | None:
    return other.get("prediction_id") if number is None else prediction_text(number, symbol)


TRADES: dict[str, tuple[Callable[[Any], Values], Callable[[tuple[Any, ...]], Any]]] = {
    "fills": (fill_values, fill_of),
    "lots": (lot_values, lot_of),
    "orders": (order_values, order_of),
}
"""Of each table, the columns of a struct, and the struct of columns."""
