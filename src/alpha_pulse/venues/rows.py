"""The rows that kernels read and write: bars, and events."""

from __future__ import annotations

import math

import numpy as np

from alpha_pulse.core.types import Bar, Units
from alpha_pulse.kernels.execution.layout import (
    ASK,
    BAR_INTERVAL,
    BAR_STEP,
    BAR_SYMBOL,
    BAR_TS,
    BID,
    CLOSE,
    HIGH,
    LOW,
    N_BAR,
    N_BAR_PRICES,
    N_EVENT,
    N_EVENT_PRICES,
    OPEN,
)
from alpha_pulse.kernels.execution.whole_numbers import LARGEST


class BarRows:
    """Rows of bars: ``numbers`` int64[n, 4] and ``prices`` float64[n, 6]."""

    def __init__(self, rows: int) -> None:
        self.numbers = np.zeros((rows, N_BAR), dtype=np.int64)
        self.prices = np.zeros((rows, N_BAR_PRICES))

    def write(self, row: int, symbol: int, bar: Bar) -> None:
        """Write a bar of symbol number ``symbol`` into a row; missing quotes become NaN."""
        numbers, prices = self.numbers, self.prices
        numbers[row, BAR_SYMBOL] = symbol
        numbers[row, BAR_TS] = bar.ts_event
        numbers[row, BAR_INTERVAL] = bar.interval_ns
        numbers[row, BAR_STEP] = bar.seq
        prices[row, OPEN] = bar.open
        prices[row, HIGH] = bar.high
        prices[row, LOW] = bar.low
        prices[row, CLOSE] = bar.close
        prices[row, BID] = math.nan if bar.bid is None else bar.bid
        prices[row, ASK] = math.nan if bar.ask is None else bar.ask


class Events:
    """Rows of events: ``numbers`` int64[n, 19], ``prices`` float64[n, 4] and ``counter`` int64[1], the number of used rows."""

    def __init__(self, rows: int) -> None:
        self.numbers = np.zeros((rows, N_EVENT), dtype=np.int64)
        self.prices = np.zeros((rows, N_EVENT_PRICES))
        self.counter = np.zeros(1, dtype=np.int64)

    def __len__(self) -> int:
        return int(self.counter[0])

    def rows(self) -> list[tuple[list[int], list[float]]]:
        """All rows, as Python numbers."""
        count = len(self)
        return list(zip(self.numbers[:count].tolist(), self.prices[:count].tolist(), strict=True)) if count else []

    def begin(self, rows: int) -> None:
        """Drop all events, and provide room for at least ``rows``."""
        if rows > len(self.numbers):
            self.numbers = np.zeros((2 * rows, N_EVENT), dtype=np.int64)
            self.prices = np.zeros((2 * rows, N_EVENT_PRICES))
        self.counter[0] = 0


def units_row(units: Units) -> tuple[int, int, int]:
    """The row of a symbol's units; a lot or smallest order beyond int64 becomes the largest number, which nothing can reach."""
    exponent = units.quantity_decimals - units.cash_decimals
    return exponent, min(units.lot, LARGEST), min(units.min_order, LARGEST)
