"""Intervals for means of dependent values: they hold the true mean as often as they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.metrics.intervals import Floats, block_length, mean_interval, student_quantile
from alpha_pulse.simulation.interval_trials import PERSISTENCES, coverage, coverage_jobs
from alpha_pulse.simulation.stationary_streams import autoregressive

ACCEPTED = (0.93, 0.97)
"""Coverage of 95 % intervals that is accepted."""


def covered(values_of: Callable[[np.random.Generator], Floats], runs: int, symbols: int = 1, least_block: int = 1) -> int:
    """How many of ``runs`` intervals hold the true mean, 0."""
    count = 0
    for seed in range(runs):
        interval = mean_interval(values_of(np.random.default_rng(seed)), seed, symbols=symbols, least_block=least_block)
        count += interval is not None and interval.low <= 0.0 <= interval.high
    return count


def test_an_interval_covers_the_mean_of_sums_that_overlap() -> None:
    assert 49 <= covered(lambda rng: np.convolve(rng.standard_normal(6_002), np.ones(3), "valid"), 60) <= 60
    assert covered(lambda rng: np.convolve(rng.standard_normal(2_011), np.ones(12), "valid"), 200) >= 180
    assert covered(lambda rng: np.convolve(rng.standard_normal(2_047), np.ones(48), "valid"), 100) >= 88


@pytest.mark.parametrize("common", [True, False])
def test_an_interval_covers_the_mean_of_symbols_side_by_side(common: bool) -> None:
    def overlapping(rng: np.random.Generator) -> Floats:
        moves = rng.standard_normal((411, 1 if common else 30))
        sums = np.column_stack([np.convolve(column, np.ones(12), "valid") for column in moves.T])
        return (sums + 0.5 * rng.standard_normal((400, 30))).ravel()

    assert covered(overlapping, 100, symbols=30, least_block=12) >= 88
    assert common or covered(overlapping, 100) < 82


def test_blocks_are_at_least_as_long_as_the_horizon() -> None:
    values = np.random.default_rng(1).standard_normal(600)
    assert mean_interval(values, least_block=60) is not None
    assert mean_interval(values, least_block=61) is None
    assert mean_interval(np.repeat(values, 2), symbols=2, least_block=60) == mean_interval(values, least_block=60)


RUNS = 300
ROOM = 1.5 * np.sqrt(0.95 * 0.05 / RUNS)
"""What so few runs may be off by; docs/how-to/compare.md has 2,000 of each."""


@pytest.mark.parametrize("persistence", PERSISTENCES)
def test_intervals_of_measured_blocks_cover_at_their_rate_on_autocorrelated_losses(persistence: float) -> None:
    trial = coverage(persistence, RUNS, seed=2)
    assert ACCEPTED[0] - ROOM <= trial.covered <= ACCEPTED[1] + ROOM
    if persistence == 0.9:
        assert trial.independent < 0.5


def test_a_coverage_of_1_has_bounds_with_a_width() -> None:
    trial = coverage(0.0, 4, seed=1)
    assert trial.covered == 1.0
    assert 0.3 < trial.low < 0.6
    assert trial.high == pytest.approx(1.0)


def test_the_ends_of_an_interval_keep_to_what_a_mean_can_be() -> None:
    hits = np.ones(2_000)
    hits[-600:] = np.random.default_rng(1).random(600) < 0.3
    free, held = mean_interval(hits), mean_interval(hits, within=(0.0, 1.0))
    assert free is not None
    assert held is not None
    assert free.high > 1.0 == held.high
    assert free.low == held.low


def test_the_table_has_every_persistence() -> None:
    assert [job().persistence for job in coverage_jobs(2, 1)] == list(PERSISTENCES)


def test_blocks_grow_with_dependence_and_are_those_of_the_formula() -> None:
    rng = np.random.default_rng(4)
    lengths = [np.mean([block_length(autoregressive(5_000, phi, rng)) for _ in range(20)]) for phi in (0.0, 0.5, 0.9)]
    assert lengths[0] < 6
    # Politis and White for an AR(1) with known phi: (6 phi^2 n / (1 - phi^2)^2)^(1/3).
    assert lengths[1] == pytest.approx((6.0 * 0.25 / 0.5625 * 5_000) ** (1 / 3), rel=0.3)
    assert lengths[2] == pytest.approx((6.0 * 0.81 / 0.0361 * 5_000) ** (1 / 3), rel=0.3)


@pytest.mark.parametrize("values", [np.zeros(0), np.ones(3), np.arange(9.0), np.cumsum(np.ones(40))])
def test_too_few_or_too_dependent_values_have_no_interval(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    assert mean_interval(values) is None


def test_a_constant_has_an_interval_of_no_width() -> None:
    interval = mean_interval(np.full(100, 0.25))
    assert interval is not None
    assert (interval.low, interval.high) == (0.25, 0.25)


@given(st.integers(0, 1_000), st.floats(-5.0, 5.0), st.floats(0.1, 10.0))
def test_an_interval_moves_and_stretches_with_its_values(seed: int, shift: float, scale: float) -> None:
    values = np.random.default_rng(seed).normal(size=500)
    one, other = mean_interval(values), mean_interval(shift + scale * values)
    assert one is not None
    assert other is not None
    assert one.low < values.mean() < one.high
    assert (other.low, other.high) == pytest.approx((shift + scale * one.low, shift + scale * one.high), abs=1e-6)


def test_students_quantiles() -> None:
    for degrees, wanted in ((4, 2.776), (10, 2.228), (30, 2.042), (1_000, 1.962)):
        assert student_quantile(degrees) == pytest.approx(wanted, abs=2e-3)
