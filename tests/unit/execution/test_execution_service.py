from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.core.config import Config, ExecutionConfig, RiskConfig, VenueConfig
from alpha_pulse.core.errors import ConfigError, DataError, OrderError, StateError, UnknownNameError
from alpha_pulse.core.stateful import State, Stateful, unpack
from alpha_pulse.core.types import Order
from alpha_pulse.execution import ExecutionService
from alpha_pulse.execution.decision import SizingInput
from alpha_pulse.kernels.execution.layout import LOT_SIGNAL
from alpha_pulse.venues.simulated import SimulatedVenue
from execution_samples import DAY, HOUR, UNIT, Trading, bar, market, sizing, walk
from naive_execution.money import money

FREE = VenueConfig(fee_bps=0.0, half_spread_bps=0.0, slippage_bps=0.0)
ALONE = Config(venue=FREE, execution=ExecutionConfig(shadow_books=False, stop_volatilities=0.0))
FULL = 100 * UNIT


def test_a_wish_becomes_one_market_order_and_a_stop_that_carry_its_ids() -> None:
    trading = Trading(Config())
    _, (decision,) = trading.step(sizing(bar(7), 1.0))
    market, stop = decision.orders[0], decision.orders[1]
    assert market == Order("combined/X/7", "combined", "X", 7 * HOUR, "market", FULL, "c7", "c7/p", fraction=0.1)
    assert stop == Order(
        "combined/X/7/stop", "combined", "X", 7 * HOUR, "stop", -FULL, "c7", "c7/p", 100.0 * (1.0 - 8.0 * 0.01)
    )
    (settled,), (decision,) = trading.step(sizing(bar(8), 1.0))
    assert [fill.order_id for fill in settled.fills] == ["combined/X/7", "buy_and_hold/X/7"]
    assert decision.orders == ()
    # A tenth of the equity, after the 2 bp that this fill costs.
    assert trading.service.book().position("X") == pytest.approx(FULL / 1.00002, rel=1e-7)


def test_a_short_is_stopped_above() -> None:
    _, (decision,) = Trading(Config()).step(sizing(bar(7), -1.0, volatility=0.02))
    assert decision.orders[1].quantity == FULL // 2
    assert decision.orders[1].stop_price == pytest.approx(116.0)


def test_an_unreachable_stop_is_not_sent() -> None:
    trading = Trading(Config(execution=ExecutionConfig(shadow_books=False, stop_volatilities=100.0)))
    _, (decision,) = trading.step(sizing(bar(1), 1.0))
    assert [order.kind for order in decision.orders] == ["market"]


def test_closed_lots_become_outcomes_of_the_primary_book_only() -> None:
    config = Config(venue=FREE, execution=ExecutionConfig(stop_volatilities=0.0))
    trading = Trading(config)
    trading.step(sizing(bar(1), 1.0, rules=1.0))
    trading.step(sizing(bar(2), 0.0, rules=0.0))
    (settled,), _ = trading.step(sizing(bar(3, 103.0, 104.0, 102.0, 103.0), None))
    assert [lot.book for lot in settled.lots] == ["combined", "rules_only"]
    (outcome,) = settled.outcomes
    assert (outcome.signal_id, outcome.prediction_id, outcome.pnl, outcome.held_ns) == ("c1", "c1/p", 300 * 10**7, HOUR)
    assert outcome.return_ == pytest.approx(0.03)
    assert outcome.lot is settled.lots[0]


def test_an_outcome_is_net_of_what_both_its_fills_cost() -> None:
    trading = Trading(Config(execution=ExecutionConfig(shadow_books=False, stop_volatilities=0.0)))
    trading.step(sizing(bar(1), 1.0))
    trading.step(sizing(bar(2), 0.0))
    (settled,), _ = trading.step(sizing(bar(3, 103.0, 104.0, 102.0, 103.0), None))
    (lot,), (outcome,) = settled.lots, settled.outcomes
    assert outcome.pnl == lot.net_pnl == lot.gross_pnl - lot.costs < lot.gross_pnl
    assert outcome.return_ == pytest.approx(0.03 - 2e-4 - 2e-4 * 1.03, rel=1e-3)


