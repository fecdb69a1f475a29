"""Performance statistics: against loops, and where they are not defined."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from alpha_pulse.core.durations import DAY_NS, HOUR_NS, SECOND_NS
from alpha_pulse.reporting.performance.drawdown import under_water
from alpha_pulse.reporting.performance.returns import (
    growth_per_year,
    rolling_sharpe,
    sharpe,
    sortino,
    step_returns,
    steps_per_year,
    total_interval,
)
from alpha_pulse.reporting.performance.trades import trade_statistics

FLAT = np.full(200, 100.0)
HOURS = np.arange(200) * HOUR_NS


def test_a_flat_equity_has_no_ratio() -> None:
    returns = step_returns(FLAT, 100.0)
    assert sharpe(returns, 6_000.0) is None
    assert sortino(returns, 6_000.0) is None
    assert np.isnan(rolling_sharpe(returns, 6_000.0, 50)).all()
    assert under_water(FLAT, HOURS, 100.0) == (0.0, 0.0, False)


def test_returns_that_do_not_vary_have_no_ratio() -> None:
    returns = np.full(23, 0.001)
    assert returns.std(ddof=1) > 0.0
    assert sharpe(returns, 6_000.0) is None
    assert np.isnan(rolling_sharpe(returns, 6_000.0, 9)).all()


def test_an_equity_that_is_gone_has_no_return() -> None:
    equity = np.array([50.0, -10.0, 20.0, 40.0])
    assert step_returns(equity, 100.0).tolist() == [-0.5, -1.2, 0.0, 1.0]
    assert growth_per_year(np.array([50.0, -10.0]), np.array([0, 400 * DAY_NS]), 100.0) is None


def test_nothing_is_known_of_no_step_or_one() -> None:
    none, one = np.zeros(0), np.array([101.0])
    for equity in (none, one):
        returns, times = step_returns(equity, 100.0), np.arange(len(equity))
        assert sharpe(returns, 1.0) is None
        assert steps_per_year(times) == 0.0
        assert growth_per_year(equity, times, 100.0) is None
        assert under_water(equity, times, 100.0) is None
        assert total_interval(returns, 1) is None


def test_growth_is_not_extrapolated_from_a_few_days() -> None:
    assert growth_per_year(np.array([100.0, 101.0]), np.array([0, 89 * DAY_NS]), 100.0) is None
    grown = growth_per_year(np.array([100.0, 121.0]), np.array([0, 2 * 36_525 * DAY_NS // 100]), 100.0)
    assert grown == pytest.approx(0.1)


@pytest.mark.parametrize("seed", range(6))
def test_the_time_under_water_is_that_of_a_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    equity = np.asarray(100.0 + np.cumsum(rng.normal(0.0, 1.0, 120)).round(seed % 3), dtype=np.float64)
    times = np.cumsum(rng.integers(1, 50, 120)) * SECOND_NS
    peak, since, below, stretches = 100.0, int(times[0]), False, [0]
    for value, now in zip(equity.tolist(), times.tolist(), strict=True):
        if value >= peak:
            stretches += [now - since] if below else []
            peak, since, below = value, now, False
        else:
            below = True
    stretches += [int(times[-1]) - since] if below else []
    found = under_water(equity, times, 100.0)
    assert found is not None
    assert found.longest_s == max(stretches) / SECOND_NS
    assert found.fraction == pytest.approx(sum(stretches) / (times[-1] - times[0]))


def test_the_rolling_ratio_is_that_of_each_window() -> None:
    returns = np.random.default_rng(2).normal(1e-4, 1e-3, 300)
    returns[100:180] = 0.0
    rolling = rolling_sharpe(returns, 6_000.0, 60)
    for at in range(300):
        alone = sharpe(returns[at - 59 : at + 1], 6_000.0) if at >= 59 else None
        assert math.isnan(rolling[at]) if alone is None else rolling[at] == pytest.approx(alone, rel=1e-6), at


def test_trades_without_a_loss_have_no_profit_factor() -> None:
    times = pl.Series([DAY_NS]).cast(pl.Datetime("ns", "UTC"))
    row = {"quantity": [1.0], "net_pnl_cash": [5.0], "costs_cash": [1.0], "known_at": times, "opened_at": times}
    won = trade_statistics(pl.DataFrame(row))
    assert (won.win_rate, won.profit_factor, won.expectancy, won.mean_loss) == (1.0, None, 5.0, None)
    none = trade_statistics(pl.DataFrame(row).clear())
    assert (none.trades, none.win_rate, none.profit_factor, none.expectancy, none.best) == (0, None, None, None, None)
