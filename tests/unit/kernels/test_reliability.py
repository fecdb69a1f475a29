from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.kernels.calibration.reliability import COLUMNS, bin_sums, wilson
from naive_calibration import naive_bins, naive_wilson

probabilities = st.floats(0.0, 1.0) | st.integers(0, 5).map(lambda k: k / 5)


@given(st.lists(st.tuples(probabilities, st.integers(0, 1)), min_size=1, max_size=120), st.integers(1, 15))
def test_bins_are_the_naive_twins(pairs: list[tuple[float, int]], bins: int) -> None:
    pairs = sorted(pairs)
    said, labels = [p for p, _ in pairs], [label for _, label in pairs]
    sums = np.full((bins, COLUMNS), 9.0)
    count = bin_sums(np.array(said), np.array(labels, dtype=np.float64), bins, sums)
    expected = naive_bins(said, labels, bins)
    assert count == len(expected) <= bins
    for row, members in zip(sums, expected, strict=False):
        given_ = [p for p, _ in members]
        wanted = [len(members), math.fsum(given_), sum(label for _, label in members), min(given_), max(given_)]
        assert row == pytest.approx(wanted, abs=1e-12)
    assert sums[:count, 0].sum() == len(pairs)


@given(st.integers(1, 10_000), st.floats(0.0, 1.0))
def test_wilsons_interval_solves_his_equation(n: int, share: float) -> None:
    low, high = wilson(share, float(n))
    assert (low, high) == pytest.approx(naive_wilson(share, float(n)), abs=1e-6)
    assert 0.0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1.0


def test_wilsons_interval_holds_the_true_share_in_about_95_of_100_cases() -> None:
    generator = np.random.default_rng(1)
    held = 0
    for hits in generator.binomial(60, 0.15, 2_000):
        low, high = wilson(hits / 60.0, 60.0)
        held += low <= 0.15 <= high
    assert held / 2_000 == pytest.approx(0.95, abs=0.02)
