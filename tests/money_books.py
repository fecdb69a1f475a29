"""What the independent recount of a run's money keeps: books with their lots, symbols with their units, and differences."""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from fractions import Fraction
from typing import Any, NamedTuple

Json = dict[str, Any]


class Difference(NamedTuple):
    """A figure of the store that does not follow from what came before it."""

    seq: int
    symbol: str
    field: str
    stored: object
    recomputed: object


class OpenLot:
    """What is left of a fill: all but the first ``used`` of its quantity."""

    def __init__(self, fill: Json, value: int) -> None:
        self.fill, self.used, self.value = fill, 0, value

    def take(self, quantity: int) -> tuple[int, int]:
        """Use up the next ``quantity``; its part of the value, and of costs and fee."""
        whole, start = self.fill["quantity"], self.used
        self.used += quantity
        value, charges = (
            amount * self.used // whole - amount * start // whole
            for amount in (self.value, self.fill["cost"] + self.fill["fee"])
        )
        return value, charges


class Position:
    """One book's position in one symbol; ``marked`` is its value as last known."""

    def __init__(self) -> None:
        self.lots: deque[OpenLot] = deque()
        self.held = self.marked = self.basis = 0
        self.sums: Counter[str] = Counter()


class Book:
    """Cash, positions, and the equity at every slice."""

    def __init__(self, cash: int) -> None:
        self.initial = self.cash = self.equity = self.day_start = cash
        self.day, self.short = -1, False
        self.equities = [cash]
        self.positions: defaultdict[str, Position] = defaultdict(Position)

    def gross(self, but: str) -> int:
        return sum(abs(position.marked) for symbol, position in self.positions.items() if symbol != but)

    def worth(self) -> int:
        return self.cash + sum(position.marked for position in self.positions.values())


class Symbol:
    """A symbol's units, its bars, and what its resting orders and breaks are."""

    def __init__(self, units: Json) -> None:
        self.units, self.bars, self.still = units, list[Json](), 0
        self.waiting, self.stops, self.breaks = list[Json](), dict[str, Json](), list[tuple[int, int]]()
        self.stale, self.calls = False, list[tuple[int, float]]()


class Recount:
    """All books and symbols of a run; ``differences`` holds what did not agree, ``seen`` counts what happened."""

    def __init__(self, config: Json) -> None:
        self.config = config
        self.differences: list[Difference] = []
        self.seen: Counter[str] = Counter()
        self.books: dict[str, Book] = {}
        self.symbols: dict[str, Symbol] = {}
        self.marks: list[int] = []
        self.report: Json = {}
        self.minor, self.seq = 1, -1

    def same(self, symbol: str, field: str, stored: object, recomputed: object) -> None:
        if stored != recomputed:
            self.differences.append(Difference(self.seq, symbol, field, stored, recomputed))

    def near(self, symbol: str, field: str, stored: float | None, recomputed: float | None) -> None:
        if stored is None or recomputed is None or not math.isclose(stored, recomputed, rel_tol=1e-9, abs_tol=1e-12):
            self.same(symbol, field, stored, recomputed)

    def holds(self, symbol: str, rule: str, kept: bool, found: object) -> None:
        self.same(symbol, rule, (kept, found), (True, found))

    def money(self, symbol: str, quantity: int, price: float) -> int:
        """Minor units of cash, by doubles; and not far from the exact product."""
        units = self.symbols[symbol].units
        shift = int(units["quantity_decimals"] - units["cash_decimals"])
        amount = round(quantity * price / float(10**shift) if shift >= 0 else quantity * price * float(10**-shift))
        exact = quantity * Fraction(price) / Fraction(10) ** shift
        self.holds(symbol, "money is near the exact product", abs(amount - exact) <= 1 + abs(exact) / 2**50, amount)
        return amount
