from __future__ import annotations

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.config import BatchConfig, Config, ExecutionConfig, LearningConfig, VenueConfig
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, random_walk
from alpha_pulse.reporting.data_checks import check_data
from alpha_pulse.reporting.report import Report, decode_report
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.memory import MemoryStore

CONFIG = Config(batch=BatchConfig(enabled=False))
JUMP_AT = 700
PRICES = ("open", "high", "low", "close")


def multiplied(bars: int, seed: int, by: float, since: int = 0) -> ReplayFeed:
    columns = random_walk(bars, seed).columns
    factor = np.where(np.arange(bars) >= since, by, 1.0)
    return ReplayFeed(msgspec.structs.replace(columns, **{name: getattr(columns, name) * factor for name in PRICES}))


def report_of(feed: ReplayFeed, config: Config = CONFIG) -> Report:
    result = replay(config, feed, MemoryStore(), "odd")
    assert result is not None
    return decode_report(result)


def test_a_short_book_is_ruined_by_a_jump_and_the_result_says_so() -> None:
    report = report_of(multiplied(900, 2, 1_000.0, JUMP_AT))
    ruined = {name for name, book in report.books.items() if book.max_drawdown is not None and book.max_drawdown >= 1.0}
    assert "combined" in ruined
    assert "buy_and_hold" not in ruined
    jump, *lost = report.warnings
    assert "likely a unit or split error" in jump
    assert len(lost) == len(ruined)
    feed = multiplied(900, 2, 1_000.0, JUMP_AT)
    after, before = (feed.columns.close[JUMP_AT - back] for back in (0, 1))
    assert lost[0].startswith("book combined lost everything in the bar of 2020-01-30 04:00 (UTC), when its equity fell to -")
    assert f": SYN closed at {after:.12g} after {before:.12g}; check that bar" in lost[0]


def test_an_orderly_run_has_no_warnings() -> None:
    assert report_of(multiplied(900, 2, 1.0)).warnings == []


def test_a_result_of_an_older_version_has_no_warnings() -> None:
    content = msgspec.to_builtins(report_of(random_walk(100, seed=1)))
    del content["warnings"]
    assert decode_report(msgspec.json.encode(content)).warnings == []


def test_too_few_bars_to_learn_or_to_train_on_are_reported() -> None:
    config = Config(learning=LearningConfig(volatility_horizon_bars=300, direction_horizon_bars=299))
    found = check_data(config, random_walk(300, seed=1, market=Market(symbols=("A", "B", "C", "D"))))
    assert found == [
        "A, B, C and 1 more have at most 300 bars, but the first label of volatility comes at bar 800 "
        "(learning.volatility_horizon_bars is 300): no model of it learns there",
        "A, B, C and 1 more have at most 300 bars, but the first label of direction comes at bar 349 "
        "(learning.direction_horizon_bars is 299): no model of it learns there",
        "A, B, C and 1 more have at most 300 bars, but batch.train_bars is 2,000: no batch model is trained for these symbols",
    ]
    assert report_of(random_walk(300, seed=1), config).warnings == [
        each.replace("A, B, C and 1 more have at most", "SYN has").replace("these symbols", "this symbol") for each in found
    ]


def test_too_few_bars_to_predict_anything_are_reported_with_what_is_needed() -> None:
    (found,) = check_data(Config(), random_walk(29, seed=1))
    assert found == (
        "SYN has 29 bars, but the first prediction is made at bar 50: nothing is predicted or traded there; the first label "
        "comes at bar 53 (direction) and 224 (volatility), and batch models are trained at bar 2,000"
    )


@pytest.mark.parametrize("bars", [49, 50, 52, 53, 223, 224])
def test_the_first_bars_that_are_needed_are_exact(bars: int) -> None:
    report, said = report_of(random_walk(bars, seed=1)), " ".join(check_data(CONFIG, random_walk(bars, seed=1)))
    assert ("nothing is predicted" in said) == (report.predictions == 0) == (bars < 50)
    assert ("first label of direction" in said) == (report.metrics["direction"]["served"].labels == 0 < report.predictions)
    if bars >= 53:
        assert ("first label of volatility" in said) == (report.metrics["volatility"]["served"].labels == 0)


@pytest.mark.parametrize(("lot", "told"), [(None, False), (1.0, False), (1_000.0, True)])
def test_a_lot_that_is_worth_much_of_a_position_is_reported(lot: float | None, told: bool) -> None:
    config = msgspec.structs.replace(CONFIG, venue=VenueConfig(lot_size=lot))
    feed = random_walk(250, seed=1, market=Market(price=90.0))
    said = " ".join(check_data(config, feed))
    assert ("one lot of SYN (venue.lot_size) is worth" in said) == told
    rich = msgspec.structs.replace(config, execution=ExecutionConfig(initial_cash=1e12))
    assert check_data(rich, feed) == []


def test_a_smallest_order_above_a_whole_position_is_reported() -> None:
    feed = random_walk(250, seed=1, market=Market(symbols=("A", "B")))
    config = msgspec.structs.replace(CONFIG, venue=VenueConfig(min_order_value={"B": 60_000.0}))
    (found,) = check_data(config, feed)
    assert found.startswith("the smallest order of B is worth more than a whole position, 50,000.00: nothing is traded there")
    report = report_of(feed, config)
    assert report.by_symbol["B"].books["buy_and_hold"].fills == 0 < report.by_symbol["A"].books["buy_and_hold"].fills


@pytest.mark.parametrize(("tick", "told"), [(0.01, False), (5.0, True), (1_000.0, True)])
def test_a_tick_that_is_much_of_a_price_is_reported(tick: float, told: bool) -> None:
    config = msgspec.structs.replace(CONFIG, venue=VenueConfig(tick_size=tick))
    said = " ".join(check_data(config, random_walk(250, seed=1, market=Market(price=90.0))))
    assert ("one tick of SYN (venue.tick_size) is up to" in said) == told


@pytest.mark.parametrize("price", [1e-8, 1e8, 1e13])
def test_prices_of_any_size_are_traded(price: float) -> None:
    feed = random_walk(200, seed=1, market=Market(price=price))
    assert report_of(feed).books["rules_only"].fills > 0
