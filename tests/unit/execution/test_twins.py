"""Execution on packed arrays gives what its naive twin gives, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import StateError
from alpha_pulse.core.types import Bar, Order, Units
from alpha_pulse.execution import ExecutionService
from alpha_pulse.execution.decision import Decision, ExecutionResult, SizingInput
from alpha_pulse.kernels.execution.layout import ORDER_BOOK, ORDER_KIND
from alpha_pulse.venues.base import Admit
from alpha_pulse.venues.simulated import SimulatedVenue
from execution_samples import walk
from naive_execution.service import ExecutionService as NaiveService
from naive_execution.venue import SimulatedVenue as NaiveVenue


class ByProtocol:
    """A venue that nobody can look into."""

    def __init__(self, venue: SimulatedVenue) -> None:
        self._venue = venue

    def add_instrument(self, units: Units) -> None:
        self._venue.add_instrument(units)

    def release(self, orders: Sequence[Order]) -> None:
        self._venue.release(orders)

    def cancel(self, book: str, symbol: str) -> None:
        self._venue.cancel(book, symbol)

    def pending(self, book: str, symbol: str) -> bool:
        return self._venue.pending(book, symbol)

    def fill_at_open(self, bar: Bar, admit: Admit) -> Any:
        return self._venue.fill_at_open(bar, admit)

    def fill_stops(self, bar: Bar) -> Any:
        return self._venue.fill_stops(bar)

    def snapshot(self) -> Any:
        return self._venue.snapshot()

    def restore(self, state: Any) -> None:
        self._venue.restore(state)


def step(service: Any, inputs: list[SizingInput]) -> tuple[ExecutionResult, dict[str, int], list[Decision]]:
    result = service.process_bars([each.bar for each in inputs])
    equity = service.mark(inputs[0].bar.ts_event)
    decisions = [service.decide(each) for each in inputs]
    for decision in decisions:
        service.release(decision.orders)
    return result, equity, decisions


def shown(service: Any, symbols: tuple[str, ...], ts: int) -> bytes:
    """All that a service shows of its state."""
    signals = [sorted(service.open_signals(symbol)) for symbol in symbols if symbol in service.units]
    names = service.book_names
    books = [
        (book.cash, book.value, book.gross, book.equity, [book.position(symbol) for symbol in symbols])
        for book in map(service.book, names)
    ]
    parts = [service.by_symbol(name) for name in names]
    return msgspec.json.encode((service.results(10_000.0), parts, service.carried(ts), signals, books))


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["restless", "late", "tight"]))
def test_a_book_has_at_most_one_order_of_each_kind_in_a_symbol(seed: int, name: str) -> None:
    config, symbols = config_of(CONFIGS[name]), ("X", "Y")
    venue = SimulatedVenue(config.venue)
    service, most = ExecutionService(config, venue, symbols), 0
    for inputs in walk(seed, 120, symbols):
        step(service, inputs)
        for symbol, (live, waiting) in enumerate(venue.counts.tolist()):
            rows = venue.resting[symbol, : live + waiting].tolist()
            kinds = [(row[ORDER_BOOK], row[ORDER_KIND], place < live) for place, row in enumerate(rows)]
            assert len(set(kinds)) == len(kinds)
            most = max(most, waiting)
    assert most > 2


def test_states_of_objects_are_refused_with_a_sentence() -> None:
    config = Config()
    venue, naive_venue = SimulatedVenue(config.venue), NaiveVenue(config.venue)
    service, naive = ExecutionService(config, venue, ["X"]), NaiveService(config, naive_venue, ["X"])
    for inputs in walk(1, 20):
        step(naive, inputs)
    for mine, other in ((service, naive), (venue, naive_venue)):
        with pytest.raises(StateError, match=r"does not fit: .*; use an older checkpoint"):
            mine.restore(other.snapshot())


def test_ids_of_any_text_are_forgotten_when_nothing_refers_to_them() -> None:
    config = config_of(CONFIGS["restless"])
    venue = SimulatedVenue(config.venue)
    service = ExecutionService(config, venue, ["X"])
    released = 0
    for inputs in walk(2, 400):
        released += sum(len(decision.orders) for decision in step(service, inputs)[2])
    assert released > 500
    assert len(venue.ids) < 130


def config_of(values: dict[str, dict[str, object]]) -> Config:
    return msgspec.convert(values, Config)


CONFIGS: dict[str, dict[str, dict[str, object]]] = {
    "defaults": {},
    "restless": {"execution": {"stop_volatilities": 1.5, "target_volatility": 0.5, "rebalance_band": 0.0}},
    "cost aware": {"execution": {"entry_rule": "cost_aware", "stop_volatilities": 1.0}},
    "late": {"venue": {"latency_ms": 5_000_000.0}, "execution": {"stop_volatilities": 1.0, "target_volatility": 0.5}},
    "coarse": {"venue": {"lot_size": 7.0, "tick_size": 0.05, "min_order_value": 2_000.0, "fee_bps": 5.0}},
    "tight": {
        "risk": {"max_position_fraction": 0.3, "max_order_fraction": 0.2, "max_daily_loss_fraction": 0.005},
        "execution": {"target_volatility": 1.0, "stop_volatilities": 2.0},
    },
    "fine": {"venue": {"lot_size": 1e-18}},
    "alone": {"execution": {"shadow_books": False, "rebalance_band": 0.0, "target_volatility": 0.4}},
}


@pytest.mark.parametrize("direct", [True, False], ids=["kernels", "protocol"])
@pytest.mark.parametrize("name", CONFIGS)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**31), symbols=st.sampled_from([("X",), ("X", "Y", "Z")]))
def test_service_and_venue_equal_their_twins(name: str, direct: bool, seed: int, symbols: tuple[str, ...]) -> None:
    config = config_of(CONFIGS[name])
    venue, naive_venue = SimulatedVenue(config.venue), NaiveVenue(config.venue)
    service = ExecutionService(config, venue if direct else ByProtocol(venue), symbols)
    naive = NaiveService(config, naive_venue, symbols)
    for inputs in walk(seed, 120, symbols):
        assert msgspec.json.encode(step(service, inputs)) == msgspec.json.encode(step(naive, inputs))
        ts = inputs[0].bar.ts_event
        assert shown(service, symbols, ts + 1) == shown(naive, symbols, ts + 1)
        for book in service.book_names:
            for symbol in symbols:
                assert venue.held(book, symbol) == naive_venue.held(book, symbol)
                assert venue.pending(book, symbol) == naive_venue.pending(book, symbol)
