"""The regime detector: found late but never in advance, names that come back, nothing told of noise, state that round-trips."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, DataError, NonFiniteError, StateError
from alpha_pulse.core.stateful import State, digest, pack, unpack
from alpha_pulse.core.types import RegimeChange
from alpha_pulse.detectors.regime import LABELS, MONITORED, RegimeDetector, block_of
from alpha_pulse.detectors.regime_settings import shipped_regime_curves, threshold
from alpha_pulse.kernels.regimes.regime_detector import WARM_UP
from alpha_pulse.simulation.regime_trials import bars_of
from naive_regime_detector import NaiveRegimeDetector

Floats = NDArray[np.float64]
BLOCK = 24


def returns(factors: list[tuple[int, float]], seed: int, drift: float = 0.0) -> Floats:
    """Gaussian log returns: so many bars of each factor of volatility."""
    scale = np.concatenate([np.full(bars, factor) for bars, factor in factors])
    return 0.002 * scale * (np.random.default_rng(seed).standard_normal(len(scale)) + drift)


def shown(detector: RegimeDetector, rows: Floats, first: int = 0) -> list[RegimeChange]:
    return [change for at, row in enumerate(rows.tolist(), first) for change in detector.update(at, *row)]


def labels(changes: list[RegimeChange]) -> list[tuple[int, str]]:
    return [(change.ts, change.to_label) for change in changes if change.feature == "volatility"]


def test_wild_times_are_found_dated_and_over_again() -> None:
    detector = RegimeDetector("X", BLOCK)
    found = shown(detector, bars_of(returns([(3_000, 1.0), (1_000, 3.0), (1_000, 1.0)], seed=1)))
    (_, first), (began, second), (ended, third) = labels(found)
    assert (first, second, third) == ("normal", "turbulent", "normal")
    assert 3_000 < began < 3_000 + 4 * BLOCK
    assert 4_000 < ended < 4_000 + 6 * BLOCK
    assert [abs(change.change_ts - at) <= 2 * BLOCK for change, at in zip(found[1:], (3_000, 4_000), strict=True)] == [
        True,
        True,
    ]
    assert found[1].ratio == pytest.approx(3.0, rel=0.35)
    assert found[1].from_label == "normal"
    assert [change.change_id for change in found] == ["X/regime/1", "X/regime/2", "X/regime/3"]


def test_names_come_back() -> None:
    turns = [(1_201, 1.0), (912, 2.5), (912, 0.45), (912, 1.0), (912, 2.5), (912, 0.45), (912, 2.5)]
    found = shown(RegimeDetector("X", BLOCK), bars_of(returns(turns, seed=2)))
    assert [label for _, label in labels(found)] == [
        "normal", "turbulent", "calm", "normal", "turbulent", "calm", "turbulent",
    ]  # fmt: skip


@pytest.mark.parametrize("heavy", [False, True])
def test_of_noise_nothing_is_told(heavy: bool) -> None:
    rng = np.random.default_rng(3)
    noise = rng.standard_t(3, 20_000) if heavy else rng.standard_normal(20_000)
    found = shown(RegimeDetector("X", BLOCK), bars_of(0.002 * noise))
    assert [change.to_label for change in found if change.feature == "volatility"] == ["normal"]
    assert len(found) <= 3


def test_a_trend_is_a_change_that_leaves_the_label_alone() -> None:
    calm, rising = returns([(3_000, 1.0)], seed=4), returns([(1_500, 1.0)], seed=5, drift=0.4)
    found = shown(RegimeDetector("X", BLOCK), bars_of(np.concatenate([calm, rising])))
    (change,) = [change for change in found if change.feature == "trend"]
    assert 3_000 < change.ts < 3_300
    assert change.from_label == change.to_label == "normal"
    assert change.change_ts == pytest.approx(3_000, abs=3 * BLOCK)
    assert change.probability > 0.9


def test_correlation_that_flips_is_found_with_others_only() -> None:
    rng = np.random.default_rng(6)
    own, noise = rng.standard_normal((2, 4_500))
    sign = np.repeat([0.6, -0.6], [3_000, 1_500])
    rows = bars_of(0.002 * own, 0.002 * (sign * own + 0.8 * noise))
    found = shown(RegimeDetector("X", BLOCK, together=True), rows)
    assert [(change.feature, 3_000 < change.ts < 3_000 + 5 * BLOCK) for change in found[1:]] == [("correlation", True)]
    assert len(shown(RegimeDetector("X", BLOCK), rows)) == 1


@settings(max_examples=10, deadline=None)
@given(st.integers(600, 1_900), st.integers(0, 1_000))
def test_the_future_changes_nothing(cut: int, seed: int) -> None:
    rows = bars_of(returns([(800, 1.0), (600, 3.0), (600, 0.5)], seed=7))
    other = rows.copy()
    other[cut:, :3] *= np.exp(0.05 * np.random.default_rng(seed).standard_normal((len(rows) - cut, 1)))
    one, two = RegimeDetector("X", BLOCK), RegimeDetector("X", BLOCK)
    for at in range(cut):
        assert one.update(at, *rows[at].tolist()) == two.update(at, *other[at].tolist())
        assert (one.label, one.probabilities, one.changed) == (two.label, two.probabilities, two.changed)
    assert digest({"x": one.snapshot()}) == digest({"x": two.snapshot()})


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1_999))
def test_it_goes_on_after_a_round_trip_as_if_nothing_had_been(cut: int) -> None:
    rows = bars_of(returns([(900, 1.0), (600, 3.0), (500, 1.0)], seed=8))
    whole, first, second = (RegimeDetector("X", BLOCK) for _ in range(3))
    expected = shown(whole, rows)
    before = shown(first, rows[:cut])
    states, _ = unpack(pack({"x": first.snapshot()}))
    second.restore(states["x"])
    assert before + shown(second, rows[cut:], cut) == expected
    assert digest({"x": second.snapshot()}) == digest({"x": whole.snapshot()})


def test_a_verdict_never_sticks() -> None:
    detector = RegimeDetector("X", BLOCK)
    rows = bars_of(returns([(1_200, 1.0), (600, 4.0)], seed=9)).tolist()
    changed = drifts = 0
    for at, row in enumerate(rows):
        told = detector.update(at, *row)
        assert detector.changed == bool(told)
        changed += detector.changed
        drifts += detector.last("volatility").drift
    assert changed == 2  # the naming, and the rise
    assert drifts == 1
    last = detector.last("volatility")
    assert (last.drift, last.score, last.sample) == (False, 0.0, (len(rows) - 1) // BLOCK)


def test_what_it_says_between_changes() -> None:
    detector = RegimeDetector("X", BLOCK)
    assert (detector.label, detector.ratio, detector.trend, detector.correlation) == (None, 1.0, 0.0, 0.0)
    rows = bars_of(returns([(WARM_UP * BLOCK, 1.0), (720, 3.0)], seed=10))
    shown(detector, rows[: WARM_UP * BLOCK])
    assert detector.label is None
    shown(detector, rows[WARM_UP * BLOCK :], WARM_UP * BLOCK)
    assert detector.label == "turbulent"
    said = detector.probabilities
    assert list(said) == list(LABELS)
    assert sum(said.values()) == pytest.approx(1.0)
    assert said["turbulent"] > 0.99


STILL = np.tile([5.0, 5.0, 5.0, math.nan], (2_400, 1))


def test_a_market_that_stands_still_is_calm() -> None:
    detector = RegimeDetector("X", BLOCK)
    (change,) = shown(detector, STILL)
    assert (change.from_label, change.to_label) == (None, "calm")
    assert change.change_ts == 1
    assert all(np.isfinite(array).all() for array in detector.snapshot().arrays.values())


@pytest.mark.parametrize("price", [1e-9, 5.0, 1e9])
def test_a_market_that_stops_is_calm_until_it_moves_again_and_tells_no_more_than_that(price: float) -> None:
    moving = bars_of(returns([(2_400, 1.0)], seed=13))
    rows = np.concatenate([moving, np.full((2_400, 4), moving[-1, 2]), moving * moving[-1, 2] / moving[0, 2]])
    rows[:, :3] *= price / rows[0, 2]
    rows[:, 3] = math.nan
    detector = RegimeDetector("X", BLOCK)
    told = [(change.feature, change.to_label, change.ts) for change in shown(detector, rows)]
    labels = [(label, ts) for feature, label, ts in told if feature == "volatility"]
    assert [label for label, _ in labels] == ["normal", "calm", "normal"]
    assert 2_400 < labels[1][1] <= 2_400 + 4 * BLOCK
    assert 4_800 < labels[2][1] <= 4_800 + 4 * BLOCK
    assert len(told) == 3


@pytest.mark.parametrize("row", [(math.nan, 1.0, 1.0), (2.0, 0.0, 1.0), (1.0, 1.0, 2.0), (1.0, 1.0, 1.0, math.inf)])
def test_what_is_no_bar_is_refused_and_not_remembered(row: tuple[float, ...]) -> None:
    detector = RegimeDetector("X", BLOCK)
    shown(detector, bars_of(returns([(100, 1.0)], seed=11)))
    before = digest({"x": detector.snapshot()})
    with pytest.raises(NonFiniteError, match="regime detector of X"):
        detector.update(100, *row)
    assert digest({"x": detector.snapshot()}) == before
    with pytest.raises(NonFiniteError, match="regime detector of X"):
        detector.update_many(np.array([100]), np.array([[*row, math.nan][:4]]))
    assert digest({"x": detector.snapshot()}) == before


def test_bars_of_another_shape_are_refused() -> None:
    detector = RegimeDetector("X", BLOCK)
    with pytest.raises(DataError, match=r"bars for the regime detector of X are float64 of shape \(2, 3\)"):
        detector.update_many(np.arange(2), np.ones((2, 3)))
    with pytest.raises(DataError, match="times for the regime detector of X"):
        detector.update_many(np.arange(3), np.ones((2, 4)))


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing() -> None:
    detector = RegimeDetector("X", BLOCK)
    shown(detector, bars_of(returns([(700, 1.0)], seed=12)))
    good = detector.snapshot()
    before = digest({"x": good})
    bad = [
        State(),
        State({}, {**good.arrays, "counters": good.arrays["counters"].astype(np.float64)}),
        State({}, {**good.arrays, "points": good.arrays["points"][:, :-1]}),
        State({}, {name: array for name, array in good.arrays.items() if name != "times"}),
        RegimeDetector("X", 288).snapshot(),
        RegimeDetector("X", BLOCK, together=True).snapshot(),
        RegimeDetector("X", BLOCK, reference=200).snapshot(),
        RegimeDetector("X", BLOCK, 1_000.0).snapshot(),
    ]
    for state in bad:
        with pytest.raises(StateError):
            detector.restore(state)
        assert digest({"x": detector.snapshot()}) == before


def test_parameters_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="block is 4"):
        RegimeDetector("X", 4)
    with pytest.raises(ConfigError, match="reference is 3"):
        RegimeDetector("X", reference=3)
    for wrong in (-5.0, 0.0, math.nan):
        with pytest.raises(ConfigError, match="samples_per_false_alarm is"):
            RegimeDetector("X", samples_per_false_alarm=wrong)
    with pytest.raises(ConfigError, match="thresholds of volatility are known"):
        RegimeDetector("X", samples_per_false_alarm=1e9)
    with pytest.raises(ConfigError, match="length above 0"):
        block_of(0)


def test_thresholds_rise_with_what_is_asked_for() -> None:
    assert set(shipped_regime_curves()) == set(MONITORED)
    for feature in MONITORED:
        found = [threshold(feature, blocks) for blocks in (1.0, 100.0, 300.0, 1_000.0, 2_000.0)]
        assert found == sorted(found)
        assert 0.4 < found[0] < found[-1] < 1.0


def test_calm_times_with_moves_are_still_known_as_such_after_a_long_standstill() -> None:
    usual, calm = bars_of(returns([(2_400, 1.0)], seed=14)), bars_of(returns([(2_400, 0.45)], seed=15))
    still = np.full((9_600, 4), usual[-1, 2])
    rows = np.concatenate(
        [usual, still, usual * usual[-1, 2] / usual[0, 2], calm * usual[-1, 2] ** 2 / usual[0, 2] / calm[0, 2]]
    )
    rows[:, 3] = math.nan
    detector = RegimeDetector("X", BLOCK)
    shown(detector, rows[:-1_200])
    assert detector.label == "calm"
    shown(detector, rows[-1_200:], len(rows) - 1_200)
    assert detector.label == "calm"


def restless(seed: int) -> Floats:
    """Bars of a market that changes its volatility, its trend, its company and at times stands still."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(800, 4_000))
    parts: list[Floats] = []
    while sum(len(part) for part in parts) < n:
        scale, drift, company = rng.choice([0.0, 0.4, 1.0, 3.0]), rng.choice([0.0, 0.4]), rng.choice([-0.7, 0.0, 0.7])
        own, noise = rng.standard_normal((2, int(rng.integers(100, 900))))
        parts.append(np.column_stack([scale * (own + drift), company * own + 0.7 * noise]))
    moves = 0.002 * np.concatenate(parts)[:n]
    rows = bars_of(moves[:, 0], moves[:, 1])
    rows[:, 0] *= 1.0 + 0.001 * rng.random(n)
    rows[:, 1] *= 1.0 - 0.001 * rng.random(n)
    rows[rng.random(n) < 0.05, 3] = math.nan
    return rows


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), together=st.booleans(), size=st.sampled_from([1, 7, 512, None]))
def test_blocks_of_any_size_give_the_changes_and_the_state_of_one_bar_after_the_other(
    seed: int, together: bool, size: int | None
) -> None:
    rows, rng = restless(seed), np.random.default_rng(seed)
    one, many = (RegimeDetector("X", 5, 200.0, together=together, reference=40) for _ in range(2))
    twin = NaiveRegimeDetector("X", 5, 200.0, together=together, reference=40)
    times = (np.arange(len(rows)) + 1) * 3_600_000_000_000
    expected, single = [], []
    for at, (ts, row) in enumerate(zip(times.tolist(), rows.tolist(), strict=True)):
        expected += [(at, change) for change in twin.update(ts, *row)]
        single += [(at, change) for change in one.update(ts, *row)]
    found, first = [], 0
    while first < len(rows):
        last = first + (size or int(rng.integers(1, 900)))
        found += [(first + row, change) for row, change in many.update_many(times[first:last], rows[first:last])]
        first = last
    assert found == single == expected != []
    for name, array in twin.arrays.items():
        assert one.arrays[name].tobytes() == many.arrays[name].tobytes() == array.tobytes(), name
