from __future__ import annotations

import math

import numpy as np
import pytest

from alpha_pulse.core.config import Config, ExecutionConfig, RiskConfig
from alpha_pulse.core.errors import NonFiniteError
from alpha_pulse.execution.decision import SizingInput
from alpha_pulse.kernels.execution.sizing import expected_move, round_trip
from execution_parts import Rule
from execution_samples import CENTS, UNIT, bar, sizing
from naive_execution.fill_limit import Account

CONFIG = Config()
EQUITY = 10_000_000
FULL = 100 * UNIT
"""The position at direction 1: annual forecast 100 * 0.01, target 0.10, so a tenth of 100,000 at price 100."""


def follow(name: str = "signal", *, config: Config = CONFIG) -> Rule:
    return Rule(name, config)


def target(
    rule: Rule, sizing: SizingInput, held: int, equity: int, *, symbols: int = 1, others: int = 0
) -> tuple[int, str | None]:
    found = rule.target(sizing, Account(held, equity, others, 1.0 / symbols), CENTS)
    if found.quantity != held and found.abstained is None:
        # What is meant to be held is what the fraction says, but for the rounding to parts.
        assert found.quantity == pytest.approx(found.fraction * equity * 10_000 / sizing.bar.close, abs=1.0)
    return found.quantity, found.abstained


