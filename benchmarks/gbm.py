"""A trained LightGBM model: our kernel, which reads its text model, compared with LightGBM's Booster."""

from __future__ import annotations

import lightgbm
import numpy as np

from alpha_pulse.core.config import BatchConfig
from alpha_pulse.evaluation.streams.generated import hyperplane
from alpha_pulse.models.gbm import LightGBM
from benchmarks.measure import Options, interleave
from benchmarks.report import Table, rate_table

WIDTH = 36
ROUNDS = 5


def run(options: Options) -> list[Table]:
    """The default batch model of the volatility target, row by row and many rows in one call."""
    batch, n = BatchConfig(), 200 if options.quick else 5_000
    stream = hyperplane(batch.train_bars + n, WIDTH, seed=5)
    model = LightGBM(WIDTH, trees=batch.volatility_trees, leaves=batch.leaves, learning_rate=batch.learning_rate)
    k = batch.train_bars
    model.fit(stream.features[:k], stream.labels[:k], np.ones(k))
    booster = lightgbm.Booster(model_str=model.text)
    served = stream.features[k:]
    rows, matrices = list(served), [row.reshape(1, -1) for row in served]

    def booster_rows() -> None:
        for matrix in matrices:
            booster.predict(matrix, num_threads=1)

    def kernel_rows() -> None:
        for row in rows:
            model.predict(row)

    works = {
        "Booster.predict, a row": booster_rows,
        "ours, a row": kernel_rows,
        "Booster.predict, all rows": lambda: booster.predict(served, num_threads=1),
        "ours, all rows": lambda: model.predict_many(served),
    }
    apart = float(np.abs(np.asarray(booster.predict(served)) - model.predict_many(served)).max())
    title = f"LightGBM, {batch.volatility_trees} trees of {batch.leaves} leaves, {WIDTH} features"
    notes = [f"Largest difference between the probabilities of the two: {apart:.2g}."]
    speeds = interleave(works, n, ROUNDS)
    return [rate_table(title, speeds, unit="rows", baseline="Booster.predict, a row", notes=notes)]
