"""The frequency with which a challenger is promoted although it is not better, and the labels until a better one is promoted
and a bad champion is rolled back."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.mixing import promotion
from alpha_pulse.simulation.comparison_trials import HORIZONS, LEAN, PERSISTENCE, direction_labels
from alpha_pulse.simulation.stationary_streams import autoregressive

Row = NDArray[np.float64]
Events = NDArray[np.int64]
Null = Literal["at every label", "on average"]

NULLS: tuple[Null, ...] = ("at every label", "on average")
"""When all members are equally good: at every label, or only in the long run, so that each leads for some time."""
STRENGTHS = (0.05, 0.1, 0.2)
"""The standard deviation of the predictable component of a return, relative to that of the rest."""
MEMBERS = 4
"""The champion and three challengers."""
NULL_LABELS = 10_000
POWER_LABELS = 40_000
ALPHA = 0.05
MINIMUM, CANARY_SHARE, CANARY_LABELS = 500, 0.1, 50
CONFIDENCE = 0.99


class PromotionNull(msgspec.Struct, frozen=True):
    """Fractions of runs in which a challenger that was not better became the champion, and in which one became the canary.

    ``upper`` is a 99 % upper bound of ``promoted`` (Clopper & Pearson 1934).
    """

    horizon: int
    null: Null
    runs: int
    promoted: float
    upper: float
    canary: float


class PromotionPower(msgspec.Struct, frozen=True):
    """One of three challengers is better: ``promoted`` is the fraction of runs in which it becomes the champion, after
    ``labels_to_promotion`` labels (median); ``wrong`` that in which another one does.

    ``rolled_back`` is the fraction of runs in which a champion without skill, promoted by hand over one with skill, is rolled
    back, after ``labels_to_rollback`` labels (median); ``labels_reversed`` is the median for a champion whose forecasts are
    those of the better one reversed.
    """

    horizon: int
    strength: float
    runs: int
    promoted: float
    wrong: float
    labels_to_promotion: float | None
    rolled_back: float
    labels_to_rollback: float | None
    labels_reversed: float | None


def upper_bound(found: int, runs: int) -> float:
    """The upper bound of a probability, with `CONFIDENCE`, of something that happened in ``found`` of ``runs`` runs.

    >>> round(upper_bound(0, 2_000), 5), round(upper_bound(10, 2_000), 4)
    (0.0023, 0.01)
    """
    low, high = found / runs, 1.0
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        as_few = math.fsum(_binomial(k, runs, middle) for k in range(found + 1))
        low, high = (middle, high) if as_few > 1.0 - CONFIDENCE else (low, middle)
    return high


def _binomial(k: int, n: int, p: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + (k * math.log(p) if k else 0.0) + ((n - k) * math.log1p(-p) if n > k else 0.0)) if p < 1.0 else 0.0


def _started(horizon: int, champion: int) -> Row:
    state = np.zeros(promotion.size(MEMBERS, horizon))
    promotion.start(state, horizon, champion, ALPHA, MINIMUM, CANARY_SHARE, CANARY_LABELS)
    for k in range(MEMBERS):
        if k != champion:
            promotion.challenge(state, k)
    return state


def _events(state: Row, probabilities: Row, labels: Row) -> Events:
    events = np.zeros(len(labels), dtype=np.int64)
    promotion.learn_many(state, probabilities, labels.astype(np.int64), events)
    return events


def null_forecasts(null: Null, n: int, rng: np.random.Generator) -> Row:
    """Persistent forecasts (n, `MEMBERS`) of the champion and its challengers, all equally good for unpredictable labels."""
    paths = np.stack([autoregressive(n, PERSISTENCE, rng) for _ in range(MEMBERS)], axis=1)
    if null == "on average":
        return np.asarray(0.5 + LEAN * np.tanh(paths))
    sizes = np.abs(np.tanh(autoregressive(n, PERSISTENCE, rng)))
    return np.asarray(0.5 + LEAN * np.sign(paths) * sizes[:, None])


def null_trial(horizon: int, null: Null, runs: int, seed: int) -> PromotionNull:
    """``runs`` runs of `NULL_LABELS` labels, decided after every label."""
    rng = np.random.default_rng([seed, horizon, NULLS.index(null)])
    promoted = canary = 0
    for _ in range(runs):
        labels = direction_labels(np.zeros(NULL_LABELS + horizon - 1), horizon, rng)
        events = _events(_started(horizon, 0), null_forecasts(null, NULL_LABELS, rng), labels)
        promoted += bool((events == promotion.PROMOTED).any())
        canary += bool((events == promotion.CANARY_STARTED).any())
    return PromotionNull(horizon, null, runs, promoted / runs, upper_bound(promoted, runs), canary / runs)


def power_trial(horizon: int, strength: float, runs: int, seed: int) -> PromotionPower:
    """``runs`` runs of `POWER_LABELS` labels, decided after every label."""
    rng = np.random.default_rng([seed, horizon, round(1_000 * strength)])
    promotions: list[int] = []
    rollbacks: list[int] = []
    reversals: list[int] = []
    wrong = 0
    for _ in range(runs):
        foreseen = autoregressive(POWER_LABELS + horizon - 1, PERSISTENCE, rng)
        labels = direction_labels(strength * foreseen, horizon, rng)
        paths = [foreseen[:POWER_LABELS], *(autoregressive(POWER_LABELS, PERSISTENCE, rng) for _ in range(MEMBERS - 1))]
        probabilities = 0.5 + LEAN * np.tanh(np.stack(paths, axis=1))
        state = _started(horizon, champion=1)
        found = np.flatnonzero(_events(state, probabilities, labels) == promotion.PROMOTED)
        if len(found) == 1 and state[promotion.CHAMPION] == 0:
            promotions.append(int(found[0]) + 1)
        wrong += state[promotion.CHAMPION] not in (0, 1)
        rollbacks += _rollback(horizon, probabilities, labels)
        probabilities[:, 1] = 1.0 - probabilities[:, 0]
        reversals += _rollback(horizon, probabilities, labels)
    return PromotionPower(
        horizon, strength, runs, len(promotions) / runs, wrong / runs, _median(promotions), len(rollbacks) / runs,
        _median(rollbacks), _median(reversals),
    )  # fmt: skip


def _rollback(horizon: int, probabilities: Row, labels: Row) -> list[int]:
    """The labels until member 1, promoted by hand over member 0, is rolled back; empty if it never is."""
    state = _started(horizon, champion=0)
    promotion.promote(state, 1)
    found = np.flatnonzero(_events(state, probabilities, labels) == promotion.ROLLED_BACK)
    return [int(label) + 1 for label in found[:1]]


def _median(labels: list[int]) -> float | None:
    return float(np.median(labels)) if labels else None


def null_jobs(runs: int, seed: int) -> list[Callable[[], PromotionNull]]:
    """Calls of `null_trial` for every horizon and null."""
    return [partial(null_trial, horizon, null, runs, seed) for horizon in HORIZONS for null in NULLS]


def power_jobs(runs: int, seed: int) -> list[Callable[[], PromotionPower]]:
    """Calls of `power_trial` for every horizon and strength."""
    return [partial(power_trial, horizon, strength, runs, seed) for horizon in HORIZONS for strength in STRENGTHS]
