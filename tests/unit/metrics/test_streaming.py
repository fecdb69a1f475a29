"""That the numbers are the hand formulas is shown in tests/unit/kernels/test_scores.py; here: what a reader relies on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.kernels.base import scores
from alpha_pulse.metrics import streaming as metrics
from alpha_pulse.metrics.definitions import kappa
from alpha_pulse.models.base import Row


def scored(records: Row, window: int = 10) -> Row:
    state = np.zeros(scores.size(window))
    state[scores.WINDOW] = window
    for record in records:
        scores.step(state, record)
    return state


def record(p: float, label: int, known: float = 0.5, base: float = 0.5) -> list[float]:
    return [p, math.nan, base, p, 0.5, label, known]


def test_kappa_of_cohens_table() -> None:
    """20 agreed on yes, 15 on no, 5 and 10 not: 0.7 agree, 0.5 would by chance."""
    assert kappa(np.array([[15.0, 5.0], [10.0, 20.0]])) == pytest.approx(0.4)


@pytest.mark.parametrize("confusion", [[[10.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [3.0, 10.0]], [[5.0, 5.0], [0.0, 0.0]]])
def test_kappa_is_undefined_with_one_class(confusion: list[list[float]]) -> None:
    assert kappa(np.array(confusion)) is None


def test_what_one_class_leaves_undefined_is_none() -> None:
    for state in (scored(np.array([record(p, 1)] * 3)) for p in (0.1, 0.9)):
        for found in (metrics.whole_run(state)["served"], metrics.window(state)["served"]):
            assert (found.auc, found.auc_error, found.kappa, found.kappa_temporal) == (None,) * 4
            assert found.log_loss > 0.0


def test_a_member_that_was_never_there_is_left_out() -> None:
    state = scored(np.array([record(0.7, 1), record(0.4, 0)]))
    assert set(metrics.whole_run(state)) == set(metrics.window(state)) == {"online", "base", "served", "no_change"}


def test_the_window_forgets_and_the_whole_run_does_not() -> None:
    state = scored(np.array([record(0.9, 0)] * 30 + [record(0.9, 1)] * 10))
    assert metrics.window(state)["served"].accuracy == 1.0
    assert metrics.whole_run(state)["served"].accuracy == 0.25
    assert metrics.window(state)["served"].samples == 10


@given(st.integers(0, 35), st.integers(1, 10))
def test_the_windows_records_come_oldest_first(count: int, window: int) -> None:
    records = np.array([record(i / 100, i % 2) for i in range(count)]).reshape(count, scores.RECORD)
    found = metrics.window_records(scored(records, window))
    assert np.array_equal(found, records[-window:] if count else records, equal_nan=True)


def test_gain_compares_with_the_base_rate_on_the_same_labels() -> None:
    state = scored(np.array([[math.nan, math.nan, 0.9, 0.9, 0.5, 0, 0.5], record(0.8, 1, base=0.5)]))
    assert metrics.whole_run(state)["online"].skill_millinats == pytest.approx(1_000 * math.log(0.8 / 0.5))
    assert metrics.whole_run(state)["base"].skill_millinats == 0.0


def test_repeating_the_last_label_known_is_what_kappa_temporal_is_measured_against() -> None:
    known = [0.5, 1.0, 1.0, 1.0, 0.0]
    labels = [1, 1, 1, 0, 0]
    state = scored(np.array([record(0.9 if label else 0.1, label, k) for label, k in zip(labels, known, strict=True)]))
    found = metrics.whole_run(state)["served"]
    assert found.kappa_temporal == pytest.approx(1.0)
    state = scored(np.array([record(0.9, label, k) for label, k in zip(labels, known, strict=True)]))
    assert metrics.whole_run(state)["served"].kappa_temporal == pytest.approx((0.6 - 0.8) / (1.0 - 0.8))
