"""False alarms of the detectors of changed features in stationary streams, and their delays after a change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.detectors.covariate import FEATURE_DETECTORS
from alpha_pulse.simulation.detector_trials import EVENTS, NORMAL_95, STATED
from alpha_pulse.simulation.stationary_streams import autoregressive

Rows = NDArray[np.float64]
FEW, MANY = 1, 30
"""Numbers of features of the streams; of the larger number, the first half has a common component, and correlations of .64."""
SHARED = 0.8
BEFORE = 4_000
"""Rows before a change: the reference, a window, and 1,500 more rows."""
AFTER = 2_000
"""Rows within which a change must be found."""


class Features(msgspec.Struct, frozen=True):
    """One kind of stationary features: AR(1) with coefficient ``kept``; for 0, with t3 tails if ``heavy``."""

    name: str
    kept: float
    heavy: bool = False

    def make(self, n: int, features: int, rng: np.random.Generator) -> Rows:
        """Rows (n, features), each feature of mean 0 and, where it is Gaussian, of variance 1."""
        rows = np.column_stack([self._path(n, rng) for _ in range(features)])
        if features > 1:
            shared, half = self._path(n, rng), features // 2
            rows[:, :half] = SHARED * shared[:, None] + np.sqrt(1.0 - SHARED**2) * rows[:, :half]
        return rows

    def _path(self, n: int, rng: np.random.Generator) -> Rows:
        if self.heavy:
            return rng.standard_t(3, n)
        return autoregressive(n, self.kept, rng) if self.kept else rng.standard_normal(n)


INDEPENDENT = Features("independent Gaussian", 0.0)
SLOW = Features("AR 0.9", 0.9)
HELD: tuple[Features, ...] = (INDEPENDENT, Features("heavy tail (t3)", 0.0, heavy=True), Features("AR 0.5", 0.5), SLOW)
"""Streams on which the stated rate must hold."""
BEYOND: tuple[Features, ...] = (Features("AR 0.99", 0.99), Features("AR 0.999", 0.999))
"""Streams whose memory is a large part of the reference, or all of it; the stated rate need not hold for them."""


class Change(msgspec.Struct, frozen=True):
    """A change of the last feature: ``shift`` in standard deviations, ``scale`` of its standard deviation."""

    name: str
    stream: Features
    shift: float = 0.0
    scale: float = 1.0

    def make(self, features: int, rng: np.random.Generator) -> Rows:
        """Rows (`BEFORE` + `AFTER`, features), changed from the row `BEFORE` on."""
        rows = self.stream.make(BEFORE + AFTER, features, rng)
        rows[BEFORE:, -1] = rows[BEFORE:, -1] * self.scale + self.shift
        return rows


SHIFTS = (0.5, 1.0, 2.0)
CHANGES: tuple[Change, ...] = tuple(
    change
    for stream in (INDEPENDENT, SLOW)
    for change in (
        *(Change(f"mean by {shift:g} sd, {stream.name}", stream, shift) for shift in SHIFTS),
        Change(f"variance doubled, {stream.name}", stream, scale=2.0**0.5),
    )
)


class CovariateFalseAlarms(msgspec.Struct, frozen=True):
    """False alarms of one detector on one stationary stream, per ``STATED`` rows; ``upper`` is a 95 % bound."""

    detector: str
    stream: str
    features: int
    runs: int
    rows: int
    alarms: int
    rate: float
    upper: float


class CovariateDelay(msgspec.Struct, frozen=True):
    """The delay until one detector finds a change of one feature, in rows.

    ``detected`` is the fraction of changes that were found, ``right_feature`` the fraction of alarms that named the changed
    feature, ``other_features`` the fraction that named another feature. ``change_point_error`` is the median distance of the
    estimated change point from the true one, in rows; ``false_alarms`` counts those before the change, per ``STATED`` rows.
    """

    detector: str
    change: str
    features: int
    changes: int
    detected: float | None
    median: float | None
    slowest_tenth: float | None
    right_feature: float | None
    other_features: float | None
    change_point_error: float | None
    false_alarms: float


def _names(features: int) -> list[str]:
    return [f"f{number}" for number in range(features)]


def covariate_false_alarms(name: str, stream: Features, features: int, runs: int, seed: int) -> CovariateFalseAlarms:
    """Alarms in ``runs`` runs of `EVENTS` rows; the bound uses the spread between runs, or a Poisson law without any alarm."""
    rng = np.random.default_rng([seed, features, *stream.name.encode()])
    kind, counts = FEATURE_DETECTORS[name], np.empty(runs)
    for run in range(runs):
        counts[run] = kind(_names(features), STATED).update_many(stream.make(EVENTS, features, rng)).sum()
    scale = STATED / EVENTS
    rate = float(counts.mean()) * scale
    upper = rate + NORMAL_95 * float(counts.std(ddof=1)) / np.sqrt(runs) * scale if counts.any() else 3.0 / runs * scale
    return CovariateFalseAlarms(name, stream.name, features, runs, runs * EVENTS, int(counts.sum()), rate, float(upper))


def covariate_delay(name: str, change: Change, features: int, runs: int, seed: int) -> CovariateDelay:
    """The fraction of changes found within `AFTER` rows, and the rows until then."""
    rng = np.random.default_rng([seed, features, *change.name.encode()])
    kind, names = FEATURE_DETECTORS[name], _names(features)
    delays: list[int] = []
    off: list[int] = []
    named, others, before, whole = 0, 0, 0, 0
    for _ in range(runs):
        detector, rows = kind(names, STATED), change.make(features, rng)
        false = int(detector.update_many(rows[:BEFORE]).sum())
        before += false
        if false:
            continue  # The detector is filling a new reference after a false alarm, so this is not a late detection.
        whole += 1
        for delay, row in enumerate(rows[BEFORE:]):
            if detector.update(row):
                delays.append(delay)
                off.append(abs(detector.last.change_sample - BEFORE))
                named += names[-1] in detector.changed
                others += detector.changed != (names[-1],)
                break
    detected = len(delays)
    return CovariateDelay(
        name, change.name, features, whole, detected / whole if whole else None,
        float(np.median(delays)) if detected else None,
        float(np.quantile(delays, 0.9)) if detected else None,
        named / detected if detected else None,
        others / detected if detected else None,
        float(np.median(off)) if detected else None,
        before * STATED / (runs * BEFORE),
    )  # fmt: skip


def covariate_false_alarm_jobs(
    runs: int, seed: int, names: Sequence[str] = tuple(FEATURE_DETECTORS)
) -> list[Callable[[], CovariateFalseAlarms]]:
    """Calls of `covariate_false_alarms` for every detector, stream and number of features."""
    return [
        partial(covariate_false_alarms, name, stream, features, runs, seed)
        for name in names
        for stream in (*HELD, *BEYOND)
        for features in (FEW, MANY)
    ]


def covariate_delay_jobs(
    runs: int, seed: int, names: Sequence[str] = tuple(FEATURE_DETECTORS)
) -> list[Callable[[], CovariateDelay]]:
    """Calls of `covariate_delay` for every detector, change and number of features."""
    return [
        partial(covariate_delay, name, change, features, runs, seed)
        for name in names
        for change in CHANGES
        for features in (FEW, MANY)
    ]
