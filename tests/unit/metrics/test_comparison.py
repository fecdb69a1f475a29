"""The paired comparison of two learners: against a slow twin, at every moment, and never fooled where both are equal."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive_comparison as naive
from alpha_pulse.core.errors import ConfigError, DataError, StateError
from alpha_pulse.core.stateful import State, digest
from alpha_pulse.kernels.detection import eprocess
from alpha_pulse.metrics.comparison import PairedComparison, compare
from alpha_pulse.simulation.comparison_trials import FORECASTS, LOSSES, null_differences, null_trial, power_trial


def test_nothing_is_known_without_labels() -> None:
    result = PairedComparison().result
    assert (result.mean_difference, result.p_value, result.winner, result.samples) == (None, 1.0, None, 0)
    assert result.low < 0.0 < result.high


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40), st.integers(1, 4))
def test_the_p_value_is_that_of_a_slow_twin(losses: list[tuple[float, float]], horizon: int) -> None:
    comparison = PairedComparison(horizon)
    for first, second in losses:
        comparison.update(first, second)
    differences = [second - first for first, second in losses]
    sides = [naive.p_value(differences, horizon), naive.p_value([-d for d in differences], horizon)]
    result = comparison.result
    assert result.p_value == pytest.approx(min(1.0, 2.0 * min(sides)), rel=1e-9)
    assert result.mean_difference == pytest.approx(sum(differences) / len(differences), abs=1e-12)
    assert result.mean_difference is not None
    assert result.low <= result.mean_difference + 1e-12
    assert result.high >= result.mean_difference - 1e-12


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_a_small_p_value_is_that_of_the_slow_twin_too(horizon: int) -> None:
    # The better one leads, falls behind and leads again, so that the mean before a difference lies on both sides of 0.
    rng = np.random.default_rng(6)
    differences = 0.5 * rng.random(120) + np.repeat([0.5, -0.6, 0.5], 40)
    comparison = PairedComparison(horizon)
    comparison.update_many(np.maximum(-differences, 0.0), np.maximum(differences, 0.0))
    expected = 2.0 * min(naive.p_value(side.tolist(), horizon) for side in (differences, -differences))
    assert comparison.result.p_value == pytest.approx(expected, rel=1e-9)
    assert 0.0 < expected < 0.5, "at 1 it is capped, and shows nothing"


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=60), st.integers(1, 5))
def test_many_differences_at_once_are_the_same_bit_for_bit(differences: list[float], horizon: int) -> None:
    one, many = np.zeros(eprocess.size(horizon)), np.zeros(eprocess.size(horizon))
    one[eprocess.HORIZON] = many[eprocess.HORIZON] = horizon
    for difference in differences:
        eprocess.step(one, difference)
    eprocess.steps(many, np.array(differences), math.log(0.05))
    np.testing.assert_array_equal(one, many)


def test_the_better_one_is_named_once_and_for_all_and_the_bounds_hold_its_advantage() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.beta(2, 8, 3_000), rng.beta(2, 6, 3_000)
    comparison = PairedComparison()
    comparison.update_many(first, second)
    early = comparison.result
    assert early.winner == "first"
    assert early.decided_at is not None
    assert early.decided_at < 1_000
    assert 0.0 < early.low < 0.25 - 0.2 < early.high
    # Nothing that comes later takes it back: it was said at a level that held at all times.
    comparison.update_many(second, first)
    assert (comparison.result.winner, comparison.result.decided_at) == ("first", early.decided_at)
    turned = compare(second, first)
    assert turned.winner == "second"
    assert turned.decided_at == early.decided_at
    assert (turned.low, turned.high) == (-early.high, -early.low)


def test_losses_one_by_one_are_those_at_once() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.random(800), 0.7 * rng.random(800)
    one, many = PairedComparison(3), PairedComparison(3)
    for a, b in zip(first, second, strict=True):
        one.update(float(a), float(b))
    many.update_many(first, second)
    assert one.result == many.result
    assert one.result.winner == "second"


@pytest.mark.parametrize("cut", [0, 1, 299, 640])
def test_saved_and_restored_it_goes_on_alike(cut: int) -> None:
    rng = np.random.default_rng(3)
    first, second = rng.random(700), 0.6 * rng.random(700)
    one, two = PairedComparison(4, alpha=0.01), PairedComparison(4, alpha=0.01)
    for a, b in zip(first[:cut].tolist(), second[:cut].tolist(), strict=True):
        one.update(a, b)
    two.update(0.5, 0.5)  # what was taken before is forgotten
    two.restore(one.snapshot())
    assert digest({"c": two.snapshot()}) == digest({"c": one.snapshot()})
    for comparison in (one, two):
        comparison.update_many(first[cut:], second[cut:])
    assert one.result == two.result == compare(first, second, 4, alpha=0.01)
    before = digest({"c": one.snapshot()})
    with pytest.raises(StateError):
        one.restore(State())
    for other in (PairedComparison(5, alpha=0.01), PairedComparison(4)):
        with pytest.raises(StateError):
            one.restore(other.snapshot())
    broken = one.snapshot()
    broken.arrays["decision"] = np.zeros(3, dtype=np.int64)
    with pytest.raises(StateError, match="decision"):
        one.restore(broken)
    assert digest({"c": one.snapshot()}) == before


@pytest.mark.parametrize("wrong", [float("nan"), 1.5, -0.1, float("inf")])
def test_losses_without_a_bound_are_refused_and_not_taken(wrong: float) -> None:
    comparison = PairedComparison()
    comparison.update(0.1, 0.2)
    before = digest({"c": comparison.snapshot()})
    for losses in ((wrong, 0.5), (0.5, wrong)):
        with pytest.raises(DataError, match="from 0 to 1"):
            comparison.update(*losses)
        with pytest.raises(DataError, match="from 0 to 1"):
            comparison.update_many(np.array([0.1, losses[0]]), np.array([0.1, losses[1]]))
    with pytest.raises(DataError, match="the losses of the second are float64 of shape"):
        comparison.update_many(np.zeros(2), np.zeros(3))
    assert digest({"c": comparison.snapshot()}) == before


@pytest.mark.parametrize("parameters", [{"horizon": 0}, {"alpha": 0.0}, {"alpha": 1.0}, {"alpha": float("nan")}])
def test_impossible_parameters_are_refused(parameters: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="expected"):
        PairedComparison(**parameters)  # type: ignore[arg-type]  # the wrong parameters are the point


def test_before_any_label_nothing_is_known() -> None:
    result = PairedComparison(6).result
    assert (result.p_value, result.winner, result.samples, result.low, result.high) == (1.0, None, 0, -1.0, 1.0)


@pytest.mark.parametrize("horizon", [1, 6, 24])
def test_equally_good_learners_are_hardly_ever_told_apart_though_looked_at_after_every_label(horizon: int) -> None:
    """60 runs for each kind of null; `alpha-pulse simulate-detectors` makes hundreds. Taken one by one, labels deceive."""
    trials = [null_trial(horizon, forecasts, loss, 15, seed=4) for forecasts in FORECASTS for loss in LOSSES]
    assert sum(trial.decided * trial.runs for trial in trials) <= 7  # of 60; 3 are expected at alpha = 5 %
    assert all(trial.low <= 0.05 for trial in trials)
    if horizon > 1:
        assert max(trial.independent for trial in trials) > 0.3


@pytest.mark.parametrize("horizon", [1, 6, 24])
def test_a_better_learner_is_found_and_never_the_worse_one(horizon: int) -> None:
    trial = power_trial(horizon, 0.2, runs=6, seed=5)
    assert (trial.decided, trial.wrong_sign) == (1.0, 0.0)
    assert trial.difference > 0.0


def test_the_nulls_are_nulls() -> None:
    """Neither learner is better on average, while their differences depend on each other over the horizon."""
    rng = np.random.default_rng(6)
    differences = null_differences(24, "slow", "squared", 200_000, rng)
    assert abs(differences.mean()) < 0.01
    near = np.corrcoef(differences[1:], differences[:-1])[0, 1]
    assert near > 0.7