def test_which_rule_the_primary_book_and_its_shadow_run() -> None:
    weak = sizing(bar(1), 1.0, probability=0.5)
    for rule, other in (("signal", "cost_aware"), ("cost_aware", "signal")):
        trading = Trading(msgspec.convert({"execution": {"entry_rule": rule}}, Config))
        _, (decision,) = trading.step(weak)
        books = {order.book for order in decision.orders}
        assert list(trading.service.results(1.0)) == ["combined", other, "rules_only", "ml_only", "buy_and_hold"]
        assert ("combined" in books, other in books) == (rule == "signal", rule == "cost_aware")
        assert decision.abstained is not None
        assert "does not exceed" in decision.abstained


def test_without_shadow_books_there_is_only_the_primary() -> None:
    assert list(Trading(ALONE).service.results(1.0)) == ["combined"]


def test_no_second_order_while_one_rests() -> None:
    trading = Trading(Config(venue=VenueConfig(latency_ms=2 * 3_600_000.0), execution=ExecutionConfig(shadow_books=False)))
    counts = [len(trading.step(sizing(bar(hour), 1.0))[1][0].orders) for hour in range(1, 6)]
    assert counts == [2, 0, 0, 0, 0]
    assert trading.service.book().position("X") == pytest.approx(FULL, rel=1e-4)


def test_a_lost_day_lets_only_reducing_orders_pass_until_the_next() -> None:
    trading = Trading(ALONE)
    trading.step(sizing(bar(1), 1.0, volatility=0.001))
    trading.step(sizing(bar(2), 1.0, volatility=0.001))
    assert trading.service.book().position("X") == 10 * FULL
    fallen = bar(3, 100.0, 100.0, 95.0, 96.0)
    _, (decision,) = trading.step(sizing(fallen, 1.0, volatility=0.001))
    assert decision.orders == ()
    _, (decision,) = trading.step(sizing(bar(4, 96.0, 96.0, 96.0, 96.0), 0.5, volatility=0.001))
    assert [order.quantity < 0 for order in decision.orders] == [True]
    trading.step(sizing(bar(5, 96.0, 97.0, 95.0, 96.0), None))
    _, (decision,) = trading.step(sizing(bar(6, 96.0, 97.0, 95.0, 96.0), 1.0, volatility=0.001))
    assert decision.orders == ()
    assert [(each.book, each.signal_id) for each in decision.refusals] == [("combined", "c6")]
    assert "since the UTC day began" in decision.refusals[0].reasons[0]
    _, (decision,) = trading.step(sizing(bar(24, 96.0, 97.0, 95.0, 96.0), 1.0, volatility=0.001))
    assert decision.refusals
    _, (decision,) = trading.step(sizing(bar(25, 96.0, 97.0, 95.0, 96.0), 1.0, volatility=0.001))
    assert (len(decision.orders), decision.refusals) == (1, ())
    assert DAY == 24 * HOUR


def test_a_refused_change_of_sides_still_closes_what_is_held() -> None:
    trading = Trading(ALONE)
    trading.step(sizing(bar(1), 1.0))
    trading.step(sizing(bar(2), 1.0))
    _, (decision,) = trading.step(sizing(bar(3), -1.0), now_ns=10 * HOUR)
    assert [(order.quantity, order.signal_id) for order in decision.orders] == [(-FULL, "c3")]
    assert "intervals old" in decision.refusals[0].reasons[0]


