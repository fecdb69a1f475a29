from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import naive_learning as naive
from alpha_pulse.kernels.base import scores
from alpha_pulse.metrics import streaming as metrics
from alpha_pulse.metrics.definitions import exact_auc
from naive_learning import NaiveRecord

WINDOW = 7
probability = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
row = st.tuples(
    st.none() | probability,
    st.none() | probability,
    probability,
    probability,
    probability,
    st.integers(0, 1),
    st.sampled_from([0.0, 0.5, 1.0]),
)
Step = tuple[float | None, float | None, float, float, float, int, float]


def scored(steps: list[Step], window: int = WINDOW) -> NDArray[np.float64]:
    state = np.zeros(scores.size(window))
    state[scores.WINDOW] = window
    for step in steps:
        scores.step(state, np.array([math.nan if value is None else value for value in step]))
    return state


def records(steps: list[Step], member: int) -> list[NaiveRecord]:
    found = []
    for step in steps:
        p = step[member]
        if p is not None:
            known = None if step[6] == 0.5 else int(step[6])
            found.append(NaiveRecord(p, step[2], step[5], known, step[4]))
    return found


def assert_metrics(found: metrics.MemberMetrics, expected: list[NaiveRecord], auc_within: float) -> None:
    assert found.samples == len(expected)
    assert found.accuracy == pytest.approx(naive.accuracy(expected), abs=1e-12)
    assert found.log_loss == pytest.approx(naive.mean_log_loss(expected), abs=1e-12)
    assert found.brier == pytest.approx(naive.brier(expected), abs=1e-12)
    assert found.kappa == pytest.approx(naive.kappa(expected), abs=1e-12)
    assert found.kappa_temporal == pytest.approx(naive.kappa_temporal(expected), abs=1e-12)
    assert found.skill_millinats == pytest.approx(naive.skill_millinats(expected), abs=1e-9)
    assert found.auc == pytest.approx(naive.auc(expected), abs=auc_within)
    if naive.both_classes(expected):
        assert found.auc_error is not None
        assert found.auc == pytest.approx(naive.auc(expected), abs=found.auc_error + 1e-12)
    else:
        assert found.auc_error is found.auc is found.kappa is found.kappa_temporal is None


@settings(max_examples=60)
@given(st.lists(row, min_size=1, max_size=40))
def test_whole_run_and_window_are_the_hand_formulas(steps: list[Step]) -> None:
    state = scored(steps)
    whole, window = metrics.whole_run(state), metrics.window(state)
    for member, name in enumerate(scores.MEMBERS[:4]):
        for found, part in ((whole, steps), (window, steps[-WINDOW:])):
            expected = records(part, member)
            if not expected:
                assert name not in found
                continue
            assert_metrics(found[name], expected, bin_error(expected) if found is whole else 1e-12)


def bin_error(found: list[NaiveRecord]) -> float:
    """The histogram may be wrong by half a pair for each pair of unequal scores that share a bin, and by nothing else."""
    pairs = [(a.p, b.p) for a in found if a.label == 1 for b in found if b.label == 0]
    mixed = sum(a != b and min(int(a * 1_000), 999) == min(int(b * 1_000), 999) for a, b in pairs)
    return 0.5 * mixed / len(pairs) + 1e-12 if pairs else 1e-12


@given(st.lists(row, min_size=1, max_size=40))
def test_the_no_change_member_is_scored_by_the_last_label_known(steps: list[Step]) -> None:
    found = metrics.whole_run(scored(steps))["no_change"]
    expected = records(steps, scores.NO_CHANGE)
    assert found.accuracy == pytest.approx(sum(r.repeated == r.label for r in expected) / len(expected))
    assert found.kappa_temporal in (0.0, None)


@given(st.lists(row, min_size=1, max_size=40), st.integers(1, 9))
def test_the_windows_sums_are_those_of_its_rows(steps: list[Step], window: int) -> None:
    state = scored(steps, window)
    inside = steps[-window:]
    served = records(inside, scores.SERVED)
    assert state[scores.FILLED] == len(inside)
    assert state[scores.WINDOW_HITS] == sum(r.guess == r.label for r in served)
    assert state[scores.WINDOW_LOSS] == pytest.approx(sum(naive.log_loss(r.p, r.label) for r in served), abs=1e-9)
    assert state[scores.WINDOW_BASE_LOSS] == pytest.approx(sum(naive.log_loss(r.base, r.label) for r in served), abs=1e-9)
    assert metrics.window_records(state)[:, scores.SERVED].tolist() == [step[scores.SERVED] for step in inside]


def test_window_sums_do_not_drift_over_a_long_run() -> None:
    generator = np.random.default_rng(1)
    steps: list[Step] = [
        (p, None, 0.5, p, 0.5, int(label), 1.0)
        for p, label in zip(generator.random(20_000), generator.random(20_000) < 0.3, strict=True)
    ]
    state = scored(steps, 500)
    inside = records(steps[-500:], scores.SERVED)
    assert state[scores.WINDOW_LOSS] == pytest.approx(math.fsum(naive.log_loss(r.p, r.label) for r in inside), abs=1e-9)


def test_area_under_the_curve_of_the_histogram_is_near_the_exact_one() -> None:
    generator = np.random.default_rng(2)
    labels = generator.random(2_000) < 0.4
    p = np.clip(generator.normal(0.45 + 0.1 * labels, 0.1), 0.0, 1.0)
    state = scored([(None, None, 0.4, float(q), 0.5, int(label), 0.0) for q, label in zip(p, labels, strict=True)])
    exact = exact_auc(p, labels)
    found = metrics.whole_run(state)["served"]
    assert found.auc_error == pytest.approx(1.05e-3, rel=0.01)
    assert found.auc == pytest.approx(exact, abs=found.auc_error)
    assert exact == pytest.approx((p[labels][:, None] > p[~labels][None, :]).mean(), abs=1e-12)


@given(st.lists(st.tuples(probability, st.booleans()), max_size=30))
def test_exact_area_counts_pairs(pairs: list[tuple[float, bool]]) -> None:
    found = exact_auc(np.array([p for p, _ in pairs]), np.array([label for _, label in pairs], dtype=np.bool_))
    assert found == pytest.approx(naive.auc([NaiveRecord(p, 0.5, int(label), None, 0.5) for p, label in pairs]), abs=1e-12)


@given(st.lists(row, min_size=1, max_size=40))
def test_window_health_is_the_loss_above_the_base_rate_and_the_accuracy_lost(steps: list[Step]) -> None:
    excess, lost = scores.window_health(scored(steps))
    whole, inside = records(steps, scores.SERVED), records(steps[-WINDOW:], scores.SERVED)
    assert excess == pytest.approx(-naive.skill_millinats(inside) / 1_000.0, abs=1e-9)
    assert lost == pytest.approx(naive.accuracy(whole) - naive.accuracy(inside), abs=1e-12)


def test_nothing_scored_yet_is_healthy() -> None:
    state = np.zeros(scores.size(WINDOW))
    state[scores.WINDOW] = WINDOW
    assert scores.window_health(state) == (0.0, 0.0)
    assert metrics.whole_run(state) == metrics.window(state) == {}
