from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, NonFiniteError, StateError
from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.metrics.reliability import ReliabilityTable, reliability_table
from alpha_pulse.models.calibration import CALIBRATORS, Calibrator, IsotonicCalibrator, make_calibrator
from alpha_pulse.models.linear import Logistic
from naive_calibration import naive_bins, naive_wilson

Floats = NDArray[np.float64]
names = pytest.mark.parametrize("name", sorted(CALIBRATORS))
probabilities = st.floats(0.0, 1.0) | st.sampled_from([0.0, 5e-324, 1e-6, 0.5, 1.0])
stored = st.lists(st.tuples(probabilities, st.integers(0, 1)), max_size=120)


def sigmoid(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-x))


def log_loss(p: Floats, labels: NDArray[np.int64]) -> float:
    return float(-np.mean(np.log(np.where(labels == 1, p, 1.0 - p))))


def quick(name: str, horizon: int = 1) -> Calibrator:
    return IsotonicCalibrator(horizon, window=40, every=3) if name == "isotonic" else make_calibrator(name, horizon)


PLANTED: dict[str, Callable[[Floats], Floats]] = {
    "over-confident": lambda z: 0.4 * z,
    "under-confident": lambda z: 2.0 * z,
    "skewed": lambda z: 0.6 * z - 1.0,
}


@names
@pytest.mark.parametrize("fault", sorted(PLANTED))
def test_planted_miscalibration_is_repaired_on_held_out_data(name: str, fault: str) -> None:
    generator = np.random.default_rng(1)
    scores = generator.normal(0.0, 1.5, 16_000)
    true = sigmoid(PLANTED[fault](scores))
    labels = (generator.random(16_000) < true).astype(np.int64)
    calibrator = make_calibrator(name)
    calibrator.learn_many(sigmoid(scores)[:8_000], labels[:8_000])
    raw, held_out = sigmoid(scores)[8_000:], labels[8_000:]
    repaired = np.array([calibrator.calibrate(float(p)) for p in raw])
    before, after = reliability_table(raw, held_out == 1), reliability_table(repaired, held_out == 1)
    assert before.ece is not None
    assert after.ece is not None
    assert before.ece > 0.05
    assert after.ece < 0.04
    ideal = log_loss(true[8_000:], held_out)
    assert log_loss(repaired, held_out) - ideal < 0.25 * (log_loss(raw, held_out) - ideal)


def test_beta_repairs_one_side_where_platt_cannot() -> None:
    generator = np.random.default_rng(2)
    scores = generator.normal(0.0, 1.5, 12_000)
    true = sigmoid(np.where(scores > 0.0, 0.3 * scores, 1.5 * scores))
    labels = (generator.random(12_000) < true).astype(np.int64)
    platt, beta = (make_calibrator(name).learn_many(sigmoid(scores), labels)[6_000:] for name in ("platt", "beta"))
    assert log_loss(beta, labels[6_000:]) < log_loss(platt, labels[6_000:]) - 0.005


@names
def test_what_is_calibrated_already_stays(name: str) -> None:
    generator = np.random.default_rng(3)
    said = generator.uniform(0.1, 0.9, 8_000)
    labels = (generator.random(8_000) < said).astype(np.int64)
    calibrator = make_calibrator(name)
    calibrator.learn_many(said, labels)
    for p in (0.2, 0.5, 0.8):
        assert calibrator.calibrate(p) == pytest.approx(p, abs=0.06)


@names
def test_it_is_taught_what_was_served_and_not_what_the_model_says_once_it_knows(name: str) -> None:
    """A model that has learned labels of pure noise is sure of them; the scores it had served before were worth nothing."""
    generator = np.random.default_rng(4)
    rows, labels = generator.normal(size=(400, 200)), generator.integers(0, 2, 400)
    model = Logistic(200, rate=0.02)
    served = model.learn_many(rows, labels, np.ones(400))
    afterwards = model.predict_many(rows)
    from_stored, from_hindsight = make_calibrator(name), make_calibrator(name)
    from_stored.learn_many(served, labels)
    from_hindsight.learn_many(afterwards, labels)
    assert np.mean((afterwards >= 0.5) == labels) > 0.7
    assert np.mean((served >= 0.5) == labels) < 0.56
    assert from_stored.calibrate(0.99) - 0.5 < 0.5 * (from_hindsight.calibrate(0.99) - 0.5)


@names
@given(examples=stored, asked=st.lists(probabilities, min_size=2, max_size=20))
def test_it_never_falls_and_stays_inside_0_and_1(name: str, examples: list[tuple[float, int]], asked: list[float]) -> None:
    calibrator = quick(name)
    for p, label in examples:
        calibrator.learn(p, label)
    said = [calibrator.calibrate(p) for p in sorted(asked)]
    assert all(0.0 < p < 1.0 for p in said)
    assert all(later >= earlier - 1e-12 for earlier, later in pairwise(said))


@names
@given(examples=stored)
def test_the_loop_is_the_steps_bit_by_bit(name: str, examples: list[tuple[float, int]]) -> None:
    one, other = quick(name, 3), quick(name, 3)
    said = []
    for p, label in examples:
        said.append(one.calibrate(p))
        one.learn(p, label)
    looped = other.learn_many(np.array([p for p, _ in examples]), np.array([label for _, label in examples], dtype=np.int64))
    assert looped.tolist() == said
    assert pack({"c": one.snapshot()}) == pack({"c": other.snapshot()})


