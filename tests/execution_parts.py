"""Single kernels of execution, called with the values that they work on instead of whole states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import Config, RiskConfig
from alpha_pulse.core.types import Fill, Lot, Units
from alpha_pulse.execution import risk
from alpha_pulse.execution.books import Books
from alpha_pulse.execution.decision import SizingInput
from alpha_pulse.execution.rules import abstention, inputs_of, rule_of
from alpha_pulse.execution.settings import settings_of
from alpha_pulse.kernels.execution import layout
from alpha_pulse.kernels.execution.entry_rules import target_of
from alpha_pulse.kernels.execution.fill_limit import admitted as admitted_parts
from alpha_pulse.kernels.execution.layout import (
    ASKED_AFTER,
    ASKED_AFTER_SIZE,
    ASKED_AGE,
    ASKED_DAY_START,
    ASKED_EQUITY,
    ASKED_FROZEN,
    ASKED_HELD,
    ASKED_INTERVAL,
    ASKED_OTHERS,
    ASKED_PRICE,
    ASKED_QUANTITY,
    ASKED_SIZE,
    CASH,
    COST,
    FOLLOWED,
    GAIN,
    MAX_ORDER,
    MAX_POSITION,
    N_EVENT,
    N_EVENT_PRICES,
    N_FRESHNESS,
    N_INPUTS,
    N_SETTINGS,
    WHY,
)
from alpha_pulse.kernels.execution.money import money as money_of_parts
from alpha_pulse.kernels.execution.money import parts_for as parts_of_money
from alpha_pulse.kernels.execution.risk_gate import check
from alpha_pulse.kernels.execution.session_breaks import usual
from alpha_pulse.kernels.execution.whole_numbers import LARGEST
from alpha_pulse.venues.rows import BarRows, units_row
from naive_execution.fill_limit import Account
from naive_execution.risk import OrderRequest
from naive_execution.rules import Target


def units_rows(units: Units) -> NDArray[np.int64]:
    return np.array([units_row(units)], dtype=np.int64)


def admitted(
    quantity: int, fraction: float, account: Account, price: float, cost_rate: float, max_position_fraction: float,
    max_order_fraction: float, units: Units,
) -> int:  # fmt: skip
    settings = np.zeros(N_SETTINGS)
    settings[[MAX_POSITION, MAX_ORDER]] = max_position_fraction, max_order_fraction
    return admitted_parts(
        quantity, fraction, account.held, account.equity, account.others, price, cost_rate, settings, units_rows(units), 0
    )


def checked(limits: RiskConfig, request: OrderRequest) -> tuple[str, ...]:
    """Why the gate refuses a request, in sentences."""
    row, prices = np.zeros((1, N_EVENT), dtype=np.int64), np.zeros((1, N_EVENT_PRICES))
    after = request.held + request.quantity
    row[0, [ASKED_QUANTITY, ASKED_AFTER]] = fitting(request.quantity), fitting(after)
    row[0, [ASKED_HELD, ASKED_EQUITY]] = request.held, request.equity
    row[0, [ASKED_DAY_START, ASKED_AGE, ASKED_INTERVAL]] = request.day_start_equity, request.age_ns, request.interval_ns
    row[0, [ASKED_FROZEN, ASKED_OTHERS]] = request.frozen_bars, request.others
    prices[0, [ASKED_PRICE, ASKED_AFTER_SIZE, ASKED_SIZE]] = request.price, abs(after), abs(request.quantity)
    exponent = request.units.quantity_decimals - request.units.cash_decimals
    if not check(row, prices, 0, settings_of(Config(risk=limits)), exponent):
        return ()
    return risk.sentences(row[0].tolist(), prices[0].tolist(), limits, request.units)


def fitting(number: int) -> int:
    """As kernels write a number that int64 cannot hold."""
    return max(-LARGEST, min(LARGEST, number))


class Rule:
    """An entry rule, called as its naive twin is: by the name of the rule or of its book."""

    def __init__(self, name: str, config: Config, initial_cash: int = 0) -> None:
        self._rule, self._settings, self._cash = rule_of(name), settings_of(config), initial_cash

    def target(self, sizing: SizingInput, account: Account, units: Units) -> Target:
        rows, inputs = BarRows(1), np.zeros((1, N_INPUTS))
        rows.write(0, 0, sizing.bar)
        inputs[0] = inputs_of(sizing)
        quantity, fraction, _, why, gain, cost = target_of(
            self._rule, inputs, 0, rows.prices, self._cash, account.held, account.equity, account.others, account.share,
            self._settings, units_rows(units), 0,
        )  # fmt: skip
        row, prices = [0] * N_EVENT, [0.0] * N_EVENT_PRICES
        row[WHY], prices[GAIN], prices[COST] = why, gain, cost
        return Target(quantity, fraction, None if why == FOLLOWED else abstention(row, prices))


class SessionBreaks:
    """The breaks of one symbol."""

    def __init__(self) -> None:
        self.freshness = np.zeros((1, N_FRESHNESS), dtype=np.int64)

    def usual(self, start_ns: int, length_ns: int) -> bool:
        return bool(usual(self.freshness, 0, start_ns, length_ns))


class Performance:
    """The performance of one book whose equity is all cash."""

    def __init__(self, initial_equity: int) -> None:
        self.books = Books(["book"], initial_equity)
        self.book = self.books.book("book")

    def mark(self, ts: int, equity: int) -> None:
        self.books.books[0, CASH] = equity
        self.books.mark(ts)


class LotQueue:
    """The lots of one book in one symbol."""

    def __init__(self, book: str, units: Units) -> None:
        self.books = Books([book], 0)
        self.books.add_instrument(units)

    def apply_fill(self, fill: Fill) -> list[Lot]:
        return self.books.apply_fill(fill)

    def __getattr__(self, name: str) -> int:
        """One of its sums, by the name of its place in lower case."""
        return int(self.books.positions[0, 0, getattr(layout, name.upper())])


def money(quantity: int, price: float, units: Units) -> int:
    return money_of_parts(quantity, price, units.quantity_decimals - units.cash_decimals)


def parts_for(value: float, price: float, units: Units) -> int:
    return parts_of_money(value, price, units.quantity_decimals - units.cash_decimals, units.lot)
