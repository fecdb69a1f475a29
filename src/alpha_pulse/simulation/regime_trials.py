"""False alarms of the regime detector, its delays after a change, and whether returning regimes get their names again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import RegimeChange, RegimeFeature, RegimeLabel
from alpha_pulse.detectors.regime import LABELS, RegimeDetector
from alpha_pulse.simulation.stationary_streams import autoregressive

Rows = NDArray[np.float64]
"""Bars (n, 4): high, low, close, and the mean log return of other symbols (NaN: none)."""
Make = Callable[[int, np.random.Generator], Rows]

STATED = 10_000
"""The number of bars of the reported rates."""
BLOCK = 24
BARS = 20_000
"""Bars of one stationary run; the first 480 are the detector's warm-up."""
BEFORE, AFTER = 4_000, 2_000
"""Bars before a change, and bars within which it must be found."""
VOLATILITY = 0.002
DRIFT_PER_BAR = 0.3
"""A trend: the expected return of a bar in units of its volatility."""
TOGETHER = 0.6
"""The correlation with other symbols, whose sign flips."""
SUBSTEPS = 12
NORMAL_95 = 1.645
LEVELS: tuple[tuple[RegimeLabel, float], ...] = (("calm", 0.5), ("normal", 1.0), ("turbulent", 2.5))
STRETCHES = 24
SHORTEST, LONGEST = 600, 1_800
"""The least and largest number of bars of one regime in the trial of recurrence."""


class StillMarket(msgspec.Struct, frozen=True):
    """Bars from a distribution that does not change."""

    name: str
    make: Make
    together: bool = False


class ChangingMarket(msgspec.Struct, frozen=True):
    """Bars whose distribution changes once, after ``BEFORE`` bars, in one ``feature``; without ``to_label`` the label must
    stay."""

    name: str
    feature: RegimeFeature
    to_label: RegimeLabel | None
    make: Make
    together: bool = False


class RegimeFalseAlarms(msgspec.Struct, frozen=True):
    """Changes reported in one stationary market, per ``STATED`` bars; ``upper`` is a 95 % bound of ``rate``.

    ``labels`` and ``points`` add up to ``rate``: changes of the label, and of trend or correlation.
    """

    market: str
    runs: int
    bars: int
    changes: int
    labels: float
    points: float
    rate: float
    upper: float


class RegimeDelay(msgspec.Struct, frozen=True):
    """The delay until one kind of change is found, in bars; ``change_point_error`` is the median error of the estimated
    start."""

    change: str
    runs: int
    detected: float
    median: float | None
    slowest_tenth: float | None
    change_point_error: float | None


class Recurrence(msgspec.Struct, frozen=True):
    """The accuracy of the names of returning regimes.

    ``accuracy`` is the fraction of bars with the right name, ``kappa`` is Cohen's. Of the periods of a regime that occurred
    before, ``return_accuracy`` is the fraction that have its name in most bars.
    """

    market: str
    runs: int
    bars: int
    accuracy: float
    kappa: float
    return_accuracy: float


def bars_of(returns: Rows, others: Rows | None = None) -> Rows:
    """Bars with closes only, (n, 4), from log returns (n,)."""
    closes = 100.0 * np.exp(np.cumsum(returns))
    return np.column_stack([closes, closes, closes, np.full(len(closes), np.nan) if others is None else others])


def gaussian(n: int, rng: np.random.Generator) -> Rows:
    """Log returns (n,) that are independent and normal."""
    return VOLATILITY * rng.standard_normal(n)


def heavy_tailed(n: int, rng: np.random.Generator) -> Rows:
    """Log returns (n,) that are independent, with the tails of t with 3 degrees of freedom."""
    return VOLATILITY * rng.standard_t(3, n)


def _with_ranges(n: int, rng: np.random.Generator) -> Rows:
    path = np.cumsum(VOLATILITY / np.sqrt(SUBSTEPS) * rng.standard_normal(n * SUBSTEPS)).reshape(n, SUBSTEPS)
    prices = 100.0 * np.exp(path)
    return np.column_stack([prices.max(axis=1), prices.min(axis=1), prices[:, -1], np.full(n, np.nan)])


