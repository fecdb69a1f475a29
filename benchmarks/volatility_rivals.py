"""What a volatility practitioner already runs, on the same bars: EWMA, HAR and GARCH, raw and without season.

Each gives the variance of the sum of the next h returns at every bar, (n,), from bars up to it. ``_s``: on returns divided by
the root of the seasonal factor of their slot, times the factor of the next h bars; ``_gk``: from ranges. The seasonal factors
are those of the product, which are causal.

Sources: RiskMetrics (1996); Corsi (2009); Bollerslev, "A conditionally heteroskedastic time series model for speculative prices
and rates of return", Review of Economics and Statistics 69 (1987), for GARCH with Student's errors.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]  # SciPy has no types

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.linear import newton
from alpha_pulse.kernels.volatility import least_squares, season, wide

Floats = NDArray[np.float64]

EWMA_DECAY = 0.94
HAR_BARS = 12
HAR_PRIOR = 0.01
LEAST = 1e-8
"""Smallest mean of a HAR input, relative to the mean over 2,000 bars."""
REFIT, FITTED = 2_000, 10_000
"""GARCH is fitted again every so many bars, on at most so many."""
FIRST_FIT = 1_000
RIVALS = ("ewma", "ewma_s", "har", "har_s", "har_gk_s", "garch", "garch_t_s")


class Inputs:
    """Per bar, (n,): squared returns, ranges, their seasonal factors, the factor of the next h bars, bars per day."""

    def __init__(self, rows: Floats, closes: Floats, day: int, horizon: int, levels: Floats) -> None:
        self.returns = np.diff(np.log(closes), prepend=math.log(closes[0]))
        self.squares = self.returns**2
        self.ranges: Floats = np.exp(2.0 * rows[:, wide.RANGES])
        self.factor, self.ahead = rows[:, wide.FACTOR], rows[:, wide.AHEAD]
        self.range_factor = np.ones(len(rows))
        range_factors(self.ranges, rows[:, wide.SLOT].astype(np.int64), max(5.0 * day, 200.0), self.range_factor)
        self.day, self.horizon = day, horizon
        self.realised, self.median = levels[:, 0], levels[:, 1]


def variances(inputs: Inputs) -> dict[str, Floats]:
    """The variance that each of `RIVALS` forecasts; NaN where it has none."""
    flat = inputs.squares / inputs.factor
    season_of = {"": np.ones(len(flat)), "_s": inputs.ahead}
    scaled = inputs.returns / np.sqrt(inputs.factor)
    found = {f"ewma{s}": inputs.horizon * _smoothed(flat if s else inputs.squares) * factor for s, factor in season_of.items()}
    found["har"] = _har(inputs, inputs.squares, season_of[""])
    found["har_s"] = _har(inputs, flat, inputs.ahead)
    found["har_gk_s"] = _har(inputs, inputs.ranges / inputs.range_factor, inputs.ahead)
    found["garch"] = _garch(inputs.returns, inputs.horizon, student=False)
    found["garch_t_s"] = _garch(scaled, inputs.horizon, student=True) * inputs.ahead
    return {name: found[name] for name in RIVALS}


@kernel
def range_factors(ranges: Floats, slots: NDArray[np.int64], span: float, out: Floats) -> None:
    """The seasonal factor of each range, before it."""
    table, level = np.zeros(season.SIZE), 0.0
    season.start(table, 0)
    for i in range(ranges.shape[0]):
        out[i] = season.factor(table, 0, slots[i])
        season.learn(table, 0, slots[i], ranges[i], level)
        level += max(1.0 / (i + 1.0), 2.0 / (span + 1.0)) * (ranges[i] - level)


def _smoothed(squares: Floats) -> Floats:
    out, mean = np.empty(len(squares)), 0.0
    for i, square in enumerate(squares.tolist()):
        mean += max(1.0 - EWMA_DECAY, 1.0 / (i + 1.0)) * (square - mean)
        out[i] = mean
    return out


def _rolling(values: Floats, bars: int) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    last = np.arange(1, len(values) + 1)
    first = np.maximum(last - bars, 0)
    means: Floats = (sums[last] - sums[first]) / (last - first)
    return means


def _har(inputs: Inputs, values: Floats, factor: Floats) -> Floats:
    """Expanding least squares of log realised volatility on logs of its means over 12 bars, a day, 5 and 22 days."""
    least = LEAST * np.maximum(_rolling(inputs.squares, 2_000), 1e-20)
    windows = (HAR_BARS, inputs.day, 5 * inputs.day, 22 * inputs.day)
    columns = [0.5 * np.log(np.maximum(_rolling(values, bars), least)) for bars in windows]
    x = np.column_stack([np.ones(len(values)), *columns])
    realised = np.log(np.maximum(inputs.realised, 0.01 * np.where(inputs.median > 0.0, inputs.median, np.inf)))
    h = inputs.horizon
    targets = np.full(len(values), np.nan)
    floor = np.log(0.01 * np.where(inputs.median > 0.0, inputs.median, np.nan))
    log_ahead = 0.5 * np.log(factor)
    targets[:-h] = np.maximum(np.where(np.isfinite(realised[h:]), realised[h:], -np.inf), floor[:-h]) - log_ahead[:-h]
    logs = np.empty(len(values))
    regress(x, targets, h, logs)
    out: Floats = np.exp(2.0 * (logs + log_ahead))
    out[~(inputs.median > 0.0)] = np.nan
    return out


@kernel
def regress(x: Floats, targets: Floats, horizon: int, out: Floats) -> None:
    """Predictions of expanding least squares; the target of a row is known ``horizon`` rows later, NaN is none."""
    n = x.shape[1]
    state, u = np.zeros(newton.size(n)), np.zeros(n)
    least_squares.start(state, n, 1.0, HAR_PRIOR)
    for i in range(x.shape[0]):
        due = i - horizon
        if due >= 0 and not math.isnan(targets[due]):
            least_squares.learn(state, x[due], targets[due] - least_squares.predict(state, x[due]), u)
        out[i] = least_squares.predict(state, x[i])


def _garch(returns: Floats, horizon: int, *, student: bool) -> Floats:
    """The sum of the next h variances of GARCH(1,1), fitted by maximum likelihood."""
    out = np.full(len(returns), np.nan)
    parameters = np.array([0.05, 0.9, 8.0])
    path = np.empty(len(returns))
    for start in range(FIRST_FIT, len(returns), REFIT):
        sample = returns[max(0, start - FITTED) : start]
        parameters = fit(sample, parameters, student=student)
        alpha, beta = parameters[:2]
        mean = float(np.mean(sample**2))
        filter_variance(returns, mean, alpha, beta, path)
        stop = min(start + REFIT, len(returns))
        kept = alpha + beta
        weight = (1.0 - kept**horizon) / (1.0 - kept)
        out[start:stop] = horizon * mean + weight * (path[start:stop] - mean)
    return out


def fit(sample: Floats, first: Floats, *, student: bool) -> Floats:
    """Alpha, beta and degrees of freedom, with variance targeting, by Nelder and Mead's method."""
    scale = math.sqrt(float(np.mean(sample**2)))
    if scale == 0.0:
        return first
    scaled = sample / scale

    def loss(parameters: Floats) -> float:
        alpha, beta, degrees = parameters.tolist()
        if min(alpha, beta) <= 0.0 or alpha + beta >= 0.9999 or not 2.1 < degrees < 200.0:
            return 1e10
        return float(negative_likelihood(scaled, alpha, beta, degrees, student))

    done = minimize(loss, first, method="Nelder-Mead", options={"maxiter": 200, "xatol": 1e-4, "fatol": 1e-2})
    found: Floats = done.x
    return found if done.fun < loss(first) else first


@kernel
def filter_variance(returns: Floats, mean: float, alpha: float, beta: float, out: Floats) -> None:
    """The variance of the next return after each one."""
    variance = mean
    for i in range(returns.shape[0]):
        variance = mean * (1.0 - alpha - beta) + alpha * returns[i] * returns[i] + beta * variance
        out[i] = variance


@kernel
def negative_likelihood(returns: Floats, alpha: float, beta: float, degrees: float, student: bool) -> float:
    """Minus the log likelihood of returns of mean square 1, without constants where the errors are normal."""
    variance, total = 1.0, 0.0
    constant = math.lgamma(0.5 * (degrees + 1.0)) - math.lgamma(0.5 * degrees) - 0.5 * math.log(math.pi * (degrees - 2.0))
    for i in range(returns.shape[0]):
        square = returns[i] * returns[i]
        if student:
            total += 0.5 * math.log(variance) - constant
            total += 0.5 * (degrees + 1.0) * math.log(1.0 + square / (variance * (degrees - 2.0)))
        else:
            total += 0.5 * (math.log(variance) + square / variance)
        variance = 1.0 - alpha - beta + alpha * square + beta * variance
    return total
