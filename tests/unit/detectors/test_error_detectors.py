"""The detectors of errors and losses against slow twins, River's, and what MOA said of the same streams."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from river import drift
from scipy.stats import ks_2samp  # type: ignore[import-untyped]  # SciPy has no types

import naive_detectors as naive
from alpha_pulse.core.errors import ConfigError, NonFiniteError
from alpha_pulse.detectors.drift import Adwin
from alpha_pulse.detectors.error_rate import DDM, EDDM
from alpha_pulse.detectors.hoeffding import FHDDM, HDDMA, HDDMW
from alpha_pulse.detectors.kswin import KSWIN
from alpha_pulse.detectors.packed import PackedDetector
from alpha_pulse.detectors.page_hinkley import PageHinkley

Values = NDArray[np.float64]
RIVERS_HDDM_A: Callable[..., object] = drift.binary.HDDMA
RIVERS_HDDM_W: Callable[..., object] = drift.binary.HDDMW


def errors(seed: int, *pieces: tuple[int, float]) -> Values:
    """0/1 errors: ``n`` of each rate, piece after piece."""
    rates = np.repeat([rate for _, rate in pieces], [n for n, _ in pieces])
    return (np.random.default_rng(seed).random(len(rates)) < rates).astype(np.float64)


def drifts(detector: PackedDetector | Adwin, values: Values) -> list[int]:
    return [int(at) for at in np.flatnonzero(detector.update_many(values))]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("detector", "twin"),
    [
        (lambda: PageHinkley(8.0, 0.05, alpha=1.0), naive.page_hinkley(8.0, 0.05, 1.0, False)),
        (lambda: PageHinkley(12.0, 0.1, standardised=True), naive.page_hinkley(12.0, 0.1, 1.0 - 1e-4, True)),
        (lambda: DDM(2.0), naive.ddm(2.0)),
        (lambda: EDDM(0.92), naive.eddm(0.92)),
        (lambda: FHDDM(0.01, 40), naive.fhddm(0.01, 40)),
    ],
    ids=["page_hinkley", "page_hinkley standardised", "ddm", "eddm", "fhddm"],
)
def test_drifts_are_those_of_a_slow_twin(detector: Callable[[], PackedDetector], twin: naive.Twin, seed: int) -> None:
    values = errors(seed, (150, 0.2), (150, 0.5), (100, 0.9), (100, 0.1))
    found = drifts(detector(), values)
    assert found == naive.drifts_of(twin, values.tolist())
    assert found


@pytest.mark.parametrize("seed", range(4))
def test_kswin_compares_the_newest_with_all_older_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.normal(size=200), rng.normal(1.5, size=150), rng.integers(0, 3, 150)]).astype(np.float64)
    found = drifts(KSWIN(0.01, 60, 20), values)
    assert found == naive.kswin_drifts(0.01, 60, 20, values.tolist())
    assert found
    first = found[0]
    shown = values[first - 59 : first + 1]
    assert ks_2samp(shown[:40], shown[40:], method="asymp").pvalue < 0.01


def river_drifts(detector: object, values: Values) -> list[int]:
    found = []
    for at, value in enumerate(values.tolist()):
        detector.update(value)  # type: ignore[attr-defined]  # River has no types
        if detector.drift_detected:  # type: ignore[attr-defined]
            found.append(at)
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("ours", "rivers"),
    [
        (lambda: PageHinkley(20.0), lambda: drift.PageHinkley(threshold=20.0)),
        (DDM, drift.binary.DDM),
        (EDDM, drift.binary.EDDM),
        (HDDMA, drift.binary.HDDMA),
        (lambda: HDDMA(0.01, two_sided=True), lambda: RIVERS_HDDM_A(0.01, 0.05, two_sided_test=True)),
        (HDDMW, drift.binary.HDDMW),
        (lambda: HDDMW(0.01, two_sided=True), lambda: RIVERS_HDDM_W(0.01, 0.05, two_sided_test=True)),
    ],
    ids=["page_hinkley", "ddm", "eddm", "hddm_a", "hddm_a two-sided", "hddm_w", "hddm_w two-sided"],
)
def test_drifts_are_rivers(ours: Callable[[], PackedDetector], rivers: Callable[[], object], seed: int) -> None:
    values = errors(seed, (1_000, 0.2), (1_000, 0.5), (1_000, 0.1), (1_000, 0.3))
    found = drifts(ours(), values)
    assert found == river_drifts(rivers(), values)
    assert found


def test_fhddm_finds_in_errors_what_rivers_finds_in_right_answers() -> None:
    for seed in range(5):
        values = errors(seed, (500, 0.2), (500, 0.6), (500, 0.9))
        found = drifts(FHDDM(), values)
        assert found == river_drifts(drift.binary.FHDDM(), 1.0 - values)
        assert found


STREAMS = {
    "abrupt": errors(1, (1_000, 0.2), (1_000, 0.5)),
    "strong": errors(2, (1_500, 0.1), (1_500, 0.6)),
    "small": errors(3, (3_000, 0.2), (3_000, 0.3)),
    "twice": errors(4, (1_000, 0.1), (1_000, 0.4), (2_000, 0.8)),
    "steady": errors(5, (5_000, 0.3)),
    "falling": errors(6, (2_000, 0.6), (2_000, 0.2)),
}
MOA = {
    "ddm": {"abrupt": [279, 1090], "strong": [89, 1520], "small": [3535], "twice": [80, 1066, 1130, 2084], "steady": [],
            "falling": []},
    "hddm_a": {"abrupt": [1029], "strong": [1520], "small": [3461], "twice": [1031, 2022], "steady": [], "falling": []},
    "hddm_w": {"abrupt": [1033, 1280, 1622], "strong": [1513, 2910], "small": [3864], "twice": [1027, 1298, 1788, 2019],
               "steady": [1076, 1554], "falling": [1931]},
    "adwin": {"abrupt": [1087, 1151, 1183, 1343], "strong": [1535, 1567, 1631], "small": [3583, 3615, 3647, 3871, 4031],
              "twice": [1055, 1087, 1119, 1151, 1215, 2079, 2111, 2207], "steady": [], "falling": []},
    "page_hinkley": {"abrupt": [1249], "strong": [1614], "small": [3633], "twice": [1165, 2153], "steady": [], "falling": []},
}  # fmt: skip
"""Where MOA's detectors (the release in CapyMOA 0.15.1, default options) said change on `STREAMS`, counted from 0."""
CHANGES = {"abrupt": [1_000], "strong": [1_500], "small": [3_000], "twice": [1_000, 2_000], "steady": [], "falling": []}
"""Where errors become more frequent."""


