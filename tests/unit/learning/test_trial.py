import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.learning.trial import MIN_BLOCKS, Trial
from alpha_pulse.models.linear import Logistic


def trial(horizon: int = 3) -> Trial:
    return Trial(Logistic(2), horizon)


def test_the_mixture_begins_between_the_two_and_follows_the_better() -> None:
    on_trial = trial()
    assert on_trial.mix(0.9, 0.1) == pytest.approx(0.5)
    for _ in range(60):
        on_trial.compare(0.9, 0.1, 1)
    assert on_trial.mix(0.9, 0.1) > 0.89
    assert on_trial.mix(math.nan, 0.1) == 0.1
    assert on_trial.mix(0.9, math.nan) == 0.9


def test_labels_that_overlap_over_h_bars_count_one_hth_in_the_weights() -> None:
    on_trial, odds = trial(horizon=4), 1.0
    for adapted, control, label in ((0.8, 0.4, 1), (0.8, 0.4, 1), (0.7, 0.1, 0)):
        on_trial.compare(adapted, control, label)
        odds *= ((adapted / control) if label else (1.0 - adapted) / (1.0 - control)) ** 0.25
    assert on_trial.weight == pytest.approx(odds / (1.0 + odds))


@given(st.lists(st.tuples(st.floats(0.02, 0.98), st.floats(0.02, 0.98), st.integers(0, 1)), min_size=1, max_size=120))
def test_the_mixture_loses_little_more_than_the_better_of_the_two(steps: list[tuple[float, float, int]]) -> None:
    horizon = 3
    on_trial, lost = trial(horizon), np.zeros(3)
    for adapted, control, label in steps:
        said = (on_trial.mix(adapted, control), adapted, control)
        lost += [-math.log(p if label else 1.0 - p) for p in said]
        on_trial.compare(adapted, control, label)
    assert lost[0] <= min(lost[1:]) + horizon * math.log(2.0) + 1e-4 * len(steps)


@pytest.mark.parametrize(("adapted", "kept"), [(0.7, True), (0.5, False), (0.3, False)])
def test_what_saved_more_than_luck_would_is_kept(adapted: float, kept: bool) -> None:
    on_trial = trial()
    for _ in range(MIN_BLOCKS * 3 - 1):
        on_trial.compare(adapted, 0.5, 1)
    assert not on_trial.result().accepted
    on_trial.compare(adapted, 0.5, 1)
    result = on_trial.result()
    assert result.accepted is kept
    assert result.effect == pytest.approx(math.log(adapted / 0.5))


def test_luck_keeps_one_of_twenty() -> None:
    generator = np.random.default_rng(3)
    kept = 0
    for _ in range(600):
        on_trial, shared = trial(), generator.integers(0, 2, 167)
        for block in range(167):
            adapted = 0.5 + generator.normal(0.0, 0.05)
            for _ in range(3):
                on_trial.compare(adapted, 1.0 - adapted, int(shared[block]))
        kept += on_trial.result().accepted
    assert 12 <= kept <= 52


def test_a_model_that_diverged_counts_as_one_that_says_nothing() -> None:
    on_trial = trial()
    on_trial.compare(math.nan, 0.25, 1)
    assert on_trial.result().effect == pytest.approx(math.log(2.0))


def test_a_saved_trial_goes_on_bit_for_bit() -> None:
    on_trial, twin = trial(), trial()
    for i in range(20):
        on_trial.compare(0.6, 0.4 + 0.01 * i, i % 2)
    twin.restore(on_trial.snapshot())
    for one in (on_trial, twin):
        one.compare(0.7, 0.2, 1)
    assert twin.snapshot().scalars == on_trial.snapshot().scalars
    assert twin.weight == on_trial.weight
