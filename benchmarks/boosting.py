"""Boosted trees for classes, and trees, forests and boosted trees for numbers, predict then learn, compared with River."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from river import ensemble, forest, tree

from alpha_pulse.evaluation.streams.base import Floats, Stream
from alpha_pulse.evaluation.streams.generated import hyperplane, sea
from alpha_pulse.evaluation.streams.open import read_stream
from alpha_pulse.metrics.batch import binary_metrics
from alpha_pulse.models.base import RegressionModel
from alpha_pulse.models.boosting import SGBT, SGBTRegressor
from alpha_pulse.models.regression_forest import AdaptiveRandomForestRegressor
from alpha_pulse.models.regression_tree import HoeffdingTreeRegressor
from benchmarks.measure import Options, interleave
from benchmarks.report import Table, rate_table

RIVER = "River ADWINBoosting, 10 trees"
RIVER_TREE, RIVER_FOREST = "River tree", "River forest, 10 trees"
ROUNDS = 3
MOA = (
    "River has no streaming gradient boosting. MOA's SGBT processes 450 examples/s with 100 trees and reaches .8851 on "
    "elecNormNew."
)


class Contest:
    """Classifiers on one stream, each from an untrained model; ``outputs`` contains the newest probabilities of each."""

    def __init__(self, stream: Stream) -> None:
        self.features = np.ascontiguousarray(stream.features)
        self.labels = stream.labels
        self.weights = np.ones(stream.labels.size)
        self.outputs: dict[str, Floats] = {}

    def works(self) -> dict[str, Callable[[], None]]:
        """The contenders, by their names in the table."""
        return {
            RIVER: self.river,
            "two calls of SGBT, 100 trees": self.rows,
            "SGBT's compiled loop, 100 trees": self.loop(100, "SGBT's compiled loop, 100 trees"),
            "SGBT's compiled loop, 50 trees": self.loop(50, "SGBT's compiled loop, 50 trees"),
        }

    def river(self) -> None:
        model: Any = ensemble.ADWINBoostingClassifier(tree.HoeffdingTreeClassifier(), n_models=10, seed=1)
        out = []
        for row, label in zip(self.features.tolist(), self.labels.tolist(), strict=True):
            example = dict(enumerate(row))
            out.append(model.predict_proba_one(example).get(1, 0.5))
            model.learn_one(example, label)
        self.outputs[RIVER] = np.asarray(out)

    def rows(self) -> None:
        model, outputs = SGBT(self.features.shape[1]), np.zeros(1)
        predict, learn = model.predict, model.learn
        out = []
        for row, label in zip(list(self.features), self.labels.tolist(), strict=True):
            out.append(predict(row, outputs))
            learn(row, label, 1.0, outputs)
        self.outputs["two calls of SGBT, 100 trees"] = np.asarray(out)

    def loop(self, trees: int, name: str) -> Callable[[], None]:
        def work() -> None:
            model = SGBT(self.features.shape[1], trees=trees)
            self.outputs[name] = model.learn_many(self.features, self.labels, self.weights)

        return work


def friedman(n: int, seed: int) -> tuple[Floats, Floats]:
    """Friedman's first function of ten features, noise of 1; two of the five relevant features swap halfway.

    Source: Friedman, "Multivariate adaptive regression splines", Annals of Statistics (1991), doi 10.1214/aos/1176347963.
    """
    generator = np.random.default_rng(seed)
    x = generator.random((n, 10))
    late = np.arange(n) >= n // 2
    first, second = np.where(late, x[:, 3], x[:, 4]), np.where(late, x[:, 4], x[:, 3])
    y = 10.0 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20.0 * (x[:, 2] - 0.5) ** 2 + 10.0 * second + 5.0 * first
    return x, y + generator.normal(size=n)


def run(options: Options) -> list[Table]:
    """A table for each stream of classes, and one for the stream of numbers."""
    size = 50 if options.quick else 1
    first = read_stream(options.arff) if options.arff is not None else sea(20_000 // size, 6, seed=1)
    return [*map(_classes, (first, hyperplane(10_000 // size, 10, seed=2))), _numbers(5_000 // size)]


def _classes(stream: Stream) -> Table:
    contest = Contest(stream)
    speeds = interleave(contest.works(), stream.labels.size, ROUNDS)
    return rate_table(
        f"Streaming gradient boosted trees, predict then learn: {stream.title}",
        speeds,
        unit="examples",
        baseline=RIVER,
        extra={
            "accuracy": {name: binary_metrics(p, stream.labels).accuracy for name, p in contest.outputs.items()},
            "AUC": {name: binary_metrics(p, stream.labels).auc for name, p in contest.outputs.items()},
        },
        notes=[MOA],
    )


def _numbers(n: int) -> Table:
    x, y = friedman(n, seed=3)
    outputs: dict[str, Floats] = {}

    def river(name: str, make: Callable[[], tree.HoeffdingTreeRegressor | forest.ARFRegressor]) -> Callable[[], None]:
        def work() -> None:
            model, out = make(), []
            for row, target in zip(x.tolist(), y.tolist(), strict=True):
                example = dict(enumerate(row))
                out.append(model.predict_one(example))
                model.learn_one(example, target)
            outputs[name] = np.asarray(out)

        return work

    def ours(name: str, make: Callable[[], RegressionModel]) -> Callable[[], None]:
        def work() -> None:
            outputs[name] = make().learn_many(x, y, np.ones(n))

        return work

    works = {
        RIVER_TREE: river(RIVER_TREE, tree.HoeffdingTreeRegressor),
        "HoeffdingTreeRegressor": ours("HoeffdingTreeRegressor", lambda: HoeffdingTreeRegressor(10)),
        RIVER_FOREST: river(RIVER_FOREST, lambda: forest.ARFRegressor(seed=1)),
        "AdaptiveRandomForestRegressor, 10 trees": ours(
            "AdaptiveRandomForestRegressor, 10 trees", lambda: AdaptiveRandomForestRegressor(10)
        ),
        "SGBTRegressor, 50 trees": ours("SGBTRegressor, 50 trees", lambda: SGBTRegressor(10)),
    }
    speeds = interleave(works, n, ROUNDS)
    return rate_table(
        f"Trees for numbers, predict then learn: Friedman with a change halfway, {n:,} x 10",
        speeds,
        unit="examples",
        baseline=RIVER_FOREST,
        extra={
            "mean absolute error": {name: float(np.abs(y - p).mean()) for name, p in outputs.items()},
            "root of mean squared error": {name: float(((y - p) ** 2).mean() ** 0.5) for name, p in outputs.items()},
        },
    )