def _garch(n: int, rng: np.random.Generator) -> Rows:
    """GARCH(1,1) with .06 and .92: a changing volatility, whose deviations halve within 34 bars."""
    noise, returns, variance = rng.standard_normal(n), np.empty(n), 1.0
    for index, shock in enumerate(noise.tolist()):
        value = variance**0.5 * shock
        returns[index] = value
        variance = 0.02 + 0.06 * value * value + 0.92 * variance
    return VOLATILITY * returns


def _slow(n: int, rng: np.random.Generator) -> Rows:
    """Stochastic volatility: its log is an AR(1) of standard deviation .35, whose deviations halve within 346 bars."""
    return VOLATILITY * np.exp(0.35 * autoregressive(n, 0.998, rng)) * rng.standard_normal(n)


def _pair(n: int, rng: np.random.Generator, correlations: Rows) -> Rows:
    own, other = rng.standard_normal((2, n))
    return bars_of(VOLATILITY * own, VOLATILITY * (correlations * own + np.sqrt(1.0 - correlations**2) * other))


STILL: tuple[StillMarket, ...] = (
    StillMarket("Gaussian", lambda n, rng: bars_of(gaussian(n, rng))),
    StillMarket("Gaussian, with highs and lows", _with_ranges),
    StillMarket("heavy tail (t3)", lambda n, rng: bars_of(heavy_tailed(n, rng))),
    StillMarket("Gaussian, two symbols", lambda n, rng: _pair(n, rng, np.full(n, TOGETHER)), together=True),
    StillMarket("GARCH(1,1), persistence .98", lambda n, rng: bars_of(_garch(n, rng))),
    StillMarket("slow stochastic volatility", lambda n, rng: bars_of(_slow(n, rng))),
)


def _steps(before: float, after: float) -> Rows:
    return np.repeat([before, after], [BEFORE, AFTER])


def _scaled(name: str, factor: float, to_label: RegimeLabel, draw: Make = gaussian) -> ChangingMarket:
    return ChangingMarket(name, "volatility", to_label, lambda n, rng: bars_of(draw(n, rng) * _steps(1.0, factor)))


def _trending(name: str, before: float, after: float) -> ChangingMarket:
    return ChangingMarket(name, "trend", None, lambda n, rng: bars_of(gaussian(n, rng) + VOLATILITY * _steps(before, after)))


CHANGING: tuple[ChangingMarket, ...] = (
    _scaled("volatility x 2", 2.0, "turbulent"),
    _scaled("volatility x 3", 3.0, "turbulent"),
    _scaled("volatility x 3, heavy tail (t3)", 3.0, "turbulent", heavy_tailed),
    _scaled("volatility / 2", 0.5, "calm"),
    _trending(f"trend on, {DRIFT_PER_BAR:g} a bar", 0.0, DRIFT_PER_BAR),
    _trending(f"trend off, {DRIFT_PER_BAR:g} a bar", DRIFT_PER_BAR, 0.0),
    ChangingMarket(
        f"correlation {TOGETHER:g} to -{TOGETHER:g}", "correlation", None,
        lambda n, rng: _pair(n, rng, _steps(TOGETHER, -TOGETHER)), together=True,
    ),
    ChangingMarket(
        f"correlation {TOGETHER:g} to 0", "correlation", None,
        lambda n, rng: _pair(n, rng, _steps(TOGETHER, 0.0)), together=True,
    ),
)  # fmt: skip


def changes(rows: Rows, *, together: bool = False, block: int = BLOCK) -> tuple[list[RegimeChange], NDArray[np.int64]]:
    """The changes that a new detector reports in ``rows`` (times are row numbers), and the index of each row's label (-1:
    none)."""
    detector = RegimeDetector("X", block, together=together)
    all_changes = detector.update_many(np.arange(len(rows)), rows)
    labels = np.full(len(rows), -1, dtype=np.int64)
    for row_number, change in all_changes:
        labels[row_number:] = LABELS.index(change.to_label)
    return [change for _, change in all_changes], labels


