"""Scores of volatility forecasts: QLIKE of a level, CRPS and log score of a density, log loss of the event."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.linear import newton
from alpha_pulse.kernels.mixing.hedge import fixed_share, mixture, sigmoid
from alpha_pulse.kernels.volatility import density, event
from alpha_pulse.kernels.volatility.event import STEEPNESS
from alpha_pulse.kernels.volatility.forecast import MOST_MISS, SCALE_PRIOR, SCALE_SPAN

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

NONE = -1
SHARE = 1e-3
GRID = 200
GRID_WIDTH = 8.0
"""CRPS is integrated over this many scales on either side of the mean."""


def qlike(realised: Floats, forecast: Floats) -> Floats:
    """realised / forecast - log(realised / forecast) - 1 of variances (n,): 0 at best, and robust to noise in ``realised``.

    Source: Patton, "Volatility forecast comparison using imperfect volatility proxies", Journal of Econometrics 160 (2011).
    """
    ratio = realised / forecast
    losses: Floats = ratio - np.log(ratio) - 1.0
    return losses


@kernel
def rescale(forecast: Floats, realised: Floats, horizon: int, out: Floats) -> None:
    """Each forecast variance times the mean ratio that realised variances had to such forecasts, by the rule of the product.

    ``realised[i]`` is the variance of the ``horizon`` bars up to row i; NaN is no forecast.
    """
    scale, count = 1.0, 0.0
    for i in range(forecast.shape[0]):
        due = i - horizon
        if due >= 0 and forecast[due] > 0.0:
            count += 1.0
            weight = max(1.0 / (count + SCALE_PRIOR), 1.0 / SCALE_SPAN)
            scale += weight * (min(realised[i] / forecast[due], MOST_MISS * scale) - scale)
        out[i] = forecast[i] * scale


@kernel
def hedged_event(log_ratios: Floats, base: Floats, labels: Labels, horizon: int, out: Floats) -> None:
    """The probability of a log ratio above 0: a logistic regression on a forecast of it, mixed with the base rate."""
    n = log_ratios.shape[0]
    state, weights, scratch = np.zeros(event.SIZE), np.full(2, 0.5), np.empty(4)
    state[newton.FORGETTING], state[newton.PRIOR] = 1.0, event.PRIOR
    newton.start(state, 0, 2)
    pairs = np.empty((n, 2))
    for i in range(n):
        due = i - horizon
        if due >= 0 and labels[due] != NONE and not math.isnan(pairs[due, 0]):
            fixed_share(weights, 0, pairs[due], 2, labels[due], 1.0 / horizon, SHARE / horizon)
            value = log_ratios[due]
            event.learn_regression(state, value, STEEPNESS * value, labels[due], 1.0 * horizon, scratch)
        pairs[i, 0], pairs[i, 1] = math.nan, base[i]
        if not math.isnan(log_ratios[i]):
            pairs[i, 0] = sigmoid(event.score_of(state, log_ratios[i], STEEPNESS * log_ratios[i]))
        out[i] = mixture(weights, 0, pairs[i], 2)


@kernel
def mixed(first: Floats, second: Floats, labels: Labels, horizon: int, out: Floats) -> None:
    """Two probabilities mixed by fixed share; a NaN is absent."""
    weights, pairs = np.full(2, 0.5), np.empty((first.shape[0], 2))
    for i in range(first.shape[0]):
        due = i - horizon
        if due >= 0 and labels[due] != NONE:
            fixed_share(weights, 0, pairs[due], 2, labels[due], 1.0 / horizon, SHARE / horizon)
        pairs[i, 0], pairs[i, 1] = first[i], second[i]
        out[i] = mixture(weights, 0, pairs[i], 2)


@kernel
def density_scores(weights: Floats, means: Floats, scales: Floats, values: Floats, out: Floats) -> None:
    """For each row the log score, the CRPS, and the probability of a smaller value than came; ``out`` (n, 3).

    CRPS is the integral of (F(x) - [x >= value])^2, by the trapezoidal rule.
    """
    for i in range(values.shape[0]):
        w, m, s = weights[i], means[i], scales[i]
        out[i, 0] = density.log_density(w, m, s, values[i])
        centre, widest = density.mean(w, m), s.max()
        low = min(centre - GRID_WIDTH * widest, values[i])
        high = max(centre + GRID_WIDTH * widest, values[i])
        total = 0.0
        for part in range(2):
            start, stop = (low, values[i]) if part == 0 else (values[i], high)
            step = (stop - start) / GRID
            for k in range(GRID + 1):
                below = density.below(w, m, s, start + k * step)
                missed = below if part == 0 else 1.0 - below
                total += missed * missed * step * (0.5 if k in (0, GRID) else 1.0)
        out[i, 1] = total
        out[i, 2] = density.below(w, m, s, values[i])
