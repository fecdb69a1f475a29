"""The default online model, nine learning rates and two baselines in one mixture: predict then learn."""

from __future__ import annotations

import numpy as np

from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.evaluation.streams.generated import hyperplane
from alpha_pulse.models.experts import MarketDefault
from benchmarks.measure import Options, interleave
from benchmarks.report import Table, rate_table

HORIZON = 12
WIDTHS = (6, 36)
"""36: the features of the volatility target with volume."""
ROUNDS = 5


def run(options: Options) -> list[Table]:
    """One table per width."""
    n = 500 if options.quick else 20_000
    return [_table(hyperplane(n, width, seed=3)) for width in WIDTHS]


def _table(stream: Stream) -> Table:
    n, width = stream.features.shape
    rows, labels, weights = list(stream.features), stream.labels.tolist(), np.ones(n)

    def events() -> None:
        model = MarketDefault(width, HORIZON)
        outputs = np.zeros(model.n_outputs)
        for row, label in zip(rows, labels, strict=True):
            model.predict(row, outputs)
            model.learn(row, label, 1.0, outputs)

    def loop() -> None:
        MarketDefault(width, HORIZON).learn_many(stream.features, stream.labels, weights)

    speeds = interleave({"per event": events, "compiled loop": loop}, n, ROUNDS)
    return rate_table(f"market_default, {width} features", speeds, unit="examples")