@pytest.mark.parametrize("stream", STREAMS)
def test_ddm_and_hddm_a_alarm_where_moa_does(stream: str) -> None:
    assert drifts(DDM(), STREAMS[stream]) == MOA["ddm"][stream]
    assert drifts(HDDMA(), STREAMS[stream]) == MOA["hddm_a"][stream]


@pytest.mark.parametrize("stream", STREAMS)
def test_hddm_w_alarms_where_moa_does(stream: str) -> None:
    """Within a few events: MOA starts its averages otherwise after a drift."""
    found, expected = drifts(HDDMW(), STREAMS[stream]), MOA["hddm_w"][stream]
    assert len(found) == len(expected)
    assert found == pytest.approx(expected, abs=5)


@pytest.mark.parametrize("stream", STREAMS)
def test_adwin_finds_each_change_that_moas_finds_and_no_later(stream: str) -> None:
    """MOA's is shown again and again what it has cut off only in part, and asks more of short windows; ours alarms once."""
    found = []
    detector = Adwin(clock=32)
    for at, value in enumerate(STREAMS[stream]):
        if detector.update(float(value)) and detector.last.score > 0.0:
            found.append(at)
    expected = MOA["adwin"][stream]
    firsts = [next(at for at in expected if at >= change) for change in CHANGES[stream]]
    assert len(found) == len(firsts)
    for ours, moas in zip(found, firsts, strict=True):
        assert moas - 100 < ours <= moas


@pytest.mark.parametrize("stream", STREAMS)
def test_page_hinkley_finds_each_change_that_moas_finds_and_no_later(stream: str) -> None:
    """MOA's sum starts at 0, and ours is measured from its lowest point, as the paper has it: it is through no later."""
    found = []
    detector = PageHinkley()
    for at, value in enumerate(STREAMS[stream]):
        if detector.update(float(value)) and detector.last.score > 0.0:
            found.append(at)
    expected = MOA["page_hinkley"][stream]
    assert len(found) == len(expected) == len(CHANGES[stream])
    for ours, moas, change in zip(found, expected, CHANGES[stream], strict=True):
        assert change < ours <= moas


@pytest.mark.parametrize(
    ("make", "wrong", "said"),
    [
        (DDM, 0.5, "0 or 1"),
        (EDDM, 2.0, "0 or 1"),
        (HDDMA, 1.5, "within"),
        (HDDMW, -0.1, "within"),
        (FHDDM, 7.0, "within"),
        (KSWIN, float("inf"), "finite"),
        (PageHinkley, float("nan"), "finite"),
    ],
)
def test_a_value_of_no_use_is_named_and_nothing_is_taken(make: Callable[[], PackedDetector], wrong: float, said: str) -> None:
    detector = make()
    detector.update(1.0)
    with pytest.raises(NonFiniteError, match=f"{wrong!r}.*{said}"):
        detector.update(wrong)
    with pytest.raises(NonFiniteError, match="value 2 for"):
        detector.update_many(np.array([0.0, 1.0, wrong]))
    assert detector.last.sample == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: PageHinkley(0.0), lambda: PageHinkley(alpha=0.0), lambda: PageHinkley(min_instances=0),
        lambda: PageHinkley(delta=float("nan")), lambda: DDM(-1.0), lambda: DDM(warm_start=0), lambda: EDDM(1.0),
        lambda: HDDMA(0.0), lambda: HDDMW(lambda_=1.0), lambda: FHDDM(2.0), lambda: FHDDM(window_size=1),
        lambda: KSWIN(0.0), lambda: KSWIN(window_size=30), lambda: KSWIN(stat_size=1),
    ],
)  # fmt: skip
def test_impossible_parameters_are_refused(make: Callable[[], PackedDetector]) -> None:
    with pytest.raises(ConfigError, match="expected"):
        make()


@pytest.mark.parametrize("make", [PageHinkley, DDM, EDDM, HDDMA, HDDMW, FHDDM, KSWIN, Adwin])
def test_many_values_at_once_are_the_same_bit_for_bit(make: Callable[[], PackedDetector]) -> None:
    values = errors(8, (500, 0.1), (500, 0.6))
    one, many = make(), make()
    flags = [one.update(float(value)) for value in values]
    assert many.update_many(values).tolist() == flags
    for ours, theirs in zip(one.snapshot().arrays.values(), many.snapshot().arrays.values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_best_of_fhddm_is_exact_after_many_values() -> None:
    """A sum that is added to and taken from would have drifted by then."""
    rng = np.random.default_rng(9)
    detector = FHDDM(1e-12, 100)
    values = rng.random(200_000)
    detector.update_many(values)
    state = detector.snapshot().arrays["state"]
    assert state[8] == pytest.approx(values[-100:].sum(), rel=1e-12)
