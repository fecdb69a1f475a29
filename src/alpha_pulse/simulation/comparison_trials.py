"""The frequency with which the paired comparison names a winner between equal learners, and the time until it finds a better
one."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.detection import eprocess
from alpha_pulse.simulation.stationary_streams import autoregressive

Row = NDArray[np.float64]
Loss = Literal["squared", "error"]
Forecasts = Literal["slow", "constant"]

HORIZONS = (1, 6, 24)
LOSSES: tuple[Loss, ...] = ("squared", "error")
FORECASTS: tuple[Forecasts, ...] = ("slow", "constant")
STRENGTHS = (0.02, 0.05, 0.1, 0.2)
"""The standard deviation of the predictable component of a return, relative to that of the rest."""
LABELS = 5_000
POWER_LABELS = 20_000
PERSISTENCE = 0.98
NORMAL_99 = 2.326
LEAN = 0.2
"""The largest distance of a forecast from 1/2."""


class NullTrial(msgspec.Struct, frozen=True):
    """Fraction of runs in which one of two equally good learners was ever reported as better; ``low`` is a 99 % bound.

    ``independent`` is the fraction where every overlapping label counts as if it were independent.
    """

    horizon: int
    forecasts: Forecasts
    loss: Loss
    runs: int
    decided: float
    low: float
    independent: float


class PowerTrial(msgspec.Struct, frozen=True):
    """The first learner is better by ``difference`` on average: fraction of runs that find this, and the labels until then."""

    horizon: int
    strength: float
    difference: float
    runs: int
    decided: float
    wrong_sign: float
    median_labels: float | None


def direction_labels(foreseen: Row, horizon: int, rng: np.random.Generator) -> Row:
    """Whether the sum of the next ``horizon`` returns is above 0; their volatility varies slowly, and between two regimes."""
    n = len(foreseen)
    regime = np.where(autoregressive(n, 0.995, rng) > 0.5, 2.5, 1.0)
    returns = foreseen + regime * np.exp(0.5 * autoregressive(n, PERSISTENCE, rng)) * rng.standard_normal(n)
    path = np.concatenate([[0.0], np.cumsum(returns)])
    return np.asarray(path[horizon:] > path[:-horizon], dtype=np.float64)


def _losses(probabilities: Row, labels: Row, loss: Loss) -> Row:
    if loss == "squared":
        return np.asarray((probabilities - labels) ** 2)
    return np.asarray((probabilities >= 0.5) != (labels == 1.0), dtype=np.float64)


def null_differences(horizon: int, forecasts: Forecasts, loss: Loss, n: int, rng: np.random.Generator) -> Row:
    """Differences (n,) of losses of two learners with opposite forecasts of unpredictable returns."""
    labels = direction_labels(np.zeros(n + horizon - 1), horizon, rng)
    lean = np.full(n, LEAN) if forecasts == "constant" else LEAN * np.tanh(autoregressive(n, PERSISTENCE, rng))
    return _losses(0.5 - lean, labels, loss) - _losses(0.5 + lean, labels, loss)


def power_differences(horizon: int, strength: float, n: int, rng: np.random.Generator) -> Row:
    """Differences (n,) of squared losses of a learner that knows a component of the next return, and one that knows none."""
    foreseen = autoregressive(n + horizon - 1, PERSISTENCE, rng)
    labels = direction_labels(strength * foreseen, horizon, rng)
    known, noise = (0.5 + LEAN * np.tanh(path) for path in (foreseen[:n], autoregressive(n, PERSISTENCE, rng)))
    return _losses(noise, labels, "squared") - _losses(known, labels, "squared")


def decisions(differences: Row, horizon: int, alpha: float) -> tuple[int, int]:
    """The labels after which the first, and the second, learner is reported as better; 0: never."""
    state = np.zeros(eprocess.size(horizon))
    state[eprocess.HORIZON] = horizon
    return eprocess.steps(state, differences, math.log(0.5 * alpha))


def null_trial(horizon: int, forecasts: Forecasts, loss: Loss, runs: int, seed: int, alpha: float = 0.05) -> NullTrial:
    """``runs`` runs of `LABELS` labels, tested after every label."""
    rng = np.random.default_rng([seed, horizon, FORECASTS.index(forecasts), LOSSES.index(loss)])
    decided = naive = 0
    for _ in range(runs):
        differences = null_differences(horizon, forecasts, loss, LABELS, rng)
        decided += any(decisions(differences, horizon, alpha))
        naive += any(decisions(differences, 1, alpha))
    share = decided / runs
    low = share - NORMAL_99 * math.sqrt(share * (1.0 - share) / runs)
    return NullTrial(horizon, forecasts, loss, runs, share, max(low, 0.0), naive / runs)


def power_trial(horizon: int, strength: float, runs: int, seed: int, alpha: float = 0.05) -> PowerTrial:
    """``runs`` runs of `POWER_LABELS` labels, tested after every label."""
    rng = np.random.default_rng([seed, horizon, round(1_000 * strength)])
    after: list[int] = []
    wrong, difference = 0, 0.0
    for _ in range(runs):
        differences = power_differences(horizon, strength, POWER_LABELS, rng)
        difference += float(differences.mean()) / runs
        first, second = decisions(differences, horizon, alpha)
        if first and not (second and second < first):
            after.append(first)
        wrong += bool(second and not (first and first < second))
    median = float(np.median(after)) if after else None
    return PowerTrial(horizon, strength, difference, runs, len(after) / runs, wrong / runs, median)


def null_jobs(runs: int, seed: int) -> list[Callable[[], NullTrial]]:
    """Calls of `null_trial` for every horizon, kind of forecasts and loss."""
    return [
        partial(null_trial, horizon, forecasts, loss, runs, seed)
        for horizon in HORIZONS
        for forecasts in FORECASTS
        for loss in LOSSES
    ]


def power_jobs(runs: int, seed: int) -> list[Callable[[], PowerTrial]]:
    """Calls of `power_trial` for every horizon and strength."""
    return [partial(power_trial, horizon, strength, runs, seed) for horizon in HORIZONS for strength in STRENGTHS]
