"""The kernels of execution alone, row by row and without a string, do what the service does with structs and ids."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.core.config import Config
from alpha_pulse.execution import ExecutionService
from alpha_pulse.execution.books import Books
from alpha_pulse.execution.decision import SizingInput
from alpha_pulse.execution.rules import inputs_of
from alpha_pulse.execution.settings import settings_of
from alpha_pulse.kernels.execution.books import mark_slice
from alpha_pulse.kernels.execution.decisions import decide
from alpha_pulse.kernels.execution.layout import DONE, LOTS_FULL, N_INPUTS
from alpha_pulse.kernels.execution.release import release
from alpha_pulse.kernels.execution.resting_orders import pending_books
from alpha_pulse.kernels.execution.trading import trade_slice
from alpha_pulse.venues.money import units_of
from alpha_pulse.venues.rows import BarRows, Events
from alpha_pulse.venues.simulated import SimulatedVenue
from execution_samples import walk

SYMBOLS = ("X", "Y")
RULES = {"combined": 0, "cost_aware": 1, "rules_only": 2, "ml_only": 3, "buy_and_hold": 4}


def with_pattern(sizing: SizingInput, step: int, predicted: bool) -> SizingInput:
    """The same input with the ids that a run gives."""
    symbol = sizing.bar.symbol
    prediction = f"{symbol}/direction/{step}" if predicted else None
    named = {
        name: None
        if signal is None
        else msgspec.structs.replace(
            signal, signal_id=f"{name}/{symbol}/{step}", prediction_id=None if name == "rules" else prediction
        )
        for name, signal in (("combined", sizing.combined), ("rules", sizing.rules), ("ml", sizing.ml))
    }
    bar = msgspec.structs.replace(sizing.bar, seq=step)
    return msgspec.structs.replace(sizing, bar=bar, step=step, **named)


def by_kernels(config: Config, slices: list[list[SizingInput]]) -> tuple[Books, SimulatedVenue]:
    """All slices in rows, as a block of them would be."""
    venue, cash = SimulatedVenue(config.venue), 10**12
    venue.reserve(SYMBOLS, list(RULES))
    books = Books(list(RULES), cash, SYMBOLS, venue.ids)
    for first in slices[0]:
        units = units_of(first.bar.symbol, first.bar.close, config)
        venue.add_instrument(units)
        books.add_instrument(units)
    count = sum(map(len, slices))
    bars, inputs, events = BarRows(count), np.zeros((count, N_INPUTS)), Events(100_000)
    for row, sizing in enumerate(each for inputs_ in slices for each in inputs_):
        bars.write(row, SYMBOLS.index(sizing.bar.symbol), sizing.bar)
        inputs[row] = inputs_of(sizing)
    freshness, closes = np.zeros((2, 53), dtype=np.int64), np.zeros(2)
    rules, settings_ = np.array(list(RULES.values()), dtype=np.int64), settings_of(config)
    pending, row = np.zeros(len(RULES), dtype=np.int64), 0
    for inputs_ in slices:
        end, ts = row + len(inputs_), inputs_[0].bar.ts_event
        arguments = (
            books.units_rows, freshness, closes, venue.resting, venue.resting_prices, venue.counts, venue.held_quantities,
            venue.quotes, venue.costs, settings_, bars.numbers, bars.prices, row, end, events.numbers, events.prices,
            events.counter,
        )  # fmt: skip
        while trade_slice(books.positions, books.lots, books.lot_prices, books.books, *arguments) == LOTS_FULL:
            books.double_lots()
        mark_slice(books.positions, books.books, books.curves, books.units_rows, closes, bars.numbers, row, end, ts)
        decided = []
        for each in range(row, end):
            pending_books(venue.resting, venue.counts, SYMBOLS.index(inputs_[each - row].bar.symbol), pending)
            before = len(events)
            answer = decide(
                books.positions, books.books, books.units_rows, freshness, rules, settings_, bars.numbers, bars.prices,
                inputs, each, ts, 1.0 / len(SYMBOLS), pending, events.numbers, events.prices, events.counter,
            )  # fmt: skip
            assert answer == DONE
            decided.append((each, before, len(events)))
        for each, before, after in decided:
            answer = release(
                venue.resting, venue.resting_prices, venue.counts, rules, bars.numbers, inputs, each, events.numbers,
                events.prices, before, after,
            )  # fmt: skip
            assert answer == DONE
        row = end
    return books, venue


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.0, 5_000_000.0]), st.booleans())
def test_rows_of_numbers_give_the_state_of_the_service(seed: int, latency: float, predicted: bool) -> None:
    config = msgspec.convert(
        {
            "venue": {"latency_ms": latency},
            "execution": {"stop_volatilities": 1.5, "target_volatility": 0.5, "rebalance_band": 0.0},
        },
        Config,
    )
    slices = [
        [with_pattern(each, step, predicted) for each in inputs]
        for step, inputs in enumerate(walk(seed, 150, SYMBOLS), start=1)
    ]
    venue = SimulatedVenue(config.venue)
    service = ExecutionService(config, venue, SYMBOLS)
    for inputs in slices:
        service.process_bars([each.bar for each in inputs])
        service.mark(inputs[0].bar.ts_event)
        for decision in [service.decide(each) for each in inputs]:
            service.release(decision.orders)
    books, traded = by_kernels(config, slices)
    expected, found = service.snapshot(), books.snapshot()
    assert found.scalars == expected.scalars
    assert found.scalars["ids"] == []
    for name, array in found.arrays.items():
        assert np.array_equal(array, expected.arrays[name]), name
    for name, array in traded.snapshot().arrays.items():
        assert np.array_equal(array, venue.snapshot().arrays[name], equal_nan=True), name
    assert service.results(1.0)["combined"].fills > 20