def false_alarms(market: StillMarket, runs: int, seed: int) -> RegimeFalseAlarms:
    """Changes reported in ``runs`` runs of `BARS` bars, without the naming of the first regime; the bound uses their spread."""
    rng = np.random.default_rng([seed, *market.name.encode()])
    counts = np.zeros((runs, 2))
    for run in range(runs):
        for change in changes(market.make(BARS, rng), together=market.together)[0]:
            if change.from_label is not None:
                counts[run, int(change.feature != "volatility")] += 1.0
    scale = STATED / BARS
    totals = counts.sum(axis=1)
    labels, points = (counts.mean(axis=0) * scale).tolist()
    upper = float(totals.mean() + NORMAL_95 * totals.std(ddof=1) / np.sqrt(runs)) * scale
    if totals.sum() == 0.0:
        upper = 3.0 / runs * scale
    return RegimeFalseAlarms(market.name, runs, runs * BARS, int(totals.sum()), labels, points, labels + points, upper)


def delay(market: ChangingMarket, runs: int, seed: int) -> RegimeDelay:
    """In ``runs`` runs, the fraction of changes found within `AFTER` bars, and the bars until then."""
    rng = np.random.default_rng([seed, *market.name.encode()])
    delays, errors = [], []
    for _ in range(runs):
        rows, skipped = market.make(BEFORE + AFTER, rng), int(rng.integers(BLOCK))
        began = BEFORE - skipped  # somewhere within a block
        for change in changes(rows[skipped:], together=market.together)[0]:
            is_expected = market.to_label in (None, change.to_label)
            if change.ts >= began and change.feature == market.feature and is_expected:
                delays.append(change.ts - began)
                errors.append(abs(change.change_ts - began))
                break
    return RegimeDelay(
        market.name, runs, len(delays) / runs,
        float(np.median(delays)) if delays else None,
        float(np.quantile(delays, 0.9)) if delays else None,
        float(np.median(errors)) if errors else None,
    )  # fmt: skip


def recurrence(runs: int, seed: int, *, heavy: bool = False) -> Recurrence:
    """Three regimes in random order, each many times, compared with the name that the detector gives each bar."""
    name = "three regimes, heavy tail (t3)" if heavy else "three regimes, Gaussian"
    rng = np.random.default_rng([seed, *name.encode()])
    table, back, named = np.zeros((3, 3)), 0, 0
    for _ in range(runs):
        truth, ends = _turns(rng)
        noise = (heavy_tailed if heavy else gaussian)(len(truth), rng)
        labels = changes(bars_of(noise * np.array([level for _, level in LEVELS])[truth]))[1]
        named_bars = labels >= 0
        np.add.at(table, (truth[named_bars], labels[named_bars]), 1.0)
        before: set[int] = set()
        for start, end in pairwise(ends):
            regime, named_labels = int(truth[start]), labels[start:end]
            if regime in before and named_labels[0] >= 0:
                back += 1
                named += int(np.bincount(named_labels, minlength=3).argmax() == regime)
            before.add(regime)
    total = table.sum()
    right = float(np.trace(table) / total)
    chance = float(table.sum(axis=0) @ table.sum(axis=1)) / total**2
    return Recurrence(name, runs, int(total), right, float((right - chance) / (1.0 - chance)), named / back)


def _turns(rng: np.random.Generator) -> tuple[NDArray[np.int64], list[int]]:
    """The regime of each bar, and the bars at which periods begin and the last one ends."""
    regime, truth, ends = 1, [], [0]
    for _ in range(STRETCHES):
        bars = int(rng.integers(SHORTEST, LONGEST))
        truth.append(np.full(bars, regime))
        ends.append(ends[-1] + bars)
        regime = (regime + int(rng.integers(1, 3))) % 3
    return np.concatenate(truth), ends


def false_alarm_jobs(runs: int, seed: int) -> list[Callable[[], RegimeFalseAlarms]]:
    """Calls of `false_alarms` for each stationary market."""
    return [partial(false_alarms, market, runs, seed) for market in STILL]


def delay_jobs(runs: int, seed: int) -> list[Callable[[], RegimeDelay]]:
    """Calls of `delay` for each kind of change."""
    return [partial(delay, market, runs, seed) for market in CHANGING]


def recurrence_jobs(runs: int, seed: int) -> list[Callable[[], Recurrence]]:
    """Calls of `recurrence` on Gaussian and on heavy-tailed bars."""
    return [partial(recurrence, runs, seed, heavy=heavy) for heavy in (False, True)]
