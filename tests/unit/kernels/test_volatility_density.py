"""The density of the volatility forecast: distributions, quantiles and weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats  # type: ignore[import-untyped]  # SciPy has no types

from alpha_pulse.kernels.volatility import density

MEANS, SCALES = np.array([0.1, -0.3, 0.5]), np.array([0.4, 0.2, 0.7])
WEIGHTS = np.array([0.3, 0.2, 0.1, 0.1, 0.2, 0.1])


def parts() -> list[tuple[float, object]]:
    """Weight and distribution of each expert."""
    found: list[tuple[float, object]] = []
    for j, (mean, scale) in enumerate(zip(MEANS, SCALES, strict=True)):
        found.append((WEIGHTS[2 * j], stats.norm(mean, scale)))
        found.append((WEIGHTS[2 * j + 1], stats.t(5, mean, scale * math.sqrt(0.6))))
    return found


@pytest.mark.parametrize("value", [-6.0, -1.0, 0.0, 0.3, 2.0, 8.0])
def test_it_is_the_mixture_of_scipys_distributions(value: float) -> None:
    below = sum(weight * part.cdf(value) for weight, part in parts())  # type: ignore[attr-defined]
    log_density = math.log(sum(weight * part.pdf(value) for weight, part in parts()))  # type: ignore[attr-defined]
    assert density.below(WEIGHTS, MEANS, SCALES, value) == pytest.approx(below, abs=1e-12)
    assert density.log_density(WEIGHTS, MEANS, SCALES, value) == pytest.approx(log_density, rel=1e-12)
    assert density.mean(WEIGHTS, MEANS) == pytest.approx(sum(w * p.mean() for w, p in parts()))  # type: ignore[attr-defined]


def test_both_shapes_have_the_variance_of_the_scale() -> None:
    for log_density in (density.log_normal, density.log_student):
        variance, _ = integrate.quad(lambda z, f=log_density: z * z * math.exp(f(z)), -400.0, 400.0, limit=500, points=[0.0])
        assert variance == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("probability", [1e-6, 0.05, 0.5, 0.95, 0.999999])
def test_a_quantile_is_the_inverse(probability: float) -> None:
    value = density.quantile(WEIGHTS, MEANS, SCALES, probability)
    assert density.below(WEIGHTS, MEANS, SCALES, value) == pytest.approx(probability, rel=1e-9)


def test_rows_of_quantiles_ascend_and_nan_stays() -> None:
    means = np.array([MEANS, np.full(3, np.nan)])
    out = np.zeros((2, 3))
    density.quantile_rows(np.array([WEIGHTS, WEIGHTS]), means, np.array([SCALES, SCALES]), np.array([0.05, 0.5, 0.95]), out)
    assert (np.diff(out[0]) > 0.0).all()
    assert np.isnan(out[1]).all()


def test_weights_follow_the_better_expert_and_none_vanishes() -> None:
    weights = np.empty(4)
    density.start(weights)
    rng = np.random.default_rng(1)
    means, scales = np.array([0.0, 1.0]), np.array([0.3, 0.3])
    for _ in range(400):
        density.learn(weights, means, scales, 0.3 * rng.normal(), 0.25, 1e-3)
    assert weights[:2].sum() > 0.95
    assert weights.sum() == pytest.approx(1.0)
    assert weights.min() >= 1e-3 / 4 * 0.999
    for _ in range(400):
        density.learn(weights, means, scales, 1.0 + 0.2 * rng.standard_t(3), 0.25, 1e-3)
    assert weights[2:].sum() > 0.95
    density.learn(weights, means, scales, 1e6, 0.25, 1e-3)
    assert np.isfinite(weights).all()