def test_stale_and_frozen_data_stop_entries() -> None:
    trading = Trading(ALONE)
    _, (decision,) = trading.step(sizing(bar(1), 1.0), now_ns=5 * HOUR)
    assert "4.0 intervals old" in decision.refusals[0].reasons[0]
    for hour in range(2, 15):
        trading.step(sizing(bar(hour, 50.0, 50.0, 50.0, 50.0), None))
    _, (decision,) = trading.step(sizing(bar(15, 50.0, 50.0, 50.0, 50.0), 1.0))
    assert "stood still for 13 bars" in decision.refusals[0].reasons[0]
    _, (decision,) = trading.step(sizing(bar(16, 50.0, 50.5, 50.0, 50.0), 1.0))
    assert len(decision.orders) == 1


def test_a_price_that_is_not_positive_is_refused_even_for_an_exit() -> None:
    trading = Trading(ALONE)
    trading.step(sizing(bar(1), 1.0))
    trading.step(sizing(bar(2), 1.0))
    _, (decision,) = trading.step(sizing(bar(3, 1.0, 1.0, -1.0, -1.0), 0.0))
    assert decision.orders == ()
    assert "above 0" in decision.refusals[0].reasons[0]


def test_an_order_beyond_a_limit_is_refused_with_the_limit_and_not_cut_to_fit() -> None:
    trading = Trading(Config(risk=RiskConfig(max_order_fraction=0.5), execution=ExecutionConfig(shadow_books=False)))
    _, (decision,) = trading.step(sizing(bar(1), 1.0, volatility=0.0001))
    assert "max_order_fraction 0.5" in decision.refusals[0].reasons[0]


def run(trading: Trading, slices: list[list[SizingInput]]) -> list[bytes]:
    seen = []
    for inputs in slices:
        settled, decided = trading.step(*inputs)
        seen.append(msgspec.json.encode((settled, decided)))
    return seen


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["signal", "cost_aware"]), st.sampled_from([0.0, 1.0, 5_000_000.0]))
def test_over_random_sizing_inputs_money_is_conserved_and_time_never_runs_backwards(
    seed: int, rule: str, latency: float
) -> None:
    symbols = ("X", "Y", "Z")
    config = msgspec.convert(
        {
            "execution": {"entry_rule": rule, "stop_volatilities": 1.5, "target_volatility": 0.5},
            "venue": {"latency_ms": latency},
        },
        Config,
    )
    trading = Trading(config, symbols)
    released: dict[str, Order] = {}
    naive: dict[tuple[str, str], list[int]] = {}
    for inputs in walk(seed, 80, symbols):
        settled, decided = trading.step(*inputs)
        for each in settled:
            for fill in each.fills:
                order = released[fill.order_id]
                assert fill.ts > order.ts
                assert fill.ts >= order.ts + latency * 1_000_000
                cash = naive.setdefault((fill.book, fill.symbol), [0])
                cash[0] += fill.quantity
            for lot in each.lots:
                assert lot.net_pnl == lot.gross_pnl - lot.costs <= lot.gross_pnl
            own = [lot for lot in each.lots if lot.book == "combined"]
            units = trading.service.units
            worth = [money(abs(lot.quantity), lot.open_reference, units[lot.symbol]) for lot in own]
            assert [outcome.lot for outcome in each.outcomes] == [
                lot for lot, value in zip(own, worth, strict=True) if value >= units[lot.symbol].min_order
            ]
        for decision in decided:
            for order in decision.orders:
                assert order.order_id not in released
                released[order.order_id] = order
        for name, result in trading.service.results(10_000.0).items():
            book = trading.service.book(name)
            queues = [book.lots(symbol) for symbol in symbols]
            assert book.cash + sum(lots.basis for lots in queues) == (
                book.initial_cash + result.realised_gross_pnl - result.costs - result.fees
            )
            assert result.net_pnl == result.gross_pnl - result.costs - result.fees == book.equity - book.initial_cash
            closes = {each.bar.symbol: each.bar.close for each in inputs}
            assert book.equity == book.cash + sum(
                money(book.position(symbol), closes[symbol], book.lots(symbol).units) for symbol in symbols
            )
            assert sum(part.net_pnl for part in trading.service.by_symbol(name).values()) == result.net_pnl
            for symbol in symbols:
                assert book.position(symbol) == naive.get((name, symbol), [0])[0] == trading.venue.held(name, symbol)
    hold = trading.service.results(10_000.0)["buy_and_hold"]
    assert (hold.fills, hold.trades) == (3, 0)
    assert trading.service.results(10_000.0)["rules_only"].fills > 10


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 59), st.sampled_from([0.0, 5_000_000.0]))
def test_a_restored_service_goes_on_bit_equal(seed: int, cut: int, latency: float) -> None:
    config = Config(venue=VenueConfig(latency_ms=latency), execution=ExecutionConfig(stop_volatilities=2.0))
    symbols = ("X", "Y")
    slices = walk(seed, 60, symbols)
    whole = Trading(config, symbols)
    run(whole, slices[:cut])
    blob = whole.bytes()
    restored = Trading(config, symbols)
    restored.restore(unpack(blob)[0])
    assert restored.bytes() == blob
    assert run(restored, slices[cut:]) == run(whole, slices[cut:])
    assert restored.bytes() == whole.bytes()


