"""Cost of detectors on errors whose rate jumps twice, compared with River's; of feature and regime monitors; of the
comparison."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.plugins import load
from alpha_pulse.core.types import FeatureVector
from alpha_pulse.detectors import DETECTORS
from alpha_pulse.detectors.regime import RegimeDetector
from alpha_pulse.learning.feature_monitor import FeatureMonitor
from alpha_pulse.metrics.comparison import PairedComparison
from alpha_pulse.simulation.detector_trials import OF_RIGHT_ANSWERS, RIVER
from benchmarks.measure import Options, Work, interleave
from benchmarks.report import Cell, Column, Table, rate_table

RATES = (0.2, 0.3, 0.2)
VALUES = 90_000
FEW = {"kswin": 3_000}
"""Values for detectors whose River version takes over 100 µs per value."""
FEW_QUICK = 600
FEATURES = 36


def _rounds(options: Options) -> int:
    return 1 if options.quick else 5


def run(options: Options) -> list[Table]:
    """Single calls and the compiled loop of every detector, then the monitors and the comparison."""
    return [_detectors(options), _markets(options), _comparison(options)]


def _errors(n: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    rates = np.repeat(RATES, -(-n // len(RATES)))[:n]
    return (np.random.default_rng(6).random(n) < rates).astype(np.float64)


def _works(name: str, n: int, alarms: dict[str, int]) -> dict[str, Work]:
    values = _errors(n)
    value_list = values.tolist()
    kind = load("detectors", DETECTORS, name)
    module, _, attribute = f"river.drift.{RIVER[name]}".rpartition(".")
    rivers: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    shown = (1.0 - values if name in OF_RIGHT_ANSWERS else values).tolist()

    def river() -> None:
        detector, count = rivers(), 0
        for value in shown:
            detector.update(value)
            count += detector.drift_detected
        alarms["river"] = count

    def update() -> None:
        take = kind().update
        alarms["ours"] = sum(take(value) for value in value_list)

    return {"river": river, "update": update, "loop": lambda: kind().update_many(values)}


def _detectors(options: Options) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in DETECTORS:
        n = FEW_QUICK if options.quick else FEW.get(name, VALUES)
        alarms: dict[str, int] = {}
        speeds = interleave(_works(name, n, alarms), n, _rounds(options))
        river, update, loop = (speeds[one] for one in ("river", "update", "loop"))
        rows.append(
            (
                name, river.micros, update.micros, loop.micros, river.median / update.median, river.median / loop.median,
                alarms["river"], alarms["ours"],
            )
        )  # fmt: skip
    columns = (
        Column("detector"), Column("River µs", "{:,.3f}"), Column("update µs", "{:,.3f}"), Column("loop µs", "{:,.3f}"),
        Column("update x River", "{:,.1f}"), Column("loop x River", "{:,.1f}"), Column("River's alarms"), Column("alarms"),
    )  # fmt: skip
    notes = (
        "Each detector has its default parameters. Ours also estimate the time of the change. Our ADWIN tests at each value, "
        "River's at every 32nd. There are two changes; a detector of increases should find only one of them.",
    )
    return Table(f"Each value of {FEW_QUICK if options.quick else VALUES:,} errors with 2 changes", columns, tuple(rows), notes)


def _markets(options: Options) -> Table:
    n = 3_000 if options.quick else 20_000
    rng = np.random.default_rng(8)
    rows = rng.standard_normal((n, FEATURES))
    vectors = [FeatureVector("X", index, "s", row) for index, row in enumerate(rows)]
    names = [f"f{index}" for index in range(FEATURES)]
    closes = (100.0 * np.exp(np.cumsum(0.002 * rng.standard_normal(n)))).tolist()

    def monitor(detector: Literal["psi", "ks"]) -> Work:
        def work() -> None:
            watch = FeatureMonitor("X", names, AdaptationConfig(feature_detector=detector))
            for vector in vectors:
                watch.observe(vector)
                watch.detect(vector.ts)

        return work

    def regimes() -> None:
        update = RegimeDetector("X").update
        for index, close in enumerate(closes):
            update(index, close, close, close)

    works: dict[str, Work] = {
        f"features, psi, {FEATURES} of them": monitor("psi"),
        f"features, ks, {FEATURES} of them": monitor("ks"),
        "regimes": regimes,
    }
    return rate_table(f"Monitors of features and regimes, {n:,} bars", interleave(works, n, _rounds(options)), unit="bars")


def _comparison(options: Options) -> Table:
    n = 2_000 if options.quick else 50_000
    rng = np.random.default_rng(7)
    first, second = rng.random((2, n))
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))

    def one_by_one() -> None:
        update = PairedComparison(12).update
        for one, other in pairs:
            update(one, other)

    works: dict[str, Work] = {
        "a call per label": one_by_one,
        "compiled loop": lambda: PairedComparison(12).update_many(first, second),
    }
    speeds = interleave(works, n, _rounds(options))
    return rate_table(f"Paired comparison of {n:,} labels over a horizon of 12", speeds, unit="labels")