def test_the_target_is_sized_by_forecast_quality_and_the_number_of_symbols() -> None:
    at = bar(1)
    assert target(follow(), sizing(at, 1.0), 0, EQUITY) == (FULL, None)
    assert target(follow(), sizing(at, -0.5), 0, EQUITY) == (-FULL // 2, None)
    assert target(follow(), sizing(at, 1.0, volatility=0.02), 0, EQUITY) == (FULL // 2, None)
    assert target(follow(), sizing(at, 1.0, quality=1.5), 0, EQUITY) == (FULL * 3 // 2, None)
    assert target(follow(), sizing(at, 1.0), 0, EQUITY, symbols=4) == (FULL // 4, None)
    assert target(follow(), sizing(at, 1.0, volatility=1e-9), 0, EQUITY) == (10 * FULL, None)
    assert target(follow(config=Config(risk=RiskConfig(max_position_fraction=0.05))), sizing(at, 1.0), 0, EQUITY) == (
        FULL // 2,
        None,
    )


def test_the_band_counts_from_the_largest_position_at_that_volatility() -> None:
    at = bar(1)
    assert target(follow(), sizing(at, 0.89), FULL // 2, EQUITY) == (FULL // 2, None)
    assert target(follow(), sizing(at, 0.92), FULL // 2, EQUITY) == (FULL * 92 // 100, None)
    assert target(follow(), sizing(at, 0.2), 0, EQUITY) == (0, None)
    assert target(follow(), sizing(at, -0.1), FULL // 20, EQUITY) == (FULL // 20, None)
    assert target(follow(), sizing(at, -0.4), FULL // 20, EQUITY) == (-FULL * 4 // 10, None)
    assert target(follow(), sizing(at, 0.0), FULL // 20, EQUITY) == (0, None)


def test_no_opinion_and_no_forecast_leave_the_position_and_ruin_closes_it() -> None:
    at = bar(1)
    assert target(follow(), sizing(at, None), 5, EQUITY) == (5, None)
    assert target(follow(), sizing(at, 1.0, volatility=0.0), 5, EQUITY) == (5, None)
    assert target(follow(), sizing(at, 0.0, volatility=0.0), 5, EQUITY) == (0, None)
    assert target(follow(), sizing(at, 1.0), 5, 0) == (0, None)
    assert target(follow(), sizing(bar(1, close=0.0), 1.0), 5, EQUITY) == (5, None)


def test_the_rules_are_sized_without_any_model() -> None:
    at = bar(1)
    rules = follow("rules_only")
    wild = sizing(at, -1.0, rules=1.0, ml=-1.0, volatility=0.5, quality=1.5, probability=0.01)
    assert target(rules, wild, 0, EQUITY) == target(rules, sizing(at, None, rules=1.0), 0, EQUITY) == (FULL, None)


def test_a_wish_that_is_not_finite_is_refused() -> None:
    with pytest.raises(NonFiniteError, match="fix the model"):
        sizing(bar(1), 1.0, volatility=math.nan)
    with pytest.raises(NonFiniteError, match="quality inf"):
        sizing(bar(1), 1.0, quality=math.inf)


def test_the_cost_aware_rule_follows_only_what_pays() -> None:
    rule = follow("cost_aware")
    at = bar(1)
    # 4 bp round trip; E|move| = 0.798 * 0.01 * sqrt(3) = 138.2 bp, so a lean of 0.03 pays and one of 0.02 does not.
    assert target(rule, sizing(at, 1.0, probability=0.515), 0, EQUITY) == (FULL, None)
    assert target(rule, sizing(at, -1.0, probability=0.485), 0, EQUITY) == (-FULL, None)
    held, reason = target(rule, sizing(at, 1.0, probability=0.51), 0, EQUITY)
    assert held == 0
    assert reason == "the expected gain of 2.76 bp does not exceed the round trip of 4.00 bp"
    assert target(rule, sizing(at, 1.0, probability=0.4), 0, EQUITY)[0] == 0
    assert target(rule, sizing(at, 1.0), 7, EQUITY) == (7, "no probability of the direction was served")
    assert target(rule, sizing(at, None, probability=0.9), 7, EQUITY) == (7, None)


def test_the_cost_aware_rule_keeps_what_agrees_and_closes_what_disagrees() -> None:
    rule = follow("cost_aware")
    at = bar(1)
    assert target(rule, sizing(at, 1.0, probability=0.505), 9, EQUITY)[0] == 9
    assert target(rule, sizing(at, 1.0, probability=0.495), 9, EQUITY)[0] == 0
    assert target(rule, sizing(at, 0.0, probability=0.495), -9, EQUITY)[0] == -9
    assert target(rule, sizing(at, 0.0, probability=0.505), -9, EQUITY)[0] == 0
    assert target(rule, sizing(at, 0.0, probability=0.5), -9, EQUITY)[0] == -9


def test_the_expected_move_is_that_of_a_normal_walk() -> None:
    walks = np.random.default_rng(1).standard_normal((200_000, 4)).sum(axis=1) * 0.01
    assert expected_move(0.01, 4.0) == pytest.approx(float(np.abs(walks).mean()), rel=0.01)


def test_the_round_trip_uses_the_quotes_where_there_are_any() -> None:
    assert round_trip(100.0, math.nan, math.nan, 1.0, 50.0, 2.0) == pytest.approx(106e-4)
    assert round_trip(100.0, 99.9, 100.1, 1.0, 50.0, 2.0) == pytest.approx(26e-4)


def test_buy_and_hold_buys_its_part_once_as_far_as_the_cash_goes() -> None:
    rule = Rule("buy_and_hold", CONFIG, EQUITY)
    assert target(rule, sizing(bar(1), None), 0, EQUITY, symbols=4) == (250 * UNIT, None)
    assert target(rule, sizing(bar(1), -1.0), 250 * UNIT, EQUITY // 2) == (250 * UNIT, None)
    assert target(rule, sizing(bar(1), None), 0, EQUITY, symbols=2, others=EQUITY * 7 // 10) == (300 * UNIT, None)
    assert target(rule, sizing(bar(1), None), 0, EQUITY, symbols=2, others=EQUITY) == (0, None)
    tight = Config(risk=RiskConfig(max_position_fraction=0.1), execution=ExecutionConfig(target_volatility=0.5))
    assert target(Rule("buy_and_hold", tight, EQUITY), sizing(bar(1), None), 0, EQUITY) == (100 * UNIT, None)


def test_the_other_positions_of_a_book_leave_room_for_no_more_than_the_limit() -> None:
    strong = sizing(bar(1), 1.0, volatility=0.002)
    assert target(follow(), strong, 0, EQUITY, symbols=2) == (250 * UNIT, None)
    assert target(follow(), strong, 0, EQUITY, symbols=2, others=EQUITY * 9 // 10) == (0, None)
    assert target(follow(), strong, 0, EQUITY, symbols=2, others=EQUITY * 3 // 4) == (250 * UNIT, None)
    assert target(follow(), strong, 0, EQUITY, others=2 * EQUITY) == (0, None)