def test_how_long_a_price_stood_still_survives_a_restart() -> None:
    trading, restarted = Trading(ALONE), Trading(ALONE)
    still = [sizing(bar(hour, 50.0, 50.0, 50.0, 50.0), None) for hour in range(1, 13)]
    run(trading, [[each] for each in still])
    restarted.restore(unpack(trading.bytes())[0])
    _, (decision,) = restarted.step(sizing(bar(13, 50.0, 50.0, 50.0, 50.0), 1.0))
    assert "stood still for 12 bars" in decision.refusals[0].reasons[0]


def test_the_rules_book_does_not_depend_on_any_model() -> None:
    first, second = Trading(Config()), Trading(Config())
    for inputs in walk(3, 120):
        first.step(*inputs)
        second.step(
            *(
                msgspec.structs.replace(each, combined=None, ml=None, volatility=0.03, quality=0.5, probability=None)
                for each in inputs
            )
        )
    number = first.service.book_names.index("rules_only")
    states = [trading.service.snapshot().arrays for trading in (first, second)]
    # The texts of signals and predictions are numbered as they come, in all books together.
    for name, part in (("positions", ...), ("lots", np.s_[:, :8, :LOT_SIGNAL]), ("lot_prices", np.s_[:, :8])):
        assert np.array_equal(states[0][name][:, number][part], states[1][name][:, number][part])
    for name in ("books", "curves"):
        assert np.array_equal(states[0][name][number], states[1][name][number])
    assert first.service.results(1.0)["rules_only"].trades > 10


def test_names_that_are_not_known_are_refused() -> None:
    venue = SimulatedVenue(VenueConfig())
    service = ExecutionService(Config(), venue, ["EURUSD"])
    with pytest.raises(UnknownNameError, match="is not a book"):
        service.book("signal")
    with pytest.raises(DataError, match="did you mean 'EURUSD'"):
        service.process_bars([bar(1, symbol="EURUSDT")])


def test_a_state_of_other_books_or_symbols_is_refused() -> None:
    trading = Trading(Config())
    assert isinstance(trading.service, Stateful)
    with pytest.raises(StateError, match="this run has"):
        trading.service.restore(Trading(ALONE).service.snapshot())
    other = Trading(Config(), ("Y",))
    other.step(sizing(bar(1, symbol="Y"), None))
    with pytest.raises(StateError, match="this run has"):
        trading.service.restore(other.service.snapshot())
    with pytest.raises(StateError, match="does not fit"):
        trading.service.restore(State(scalars={"books": 1}))


def test_a_gap_at_the_open_leaves_no_book_with_more_than_its_limit() -> None:
    trading = Trading(Config(venue=FREE))
    trading.step(sizing(bar(1), 1.0, rules=1.0, ml=1.0, volatility=0.001, plain=0.001))
    (settled,), _ = trading.step(sizing(bar(2, 200.0, 200.0, 200.0, 200.0), None))
    assert {fill.book: fill.quantity for fill in settled.fills} == dict.fromkeys(
        ("combined", "rules_only", "ml_only", "buy_and_hold"), 500 * UNIT
    )
    trading.step(sizing(bar(3, 100.0, 100.0, 1.0, 1.0), None))
    for result in trading.service.results(1.0).values():
        assert result.equity >= 0
        assert result.max_drawdown <= 1.0


