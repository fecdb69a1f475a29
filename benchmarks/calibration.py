"""Calibrators: cost per event of single calls and of the compiled loop, and the log loss after calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.metrics.reliability import reliability_table
from alpha_pulse.models.calibration import CALIBRATORS, make_calibrator
from benchmarks.measure import Options, Work, interleave
from benchmarks.report import Cell, Column, Table, rate_table

ROUNDS = 5

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def run(options: Options) -> list[Table]:
    """Speed, then the log loss on over-confident, skewed and one-sided scores."""
    n = 600 if options.quick else 20_000
    return [_speeds(n), _repairs(n)]


def _sample(n: int, seed: int) -> tuple[Floats, Floats, np.random.Generator]:
    """Scores in log odds, the probabilities of label 1, and a generator for the labels."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(0.0, 1.5, n)
    return scores, 1.0 / (1.0 + np.exp(-scores)), generator


def _labels(odds: Floats, generator: np.random.Generator) -> Integers:
    return (generator.random(len(odds)) < 1.0 / (1.0 + np.exp(-odds))).astype(np.int64)


def _speeds(n: int) -> Table:
    scores, probabilities, generator = _sample(n, 1)
    labels = _labels(0.5 * scores, generator)
    probability_list, known = probabilities.tolist(), labels.tolist()

    def events(name: str) -> Work:
        def work() -> None:
            calibrator = make_calibrator(name)
            for p, label in zip(probability_list, known, strict=True):
                calibrator.calibrate(p)
                calibrator.learn(p, label)

        return work

    def loop(name: str) -> Work:
        return lambda: make_calibrator(name).learn_many(probabilities, labels)

    works: dict[str, Work] = {}
    for name in CALIBRATORS:
        works[f"{name}, per event"] = events(name)
        works[f"{name}, compiled loop"] = loop(name)
    works["reliability table of all"] = lambda: reliability_table(probabilities, labels == 1)
    memory = {f"{name}, per event": float(make_calibrator(name).memory_bytes) for name in CALIBRATORS}
    return rate_table(
        f"Calibrate, then learn, {n:,} scores",
        interleave(works, n, ROUNDS),
        unit="scores",
        extra={"bytes": memory},
        extra_form="{:,.0f}",
    )


def _loss(probabilities: Floats, labels: Integers) -> float:
    return float(-np.mean(np.log(np.where(labels == 1, probabilities, 1.0 - probabilities))))


def _repairs(n: int) -> Table:
    scores, probabilities, generator = _sample(n, 2)
    faults = {
        "over-confident": 0.4 * scores,
        "skewed": 0.6 * scores - 1.0,
        "over-confident above 1/2 only": np.where(scores > 0.0, 0.3 * scores, 1.5 * scores),
    }
    rows: list[tuple[Cell, ...]] = []
    for fault, odds in faults.items():
        labels = _labels(odds, generator)
        late = slice(n // 2, None)
        made = [make_calibrator(name).learn_many(probabilities, labels)[late] for name in CALIBRATORS]
        ideal = 1.0 / (1.0 + np.exp(-odds))
        rows.append((fault, *(_loss(p, labels[late]) for p in (probabilities[late], *made, ideal[late]))))
    columns = (Column("scores"), *(Column(name, "{:.4f}") for name in ("raw", *CALIBRATORS, "the true curve")))
    return Table(
        f"Log loss after calibration, second half of {n:,} scores, each before its label is learned", columns, tuple(rows)
    )
