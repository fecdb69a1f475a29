from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.config import VenueConfig
from alpha_pulse.core.errors import OrderError, StateError
from alpha_pulse.core.stateful import State, Stateful, pack, unpack
from alpha_pulse.core.types import Bar, Fill, Order
from alpha_pulse.venues.base import Admit, Venue
from alpha_pulse.venues.simulated import SimulatedVenue
from execution_samples import CENTS, HOUR, UNIT, all_of_it, bar, market, stop
from naive_execution.money import money
from naive_execution.venue import SimulatedVenue as NaiveVenue

FREE = VenueConfig(fee_bps=0.0, half_spread_bps=0.0, slippage_bps=0.0)


def new(settings: VenueConfig) -> SimulatedVenue:
    made = SimulatedVenue(settings)
    for symbol in "XY":
        made.add_instrument(msgspec.structs.replace(CENTS, symbol=symbol))
    return made


def venue(settings: VenueConfig = FREE, *orders: Order) -> SimulatedVenue:
    made = new(settings)
    made.release(orders)
    return made


def met(made: SimulatedVenue, at: Bar, admit: Admit = all_of_it) -> list[Fill]:
    return [*made.fill_at_open(at, admit), *made.fill_stops(at)]


def traded(fills: list[Fill] | tuple[Fill, ...]) -> list[tuple[str, int, float]]:
    return [(each.order_id.rpartition("/")[2], each.quantity // UNIT, each.reference) for each in fills]


def test_it_is_a_venue_with_memory() -> None:
    assert isinstance(venue(), Venue)
    assert isinstance(venue(), Stateful)


def test_nothing_resting_returns_nothing_at_once() -> None:
    quiet = venue(FREE, market(1, 1.0, symbol="Y"))
    assert quiet.fill_at_open(bar(2), all_of_it) is quiet.fill_stops(bar(3))


def test_a_market_order_never_trades_at_its_own_bar_and_then_at_the_open() -> None:
    made = venue(FREE, market(5, 2.0))
    assert not met(made, bar(5, 90.0))
    (fill,) = met(made, bar(6, 103.0, 104.0, 102.0))
    assert (fill.ts, fill.quantity, fill.reference, fill.price) == (6 * HOUR, 2 * UNIT, 103.0, 103.0)
    assert (fill.fill_id, fill.order_id, fill.signal_id, fill.prediction_id) == ("combined/X/5/f", "combined/X/5", "s1", "p1")
    assert not met(made, bar(7))


@given(st.integers(0, 5 * HOUR // 1_000_000), st.integers(1, 8))
def test_latency_holds_an_order_back(latency_ms: int, hour: int) -> None:
    made = venue(VenueConfig(latency_ms=float(latency_ms)), market(hour, 1.0))
    expected = hour + 1 + math.floor(latency_ms * 1_000_000 / HOUR + 0.5)
    assert [at for at in range(hour, hour + 9) if met(made, bar(at))] == [expected]


def test_prices_include_half_spread_and_slippage_and_the_fee_is_apart() -> None:
    settings = VenueConfig(fee_bps=10.0, half_spread_bps=5.0, slippage_bps=3.0)
    made = venue(settings, market(1, 10.0, name="buy"), market(1, -10.0, name="sell", book="other"))
    buy, sell = met(made, bar(2, 100.0))
    assert (buy.price, sell.price) == pytest.approx((100.08, 99.92))
    assert (buy.cost, sell.cost) == (80, 80)
    assert (buy.fee, sell.fee) == (100, 100)


def test_quotes_known_at_the_open_take_the_place_of_the_configured_spread() -> None:
    settings = VenueConfig(fee_bps=0.0, half_spread_bps=50.0, slippage_bps=0.0)
    orders = market(2, 1.0, name="buy"), market(2, -1.0, name="sell", book="other")
    made = new(settings)
    # The close lies nearer to the ask, and the quotes at the end of the filling bar are wide: they are not known at its open.
    met(made, bar(2, quotes=(99.8, 100.1)))
    made.release(orders)
    buy, sell = met(made, bar(3, quotes=(90.0, 110.0)))
    assert (buy.price, sell.price) == pytest.approx((100.1, 99.8))
    # A market that moved takes its quotes along.
    made.release([market(3, 1.0, name="next")])
    (moved,) = met(made, bar(4, 104.0, 105.0, 99.0))
    assert moved.price == pytest.approx(114.0)


def test_a_stop_within_a_bar_pays_the_spread_quoted_before_that_bar_too() -> None:
    settings = VenueConfig(fee_bps=0.0, half_spread_bps=50.0, slippage_bps=0.0)
    made = new(settings)
    made.release([market(1, 1.0), stop(1, -1.0, 95.0)])
    met(made, bar(2, quotes=(99.8, 100.1)))
    (stopped,) = met(made, bar(3, 99.0, 100.0, 94.0, quotes=(90.0, 110.0)))
    assert (stopped.reference, stopped.price) == pytest.approx((95.0, 94.8))


def test_a_close_outside_the_quotes_costs_nothing_on_that_side() -> None:
    settings = VenueConfig(fee_bps=0.0, half_spread_bps=50.0, slippage_bps=0.0)
    made = new(settings)
    met(made, bar(1, quotes=(100.1, 100.3)))
    made.release([market(1, 1.0, name="buy"), market(1, -1.0, name="sell", book="other")])
    buy, sell = met(made, bar(2))
    assert (buy.price, sell.price) == pytest.approx((100.3, 100.0))


def test_prices_are_rounded_to_the_tick_against_the_trader() -> None:
    made = SimulatedVenue(VenueConfig(fee_bps=0.0, half_spread_bps=1.0, slippage_bps=0.0))
    made.add_instrument(msgspec.structs.replace(CENTS, tick=0.25))
    made.release([market(1, 1.0, name="buy"), market(1, -1.0, name="sell", book="other")])
    buy, sell = met(made, bar(2))
    assert (buy.price, sell.price, buy.cost, sell.cost) == (100.25, 99.75, 25, 25)
    free = SimulatedVenue(FREE)
    free.add_instrument(msgspec.structs.replace(CENTS, tick=0.1))
    free.release([market(1, 1.0)])
    (exact,) = met(free, bar(2, 0.3 * 1000))
    assert exact.price == pytest.approx(300.0, rel=1e-15)


def test_what_is_not_admitted_does_not_trade_and_does_not_wait() -> None:
    made = venue(FREE, market(1, 3.0), stop(1, -3.0, 95.0))
    asked: list[tuple[float, float]] = []

    def half(order: Order, price: float, cost_rate: float) -> int:
        asked.append((price, cost_rate))
        return order.quantity // 2

    (fill,) = met(made, bar(2, 99.0), half)
    assert (fill.quantity, asked) == (3 * UNIT // 2, [(99.0, 0.0)])
    made.release([market(2, 1.0)])
    assert not met(made, bar(3), lambda *_: 0)
    assert not made.pending("combined", "X")
    assert traded(list(met(made, bar(4, 100.0, 101.0, 90.0)))) == [("stop", -2, 95.0)]


def test_an_order_for_a_symbol_without_a_bar_is_refused() -> None:
    with pytest.raises(OrderError, match="has no bar yet"):
        venue(FREE, market(1, 1.0, symbol="Z"))


def test_no_price_is_negative_and_no_bar_below_zero_trades() -> None:
    settings = VenueConfig(fee_bps=1.0, half_spread_bps=20_000.0, slippage_bps=0.0)
    (fill,) = met(venue(settings, market(1, -1.0)), bar(2))
    assert (fill.price, fill.fee, fill.cost) == (0.0, 0, 10_000)
    made = venue(FREE, market(1, 1.0))
    assert not met(made, bar(2, 1.0, 1.0, 0.0, 1.0))
    assert len(met(made, bar(3))) == 1


# Positions are opened at 1 and filled at 2 (open 100); the stop case plays at the bar named.
STOP_CASES = {
    "long touched": (1.0, 95.0, bar(3, 99.0, 100.0, 95.0, 99.0), 95.0),
    "long not touched": (1.0, 95.0, bar(3, 99.0, 100.0, 95.01, 99.0), None),
    "long opened beyond": (1.0, 95.0, bar(3, 90.0, 97.0, 89.0, 96.0), 90.0),
    "short touched": (-1.0, 105.0, bar(3, 101.0, 105.0, 99.0, 100.0), 105.0),
    "short not touched": (-1.0, 105.0, bar(3, 101.0, 104.9, 99.0, 100.0), None),
    "short opened beyond": (-1.0, 105.0, bar(3, 110.0, 111.0, 100.0, 101.0), 110.0),
}


@pytest.mark.parametrize(("units", "price", "at", "reference"), STOP_CASES.values(), ids=STOP_CASES.keys())
def test_stops_trade_by_high_and_low(units: float, price: float, at: Bar, reference: float | None) -> None:
    made = venue(FREE, market(1, units), stop(1, -units, price))
    assert len(met(made, bar(2))) == 1
    fills = met(made, at)
    assert [each.reference for each in fills] == ([] if reference is None else [reference])
    if fills:
        assert fills[0].quantity == -round(units * UNIT)
        assert made.held("combined", "X") == 0
        assert not met(made, bar(4, 50.0, 200.0, 1.0))


def test_a_bar_that_fills_an_entry_can_hit_its_stop() -> None:
    fills = met(venue(FREE, market(1, 1.0), stop(1, -1.0, 99.5)), bar(2))
    assert traded(list(fills)) == [("1", 1, 100.0), ("stop", -1, 99.5)]


def test_the_market_order_trades_before_the_stop_and_the_stop_closes_what_is_then_held() -> None:
    made = venue(FREE, market(1, 3.0), stop(1, -3.0, 95.0))
    met(made, bar(2))
    made.release([market(2, -2.0)])
    assert traded(list(met(made, bar(3, 97.0, 98.0, 90.0)))) == [("2", -2, 97.0), ("stop", -1, 95.0)]


def test_a_new_stop_replaces_the_old_and_only_protects_its_own_side() -> None:
    made = venue(FREE, market(1, 1.0), stop(1, -1.0, 95.0))
    met(made, bar(2))
    made.release([market(2, -2.0), stop(2, 1.0, 104.0)])
    assert traded(list(met(made, bar(3, 100.0, 101.0, 90.0)))) == [("2", -2, 100.0)]
    assert traded(list(met(made, bar(4, 100.0, 104.5, 90.0)))) == [("stop", 1, 104.0)]


def test_a_stop_of_the_other_side_is_dropped() -> None:
    made = venue(FREE, market(1, 1.0), stop(1, -1.0, 95.0))
    met(made, bar(2))
    made.release([market(2, -3.0)])
    assert traded(list(met(made, bar(3, 100.0, 101.0, 90.0)))) == [("2", -3, 100.0)]
    made.release([market(3, 4.0)])
    assert traded(list(met(made, bar(4, 100.0, 101.0, 90.0)))) == [("3", 4, 100.0)]


def test_a_flat_position_drops_its_stop() -> None:
    made = venue(FREE, market(1, 1.0), stop(1, -1.0, 95.0))
    met(made, bar(2))
    made.release([market(2, -1.0)])
    met(made, bar(3))
    made.release([market(3, 1.0)])
    assert len(met(made, bar(4, 100.0, 101.0, 90.0))) == 1
    assert not met(made, bar(5, 100.0, 101.0, 1.0))


def test_under_latency_the_old_stop_protects_and_its_trade_cancels_what_was_sized_for_the_position() -> None:
    made = venue(VenueConfig(fee_bps=0, half_spread_bps=0, slippage_bps=0, latency_ms=2 * 3_600_000.0))
    made.release([market(1, 4.0), stop(1, -4.0, 95.0)])
    assert not met(made, bar(3))
    assert len(met(made, bar(4))) == 1
    made.release([market(4, -2.0), stop(4, -2.0, 97.0)])
    assert made.pending("combined", "X")
    assert traded(list(met(made, bar(5, 100.0, 101.0, 94.0)))) == [("stop", -4, 95.0)]
    assert not made.pending("combined", "X")
    assert not met(made, bar(7, 100.0, 101.0, 1.0))
    assert made.held("combined", "X") == 0


def test_cancel_drops_stops_of_one_book_and_symbol_only() -> None:
    made = venue(FREE)
    for book, symbol in (("a", "X"), ("b", "X"), ("a", "Y")):
        made.release([market(1, 1.0, book=book, symbol=symbol), stop(1, -1.0, 95.0, book=book, symbol=symbol)])
    made.cancel("a", "X")
    made.cancel("nobody", "X")
    made.cancel("a", "nothing")
    assert [(each.book, each.quantity // UNIT) for each in met(made, bar(2, 100.0, 101.0, 90.0))] == [
        ("a", 1),
        ("b", 1),
        ("b", -1),
    ]
    assert len(met(made, bar(2, 100.0, 101.0, 90.0, symbol="Y"))) == 2


@pytest.mark.parametrize(
    "order",
    [
        market(1, 0.0),
        Order("o", "b", "X", 1, "stop", 1, "s"),
        Order("o", "b", "X", 1, "stop", 1, "s", None, math.nan),
        Order("o", "b", "X", 1, "stop", 1, "s", None, -1.0),
        Order("o", "b", "X", 1, "market", 1, "s", None, 5.0),
    ],
)
def test_orders_that_could_never_trade_are_refused(order: Order) -> None:
    with pytest.raises(OrderError, match=order.order_id):
        venue(FREE, order)


def test_the_same_order_twice_is_refused() -> None:
    with pytest.raises(OrderError, match="twice"):
        venue(FREE, market(1, 1.0), market(1, 1.0))


@given(st.lists(st.tuples(st.integers(-3, 3), st.floats(0.9, 1.1), st.booleans()), max_size=30), st.integers(0, 30))
def test_a_snapshot_in_mid_stream_changes_nothing(steps: list[tuple[int, float, bool]], cut: int) -> None:
    settings = VenueConfig(latency_ms=5_000_000.0)
    whole, restored = new(settings), new(settings)
    for hour, (units, factor, with_stop) in enumerate(steps, start=1):
        if hour == cut:
            blob = pack({"venue": whole.snapshot()})
            restored = new(settings)
            restored.restore(unpack(blob)[0]["venue"])
            assert pack({"venue": restored.snapshot()}) == blob
        at = bar(hour, 100.0 * factor, 105.0, 95.0)
        orders = [market(hour, units, book=book) for book in "ab" if units]
        if with_stop and units:
            orders += [stop(hour, -units, 96.0 if units > 0 else 104.0, book=book) for book in "ba"]
        for each in (whole, restored) if hour >= cut > 0 else (whole,):
            met(each, at)
            each.release(orders)
        if hour >= cut > 0:
            assert pack({"venue": restored.snapshot()}) == pack({"venue": whole.snapshot()})


@given(st.lists(st.tuples(st.integers(-3, 3), st.floats(0.5, 2.0)), max_size=40))
def test_held_is_the_sum_of_fills_and_charges_are_never_negative(steps: list[tuple[int, float]]) -> None:
    made = new(VenueConfig())
    held = 0
    times: list[int] = []
    for hour, (units, factor) in enumerate(steps, start=1):
        price = 100.0 * factor
        for each in met(made, bar(hour, price, price * 1.05, price * 0.95)):
            held += each.quantity
            times.append(each.ts)
            assert each.cost == money(abs(each.quantity), abs(each.price - each.reference), CENTS) >= 0
            assert each.fee >= 0
            assert (each.price - each.reference) * each.quantity >= 0
        if units:
            made.release([market(hour, units), stop(hour, -units, price * (0.98 if units > 0 else 1.02))])
        assert made.held("combined", "X") == held
    assert all(first <= then for first, then in pairwise(times))


def test_a_foreign_state_is_refused() -> None:
    with pytest.raises(StateError, match="simulated venue"):
        venue().restore(State(scalars={"waiting": 3}))


def none_or_less(order: Order, price: float, cost_rate: float) -> int:
    return 0 if order.book == "a" else round(order.quantity / (2.0 + 1000.0 * cost_rate))


@given(
    st.sampled_from([0.0, 0.6, 2.2]),
    st.lists(
        st.tuples(
            st.floats(0.8, 1.2),
            st.booleans(),
            st.lists(
                st.tuples(st.sampled_from("XY"), st.sampled_from("abc"), st.integers(-3, 3), st.floats(80.0, 120.0)), max_size=4
            ),
            st.sampled_from(["", "a", "b"]),
        ),
        max_size=30,
    ),
)
def test_any_orders_trade_as_at_the_twin(
    late: float, steps: list[tuple[float, bool, list[tuple[str, str, int, float]], str]]
) -> None:
    settings = VenueConfig(latency_ms=late * HOUR / 1e6)
    made, naive = new(settings), NaiveVenue(settings)
    for symbol in "XY":
        naive.add_instrument(msgspec.structs.replace(CENTS, symbol=symbol))
    for hour, (factor, quoted, wanted, cancelled) in enumerate(steps, start=1):
        for symbol in "XY":
            price = 100.0 * factor
            at = bar(
                hour,
                price,
                price * 1.1,
                price * 0.9,
                price,
                symbol=symbol,
                quotes=(price - 0.2, price + 0.1) if quoted else None,
            )
            admit = all_of_it if hour % 3 else none_or_less
            assert list(made.fill_at_open(at, admit)) == list(naive.fill_at_open(at, admit))
            assert list(made.fill_stops(at)) == list(naive.fill_stops(at))
        orders = []
        for place, (symbol, book, units, level) in enumerate(wanted):
            if units:
                orders.append(market(hour, units, book=book, symbol=symbol, name=f"{hour}-{place}"))
                orders.append(
                    msgspec.structs.replace(stop(hour, -units, level, book=book, symbol=symbol), order_id=f"s{hour}-{place}")
                )
        for each in (made, naive):
            each.release(orders)
            each.cancel(cancelled, "X")
        for book in "abcd":
            for symbol in "XYZ":
                assert made.held(book, symbol) == naive.held(book, symbol)
                assert made.pending(book, symbol) == naive.pending(book, symbol)
