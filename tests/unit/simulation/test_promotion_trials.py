"""Challengers that are not better are hardly ever promoted, and those that are better are: few runs here, many in the soak."""

from __future__ import annotations

import pytest

from alpha_pulse.simulation.comparison_trials import HORIZONS
from alpha_pulse.simulation.promotion_trials import ALPHA, NULLS, Null, null_trial, power_trial, upper_bound


@pytest.mark.parametrize("horizon", HORIZONS)
def test_of_three_challengers_that_are_not_better_none_is_promoted_too_often(horizon: int) -> None:
    trials = [null_trial(horizon, null, 15, seed=1) for null in NULLS]
    assert sum(trial.canary * trial.runs for trial in trials) <= 4  # of 30; at most 1.5 are expected at alpha = 5 %
    assert all(trial.promoted <= trial.canary for trial in trials)


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("horizon", HORIZONS)
def test_in_2000_runs_the_bound_of_false_promotions_is_at_most_one_and_a_half_alpha(horizon: int, null: Null) -> None:
    assert null_trial(horizon, null, 2_000, seed=1).upper <= 1.5 * ALPHA


@pytest.mark.parametrize("horizon", HORIZONS)
def test_a_better_challenger_is_promoted_and_a_bad_champion_is_rolled_back(horizon: int) -> None:
    trial = power_trial(horizon, 0.2, runs=4, seed=2)
    assert (trial.promoted, trial.wrong, trial.rolled_back) == (1.0, 0.0, 1.0)


def test_the_bound_of_a_probability_is_the_largest_that_makes_so_few_likely_enough() -> None:
    assert upper_bound(0, 2_000) == pytest.approx(1.0 - 0.01 ** (1 / 2_000), abs=1e-8)
    assert upper_bound(5, 5) == pytest.approx(1.0)
    assert upper_bound(3, 10) == pytest.approx(0.7029, abs=1e-3)
