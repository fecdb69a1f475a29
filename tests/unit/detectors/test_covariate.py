"""The detectors of changed features against slow twins, and what they promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import naive_covariate as naive
from alpha_pulse.core.errors import ConfigError, NonFiniteError, StateError
from alpha_pulse.core.stateful import State, pack, unpack
from alpha_pulse.detectors.covariate import FEATURE_DETECTORS, FeatureDetector, holm
from alpha_pulse.kernels.detection import covariate_layout as layout
from alpha_pulse.simulation.stationary_streams import autoregressive

Rows = NDArray[np.float64]
SMALL = {"reference": 200, "window": 50, "block": 10}
NAMES = ("walk", "discrete", "patchy", "constant", "shared")


def market(n: int, seed: int) -> Rows:
    """Rows (n, 5): dependent, discrete, often missing, constant, and two that go together; one changes after another, the one
    often missing goes missing altogether, and the constant one begins to move.
    """
    rng = np.random.default_rng(seed)
    rows = np.column_stack([autoregressive(n, 0.7, rng), rng.integers(0, 4, n), rng.standard_t(3, n), np.ones(n), np.zeros(n)])
    rows[:, 4] = 0.8 * rows[:, 0] + 0.6 * rng.standard_normal(n)
    rows[600:, 4] += 3.0
    rows[1_200:, 1] = rng.integers(2, 6, n - 1_200)
    rows[1_500:, 3] = rng.standard_normal(n - 1_500)
    rows[rng.random(n) < 0.25, 2] = np.nan
    rows[900:1_200, 2] = np.nan
    return rows


def fed(detector: FeatureDetector, rows: Rows) -> list[int]:
    known = ~np.isnan(rows)
    return np.flatnonzero(detector.update_many(np.where(known, rows, 0.0), known)).tolist()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_statistics_p_values_and_drifts_are_those_of_a_slow_twin(name: str, seed: int) -> None:
    rows, detector = market(1_800, seed), FEATURE_DETECTORS[name](NAMES, 5_000.0, **SMALL)
    drifts, told = naive.detections(rows, detector.level, **SMALL, exact=name == "ks")
    known, found, compared = ~np.isnan(rows), [], 0
    for at, row in enumerate(np.where(known, rows, 0.0)):
        if detector.update(row, known[at]):
            found.append((at, NAMES.index(detector.changed[0]), detector.last.change_sample))
        if detector.comparisons > compared:
            statistics, p_values = told[compared]
            compared = detector.comparisons
            np.testing.assert_allclose(detector.statistics, statistics, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(detector.p_values, p_values, rtol=1e-6, atol=1e-12)
    assert compared == len(told)
    assert found == drifts
    assert found


@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_one_change_gives_one_alarm_that_names_and_dates_it_and_does_not_stick(name: str) -> None:
    rng, detector = np.random.default_rng(3), FEATURE_DETECTORS[name]([f"f{j}" for j in range(20)], 100_000.0)
    rows = rng.standard_normal((9_000, 20))
    rows[4_030:, 7] += 1.5
    alarms = [at for at, row in enumerate(rows[:4_300]) if detector.update(row)]
    assert len(alarms) == 1
    assert alarms[0] - 4_030 <= 200
    assert detector.changed == ("f7",)
    assert not detector.last.drift
    assert abs(detector.last.change_sample - 4_030) < 15  # where its new reference began
    assert not detector.update_many(rows[4_300:]).any()
    assert detector.comparisons > 30  # a false alarm is not the reason why there was none


@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_features_that_are_never_known_change_no_names(name: str) -> None:
    rows = np.random.default_rng(8).standard_normal((6_000, 40))
    rows[4_000:, 2] += 1.0
    rows[4_000:, 1] += 0.55
    known = np.repeat((np.arange(40) < 4)[None], len(rows), axis=0)
    many = FEATURE_DETECTORS[name]([f"f{j}" for j in range(40)], 20_000.0)
    few = FEATURE_DETECTORS[name]([f"f{j}" for j in range(4)], 20_000.0)
    told = [
        [one.changed for row, which in zip(rows[:, :d], known[:, :d], strict=True) if one.update(row, which)]
        for one, d in ((many, 40), (few, 4))
    ]
    assert told[0] == told[1]
    assert told[0][0][0] == "f2"


@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_masked_values_do_not_count_and_a_feature_that_stays_constant_is_no_test(name: str) -> None:
    rng = np.random.default_rng(4)
    rows = np.column_stack([rng.standard_normal(6_000), np.full(6_000, 2.5), rng.standard_normal(6_000)])
    known = np.ones(rows.shape, dtype=np.bool_)
    known[:, 2] = rng.random(6_000) < 0.7
    rows[~known] = 1e9
    detector = FEATURE_DETECTORS[name](("a", "constant", "patchy"), 100_000.0)
    assert not detector.update_many(rows, known).any()
    assert detector.judged.tolist() == [True, True, True]
    assert detector.p_values[1] == 1.0
    alone = FEATURE_DETECTORS[name](("constant",))
    assert not alone.update_many(np.full((6_000, 1), 0.1)).any()
    assert alone.changed == ()


@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_a_feature_that_stays_constant_costs_the_others_nothing(name: str) -> None:
    rng = np.random.default_rng(9)
    alone = rng.standard_normal((5_000, 1))
    alone[4_000:] += 0.4
    beside = np.column_stack([alone, np.full((5_000, 9), 2.5)])
    one, many = FEATURE_DETECTORS[name](("a",)), FEATURE_DETECTORS[name](("a", *(f"c{j}" for j in range(9))))
    assert one.update_many(alone).tolist() == many.update_many(beside).tolist()
    assert one.p_value == many.p_value
    assert one.changed == many.changed


Becomes = Callable[[np.random.Generator, int], "np.ndarray | None"]
QUIET: dict[str, Becomes] = {
    "five": lambda rng, n: np.full(n, 5.0),
    "normal": lambda rng, n: rng.standard_normal(n),
    "gone": lambda rng, n: None,
}


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("becomes", QUIET)
@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_a_feature_that_was_constant_and_moves_or_goes_missing_gives_one_alarm(name: str, becomes: str, unit: float) -> None:
    rng, n, change = np.random.default_rng(6), 7_000, 3_500
    rows = np.column_stack([rng.standard_normal(n), np.zeros(n)]) * unit
    known = np.ones(rows.shape, dtype=np.bool_)
    values = QUIET[becomes](rng, n - change)
    if values is None:
        known[change:, 1] = False
    else:
        rows[change:, 1] = unit * values
    detector = FEATURE_DETECTORS[name](("a", "constant"))
    alarms = [(at, detector.last.change_sample, detector.changed) for at in range(n) if detector.update(rows[at], known[at])]
    ((alarm, began, changed),) = alarms
    assert changed == ("constant",)
    assert change < alarm <= change + 500
    assert abs(began - change) < 50


@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_a_feature_that_goes_missing_gives_an_alarm_unless_that_is_usual(name: str) -> None:
    rng, n = np.random.default_rng(7), 12_000
    rows, known = rng.standard_normal((n, 2)), np.ones((n, 2), dtype=np.bool_)
    known[:, 1] = rng.random(n) < 0.55
    usual = FEATURE_DETECTORS[name](("a", "b"), 1_000_000.0)
    assert not usual.update_many(rows, known).any()
    assert usual.comparisons > 80
    known[4_000:, 0] = False
    gone = FEATURE_DETECTORS[name](("a", "b"), 1_000_000.0)
    alarms = [(at, gone.last.change_sample, gone.changed) for at in range(8_000) if gone.update(rows[at], known[at])]
    ((alarm, began, changed),) = alarms
    assert changed == ("a",)
    assert 4_000 < alarm <= 4_500
    assert abs(began - 4_000) < 50


def degenerate(n: int, seed: int) -> Rows:
    """Rows (n, 3): a flag that is nearly always up, values that alternate, and normal ones; the second half is another."""
    rng, half = np.random.default_rng(seed), n // 2
    flag = rng.random(n) < np.repeat([0.95, 0.3], half)
    alternating = np.where(np.arange(n) < half, np.arange(n) % 2, rng.random(n) < 0.2)
    return np.column_stack([flag, alternating, rng.standard_normal(n) + np.repeat([0.0, 1.5], half)]).astype(float)


@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_a_flag_that_is_nearly_always_up_and_values_that_alternate_are_watched_too(name: str, column: int) -> None:
    rows = degenerate(12_000, 2)[:, [column]]
    detector = FEATURE_DETECTORS[name](("a",), 100_000.0)
    assert fed(detector, rows[:6_000]) == []
    assert detector.judged.all()
    assert np.isfinite(detector._column(layout.EFFECT)).all()
    alarms = [(at, detector.last.change_sample) for at, row in enumerate(rows[6_000:], 6_000) if detector.update(row)]
    ((alarm, began),) = alarms
    assert alarm < 6_300
    assert abs(began - 6_000) < 30


@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_a_flag_that_stays_does_not_hide_who_moved(name: str) -> None:
    rows = degenerate(12_000, 2)
    rows[6_000:, 0] = rows[:6_000, 0]
    for order, names in (([0, 2], ("flag", "moved")), ([2, 0], ("moved", "flag"))):
        detector, changed = FEATURE_DETECTORS[name](names, 100_000.0), []
        for row in rows[:, order]:
            if detector.update(row):
                changed.append(detector.changed)
        assert changed == [("moved",)]


@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_degenerate_references_are_those_of_the_slow_twin(name: str) -> None:
    rows = degenerate(1_200, 3)
    detector = FEATURE_DETECTORS[name](("flag", "alternating", "moved"), 5_000.0, **SMALL)
    drifts, told = naive.detections(rows, detector.level, **SMALL, exact=name == "ks")
    found, compared = [], 0
    for at, row in enumerate(rows):
        if detector.update(row):
            found.append((at, detector.names.index(detector.changed[0]), detector.last.change_sample))
        if detector.comparisons > compared:
            np.testing.assert_allclose(detector.p_values, told[compared][1], rtol=1e-6, atol=1e-12)
            compared = detector.comparisons
    assert compared == len(told)
    assert found == drifts
    assert found


@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_all_features_that_changed_are_named_the_surest_first_and_none_that_did_not(name: str) -> None:
    rows = np.random.default_rng(5).standard_normal((6_000, 6))
    rows[4_000:, 4] += 2.5
    rows[4_000:, 1] -= 5.0
    detector = FEATURE_DETECTORS[name](("a", "b", "c", "d", "e", "f"), 100_000.0)
    named = [detector.changed for row in rows if detector.update(row)]
    assert named == [("b", "e")]
    detector.update_many(rows[:3_000])  # the same after a new reference: nothing is named where nothing is told
    assert not detector.last.drift
    assert detector.changed == ()


@pytest.mark.parametrize("kept", [0.5, 0.9])
@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_dependence_is_seen_and_held(name: str, kept: float) -> None:
    rng, alarms, effects = np.random.default_rng(6), 0, []
    for _ in range(40):
        detector = FEATURE_DETECTORS[name](("a", "b"))
        alarms += int(detector.update_many(np.column_stack([autoregressive(10_000, kept, rng) for _ in range(2)])).sum())
        effects.append(detector._column(layout.EFFECT).mean())
    assert alarms <= 40  # one in 10,000 rows; independent ones of the same detector would give hundreds
    truth = (1.0 + kept) / (1.0 - kept)
    assert 0.5 * truth < np.mean(effects) < 1.4 * truth


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), cut=st.integers(0, 900), name=st.sampled_from(sorted(FEATURE_DETECTORS)))
def test_loop_steps_and_resumed_ones_are_bit_equal(seed: int, cut: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    rows = np.round(rng.standard_normal((900, 2)) + np.repeat([0.0, 2.0, 2.0], 300)[:, None], 1)
    known = rng.random(rows.shape) < 0.9
    loop, steps = (FEATURE_DETECTORS[name](("a", "b"), **SMALL) for _ in range(2))
    drifts = loop.update_many(rows, known)
    said = [steps.update(row, mask) for row, mask in zip(rows[:cut], known[:cut], strict=True)]
    resumed = FEATURE_DETECTORS[name](("a", "b"), **SMALL)
    states, _ = unpack(pack({"detector": steps.snapshot()}))
    resumed.restore(states["detector"])
    said += [resumed.update(row, mask) for row, mask in zip(rows[cut:], known[cut:], strict=True)]
    assert said == drifts.tolist()
    assert pack({"d": resumed.snapshot()}) == pack({"d": loop.snapshot()})


@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_what_is_not_finite_is_refused_and_not_remembered(name: str) -> None:
    detector, rows = FEATURE_DETECTORS[name](("a", "b")), np.zeros((3, 2))
    detector.update(rows[0])
    before = pack({"d": detector.snapshot()})
    rows[1, 1] = np.inf
    with pytest.raises(NonFiniteError, match=r"'b' for .* is inf"):
        detector.update(rows[1])
    with pytest.raises(NonFiniteError, match=r"'b' for .* is inf"):
        detector.update_many(rows)
    assert pack({"d": detector.snapshot()}) == before
    assert not detector.update(rows[1], np.array([True, False]))


@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(name: str) -> None:
    kind = FEATURE_DETECTORS[name]
    detector = kind(("a", "b"))
    detector.update(np.ones(2))
    before = pack({"d": detector.snapshot()})
    for other in (kind(("a", "c")), kind(("a", "b"), window=250), kind(("a", "b"), 50_000.0), kind(("a", "b"), block=40)):
        with pytest.raises(StateError):
            detector.restore(other.snapshot())
    with pytest.raises(StateError):
        detector.restore(State())
    assert pack({"d": detector.snapshot()}) == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"names": ()}, "expected one or more different names"),
        ({"names": ("a", "a")}, "expected one or more different names"),
        ({"samples_per_false_alarm": 10.0}, "samples_per_false_alarm is 10.0"),
        ({"window": 20}, "window is 20"),
        ({"window": 503}, "multiple of 5"),
        ({"window": 500, "reference": 500}, "shorter than it"),
        ({"reference": 400}, "reference is 400"),
        ({"reference": 2_010}, "whole blocks"),
    ],
)
def test_parameters_out_of_range_are_refused(given: dict[str, object], said: str) -> None:
    arguments: dict[str, object] = {"names": ("a",), **given}
    for kind in FEATURE_DETECTORS.values():
        with pytest.raises(ConfigError, match=said):
            kind(**arguments)  # type: ignore[arg-type]  # on purpose


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8))
def test_holm_is_a_bonferroni_of_what_is_left(values: list[float]) -> None:
    p = np.array(values)
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(len(p) * p, 1.0) + 1e-15).all()
    assert adjusted.min() == min(len(p) * p.min(), 1.0)
