"""The tails, the index and the distance behind the detectors of changed features, against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats  # type: ignore[import-untyped]  # SciPy has no types

from alpha_pulse.kernels.detection.covariate import ks_cell, ks_distance
from alpha_pulse.kernels.detection.covariate_index import psi
from alpha_pulse.kernels.detection.covariate_tails import beta_share, f_tail, simes, smirnov_tail


@given(st.floats(0.0, 1.0), st.floats(0.3, 200.0), st.floats(0.3, 200.0))
def test_the_incomplete_beta_function_is_scipys(x: float, a: float, b: float) -> None:
    assert beta_share(x, a, b) == pytest.approx(special.betainc(a, b, x), rel=1e-7, abs=1e-13)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0, 4.0, 12.0])
@pytest.mark.parametrize(("freedom", "noise"), [(1.3, 156.0), (9.0, 40.0), (4.0, 76.0)])
def test_the_tail_of_f_is_scipys(value: float, freedom: float, noise: float) -> None:
    assert f_tail(value, freedom, noise) == pytest.approx(stats.f.sf(value, freedom, noise), rel=1e-9)


@pytest.mark.parametrize("distance", [0.1, 0.4, 0.9, 1.4, 2.5])
def test_smirnovs_tail_is_the_law_of_kolmogorov_with_a_known_scale_and_its_mean_over_an_unknown_one(distance: float) -> None:
    assert smirnov_tail(distance, 1e13) == pytest.approx(special.kolmogorov(distance), rel=1e-3, abs=1e-12)
    scales = np.sqrt(stats.chi2.ppf((np.arange(20_000) + 0.5) / 20_000, 39) / 39)
    assert smirnov_tail(distance, 39.0) == pytest.approx(special.kolmogorov(distance * scales).mean(), rel=2e-3)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=40), st.lists(st.integers(0, 12), min_size=1, max_size=30))
def test_the_distance_is_scipys_whatever_the_ties(old: list[int], new: list[int]) -> None:
    ordered, now = np.sort(np.array(old, dtype=float)), np.zeros(2 * len(old) + 1)
    for value in new:
        now[ks_cell(ordered, value - 0.5 * (value % 3 == 0))] += 1.0
    shown = [value - 0.5 * (value % 3 == 0) for value in new]
    points = np.array(old + shown, dtype=float)
    truth = max(abs(np.mean(np.array(old) <= x) - np.mean(np.array(shown) <= x)) for x in points)
    assert ks_distance(ordered, now, float(len(new))) == pytest.approx(truth, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=10))
def test_the_index_is_never_negative_and_the_same_both_ways(counts: list[tuple[int, int]]) -> None:
    old, new = np.array(counts, dtype=float).T.copy()
    there, back = psi(old, new, 0.5), psi(new, old, 0.5)
    assert there >= -1e-12
    assert there == pytest.approx(back, abs=1e-12)
    assert psi(old, 3.0 * old + 1.0, 0.5) == pytest.approx(0.0, abs=1e-9)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
def test_simes_lies_between_the_least_and_bonferronis(values: list[float]) -> None:
    p = np.array(values)
    assert min(p.min(), 1.0) <= simes(p) <= min(len(p) * p.min(), 1.0)