def test_an_order_that_the_open_leaves_no_room_for_is_refused_with_the_reason() -> None:
    trading = Trading(ALONE)
    trading.step(sizing(bar(1), 0.5, volatility=0.002))
    _, (decision,) = trading.step(sizing(bar(2), 1.0, volatility=0.002))
    assert len(decision.orders) == 1
    (settled,), _ = trading.step(sizing(bar(3, 1_000.0, 1_000.0, 1_000.0, 1_000.0), None))
    assert settled.fills == []
    assert "the market opened at 1000" in settled.refusals[0].reasons[0]
    assert not trading.venue.pending("combined", "X")


def test_the_equity_is_split_among_the_symbols_that_had_a_bar() -> None:
    strong = {"volatility": 0.0001, "plain": 0.0001}
    trading = Trading(ALONE, ("X", "Y"))
    trading.step(sizing(bar(1), 1.0, **strong))
    trading.step(sizing(bar(2), None))
    assert trading.service.book().position("X") == 1_000 * UNIT
    at = bar(3, symbol="Y")
    _, decided = trading.step(sizing(bar(3), 1.0, **strong), sizing(at, 1.0, **strong))
    # Y finds no room before X has given up its half.
    assert [[order.quantity for order in decision.orders] for decision in decided] == [[-500 * UNIT], []]
    trading.step(sizing(bar(4), None), sizing(bar(4, symbol="Y"), 1.0, **strong))
    trading.step(sizing(bar(5), None), sizing(bar(5, symbol="Y"), None))
    assert [trading.service.book().position(symbol) for symbol in "XY"] == [500 * UNIT, 500 * UNIT]


def test_no_dust_is_ordered_and_none_is_left() -> None:
    config = Config(venue=FREE, execution=ExecutionConfig(shadow_books=False, stop_volatilities=0.0, rebalance_band=0.0))
    trading = Trading(config)
    # The smallest order is a thousandth of the initial cash.
    _, (decision,) = trading.step(sizing(bar(1), 0.0099))
    assert decision.orders == ()
    trading.step(sizing(bar(2), 1.0))
    _, (decision,) = trading.step(sizing(bar(3), 0.9901))
    assert decision.orders == ()
    _, (decision,) = trading.step(sizing(bar(4), 0.0099))
    assert [order.quantity for order in decision.orders] == [-FULL]


def test_the_usual_breaks_of_a_session_stop_no_entry_and_missing_bars_do() -> None:
    trading = Trading(ALONE)
    opens = []
    for day in range(4):
        for hour in range(14, 21):
            at = bar(24 * day + hour)
            _, (decision,) = trading.step(sizing(at, 1.0 if hour == 14 else 0.0))
            if hour == 14 and day:
                opens.append(len(decision.orders))
    assert opens == [0, 0, 1]
    trading.step(sizing(bar(24 * 4 + 14), 0.0))
    _, (decision,) = trading.step(sizing(bar(24 * 4 + 19), 1.0))
    assert "missing" in decision.refusals[0].reasons[0]


def test_a_position_whose_data_ended_is_carried_at_its_last_price() -> None:
    trading = Trading(ALONE, ("X", "Y"))
    for hour in (1, 2):
        trading.step(sizing(bar(hour), 1.0), sizing(bar(hour, symbol="Y"), None))
    for hour in range(3, 10):
        trading.step(sizing(bar(hour, symbol="Y"), None))
    (carried,) = trading.service.carried(9 * HOUR)
    assert (carried.symbol, carried.quantity, carried.close, carried.newest_ts) == ("X", 50.0, 100.0, 2 * HOUR)
    assert trading.service.carried(2 * HOUR) == []
    assert trading.service.book().value == 50 * 100 * 10**7