@names
@pytest.mark.parametrize("cut", [0, 1, 50, 130])
def test_saved_at_any_point_it_goes_on_alike(name: str, cut: int) -> None:
    generator = np.random.default_rng(5)
    said, labels = generator.random(300), generator.integers(0, 2, 300)
    one, twin = quick(name), quick(name)
    one.learn_many(said[:cut], labels[:cut])
    size = one.memory_bytes
    twin.restore(unpack(pack({"c": one.snapshot()}))[0]["c"])
    assert one.learn_many(said[cut:], labels[cut:]).tolist() == twin.learn_many(said[cut:], labels[cut:]).tolist()
    assert pack({"c": one.snapshot()}) == pack({"c": twin.snapshot()})
    assert one.memory_bytes == size == sum(array.nbytes for array in one.snapshot().arrays.values())


@names
def test_a_state_of_another_kind_or_horizon_is_refused(name: str) -> None:
    with pytest.raises(StateError, match="layout"):
        make_calibrator(name, 3).restore(make_calibrator(name, 12).snapshot())
    other = "beta" if name == "platt" else "platt"
    with pytest.raises(StateError, match="layout"):
        make_calibrator(name).restore(make_calibrator(other).snapshot())


@names
def test_a_longer_horizon_learns_less_from_each_label(name: str) -> None:
    said, labels = np.full(300, 0.9), np.zeros(300, dtype=np.int64)
    alone, overlapping = quick(name), quick(name, 12)
    for calibrator in (alone, overlapping):
        calibrator.learn_many(said, labels)
    assert alone.calibrate(0.9) < overlapping.calibrate(0.9) < 0.9


@names
def test_what_is_no_probability_is_refused(name: str) -> None:
    for wrong in (math.nan, -0.1, 1.5, math.inf):
        with pytest.raises(NonFiniteError, match="score 1 is"):
            make_calibrator(name).learn_many(np.array([0.5, wrong]), np.array([0, 1]))


def test_bad_parameters_are_told() -> None:
    with pytest.raises(ConfigError, match="did you mean 'isotonic'"):
        make_calibrator("isotonc")
    with pytest.raises(ConfigError, match="horizon of a beta calibrator is 0"):
        make_calibrator("beta", 0)
    with pytest.raises(ConfigError, match="window and every"):
        IsotonicCalibrator(window=1)
    with pytest.raises(ConfigError, match="0 bins"):
        reliability_table(np.array([0.5]), np.array([True]), bins=0)


@given(st.lists(st.tuples(probabilities, st.integers(0, 1)), min_size=1, max_size=150), st.sampled_from([1, 3, 12]))
def test_the_table_is_the_naive_twins(pairs: list[tuple[float, int]], horizon: int) -> None:
    said, labels = [p for p, _ in pairs], [label for _, label in pairs]
    found = reliability_table(np.array(said), np.array(labels) == 1, horizon=horizon)
    n, bins, base = len(pairs), naive_bins(said, labels, 10), sum(labels) / len(labels)
    rows = [(len(b), sum(p for p, _ in b) / len(b), sum(label for _, label in b) / len(b)) for b in bins]
    assert found.labels == n == sum(one.count for one in found.bins)
    assert found.ece == pytest.approx(sum(c * abs(p - o) for c, p, o in rows) / n, abs=1e-12)
    assert found.largest_error == pytest.approx(max(abs(p - o) for _, p, o in rows), abs=1e-12)
    assert found.reliability == pytest.approx(sum(c * (p - o) ** 2 for c, p, o in rows) / n, abs=1e-12)
    assert found.resolution == pytest.approx(sum(c * (o - base) ** 2 for c, _, o in rows) / n, abs=1e-12)
    assert found.uncertainty == pytest.approx(base * (1.0 - base), abs=1e-12)
    brier = sum((p - label) ** 2 for p, label in pairs) / n
    assert found.brier == pytest.approx(brier, abs=1e-12)
    parts = (found.reliability, found.resolution, found.uncertainty, found.within_bins)
    assert None not in parts
    reliability, resolution, uncertainty, within = (part or 0.0 for part in parts)
    assert reliability - resolution + uncertainty + within == pytest.approx(brier, abs=1e-12)
    for one, (count, predicted, observed) in zip(found.bins, rows, strict=True):
        assert (one.mean_predicted, one.observed) == pytest.approx((predicted, observed), abs=1e-12)
        assert (one.low, one.high) == pytest.approx(naive_wilson(observed, count / horizon), abs=1e-6)


def test_what_said_nothing_is_left_out() -> None:
    assert reliability_table(np.array([math.nan]), np.array([True])) == ReliabilityTable(0)
    assert reliability_table(np.array([math.nan, 0.5]), np.array([True, False])).labels == 1


def test_a_calibrated_forecast_has_the_calibration_error_that_the_docstring_states() -> None:
    generator = np.random.default_rng(1)
    found = []
    for _ in range(40):
        said = generator.uniform(0.45, 0.55, 2_000)
        found.append(reliability_table(said, generator.random(2_000) < said).ece or 0.0)
    assert np.mean(found) == pytest.approx(0.4 * math.sqrt(10 / 2_000), rel=0.1)
