"""Bars, signals, inputs and walks for the tests of venues and execution."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.config import Config
from alpha_pulse.core.stateful import State, pack
from alpha_pulse.core.types import Bar, Fill, Order, Signal, Units
from alpha_pulse.execution.decision import Decision, ExecutionResult, SizingInput
from alpha_pulse.execution.execution_service import ExecutionService
from alpha_pulse.venues.simulated import SimulatedVenue

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
UNIT = 1_000_000
CENTS = Units("X", cash_decimals=2, quantity_decimals=6)
"""Units that are easy to reckon in; a run's own are finer."""


def all_of_it(order: Order, price: float, cost_rate: float) -> int:
    """A venue's `Admit` that lets every order trade whole."""
    return order.quantity


def bar(
    hour: int, open_: float = 100.0, high: float = 101.0, low: float = 99.0, close: float = 100.0, *, symbol: str = "X",
    quotes: tuple[float, float] | None = None,
) -> Bar:  # fmt: skip
    bid, ask = quotes if quotes is not None else (None, None)
    return Bar(symbol, hour * HOUR, HOUR, open_, high, low, close, bid=bid, ask=ask)


def market(hour: int, units: float, *, book: str = "combined", symbol: str = "X", name: str | None = None) -> Order:
    order_id = name if name is not None else f"{book}/{symbol}/{hour}"
    return Order(order_id, book, symbol, hour * HOUR, "market", round(units * UNIT), "s1", "p1")


def stop(hour: int, units: float, price: float, *, book: str = "combined", symbol: str = "X") -> Order:
    return Order(f"{book}/{symbol}/{hour}/stop", book, symbol, hour * HOUR, "stop", round(units * UNIT), "s1", "p1", price)


def fill(
    number: int, quantity: int, reference: float, *, cost: int = 0, fee: int = 0, book: str = "combined", symbol: str = "X"
) -> Fill:
    return Fill(
        f"f{number}", f"o{number}", book, symbol, number, quantity, reference, reference, cost, fee, f"s{number}", f"p{number}"
    )


def signal(name: str, direction: float, *, symbol: str = "X", ts: int = 0) -> Signal:
    return Signal(name, name, symbol, ts, direction, None, direction, prediction_id=f"{name}/p")


def sizing(
    at: Bar,
    direction: float | None,
    *,
    rules: float | None = None,
    ml: float | None = None,
    volatility: float = 0.01,
    plain: float = 0.01,
    quality: float = 1.0,
    probability: float | None = None,
) -> SizingInput:
    """One step's sizing; 10,000 bars a year make the annual volatility 100 times the bar's."""
    step = at.ts_event // HOUR
    made = {
        name: None if value is None else signal(f"{name}{step}", value, symbol=at.symbol, ts=at.ts_event)
        for name, value in (("c", direction), ("r", rules), ("m", ml))
    }
    return SizingInput(at, step, made["c"], made["r"], made["m"], volatility, plain, quality, probability, 3, 10_000.0)


class Trading:
    """A service with its venue, driven as the pipeline drives it."""

    def __init__(self, config: Config, symbols: tuple[str, ...] = ("X",)) -> None:
        self.venue = SimulatedVenue(config.venue)
        self.service = ExecutionService(config, self.venue, symbols)

    def step(self, *inputs: SizingInput, now_ns: int | None = None) -> tuple[list[ExecutionResult], list[Decision]]:
        """One slice: settle all, mark, decide all, release."""
        settled = [self.service.process_bars([each.bar for each in inputs])]
        self.service.mark(inputs[0].bar.ts_event)
        decided = [self.service.decide(each, now_ns) for each in inputs]
        for decision in decided:
            self.service.release(decision.orders)
        return settled, decided

    def states(self) -> dict[str, State]:
        return {"service": self.service.snapshot(), "venue": self.venue.snapshot()}

    def bytes(self) -> bytes:
        return pack(self.states())

    def restore(self, states: dict[str, State]) -> None:
        self.service.restore(states["service"])
        self.venue.restore(states["venue"])


def walk(seed: int, bars: int, symbols: tuple[str, ...] = ("X",)) -> list[list[SizingInput]]:
    """Random bars and random inputs of all kinds, slice by slice."""
    generator = np.random.default_rng(seed)
    price = dict.fromkeys(symbols, 100.0)
    slices: list[list[SizingInput]] = []
    for hour in range(1, bars + 1):
        made: list[SizingInput] = []
        for symbol in symbols:
            before = price[symbol] * float(np.exp(0.003 * generator.standard_normal()))
            close = before * float(np.exp(0.01 * generator.standard_normal()))
            spread = abs(float(generator.standard_normal())) * 0.01
            high, low = max(before, close) * 1.004, min(before, close) * 0.996
            quotes = (close - spread, close + spread) if generator.random() < 0.5 else None
            price[symbol] = close
            at = bar(hour, before, high, low, close, symbol=symbol, quotes=quotes)
            directions = [None if generator.random() < 0.1 else float(generator.uniform(-1, 1)) for _ in range(3)]
            made.append(
                sizing(
                    at, directions[0], rules=directions[1], ml=directions[2],
                    volatility=float(generator.uniform(0.001, 0.02)), plain=0.01, quality=float(generator.uniform(0.5, 1.5)),
                    probability=None if generator.random() < 0.1 else float(generator.uniform(0.2, 0.8)),
                )
            )  # fmt: skip
        slices.append(made)
    return slices