def test_a_setting_by_symbol_names_a_symbol_of_the_run() -> None:
    config = Config(venue=VenueConfig(lot_size={"BTCUSD": 1.0}))
    with pytest.raises(ConfigError, match="did you mean 'BTCUSDT'"):
        ExecutionService(config, SimulatedVenue(config.venue), ["BTCUSDT"])


def test_orders_are_whole_lots() -> None:
    trading = Trading(msgspec.structs.replace(ALONE, venue=VenueConfig(lot_size=7.0)))
    for inputs in walk(5, 60):
        settled, decided = trading.step(*inputs)
        for fill in settled[0].fills:
            assert fill.quantity % (7 * UNIT) == 0
        for decision in decided:
            assert all(order.quantity % (7 * UNIT) == 0 for order in decision.orders)
    assert trading.service.book().result(1.0).fills > 5


def test_what_happens_within_a_bar_is_not_known_at_the_open_of_another() -> None:
    strong = {"volatility": 0.0001, "plain": 0.0001}
    bought = []
    for low in (99.0, 10.0):
        trading = Trading(Config(execution=ExecutionConfig(shadow_books=False, stop_volatilities=500.0)), ("X", "Y"))
        trading.step(sizing(bar(1), 1.0, **strong), sizing(bar(1, symbol="Y"), None))
        trading.step(sizing(bar(2), None), sizing(bar(2, symbol="Y"), 1.0, **strong))
        (settled,), _ = trading.step(sizing(bar(3, low=low), None), sizing(bar(3, symbol="Y"), None))
        assert [fill.order_id for fill in settled.fills] == ["combined/Y/2", *(["combined/X/1/stop"] if low < 95.0 else [])]
        bought.append(settled.fills[0].quantity)
    assert bought[0] == bought[1]


def test_other_symbols_are_valued_at_the_opens_of_the_slice() -> None:
    strong = {"volatility": 0.0001, "plain": 0.0001}
    trading = Trading(ALONE, ("X", "Y"))
    trading.step(sizing(bar(1), -1.0, **strong), sizing(bar(1, symbol="Y"), None))
    trading.step(sizing(bar(2), None), sizing(bar(2, symbol="Y"), 1.0, **strong))
    # The short X, half of the equity, opens at twice its price: what is left of the equity is less than X is worth.
    (settled,), _ = trading.step(sizing(bar(3, 200.0, 200.0, 99.0), None), sizing(bar(3, symbol="Y"), None))
    assert settled.fills == []
    assert [refusal.symbol for refusal in settled.refusals] == ["Y"]


def test_an_order_of_a_book_that_the_run_has_not_is_refused() -> None:
    trading = Trading(ALONE)
    trading.step(sizing(bar(1), None))
    with pytest.raises(OrderError, match=r"order other/X/1 is for book 'other'"):
        trading.service.release([market(1, 1.0, book="other")])


def test_positions_that_become_too_large_to_count_are_an_error() -> None:
    trading = Trading(ALONE)
    trading.step(sizing(bar(1), 1.0))
    trading.step(sizing(bar(2), None))
    with pytest.raises(DataError, match="too much to be counted"):
        trading.step(sizing(bar(3, 1e12, 1e12, 1e12, 1e12), None))


def test_a_resumed_service_names_carried_positions_in_the_same_order() -> None:
    trading, resumed = Trading(ALONE, ("A", "B", "C")), Trading(ALONE, ("A", "B", "C"))
    for hour in (1, 2):
        trading.step(sizing(bar(hour, symbol="B"), 1.0))
    for hour in (3, 4):
        trading.step(sizing(bar(hour, symbol="A"), 1.0))
    trading.step(sizing(bar(20, symbol="C"), None))
    resumed.restore(unpack(trading.bytes())[0])
    assert trading.service.carried(20 * HOUR) == resumed.service.carried(20 * HOUR) != []
