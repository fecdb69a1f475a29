"""Detectors set by how many false alarms are accepted, on dependent events gathered to blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.errors import ConfigError, NonFiniteError, StateError, UnknownNameError
from alpha_pulse.core.stateful import digest
from alpha_pulse.detectors import DETECTORS
from alpha_pulse.detectors.calibrated import (
    DEPENDENCES,
    TUNED,
    CalibratedDetector,
    ThresholdCurve,
    block_of,
    blocks,
    shipped_curves,
    tuned,
)
from alpha_pulse.detectors.drift import Adwin
from alpha_pulse.simulation.detector_calibration import GRIDS
from alpha_pulse.simulation.stationary_streams import STATIONARY, accepted


def errors(seed: int, *pieces: tuple[int, float]) -> np.ndarray:
    rates = np.repeat([rate for _, rate in pieces], [n for n, _ in pieces])
    return (np.random.default_rng(seed).random(len(rates)) < rates).astype(np.float64)


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_of_the_table_is_calibrated_for_each_dependence(name: str) -> None:
    curves = shipped_curves()[name]
    assert set(curves) == set(DEPENDENCES)
    for curve in curves.values():
        assert len(curve.per) >= 5
        assert list(curve.per) == sorted(set(curve.per))
        steps = np.diff(curve.threshold)
        assert (steps <= 0.0).all() or (steps >= 0.0).all()


def test_every_tuned_detector_has_a_range_of_thresholds_to_search() -> None:
    assert set(GRIDS) == set(TUNED) <= set(DETECTORS)


@pytest.mark.parametrize("name", DETECTORS)
def test_rarer_false_alarms_mean_fewer_of_them(name: str) -> None:
    rate = 0.1 if tuned(name, 1_000).domain == "binary" else 0.5
    counts = [
        sum(int(CalibratedDetector(name, per).update_many(errors(seed, (5_000, rate))).sum()) for seed in range(12))
        for per in (1_000.0, 30_000.0)
    ]
    assert counts[1] < counts[0] <= 1.6 * 60


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize(
    ("dependence", "horizon"), [("independent", 1), ("autoregressive", 1), ("horizon", 6), ("horizon", 24)]
)
def test_many_at_once_are_the_same_as_one_by_one_wherever_the_blocks_lie(name: str, dependence: str, horizon: int) -> None:
    values = errors(2, (1_500, 0.1), (1_500, 0.8))
    one = CalibratedDetector(name, 10_000, dependence=dependence, horizon=horizon)  # type: ignore[arg-type]
    many = CalibratedDetector(name, 10_000, dependence=dependence, horizon=horizon)  # type: ignore[arg-type]
    flags = [one.update(float(value)) for value in values]
    found = np.concatenate([many.update_many(part) for part in np.split(values, [7, 8, 31, 1_111, 1_112])])
    assert found.tolist() == flags
    assert digest({"d": one.snapshot()}) == digest({"d": many.snapshot()})
    assert one.last == many.last


def test_events_are_counted_not_blocks_and_the_verdict_is_quiet_within_a_block() -> None:
    detector = CalibratedDetector("adwin", 10_000, dependence="horizon", horizon=6)
    values = errors(3, (1_200, 0.1), (1_200, 0.9))
    first = next(at for at, value in enumerate(values) if detector.update(float(value)))
    assert first % 6 == 5
    assert detector.last.drift
    assert detector.last.sample == first + 1
    assert abs(detector.last.change_sample - 1_200) < 120
    detector.update(1.0)
    assert not detector.last.drift
    assert detector.last.score == 0.0


def test_saved_within_a_block_it_goes_on_alike() -> None:
    values = errors(4, (700, 0.1), (700, 0.7))
    one, two = (CalibratedDetector("hddm_a", 10_000, dependence="autoregressive") for _ in range(2))
    one.update_many(values[:333])
    two.restore(one.snapshot())
    assert two.last == one.last
    assert one.update_many(values[333:]).tolist() == two.update_many(values[333:]).tolist()


@pytest.mark.parametrize(("name", "wrong"), [("ddm", 0.5), ("adwin", 1.5), ("kswin", float("nan"))])
def test_a_value_of_no_use_is_refused_and_nothing_is_taken(name: str, wrong: float) -> None:
    detector = CalibratedDetector(name, 10_000, dependence="horizon", horizon=6)
    detector.update(1.0)
    before = digest({"d": detector.snapshot()})
    with pytest.raises(NonFiniteError, match=r"expected|scale"):
        detector.update(wrong)
    with pytest.raises(NonFiniteError, match=r"expected|scale"):
        detector.update_many(np.array([1.0, wrong, 0.0]))
    assert digest({"d": detector.snapshot()}) == before


def test_what_was_not_simulated_is_refused_with_the_numbers_between_which_to_choose() -> None:
    with pytest.raises(ConfigError, match="one in 2,400 to one in") as refused:
        CalibratedDetector("adwin", 1_000, dependence="horizon", horizon=24)
    assert "blocks of 24" in str(refused.value)
    with pytest.raises(ConfigError, match="horizon of 0"):
        CalibratedDetector("adwin", 10_000, dependence="horizon", horizon=0)
    with pytest.raises(UnknownNameError, match="did you mean"):
        CalibratedDetector("adwinn", 10_000)


def test_a_threshold_of_ones_own_is_used_in_place_of_the_table() -> None:
    values = errors(5, (2_000, 0.2), (2_000, 0.4))
    ours = CalibratedDetector("adwin", 10_000, threshold=0.002)
    assert ours.update_many(values).tolist() == Adwin(0.002).update_many(values).tolist()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(1, 9), st.booleans())
def test_blocks_are_what_one_by_one_sees(values: list[float], block: int, mean: bool) -> None:
    found = blocks(np.array(values), block, mean=mean)
    for at, value in enumerate(found):
        part = values[at * block : (at + 1) * block]
        total = 0.0
        for one in part:
            total += one
        assert value == (total / block if mean else part[-1])
    assert len(found) == len(values) // block


def test_between_two_simulated_rates_the_threshold_lies_between_theirs() -> None:
    curve = ThresholdCurve((100.0, 1_000.0), (0.5, 0.1))
    assert curve.at(100.0) == 0.5
    assert 0.1 < (curve.at(300.0) or 0.0) < 0.5
    assert curve.at(99.0) is None
    assert curve.at(2_000.0) is None
    assert ThresholdCurve((), ()).at(100.0) is None


def test_each_dependence_has_its_block() -> None:
    assert (block_of("independent"), block_of("autoregressive"), block_of("horizon", 12)) == (1, 20, 12)


@pytest.mark.parametrize("name", TUNED)
def test_false_alarms_are_within_the_stated_rate(name: str) -> None:
    """Few runs here; `alpha-pulse simulate-detectors` makes hundreds. 1 in 2,500 stated, 100,000 events: 40 are expected."""
    domain = tuned(name, 1_000).domain
    for stream in accepted(domain):
        per = 2_500.0 if stream.dependence == "independent" else 12_500.0
        events, runs = 20_000, 5
        rng = np.random.default_rng([6, *stream.name.encode()])
        alarms = 0
        for _ in range(runs):
            detector = CalibratedDetector(name, per, dependence=stream.dependence, horizon=stream.horizon)
            alarms += int(detector.update_many(stream.make(events, rng)).sum())
        expected = runs * events / per
        assert alarms <= expected + 4.0 * expected**0.5 + 1.0, f"{stream.name}: {alarms} where {expected:g} are stated"


def test_streams_are_what_their_names_say() -> None:
    rng = np.random.default_rng(7)
    for stream in STATIONARY:
        values = stream.make(20_000, rng)
        assert values.shape == (20_000,)
        assert np.isfinite(values).all()
        if stream.domain == "binary":
            assert set(np.unique(values)) == {0.0, 1.0}
        if stream.domain != "real":
            assert values.min() >= 0.0
            assert values.max() <= 1.0
        centred = values - values.mean()
        near = float((centred[1:] * centred[:-1]).mean() / centred.var())
        assert (abs(near) < 0.03) == (stream.dependence == "independent"), f"{stream.name}: {near}"


def test_a_threshold_for_a_detector_that_has_none_to_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DETECTORS, "plugged", "alpha_pulse.detectors.drift:Adwin")
    assert tuned("plugged", 10_000).domain == "bounded"
    with pytest.raises(ConfigError, match=r"'plugged'.*leave it out"):
        tuned("plugged", 10_000, threshold=0.5)


def test_a_state_of_other_blocks_or_of_another_detector_is_refused() -> None:
    detector = CalibratedDetector("adwin", 10_000, dependence="horizon", horizon=6)
    detector.update_many(errors(8, (100, 0.3)))
    before = digest({"d": detector.snapshot()})
    others = (
        CalibratedDetector("adwin", 10_000, dependence="horizon", horizon=12),
        CalibratedDetector("adwin", 30_000, dependence="horizon", horizon=6),
        CalibratedDetector("hddm_a", 10_000),
    )
    for other in others:
        with pytest.raises(StateError):
            detector.restore(other.snapshot())
        assert digest({"d": detector.snapshot()}) == before


def test_a_value_whose_square_would_be_infinite_is_refused() -> None:
    detector = CalibratedDetector("page_hinkley", 10_000)
    detector.update_many(errors(9, (500, 0.3)))
    with pytest.raises(NonFiniteError, match="at most 1e"):
        detector.update(1e200)
    assert detector.update_many(np.full(2_000, 5.0)).any()
